import type { ThrottleSettings } from './options.ts';
import type { ThrottleSnapshot } from './throttle.ts';

/** Why a throttle sheds as much as it does, with the arithmetic. */
export function explain(seen: ThrottleSnapshot, settings: ThrottleSettings): string {
  const { requests, accepts } = seen;
  const { windowMs, minimumCalls, failureRatio } = settings;
  const lately = `${accepts} of ${requests} ${requests === 1 ? 'call' : 'calls'} accepted in the last ${windowMs} ms`;
  if (requests < minimumCalls) return `sheds nothing: ${lately}, and fewer than ${minimumCalls} say nothing`;
  if (seen.shedRatio === 0) return `sheds nothing: ${lately}, and ${percent(1 - failureRatio)} are enough`;
  return `sheds ${percent(seen.shedRatio)} of calls: ${lately}, where ${percent(1 - failureRatio)} are expected`;
}

/** The settings of a throttle in a line. */
export function describe({ name, failureRatio, windowMs, minimumCalls, maxRejectRatio }: ThrottleSettings): string {
  const rule = `sheds when more than ${percent(failureRatio)} of at least ${minimumCalls} calls fail`;
  return `throttle${name === '' ? '' : ` '${name}'`}: ${rule}, over ${windowMs} ms, at most ${percent(maxRejectRatio)}`;
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 1_000) / 10} %`;
}
