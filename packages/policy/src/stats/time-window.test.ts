import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
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

test('takes what comes out of order for as new as the newest', () => {
  const window = new TimeWindow(1_000, 0);
  window.record(true, 500);
  window.record(true, 100);

  window.expire(1_499);
  assert.equal(window.calls, 2);
  window.expire(1_500);
  assert.equal(window.calls, 0);
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

test('says what counting every outcome by its bucket says', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 7, 10), fc.constantFrom(70, 1_000), steps, (buckets, windowMs, trace) => {
      const window = new TimeWindow(windowMs, 0, { buckets });
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
    runs(t),
  );
});

test('keeps an outcome for nine tenths of the window at least, and for the whole of it at most', (t) => {
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
    runs(t),
  );
});

interface SlowStep {
  readonly waitMs: number;
  readonly do: 'record' | 'begin' | 'settle' | 'expire';
  readonly failed: boolean;
  readonly slow: boolean;
  readonly which: number;
}

test('says what counting every outcome says, with slow ones and such as end after they were counted', (t) => {
  const anySteps = fc.array(
    fc.record<SlowStep>({
      waitMs: fc.oneof(fc.constant(0), fc.integer({ max: 120, min: 0 }), fc.constantFrom(100, 900, 1_000, 10_000)),
      do: fc.constantFrom('record', 'begin', 'settle', 'expire'),
      failed: fc.boolean(),
      slow: fc.boolean(),
      which: fc.nat(20),
    }),
    { maxLength: 80, size: 'max' },
  );
  fc.assert(
    fc.property(fc.constantFrom(1, 7, 10), fc.constantFrom(70, 1_000), anySteps, (buckets, windowMs, trace) => {
      const window = new TimeWindow(windowMs, 0, { buckets, countsSlow: true });
      let seen: { at: number; failed: boolean; slow: boolean }[] = [];
      const open: { mark: number; outcome: (typeof seen)[number] }[] = [];
      const bucketOf = (at: number): number => Math.floor(at / (windowMs / buckets));
      let now = 0;
      for (const { waitMs, do: what, failed, slow, which } of trace) {
        now += waitMs;
        if (what === 'expire') window.expire(now);
        else if (what === 'record') {
          window.record(failed, now, slow);
          seen.push({ at: now, failed, slow });
        } else if (what === 'begin') {
          const outcome = { at: now, failed: false, slow: true };
          seen.push(outcome);
          open.push({ mark: window.recordUnfinished(now), outcome });
        } else {
          const [chosen] = open.splice(which % Math.max(1, open.length), 1);
          if (chosen === undefined) continue;
          window.settle(chosen.mark, failed, now);
          seen = [...seen.filter((one) => one !== chosen.outcome), { at: now, failed, slow: true }];
        }
        window.expire(now);
        const inside = seen.filter(({ at }) => bucketOf(at) > bucketOf(now) - buckets);
        assert.deepEqual(
          [window.calls, window.failures, window.slow, window.slowFailures],
          [
            inside.length,
            inside.filter((one) => one.failed).length,
            inside.filter((one) => one.slow).length,
            inside.filter((one) => one.failed && one.slow).length,
          ],
        );
      }
    }),
    runs(t),
  );
});

test('one that does not count slow outcomes counts them as the others', () => {
  const window = new TimeWindow(1_000, 0);
  for (let at = 0; at < 1_000; at += 100) window.record(at < 500, at, true);
  assert.deepEqual([...sums(window), window.slow, window.slowFailures], [10, 5, 0, 0]);
  window.take({ calls: 3, failures: 2, slow: 2, slowFailures: 1 }, 950);

  assert.deepEqual([...sums(window), window.slow, window.slowFailures], [13, 7, 0, 0]);
});

test('keeps what is inside when its length changes, each as old as it may be', () => {
  const window = new TimeWindow(1_000, 0, { countsSlow: true });
  for (let at = 50; at < 1_000; at += 100) window.record(at < 500, at, at > 700);

  const longer = window.resized(2_000, 999, { countsSlow: true });
  assert.deepEqual([...sums(longer), longer.slow], [10, 5, 3]);
  longer.expire(2_399);
  assert.deepEqual(sums(longer), [6, 1]);
  const shorter = window.resized(500, 999);
  assert.deepEqual([...sums(shorter), shorter.slow], [5, 0, 0]);
  shorter.expire(1_250);
  assert.equal(shorter.calls, 2);
});

test('takes in what was counted elsewhere as of now', () => {
  const window = new TimeWindow(1_000, 0, { countsSlow: true });
  window.record(true, 0);
  window.take({ calls: 5, failures: 2, slow: 3, slowFailures: 1 }, 500);
  assert.deepEqual([...sums(window), window.slow, window.slowFailures], [6, 3, 3, 1]);
  window.expire(1_400);
  assert.equal(window.calls, 5);
  window.expire(1_500);

  assert.deepEqual([...sums(window), window.slow, window.slowFailures], [0, 0, 0, 0]);
});
