import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { CallContext } from '../contract/call.ts';
import { type Verdict, verdicts } from '../contract/outcome.ts';
import { longestTimerMs } from '../contract/runtime.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import {
  type BackoffSettings,
  backoffCapMs,
  backoffMs,
  customBackoffMs,
  decorrelatedMs,
  jitteredMs,
} from './backoff.ts';
import type { CustomBackoff, Jitter, RetryInfo } from './options.ts';

const settings: BackoffSettings = {
  backoff: 'exponential',
  jitter: 'full',
  baseMs: 50,
  maxMs: 1_000,
  throttledBaseMs: 1_000,
};
const throttled = (retryAfterMs?: number): Verdict =>
  retryAfterMs === undefined
    ? { kind: 'throttled', retry: 'backoff' }
    : { kind: 'throttled', retry: 'backoff', retryAfterMs };
const most = (): number => 1 - 2 ** -32;
const least = (): number => 0;
const kinds = ['exponential', 'linear', 'constant', 'decorrelated'] as const;
const jitters: readonly Jitter[] = ['full', 'equal', 'none'];

/** The caps before the first retries. */
const capsOf = (own: Partial<BackoffSettings>, verdict = verdicts.failure): number[] =>
  [1, 2, 3, 4].map((retry) => backoffCapMs({ ...settings, ...own }, retry, verdict));

/** The share of 1,000 draws that falls into each tenth of [0, cap]. */
function tenthsOf(capMs: number, drawn: () => number): number[] {
  const bins = new Array<number>(10).fill(0);
  for (let i = 0; i < 1_000; i++) {
    const bin = Math.min(9, Math.floor((drawn() / capMs) * 10));
    bins[bin] = (bins[bin] as number) + 1;
  }
  return bins.map((count) => count / 1_000);
}

test('doubles the cap per retry until the largest', () => {
  const caps = [1, 2, 3, 4, 5, 6, 7].map((retry) => backoffCapMs(settings, retry, verdicts.failure));
  assert.deepEqual(caps, [50, 100, 200, 400, 800, 1_000, 1_000]);
});

test('keeps the cap finite after any number of retries', () => {
  assert.equal(backoffCapMs(settings, 1e9, verdicts.failure), 1_000);
});

test('starts from the base of throttling when the other side asks for less', () => {
  const slow = { ...settings, throttledBaseMs: 300 };
  assert.deepEqual(
    [1, 2, 3].map((retry) => backoffCapMs(slow, retry, throttled())),
    [300, 600, 1_000],
  );
});

test('lets throttling reach its base although that is above maxMs', () => {
  assert.equal(backoffCapMs({ ...settings, throttledBaseMs: 5_000 }, 1, throttled()), 5_000);
});

test('draws the wait from all of what lies beneath the cap, at the cap too', () => {
  assert.equal(backoffMs(settings, 9, verdicts.failure, least), 0);
  assert.equal(Math.round(backoffMs(settings, 9, verdicts.failure, most)), 1_000);
});

test('never undercuts a Retry-After, and adds at most a tenth of it', () => {
  assert.equal(backoffMs(settings, 1, throttled(4_000), least), 4_000);
  assert.equal(Math.round(backoffMs(settings, 1, throttled(4_000), most)), 4_400);
});

test('waits longer than a Retry-After that is shorter than the jitter', () => {
  assert.ok(backoffMs(settings, 1, throttled(100), most) > 999);
});

test('spreads clients that were told the same moment', () => {
  const random = seededRandom(7);
  const waits = Array.from({ length: 1_000 }, () => backoffMs(settings, 1, throttled(10_000), random));
  const seconds = new Set(waits.map((wait) => Math.floor((wait - 10_000) / 100)));
  assert.equal(seconds.size, 10);
});

test('takes a Retry-After that is no time for none', () => {
  for (const wish of [Number.NaN, -5, 0, '3' as unknown as number]) {
    assert.ok(backoffMs(settings, 1, throttled(wish), least) === 0, String(wish));
  }
});

test('waits as long as may be when chance answers nonsense', () => {
  for (const nonsense of [Number.NaN, -1, 7, Number.POSITIVE_INFINITY]) {
    assert.equal(
      backoffMs(settings, 1, verdicts.failure, () => nonsense),
      50,
      String(nonsense),
    );
  }
});

// The other ways to grow

test('adds the base per retry when it grows in steps, until the largest', () => {
  assert.deepEqual(capsOf({ backoff: 'linear', maxMs: 170 }), [50, 100, 150, 170]);
});

test('stays at the base when it is constant, although that is above maxMs', () => {
  assert.deepEqual(capsOf({ backoff: 'constant', baseMs: 2_000 }), [2_000, 2_000, 2_000, 2_000]);
});

test('starts every way to grow from the base of throttling', () => {
  assert.deepEqual(capsOf({ backoff: 'linear', throttledBaseMs: 400 }, throttled()), [400, 800, 1_000, 1_000]);
  assert.deepEqual(capsOf({ backoff: 'constant', throttledBaseMs: 400 }, throttled()), [400, 400, 400, 400]);
});

test('draws from the upper half with equal jitter, and leaves nothing to chance without any', () => {
  assert.deepEqual([jitteredMs(100, 'equal', least), Math.round(jitteredMs(100, 'equal', most))], [50, 100]);
  assert.deepEqual([jitteredMs(100, 'full', least), Math.round(jitteredMs(100, 'full', most))], [0, 100]);
  assert.deepEqual([jitteredMs(100, 'none', least), jitteredMs(100, 'none', most)], [100, 100]);
});

test('draws decorrelated waits between the base and three times the one before', () => {
  assert.deepEqual([decorrelatedMs(50, 1_000, 0, least), Math.round(decorrelatedMs(50, 1_000, 0, most))], [50, 150]);
  assert.deepEqual([decorrelatedMs(50, 1_000, 90, least), Math.round(decorrelatedMs(50, 1_000, 90, most))], [50, 270]);
  assert.equal(Math.round(decorrelatedMs(50, 1_000, 900, most)), 1_000);
  assert.equal(decorrelatedMs(50, 20, 0, most), 20);
});

test('spreads clients as widely at the cap as before it, whichever the jitter', () => {
  const random = seededRandom(31);
  const evenly = (own: Partial<BackoffSettings>, share: number, from: number): void => {
    const bins = tenthsOf(1_000, () => backoffMs({ ...settings, ...own }, 30, verdicts.failure, random, 1_000));
    for (const [bin, drawn] of bins.entries()) assert.ok(Math.abs(drawn - (bin < from ? 0 : share)) < 0.05, `${bins}`);
  };
  evenly({ jitter: 'full' }, 1 / 10, 0);
  evenly({ jitter: 'equal' }, 1 / 5, 5);
  // The draw clipped at the cap would give two thirds of them the very same wait.
  evenly({ backoff: 'decorrelated', baseMs: 100 }, 1 / 9, 1);
});

// The base of a verdict

test('reckons from the base that a verdict brings, before that of throttling', () => {
  const quick: Verdict = { kind: 'throttled', retry: 'backoff', baseMs: 5 };
  assert.deepEqual(capsOf({}, quick), [5, 10, 20, 40]);
});

test('holds the base of a verdict back at the largest that the settings name', () => {
  const slow: Verdict = { kind: 'failure', retry: 'backoff', baseMs: 1e12 };
  assert.deepEqual(capsOf({ throttledBaseMs: 4_000 }, slow), [4_000, 4_000, 4_000, 4_000]);
  assert.deepEqual(capsOf({ backoff: 'constant' }, slow), [1_000, 1_000, 1_000, 1_000]);
});

test('takes a base that is no time for none', () => {
  for (const baseMs of [Number.NaN, -5, 0, '5' as unknown as number, null as unknown as number]) {
    assert.deepEqual(capsOf({}, { kind: 'failure', retry: 'backoff', baseMs }), [50, 100, 200, 400], String(baseMs));
  }
});

// A function of the caller's

const info: RetryInfo = {
  retry: 1,
  outcome: { ok: false, error: new Error('down') },
  verdict: verdicts.failure,
  previousMs: 0,
  call: CallContext.of({}),
};
const asked = (custom: unknown, own: Partial<BackoffSettings> = {}): number =>
  customBackoffMs({ ...settings, jitter: 'none', ...own }, custom as CustomBackoff, info, most);

test('takes the bound that a function answers, and draws beneath it', () => {
  assert.equal(
    asked(({ retry }: RetryInfo) => retry * 70),
    70,
  );
  assert.equal(Math.round(asked(() => 70, { jitter: 'full' })), 70);
  assert.equal(
    customBackoffMs(settings, () => 70, info, least),
    0,
  );
});

test('keeps what a function answers between 1 ms and maxMs, so that no answer makes a tight loop', () => {
  assert.deepEqual(
    [0, -0, 0.2, 5, 1e9, Number.POSITIVE_INFINITY].map((answer) => asked(() => answer)),
    [1, 1, 1, 5, 1_000, 1_000],
  );
  assert.equal(
    asked(() => 0, { maxMs: 0.5 }),
    0.5,
  );
});

test('waits as long as may be when a function throws or answers nonsense', () => {
  const nonsense: unknown[] = [Number.NaN, -1, Number.NEGATIVE_INFINITY, '70', null, undefined, {}, [], 70n];
  nonsense.push(Promise.resolve(70), Promise.reject(new Error('an async function that fails')));
  for (const answer of nonsense)
    assert.equal(
      asked(() => answer),
      1_000,
    );
  assert.equal(
    asked(() => assert.fail('a function that throws')),
    1_000,
  );
});

test('never undercuts a Retry-After by what a function answers', () => {
  const wished: RetryInfo = { ...info, verdict: throttled(4_000) };
  assert.equal(
    customBackoffMs(settings, () => 5, wished, least),
    4_000,
  );
});

test('keeps every wait inside its bounds', (t) => {
  const ms = fc.double({ min: 0.001, max: longestTimerMs, noNaN: true });
  const maybe = fc.option(fc.double({ min: 0, max: longestTimerMs, noNaN: true }), { nil: undefined });
  fc.assert(
    fc.property(
      fc.record({
        backoff: fc.constantFrom(...kinds),
        jitter: fc.constantFrom(...jitters),
        baseMs: ms,
        maxMs: ms,
        throttledBaseMs: ms,
      }),
      fc.integer({ min: 1, max: 5_000 }),
      fc.record({ chance: fc.double(), previousMs: ms, slow: fc.boolean(), wish: maybe, baseMs: maybe }),
      (given, retry, { chance, previousMs, slow, wish, baseMs }) => {
        const [smaller, larger] = [Math.min(given.baseMs, given.maxMs), Math.max(given.baseMs, given.maxMs)];
        const own = { ...given, baseMs: smaller, maxMs: larger };
        const verdict: Verdict = {
          kind: slow ? 'throttled' : 'failure',
          retry: 'backoff',
          ...(wish === undefined ? {} : { retryAfterMs: wish }),
          ...(baseMs === undefined ? {} : { baseMs }),
        };
        const waitMs = backoffMs(own, retry, verdict, () => chance, previousMs);
        const highest = Math.max(backoffCapMs(own, retry, verdict), wish ?? 0) + (wish ?? 0) / 10;
        assert.ok(
          waitMs >= (wish ?? 0) && waitMs <= Math.min(highest * (1 + 1e-12) + 1e-12, longestTimerMs),
          `${waitMs}`,
        );
        assert.ok(highest <= Math.max(larger, own.throttledBaseMs, wish ?? 0) + (wish ?? 0) / 10);
      },
    ),
    runs(t),
  );
});

test('spreads 10,000 callers evenly over the first wait', () => {
  const random = seededRandom(23);
  const bins = new Array<number>(20).fill(0);
  for (let caller = 0; caller < 10_000; caller++) {
    const bin = Math.floor((backoffMs(settings, 1, verdicts.failure, random) / settings.baseMs) * bins.length);
    bins[bin] = (bins[bin] as number) + 1;
  }
  const expected = 10_000 / bins.length;
  const chiSquare = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 19 degrees of freedom, p = 0.001.
  assert.ok(chiSquare < 43.82, `χ² is ${chiSquare}`);
});
