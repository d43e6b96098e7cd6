import { hush } from '../contract/hush.ts';
import type { Verdict } from '../contract/outcome.ts';
import { longestTimerMs } from '../contract/runtime.ts';
import type { Backoff, CustomBackoff, Jitter, RetryInfo } from './options.ts';

/** What a wait is reckoned from, all in milliseconds. */
export interface BackoffSettings {
  readonly backoff: Backoff | CustomBackoff;
  readonly jitter: Jitter;
  readonly baseMs: number;
  readonly maxMs: number;
  readonly throttledBaseMs: number;
}

/** The share of a Retry-After that is added by chance, so that those who were told the same moment do not all keep it. */
const spreadShare = 0.1;

/** The shortest bound a function may answer: one that answers 0 each time would be a tight loop. */
const shortestCustomMs = 1;

/** The other side's wish in milliseconds; 0 when it has none or what it says is not a time. Infinity stays. */
export function wishMs(verdict: Verdict): number {
  const wish = verdict.retryAfterMs;
  return typeof wish === 'number' && wish > 0 ? wish : 0;
}

/** What the wait before the given retry (1 for the first) never exceeds when the other side has no wish. */
export function backoffCapMs(settings: BackoffSettings, retry: number, verdict: Verdict): number {
  const baseMs = baseMsOf(settings, verdict);
  return Math.min(maxMsOf(settings, verdict), grown(settings.backoff, baseMs, retry), longestTimerMs);
}

/** The bound before the n-th retry. The power overflows to Infinity after a thousand, which the cap turns into itself. */
function grown(backoff: Backoff | CustomBackoff, baseMs: number, retry: number): number {
  switch (backoff) {
    case 'exponential':
      return baseMs * 2 ** (retry - 1);
    case 'linear':
      return baseMs * retry;
    case 'constant':
      return baseMs;
    default:
      // Decorrelated waits may reach the cap from the second one on; a function knows only the cap.
      return Number.POSITIVE_INFINITY;
  }
}

/** A verdict may bring a base of its own: a lock that is held is free again sooner than a quota. */
function baseMsOf(settings: BackoffSettings, verdict: Verdict): number {
  const own = verdict.baseMs;
  if (typeof own === 'number' && own > 0) return Math.min(own, Math.max(settings.maxMs, settings.throttledBaseMs));
  return verdict.kind === 'throttled' ? settings.throttledBaseMs : settings.baseMs;
}

/** The cap gives way to a base above it, which the owner of the settings has allowed by naming it. */
function maxMsOf(settings: BackoffSettings, verdict: Verdict): number {
  return Math.max(settings.maxMs, baseMsOf(settings, verdict));
}

/**
 * How long to wait before the given retry (1 for the first), in milliseconds. Chance is taken inside the bound and the
 * bound inside the cap, so that it is as wide at the last retry as at the first; clipping the draw instead would leave
 * most clients with the very same wait once they have reached the cap. A Retry-After is a floor that is never undercut.
 */
export function backoffMs(
  settings: BackoffSettings,
  retry: number,
  verdict: Verdict,
  random: () => number,
  previousMs = 0,
): number {
  const capMs = backoffCapMs(settings, retry, verdict);
  const waitMs =
    settings.backoff === 'decorrelated'
      ? decorrelatedMs(baseMsOf(settings, verdict), capMs, previousMs, random)
      : jitteredMs(capMs, settings.jitter, random);
  return notBefore(wishMs(verdict), waitMs, random);
}

/** The same, when a function of the caller's says how far the wait may reach. */
export function customBackoffMs(
  settings: BackoffSettings,
  custom: CustomBackoff,
  info: RetryInfo,
  random: () => number,
): number {
  const boundMs = askedMs(custom, info, settings.maxMs);
  return notBefore(wishMs(info.verdict), jitteredMs(boundMs, settings.jitter, random), random);
}

/**
 * Full jitter is drawn from [0, bound), equal jitter from [bound / 2, bound).
 * Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function jitteredMs(boundMs: number, jitter: Jitter, random: () => number): number {
  switch (jitter) {
    case 'full':
      return draw(random) * boundMs;
    case 'equal':
      return boundMs / 2 + (draw(random) * boundMs) / 2;
    case 'none':
      return boundMs;
  }
}

/**
 * Drawn between the base and three times the wait before. The source has `min(cap, random_between(base, 3 × previous))`,
 * which gives exactly the cap to two of three clients that have reached it; here the cap bounds the draw instead.
 * Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("decorrelated jitter").
 */
export function decorrelatedMs(baseMs: number, capMs: number, previousMs: number, random: () => number): number {
  const fromMs = Math.min(baseMs, capMs);
  const toMs = Math.min(capMs, 3 * Math.max(previousMs, fromMs));
  return fromMs + draw(random) * (toMs - fromMs);
}

/** What a function of the caller's answers, made safe: nonsense makes the wait long, never short. */
function askedMs(custom: CustomBackoff, info: RetryInfo, longestMs: number): number {
  let asked: unknown;
  try {
    asked = custom(info);
  } catch {
    return longestMs;
  }
  if (typeof asked === 'number' && asked >= 0) return Math.min(longestMs, Math.max(asked, shortestCustomMs));
  hush(asked);
  return longestMs;
}

function notBefore(floorMs: number, waitMs: number, random: () => number): number {
  if (floorMs === 0) return waitMs;
  return Math.min(longestTimerMs, Math.max(waitMs, floorMs) + draw(random) * spreadShare * floorMs);
}

/** A source of chance that answers nonsense makes the wait long, never short. */
function draw(random: () => number): number {
  const drawn = random();
  return drawn >= 0 && drawn <= 1 ? drawn : 1;
}
