import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimeWindow } from './time-window.ts';

const sums = (window: TimeWindow): [calls: number, failures: number] => [window.calls, window.failures];

test('holds nothing at first', () => {
  assert.deepEqual(sums(new TimeWindow(1_000, 0)), [0, 0]);
});

test('drops outcomes when asked, although none came since', () => {
  const window = new TimeWindow(1_000, 0);
  window.record(true, 0);
  window.record(false, 0);

  window.expire(999);
  assert.deepEqual(sums(window), [2, 1]);
  window.expire(1_000);
  assert.deepEqual(sums(window), [0, 0]);
});

test('drops a bucket at a time', () => {
  const window = new TimeWindow(1_000, 0);
  for (let at = 0; at < 1_000; at += 100) window.record(true, at);

  window.expire(1_000);
  assert.equal(window.calls, 9);
  window.expire(1_250);
  assert.equal(window.calls, 7);
});

test('is empty after an idle hour', () => {
  const window = new TimeWindow(10_000, 0);
  for (let i = 0; i < 200; i++) window.record(true, i);

  window.record(true, 3_600_000);

  assert.deepEqual(sums(window), [1, 1]);
});

test('begins wherever the clock stands', () => {
  for (const start of [-5_000, 123_456.789, 2 ** 41]) {
    const window = new TimeWindow(1_000, start);
    window.record(true, start);
    assert.deepEqual(sums(window), [1, 1], `from ${start}`);
    window.expire(start + 1_000);
    assert.deepEqual(sums(window), [0, 0], `from ${start}`);
  }
});

interface Step {
  readonly waitMs: number;
  readonly outcome: boolean | undefined;
}

const steps = fc.array(
  fc.record<Step>({
    waitMs: fc.oneof(fc.constant(0), fc.integer({ max: 120, min: 0 }), fc.constantFrom(100, 900, 1_000, 10_000)),
    outcome: fc.constantFrom(true, false, undefined),
  }),
  { maxLength: 80, size: 'max' },
);

test('says what counting every outcome by its bucket says', () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 7, 10), fc.constantFrom(70, 1_000), steps, (buckets, windowMs, trace) => {
      const window = new TimeWindow(windowMs, 0, buckets);
      const seen: { at: number; failed: boolean }[] = [];
      const bucketOf = (at: number): number => Math.floor(at / (windowMs / buckets));
      let now = 0;
      for (const { waitMs, outcome } of trace) {
        now += waitMs;
        if (outcome === undefined) window.expire(now);
        else {
          window.record(outcome, now);
          seen.push({ at: now, failed: outcome });
        }
        const inside = seen.filter(({ at }) => bucketOf(at) > bucketOf(now) - buckets);
        assert.deepEqual(sums(window), [inside.length, inside.filter(({ failed }) => failed).length]);
      }
    }),
    { numRuns: 500 },
  );
});

test('keeps an outcome for nine tenths of the window at least, and for the whole of it at most', () => {
  fc.assert(
    fc.property(steps, (trace) => {
      const window = new TimeWindow(1_000, 0);
      const times: number[] = [];
      let now = 0;
      for (const { waitMs, outcome } of trace) {
        now += waitMs;
        window.expire(now);
        if (outcome !== undefined) {
          window.record(outcome, now);
          times.push(now);
        }
        const surely = times.filter((at) => now - at <= 900).length;
        const maybe = times.filter((at) => now - at < 1_000).length;
        assert.ok(window.calls >= surely && window.calls <= maybe, `${surely} <= ${window.calls} <= ${maybe}`);
      }
    }),
    { numRuns: 300 },
  );
});
