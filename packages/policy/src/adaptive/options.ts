import { ConfigError } from '../contract/errors.ts';
import {
  anyText,
  type Check,
  type Checks,
  callable,
  milliseconds,
  readOptions,
  share,
  whole,
} from '../contract/options.ts';
import type { Classify } from '../contract/outcome.ts';
import { aimdLimit } from './aimd.ts';
import { correlationLimit } from './correlation.ts';
import { gradient2Limit } from './gradient2.ts';
import type { LimitFactory } from './limit.ts';
import { vegasLimit } from './vegas.ts';

/** The algorithms that come with the library. */
export type LimitAlgorithm = 'vegas' | 'gradient2' | 'aimd' | 'correlation';

/** Between which bounds a limit of concurrency moves, and by which algorithm. */
export interface AdaptiveLimiterOptions {
  /**
   * How the limit moves: an algorithm by name, with its own defaults, or one made by `vegasLimit`, `gradient2Limit`,
   * `aimdLimit`, `correlationLimit` or yourself.
   * @default 'vegas'
   */
  readonly algorithm?: LimitAlgorithm | LimitFactory;
  /** The limit never falls below this many calls: a whole number of at least 1. @default 1 */
  readonly minLimit?: number;
  /** Nor does it rise above this many: a whole number of at least `minLimit`. @default 200 */
  readonly maxLimit?: number;
  /** Where it begins: a whole number from `minLimit` to `maxLimit`. @default 20 */
  readonly initialLimit?: number;
  /**
   * How long the calls of a window are gathered before the limit moves, in milliseconds, above 0; longer where calls
   * take longer than half of it, or are few.
   * @default 1_000
   */
  readonly windowMs?: number;
  /**
   * Calls that make a window worth looking at: a whole number of at least 1. When it is left out, the algorithm says: 50
   * for `correlation`, 10 for the others.
   * @default none
   */
  readonly minimumSamples?: number;
  /**
   * A window counts as one with drops when this share of its calls was throttled or ran out of time, or more: above 0, at
   * most 1. With one drop in any number, a thousandth of calls that always time out would hold the limit down for ever.
   * @default 0.01
   */
  readonly dropRatio?: number;
  /** What it protects, for errors, events and explanations. @default '' */
  readonly name?: string;
  /** Judges each outcome in place of `classifyOutcome`. @default none */
  readonly classify?: Classify;
}

/** What holds where `AdaptiveLimiterOptions` are silent. */
export const adaptiveLimiterDefaults: Required<
  Omit<AdaptiveLimiterOptions, 'algorithm' | 'minimumSamples' | 'classify'>
> & { readonly algorithm: LimitAlgorithm } = Object.freeze({
  algorithm: 'vegas',
  minLimit: 1,
  maxLimit: 200,
  initialLimit: 20,
  windowMs: 1_000,
  dropRatio: 0.01,
  name: '',
});

/** Options that have been checked and filled in. */
export interface AdaptiveLimiterSettings
  extends Required<Omit<AdaptiveLimiterOptions, 'algorithm' | 'minimumSamples' | 'classify'>> {
  readonly algorithm: LimitFactory;
  readonly minimumSamples: number | undefined;
  readonly classify: Classify | undefined;
}

const algorithms: Record<LimitAlgorithm, () => LimitFactory> = {
  vegas: vegasLimit,
  gradient2: gradient2Limit,
  aimd: aimdLimit,
  correlation: correlationLimit,
};

const algorithm: Check<LimitAlgorithm | LimitFactory> = {
  expected: `one of ${Object.keys(algorithms)
    .map((name) => `'${name}'`)
    .join(', ')}, or a function that makes one`,
  ok: (value): value is LimitAlgorithm | LimitFactory =>
    typeof value === 'function' || (typeof value === 'string' && Object.hasOwn(algorithms, value)),
};

const checks: Checks<AdaptiveLimiterOptions> = {
  algorithm,
  minLimit: whole(1),
  maxLimit: whole(1),
  initialLimit: whole(1),
  windowMs: milliseconds(),
  minimumSamples: whole(1),
  dropRatio: share,
  name: anyText,
  classify: callable<Classify>(),
};

/** Checks options once. @throws ConfigError when one is wrong, unknown, or contradicts another. */
export function readAdaptiveLimiterOptions(options: AdaptiveLimiterOptions): AdaptiveLimiterSettings {
  const read = readOptions('adaptiveLimiter', options, checks, adaptiveLimiterDefaults);
  const { minLimit, maxLimit } = read;
  if (maxLimit < minLimit) {
    throw new ConfigError('adaptiveLimiter.maxLimit', `at least minLimit, which is ${minLimit}`, maxLimit);
  }
  // Bounds that leave the default outside move it inside; one that was given and is outside is a mistake.
  if (options.initialLimit !== undefined && (read.initialLimit < minLimit || read.initialLimit > maxLimit)) {
    const expected = `a whole number from minLimit to maxLimit, ${minLimit} to ${maxLimit}`;
    throw new ConfigError('adaptiveLimiter.initialLimit', expected, read.initialLimit);
  }
  return {
    algorithm: typeof read.algorithm === 'string' ? algorithms[read.algorithm]() : read.algorithm,
    minLimit,
    maxLimit,
    initialLimit: Math.min(Math.max(read.initialLimit, minLimit), maxLimit),
    windowMs: read.windowMs,
    minimumSamples: read.minimumSamples,
    dropRatio: read.dropRatio,
    name: read.name,
    classify: read.classify,
  };
}
