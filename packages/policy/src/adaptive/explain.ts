import type { AdaptiveLimiterSnapshot } from './adaptive-limiter.ts';
import type { AdaptiveLimiterSettings } from './options.ts';

/** Why a limit is where it is, with the numbers. */
export function explain(seen: AdaptiveLimiterSnapshot, settings: AdaptiveLimiterSettings): string {
  const { limit, active, algorithm } = seen;
  return `${active} of ${limit} places taken; ${algorithm}: ${lately(seen)}${bound(limit, settings)}`;
}

/** The settings of a limiter in a line. */
export function describe(algorithm: string, settings: AdaptiveLimiterSettings): string {
  const { name, minLimit, maxLimit, initialLimit, windowMs } = settings;
  return `adaptiveLimiter${name === '' ? '' : ` '${name}'`}: ${algorithm}, ${minLimit} to ${maxLimit} at once, from ${initialLimit}, by windows of ${windowMs} ms`;
}

function lately({ latencyMs, dropped, inFlight, samples }: AdaptiveLimiterSnapshot): string {
  if (inFlight === 0) return `no window is full yet, ${samples} calls so far`;
  const took = latencyMs === null ? 'no call was answered' : `calls took ${round(latencyMs)} ms`;
  const drops = dropped ? ', some were dropped' : '';
  return `in the last window ${took}${drops}, with at most ${inFlight} at once`;
}

function bound(limit: number, { minLimit, maxLimit }: AdaptiveLimiterSettings): string {
  if (limit === minLimit) return '; at its lowest';
  return limit === maxLimit ? '; at its highest' : '';
}

function round(ms: number): number {
  return ms >= 10 ? Math.round(ms) : Math.round(ms * 10) / 10;
}
