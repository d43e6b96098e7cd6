import type { BreakerSettings } from './options.ts';
import type { BreakerSnapshot } from './snapshot.ts';

/** Why a breaker is in its state, with the arithmetic. */
export function explain(seen: BreakerSnapshot, settings: BreakerSettings): string {
  switch (seen.state) {
    case 'closed':
      return `closed: ${inWindow(seen, settings)}; ${ramping(seen)}opens ${rules(settings)}${inARowNow(seen, settings)}`;
    case 'open':
      return `open: ${reason(seen, settings)}; admits ${count(settings.probes, 'probe')} in ${time(seen.openForMs)}${again(seen)}`;
    case 'half-open':
      return `half-open: ${probing(seen, settings)}`;
  }
}

/** The settings of a breaker in a line. */
export function describe(settings: BreakerSettings): string {
  const { name, window, windowMs, windowCalls, openMs, maxOpenMs, probes, rampMs } = settings;
  const parts = [
    `opens ${rules(settings)}, over ${window === 'time' ? time(windowMs) : count(windowCalls, 'call')}`,
    `open ${time(openMs)}${maxOpenMs > openMs ? ` growing to ${time(maxOpenMs)}` : ''}`,
    count(probes, 'probe'),
    rampMs === 0 ? 'no ramp' : `ramp ${time(rampMs)}`,
  ];
  return `breaker${name === '' ? '' : ` ${name}`}: ${parts.join('; ')}`;
}

function rules({ failureRatio, minimumCalls, consecutiveFailures }: BreakerSettings): string {
  const ratio = `at ${percent(failureRatio)} of at least ${minimumCalls}`;
  return consecutiveFailures === 0 ? ratio : `${ratio}, or after ${count(consecutiveFailures, 'failure')} in a row`;
}

function inWindow({ calls, failures }: BreakerSnapshot, settings: BreakerSettings): string {
  if (settings.window === 'time') {
    const lately = `in the last ${time(settings.windowMs)}`;
    return calls === 0
      ? `no calls ${lately}`
      : `${failed(failures, calls, 'call')} ${lately} (${shareOf(failures, calls)})`;
  }
  return calls === 0
    ? 'no calls yet'
    : `${failures} of the last ${count(calls, 'call')} failed (${shareOf(failures, calls)})`;
}

function inARowNow({ consecutiveFailures }: BreakerSnapshot, settings: BreakerSettings): string {
  return settings.consecutiveFailures === 0 ? '' : ` (now ${consecutiveFailures})`;
}

function ramping({ admittedShare }: BreakerSnapshot): string {
  return admittedShare === 1
    ? ''
    : `has just closed and lets in ${shareOf(admittedShare, 1)} of its calls and a few more; `;
}

function reason({ cause, calls, failures, consecutiveFailures }: BreakerSnapshot, settings: BreakerSettings): string {
  const limit = `the limit is ${percent(settings.failureRatio)}`;
  if (cause === 'consecutive-failures') return `${count(consecutiveFailures, 'call')} in a row failed`;
  if (cause === 'probes-failed') return `${failed(failures, calls, 'probe')} (${limit} of ${settings.probes})`;
  return `${failed(failures, calls, 'call')} (${shareOf(failures, calls)}; ${limit})`;
}

function again({ openings }: BreakerSnapshot): string {
  return openings > 1 ? ` (opened ${openings} times in a row)` : '';
}

function probing({ calls, failures, probesRunning }: BreakerSnapshot, settings: BreakerSettings): string {
  const of = `${calls} of ${count(settings.probes, 'probe')} answered, ${failures} of them failed, ${probesRunning} running`;
  return `${of}; opens again at ${percent(settings.failureRatio)} failures of ${settings.probes}`;
}

function failed(failures: number, of: number, noun: string): string {
  return `${failures} of ${count(of, noun)} failed`;
}

function count(many: number, noun: string): string {
  return `${many} ${noun}${many === 1 ? '' : 's'}`;
}

/** Rounded down, so that 89.7 % never reads as the 90 % that would have opened the circuit. */
function shareOf(failures: number, calls: number): string {
  return `${Math.floor((100 * failures) / calls)} %`;
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(2))} %`;
}

function time(ms: number): string {
  return ms < 1_000 ? `${Math.ceil(ms)} ms` : `${Number((ms / 1_000).toFixed(1))} s`;
}
