import { ConfigError } from '../contract/errors.ts';
import type { BreakerCause } from '../contract/events.ts';
import { anyText, type Checks, callable, milliseconds, oneOf, readOptions, share, whole } from '../contract/options.ts';
import type { Classify } from '../contract/outcome.ts';

/** An opening that is about to begin, for a function that says how long it lasts. */
export interface Opening {
  /** Openings in a row, this one included: 1 for the first. */
  readonly openings: number;
  /** The share of calls, or of probes, that failed; 0 without any. */
  readonly failureRatio: number;
  /** What it opens for. */
  readonly cause: BreakerCause;
}

/** Whether a breaker takes part: `shadow` judges and tells and never refuses; `disabled` admits and records nothing. */
export type BreakerMode = 'on' | 'shadow' | 'disabled';

/** When a breaker opens, how long it stays open and how it comes back. */
export interface BreakerOptions {
  /** Whose circuit it is, such as `user-service`: stands in events, errors and explanations. @default '' */
  readonly name?: string;
  /**
   * What `failureRatio` is taken over: the calls of the last `windowMs`, or the last `windowCalls` calls. By count, old
   * failures weigh as much as new ones, which misleads where traffic comes and goes.
   * @default 'time'
   */
  readonly window?: 'time' | 'count';
  /** How far back a time window looks, in milliseconds, above 0. It moves on in tenths. @default 10_000 */
  readonly windowMs?: number;
  /** How many calls a count window holds: a whole number, 1 to 1,000,000. @default 100 */
  readonly windowCalls?: number;
  /** Calls the window must hold before the ratio means anything: a whole number, at least 1. @default 20 */
  readonly minimumCalls?: number;
  /**
   * Opens when this share of the window's calls failed, or more: above 0, at most 1. Also the share of probes that must
   * fail for the circuit to open again. While a good part of the calls succeeds, refusing them all does more harm than
   * the failures do, so set it low only where shedding load lets the other side recover.
   * @default 0.9
   */
  readonly failureRatio?: number;
  /** Opens after this many failures without a success between them, whatever the ratio; 0 for never. @default 20 */
  readonly consecutiveFailures?: number;
  /**
   * A call that takes longer than this is slow, in milliseconds, above 0. It counts from then on, ended or not, and
   * whatever becomes of it. Left out, no call is slow. It includes all that happens beneath the breaker, so let nothing
   * wait in a queue there.
   * @default none
   */
  readonly slowMs?: number;
  /** Opens when this share of the window's calls was slow, or more: above 0, at most 1. Needs `slowMs`. @default 0.9 */
  readonly slowRatio?: number;
  /**
   * Opens when this share of the window's calls failed or was slow, or more: above 0, at most 1. Needs `slowMs`.
   * @default none
   */
  readonly badRatio?: number;
  /**
   * How long the circuit stays open the first time, in milliseconds, above 0. Doubles with each opening in a row. The
   * real time is drawn between half of that and all of it, so that many clients do not come back together. A function
   * is taken at its word, up to `maxOpenMs`; when it throws or makes no sense, the default of this option holds.
   * @default 1_000
   */
  readonly openMs?: number | ((opening: Opening) => number);
  /** The longest it may stay open, in milliseconds, at least `openMs`. @default 10_000 */
  readonly maxOpenMs?: number;
  /** The longest that a result may ask it to stay open with `openForMs`, in milliseconds, above 0. @default 60_000 */
  readonly maxOpenForMs?: number;
  /** Calls admitted to find out whether the other side is well again: a whole number, at least 1. @default 5 */
  readonly probes?: number;
  /** Opens again when this share of the probes failed or was slow, or more: above 0, at most 1. @default failureRatio */
  readonly probeFailureRatio?: number;
  /**
   * How long a probe may take before it counts as failed, in milliseconds, above 0. Keep it above the attempt timeout:
   * it is there for a call that never ends.
   * @default 5_000
   */
  readonly probeLeaseMs?: number;
  /**
   * How long it may be half-open, counted from the first probe, without the answers to decide, in milliseconds, above 0:
   * probes whose callers leave answer nothing. Left out, it asks for as long as it takes.
   * @default none
   */
  readonly halfOpenMs?: number;
  /** What it does when `halfOpenMs` is over: opens again, or closes. Needs `halfOpenMs`. @default 'open' */
  readonly whenUnanswered?: 'open' | 'close';
  /** How long admission takes to rise after closing, in milliseconds; 0 admits all at once. @default 2_000 */
  readonly rampMs?: number;
  /**
   * Whether it takes part. `'shadow'` judges and tells as if it were on, and refuses nothing; `'disabled'` refuses
   * nothing and records nothing.
   * @default 'on'
   */
  readonly mode?: BreakerMode;
  /** Judges each outcome in place of `classifyOutcome`. @default none */
  readonly classify?: Classify;
}

/** What may be changed while it runs: all but whose it is and how outcomes are judged. */
export type BreakerChanges = Omit<BreakerOptions, 'name' | 'classify'>;

/** What holds where `BreakerOptions` are silent. */
export const breakerDefaults: BreakerDefaults = Object.freeze({
  name: '',
  window: 'time',
  windowMs: 10_000,
  windowCalls: 100,
  minimumCalls: 20,
  failureRatio: 0.9,
  consecutiveFailures: 20,
  slowRatio: 0.9,
  openMs: 1_000,
  maxOpenMs: 10_000,
  maxOpenForMs: 60_000,
  probes: 5,
  probeLeaseMs: 5_000,
  whenUnanswered: 'open',
  rampMs: 2_000,
  mode: 'on',
});

/** Options that nothing stands in for when they are left out. */
type Unset = 'slowMs' | 'badRatio' | 'probeFailureRatio' | 'halfOpenMs' | 'classify';

/** The type of `breakerDefaults`. */
export type BreakerDefaults = Required<Omit<BreakerOptions, Unset | 'openMs'>> & { readonly openMs: number };

/** Options that have been checked and filled in. */
export type BreakerSettings = Required<Omit<BreakerOptions, Unset>> & {
  readonly [K in Unset]: BreakerOptions[K] | undefined;
};

const openTime = milliseconds();

const checks: Checks<BreakerOptions> = {
  name: anyText,
  window: oneOf('time', 'count'),
  windowMs: milliseconds(),
  windowCalls: whole(1, 1_000_000),
  minimumCalls: whole(1),
  failureRatio: share,
  consecutiveFailures: whole(0),
  slowMs: milliseconds(),
  slowRatio: share,
  badRatio: share,
  openMs: {
    expected: `${openTime.expected}, or a function that answers with such`,
    ok: (value): value is NonNullable<BreakerOptions['openMs']> => typeof value === 'function' || openTime.ok(value),
  },
  maxOpenMs: milliseconds(),
  maxOpenForMs: milliseconds(),
  probes: whole(1),
  probeFailureRatio: share,
  probeLeaseMs: milliseconds(),
  halfOpenMs: milliseconds(),
  whenUnanswered: oneOf('open', 'close'),
  rampMs: milliseconds('zero-allowed'),
  mode: oneOf('on', 'shadow', 'disabled'),
  classify: callable<Classify>(),
};

/** Checks options once. @throws ConfigError when one is wrong, unknown, or contradicts another. */
export function readBreakerOptions(options: BreakerOptions): BreakerSettings {
  const read = readOptions('breaker', options, checks, breakerDefaults);
  checkTogether(read);
  checkNeeded(options, read);
  return settingsOf(read);
}

/**
 * Settings with some of them changed; an option that is there and `undefined` goes back to its default.
 * @throws ConfigError as above, also for what cannot be changed.
 */
export function changedSettings(before: BreakerSettings, changes: BreakerChanges): BreakerSettings {
  for (const name of ['name', 'classify']) {
    if (typeof changes !== 'object' || changes === null || !Object.hasOwn(changes, name)) continue;
    throw new ConfigError(`breaker.${name}`, 'to be left alone, for it is set once and for all', 'a change of it');
  }
  // Its unknown names and wrong types are found here, before it is spread over what holds.
  readOptions('breaker', changes, checks, {});
  const read = readOptions('breaker', { ...before, ...changes } as BreakerOptions, checks, breakerDefaults);
  checkTogether(read);
  checkNeeded(changes, read);
  return settingsOf(read);
}

type ReadOptions = Omit<BreakerOptions, keyof BreakerDefaults> & Required<Pick<BreakerOptions, keyof BreakerDefaults>>;

function checkTogether(read: ReadOptions): void {
  if (typeof read.openMs === 'number' && read.maxOpenMs < read.openMs) {
    throw new ConfigError('breaker.maxOpenMs', `at least openMs, which is ${read.openMs}`, read.maxOpenMs);
  }
  if (read.window === 'count' && read.windowCalls < read.minimumCalls) {
    const expected = `at least minimumCalls, which is ${read.minimumCalls}, or the ratio is never tested`;
    throw new ConfigError('breaker.windowCalls', expected, read.windowCalls);
  }
  if (read.badRatio !== undefined && read.slowMs === undefined) {
    const expected = 'slowMs beside it, or it is one more failureRatio';
    throw new ConfigError('breaker.badRatio', expected, read.badRatio);
  }
}

/** What somebody set and nothing will ever read is a misunderstanding, not a setting. */
function checkNeeded(given: BreakerOptions, read: ReadOptions): void {
  const isSet = (name: keyof BreakerOptions): boolean => Object.hasOwn(given, name) && given[name] !== undefined;
  if (isSet('slowRatio') && read.slowMs === undefined) {
    throw new ConfigError('breaker.slowRatio', 'slowMs beside it, or no call is ever slow', read.slowRatio);
  }
  if (isSet('whenUnanswered') && read.halfOpenMs === undefined) {
    const expected = 'halfOpenMs beside it, or it never comes to that';
    throw new ConfigError('breaker.whenUnanswered', expected, read.whenUnanswered);
  }
}

/** Copied out: what was read is kept as a dictionary, which takes four times the room of this and is slower to read. */
function settingsOf(read: ReadOptions): BreakerSettings {
  return {
    name: read.name,
    window: read.window,
    windowMs: read.windowMs,
    windowCalls: read.windowCalls,
    minimumCalls: read.minimumCalls,
    failureRatio: read.failureRatio,
    consecutiveFailures: read.consecutiveFailures,
    slowMs: read.slowMs,
    slowRatio: read.slowRatio,
    badRatio: read.badRatio,
    openMs: read.openMs,
    maxOpenMs: read.maxOpenMs,
    maxOpenForMs: read.maxOpenForMs,
    probes: read.probes,
    probeFailureRatio: read.probeFailureRatio,
    probeLeaseMs: read.probeLeaseMs,
    halfOpenMs: read.halfOpenMs,
    whenUnanswered: read.whenUnanswered,
    rampMs: read.rampMs,
    mode: read.mode,
    classify: read.classify,
  };
}
