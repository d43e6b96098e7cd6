import type { Verdict } from '../contract/outcome.ts';
import { longestTimerMs } from '../contract/runtime.ts';

/** What a wait is reckoned from, all in milliseconds. */
export interface BackoffSettings {
  readonly baseMs: number;
  readonly maxMs: number;
  readonly throttledBaseMs: number;
}

/** The share of a Retry-After that is added by chance, so that those who were told the same moment do not all keep it. */
const spreadShare = 0.1;

/** The other side's wish in milliseconds; 0 when it has none or what it says is not a time. Infinity stays. */
export function wishMs(verdict: Verdict): number {
  const wish = verdict.retryAfterMs;
  return typeof wish === 'number' && wish > 0 ? wish : 0;
}

/** What the wait before the given retry (1 for the first) never exceeds when the other side has no wish. */
export function backoffCapMs(settings: BackoffSettings, retry: number, verdict: Verdict): number {
  const throttled = verdict.kind === 'throttled';
  const baseMs = throttled ? settings.throttledBaseMs : settings.baseMs;
  const maxMs = throttled ? Math.max(settings.maxMs, settings.throttledBaseMs) : settings.maxMs;
  // The power overflows to Infinity after a thousand retries, which the cap turns into itself.
  return Math.min(maxMs, baseMs * 2 ** (retry - 1), longestTimerMs);
}

/**
 * How long to wait before the given retry (1 for the first), in milliseconds: evenly drawn between 0 and the cap, so
 * that chance is as wide at the last retry as at the first. A Retry-After is a floor that is never undercut.
 * Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("full jitter").
 */
export function backoffMs(settings: BackoffSettings, retry: number, verdict: Verdict, random: () => number): number {
  const jitteredMs = draw(random) * backoffCapMs(settings, retry, verdict);
  const floorMs = wishMs(verdict);
  if (floorMs === 0) return jitteredMs;
  return Math.min(longestTimerMs, Math.max(jitteredMs, floorMs) + draw(random) * spreadShare * floorMs);
}

/** A source of chance that answers nonsense makes the wait long, never short. */
function draw(random: () => number): number {
  const drawn = random();
  return drawn >= 0 && drawn <= 1 ? drawn : 1;
}
