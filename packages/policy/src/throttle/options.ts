import { ConfigError } from '../contract/errors.ts';
import {
  anyText,
  type Checks,
  callable,
  milliseconds,
  number,
  readOptions,
  share,
  whole,
} from '../contract/options.ts';
import type { Classify } from '../contract/outcome.ts';

/** When a throttle begins to shed calls, and how many. */
export interface ThrottleOptions {
  /**
   * Sheds when more than this share of the calls sent was not accepted: at least 0, below 1. In the words of the SRE
   * book, `K = 1 / (1 - failureRatio)`: 0.5 is its K of 2. The smaller it is, the sooner good answers are thrown away.
   * @default 0.5
   */
  readonly failureRatio?: number;
  /**
   * How far back it looks, in milliseconds, above 0. It moves on in tenths. Keep it above the attempt timeout: an answer
   * that comes when its call has left the window is not heard.
   * @default 10_000
   */
  readonly windowMs?: number;
  /** Calls the window must hold before any is shed: a whole number, at least 1. @default 20 */
  readonly minimumCalls?: number;
  /**
   * The largest share that is shed: above 0, at most 1. What is left over finds out that the other side is well again;
   * with 1, hardly anything does.
   * @default 0.9
   */
  readonly maxRejectRatio?: number;
  /** What it protects, for errors and explanations. @default '' */
  readonly name?: string;
  /** Judges each outcome in place of `classifyOutcome`. @default none */
  readonly classify?: Classify;
}

/** What holds where `ThrottleOptions` are silent. */
export const throttleDefaults: Required<Omit<ThrottleOptions, 'classify'>> = Object.freeze({
  failureRatio: 0.5,
  windowMs: 10_000,
  minimumCalls: 20,
  maxRejectRatio: 0.9,
  name: '',
});

/** Options that have been checked and filled in. */
export interface ThrottleSettings extends Required<Omit<ThrottleOptions, 'classify'>> {
  readonly classify: Classify | undefined;
}

const checks: Checks<ThrottleOptions> = {
  failureRatio: number(0, 1),
  windowMs: milliseconds(),
  minimumCalls: whole(1),
  maxRejectRatio: share,
  name: anyText,
  classify: callable<Classify>(),
};

/** Checks options once. @throws ConfigError with a path such as `throttle.windowMs`. */
export function readThrottleOptions(options: ThrottleOptions): ThrottleSettings {
  const read = readOptions('throttle', options, checks, throttleDefaults);
  if (read.failureRatio === 1) throw new ConfigError('throttle.failureRatio', 'a number below 1, or it never sheds', 1);
  return {
    failureRatio: read.failureRatio,
    windowMs: read.windowMs,
    minimumCalls: read.minimumCalls,
    maxRejectRatio: read.maxRejectRatio,
    name: read.name,
    classify: read.classify,
  };
}
