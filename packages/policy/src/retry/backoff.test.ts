import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Verdict, verdicts } from '../contract/outcome.ts';
import { longestTimerMs } from '../contract/runtime.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { backoffCapMs, backoffMs } from './backoff.ts';

const settings = { baseMs: 50, maxMs: 1_000, throttledBaseMs: 1_000 };
const throttled = (retryAfterMs?: number): Verdict =>
  retryAfterMs === undefined
    ? { kind: 'throttled', retry: 'backoff' }
    : { kind: 'throttled', retry: 'backoff', retryAfterMs };
const most = (): number => 1 - 2 ** -32;
const least = (): number => 0;

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

test('keeps every wait inside its bounds', () => {
  const ms = fc.double({ min: 0.001, max: longestTimerMs, noNaN: true });
  fc.assert(
    fc.property(
      ms,
      ms,
      ms,
      fc.integer({ min: 1, max: 5_000 }),
      fc.double(),
      fc.boolean(),
      fc.option(fc.double({ min: 0, max: longestTimerMs, noNaN: true }), { nil: undefined }),
      (a, b, throttledBaseMs, retry, chance, slow, wish) => {
        const own = { baseMs: Math.min(a, b), maxMs: Math.max(a, b), throttledBaseMs };
        const kind = slow ? 'throttled' : 'failure';
        const verdict: Verdict = { kind, retry: 'backoff', ...(wish === undefined ? {} : { retryAfterMs: wish }) };
        const waitMs = backoffMs(own, retry, verdict, () => chance);
        const highest = Math.max(backoffCapMs(own, retry, verdict), wish ?? 0) + (wish ?? 0) / 10;
        assert.ok(waitMs >= (wish ?? 0) && waitMs <= Math.min(highest, longestTimerMs), `${waitMs}`);
      },
    ),
    { seed: 22, numRuns: 1_000 },
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
