import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { LatencyHistogram, WindowedHistogram } from './latency-histogram.ts';

const latency = fc.double({ min: 0.05, max: 3_000_000, noNaN: true });
const share = fc.double({ min: 0, max: 1, noNaN: true });

/** The order statistic itself. */
function exact(latencies: readonly number[], q: number): number {
  const sorted = [...latencies].sort((a, b) => a - b);
  return sorted[Math.min(Math.max(Math.ceil(q * sorted.length), 1), sorted.length) - 1] as number;
}

function near(got: number | undefined, want: number): void {
  assert.ok(got !== undefined && Math.abs(got - want) <= want * 0.0201, `${got} is not within 2 % of ${want}`);
}

test('knows no quantile of nothing', () => {
  const histogram = new LatencyHistogram();
  assert.deepEqual([histogram.count, histogram.quantile(0.5)], [0, undefined]);
});

test('answers any quantile within 2 % of the true one', (t) => {
  fc.assert(
    fc.property(fc.array(latency, { minLength: 1, maxLength: 200 }), share, (latencies, q) => {
      const histogram = new LatencyHistogram();
      for (const ms of latencies) histogram.record(ms);
      assert.equal(histogram.count, latencies.length);
      near(histogram.quantile(q), exact(latencies, q));
    }),
    runs(t),
  );
});

test('tells the median from the tail', () => {
  const histogram = new LatencyHistogram();
  for (let i = 0; i < 95; i++) histogram.record(10);
  for (let i = 0; i < 5; i++) histogram.record(1_000);
  near(histogram.quantile(0.5), 10);
  near(histogram.quantile(0.95), 10);
  near(histogram.quantile(0.96), 1_000);
});

test('keeps what lies outside its range at the ends of it, and leaves out what is no number', () => {
  const histogram = new LatencyHistogram();
  for (const ms of [Number.NaN, -5, 0, Number.POSITIVE_INFINITY]) histogram.record(ms);
  assert.equal(histogram.count, 3);
  assert.equal(histogram.quantile(0), 0.05);
  near(histogram.quantile(1), 4_000_000);
});

test('takes a quantile outside 0 to 1 for the nearest one inside', () => {
  const histogram = new LatencyHistogram();
  histogram.record(1);
  histogram.record(100);
  near(histogram.quantile(-1), 1);
  near(histogram.quantile(7), 100);
});

test('what was added can be taken out again', () => {
  const [all, some] = [new LatencyHistogram(), new LatencyHistogram()];
  all.record(10);
  for (let i = 0; i < 9; i++) some.record(500);
  all.add(some);
  near(all.quantile(0.5), 500);
  all.subtract(some);
  assert.equal(all.count, 1);
  near(all.quantile(1), 10);
});

test('forgets everything when cleared', () => {
  const histogram = new LatencyHistogram();
  histogram.record(3);
  histogram.clear();
  histogram.clear();
  assert.deepEqual([histogram.count, histogram.quantile(0.9)], [0, undefined]);
});

// The window

test('a latency leaves the window by time alone', () => {
  const window = new WindowedHistogram(1_000, 0);
  window.record(10, 0);
  assert.equal(window.count(799), 1);
  assert.equal(window.count(1_000), 0);
  assert.equal(window.quantile(0.5, 1_000), undefined);
});

test('agrees with a list, whatever the waits', (t) => {
  const step = fc.record({ waitMs: fc.integer({ min: 0, max: 900 }), ms: fc.option(latency, { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 7 }), share, (steps, parts, q) => {
      const start = 12_345;
      const window = new WindowedHistogram(1_000, start, parts);
      const partOf = (at: number): number => Math.floor(at / (1_000 / parts));
      const seen: { at: number; ms: number }[] = [];
      let now = start;
      for (const { waitMs, ms } of steps) {
        now += waitMs;
        if (ms !== undefined) {
          window.record(ms, now);
          seen.push({ at: now, ms });
        }
        const inside = seen.filter(({ at }) => partOf(at) > partOf(now) - parts).map((one) => one.ms);
        assert.equal(window.count(now), inside.length);
        if (inside.length > 0) near(window.quantile(q, now), exact(inside, q));
      }
    }),
    runs(t),
  );
});

test('a clock that seems to step back loses and revives nothing', () => {
  const window = new WindowedHistogram(1_000, 5_000);
  window.record(10, 5_000);
  window.record(10, 4_000);
  assert.equal(window.count(3_000), 2);
  assert.equal(window.count(6_000), 0);
});
