import { type Check, type Checks, number, readOptions } from '../contract/options.ts';
import type { Runtime } from '../contract/runtime.ts';
import { EventLog } from './event-log.ts';
import { ManualClock } from './manual-clock.ts';
import { seededRandom } from './seeded-random.ts';

/** How a world for tests begins. */
export interface TestRuntimeOptions {
  /** Where chance begins. The same seed gives the same numbers. @default 1 */
  readonly seed?: number;
  /** In place of seeded chance: the number that is always drawn, from 0 to 1, or what draws one. @default none */
  readonly random?: number | (() => number);
  /** What `clock.now()` says at the beginning, in milliseconds. @default 0 */
  readonly startMs?: number;
  /** What `clock.wallNow()` says at the beginning, in milliseconds since 1970. @default 1_700_000_000_000 */
  readonly wallStartMs?: number;
}

/** A runtime and the two parts of it that a test handles. */
export interface TestRuntime {
  /** For every policy of the test, and for its scripted operations. */
  readonly runtime: Runtime;
  /** The time of that runtime; it stands still until the test moves it. */
  readonly clock: ManualClock;
  /** Every event that was published in it. */
  readonly log: EventLog;
}

const defaults: { readonly seed: number; readonly startMs: number; readonly wallStartMs: number } = {
  seed: 1,
  startMs: 0,
  wallStartMs: 1_700_000_000_000,
};

const drawn: Check<number | (() => number)> = {
  expected: 'a number from 0 to 1, or a function that draws one',
  ok: (value): value is number | (() => number) =>
    typeof value === 'function' || (typeof value === 'number' && value >= 0 && value <= 1),
};

const checks: Checks<TestRuntimeOptions> = {
  seed: number(Number.NEGATIVE_INFINITY),
  random: drawn,
  startMs: number(Number.NEGATIVE_INFINITY),
  wallStartMs: number(Number.NEGATIVE_INFINITY),
};

/**
 * A world in which nothing happens by itself: manual time, chance that repeats, and a log of what was published.
 * @throws ConfigError if an option cannot be.
 */
export function testRuntime(options: TestRuntimeOptions = {}): TestRuntime {
  const { seed, random, startMs, wallStartMs } = readOptions('testRuntime', options, checks, defaults);
  const clock = new ManualClock(startMs, wallStartMs);
  const log = new EventLog();
  const draw = typeof random === 'number' ? () => random : (random ?? seededRandom(seed));
  return { runtime: { clock, random: draw, events: log }, clock, log };
}
