import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatencyHistogram } from './latency-histogram.ts';

function histogramOf(durations: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const ms of durations) histogram.record(ms);
  return histogram;
}

test('knows no quantile of nothing', () => {
  assert.equal(histogramOf([]).quantileMs(0.5), null);
  assert.equal(histogramOf([]).maxMs, 0);
});

test('reads every quantile from above, off by a tenth at most', () => {
  const durations = fc.array(fc.double({ min: 0.1, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (given, share) => {
      const sorted = given.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;

      const read = histogramOf(given).quantileMs(share) ?? Number.NaN;

      assert.ok(read >= exact * (1 - 1e-6) && read <= exact * (1.1 + 1e-6), `${read} for ${exact}`);
    }),
  );
});

test('keeps the longest exactly, beyond the last bucket too', () => {
  const histogram = histogramOf([1, 250_000]);

  assert.equal(histogram.maxMs, 250_000);
  assert.equal(histogram.quantileMs(0.99), 250_000);
  assert.equal(histogram.count, 2);
});

test('counts an instant call in the first bucket', () => {
  assert.equal(histogramOf([0]).quantileMs(0.5), 0);
});
