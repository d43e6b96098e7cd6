import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { correlationDefaults, correlationLimit } from './correlation.ts';
import { gradient2Limit } from './gradient2.ts';
import { type LimitSample, stepOf } from './limit.ts';
import { vegasLimit } from './vegas.ts';

/* The algorithms against their definitions, written out without a thought for cost. */

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const spread = (values: readonly number[]): number =>
  Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** Pearson's coefficient; 0 where either side hardly varies, or before there are ten pairs. */
function pearson(xs: readonly number[], ys: readonly number[]): number {
  if (xs.length < 10) return 0;
  const [sx, sy] = [spread(xs), spread(ys)];
  if (sx / mean(xs) < 0.01 || sy / mean(ys) < 0.01) return 0;
  return mean(xs.map((x, i) => (x - mean(xs)) * ((ys[i] as number) - mean(ys)))) / (sx * sy);
}

/** An average in which a value weighs `2 / (age + 1)`, and the first ten weigh alike. */
function smoothed(values: readonly number[], age: number): number {
  let average = 0;
  values.forEach((value, i) => {
    average += (value - average) * (i < 10 ? 1 / (i + 1) : 2 / (age + 1));
  });
  return average;
}

function correlationByDefinition(limit: number, samples: readonly LimitSample[]): number {
  const last = samples.at(-1) as LimitSample;
  if (last.dropped) return limit - stepOf(limit);
  if (last.latencyMs === undefined) return limit;
  const told = samples.filter(({ dropped, latencyMs }) => !dropped && latencyMs !== undefined);
  const latencies = told.map(({ latencyMs }) => latencyMs as number);
  const medians = latencies.map((latency, i) => (i < 4 ? latency : median(latencies.slice(i - 4, i + 1))));
  const recents = medians.map((_median, i) => smoothed(medians.slice(0, i + 1), 5));
  const recent = recents.at(-1) as number;
  const { baselineAge, correlationWindow, maxLimitFactor, maxLimitFactorDecay } = correlationDefaults;
  const queue = Math.ceil(limit * (1 - smoothed(recents, baselineAge) / recent));
  const used = told.map(({ inFlight }) => inFlight).slice(-correlationWindow);
  const times = recents.slice(-correlationWindow);
  const answers = used.map((inFlight, i) => inFlight / (times[i] as number));
  const [more, slower] = [pearson(used, answers), pearson(used, times)];
  const varies = answers.length < 10 ? 0 : spread(answers) / mean(answers);
  const overloaded = more < 0 || (slower > 0.5 && (more < 0.3 || varies < 0.2));
  const step = stepOf(limit);
  let direction = queue < 3 * step ? 1 : 0;
  if (queue > 6 * step || (last.full && overloaded)) direction = -1;
  const to = limit + direction * step;
  const factor = Math.max(1, maxLimitFactor - maxLimitFactorDecay * Math.log10(Math.max(1, last.inFlight)));
  const highest = Math.max(1, last.inFlight) * factor;
  if (to <= highest) return to;
  return limit > highest ? limit - step : highest;
}

const sampleOf = fc.record({
  latencyMs: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined, freq: 12 }),
  inFlight: fc.integer({ min: 0, max: 150 }),
  full: fc.boolean(),
});

test('the correlation algorithm is what its source says, over any windows', (t) => {
  fc.assert(
    fc.property(
      fc.array(sampleOf, { minLength: 1, maxLength: 30 }),
      fc.array(fc.nat(9), { maxLength: 30 }),
      fc.integer({ min: 1, max: 150 }),
      (drawn, drops, first) => {
        const algorithm = correlationLimit()(() => 0.5);
        let limit = first;
        const seen: LimitSample[] = [];
        drawn.forEach((each, i) => {
          seen.push({ ...each, dropped: drops[i] === 0 });
          const expected = correlationByDefinition(limit, seen);
          const got = algorithm.onSample(limit, seen.at(-1) as LimitSample);
          assert.ok(Math.abs(got - expected) < 1e-6, `window ${i}: ${got}, by definition ${expected}`);
          limit = Math.min(Math.max(got, 1), 200);
        });
      },
    ),
    runs(t, 2_000),
  );
});

const windowOf = (latencyMs: number | undefined, rest: Partial<LimitSample> = {}): LimitSample => ({
  latencyMs,
  inFlight: 100,
  full: true,
  dropped: false,
  ...rest,
});

test('gradient2 lets the long-term latency come down only when it is more than twice the recent one', () => {
  const after = (...latencies: number[]): number => {
    const algorithm = gradient2Limit({ smoothing: 1, queueSize: 0, tolerance: 1 })(() => 0.5);
    return latencies.reduce((_limit, latencyMs) => algorithm.onSample(100, windowOf(latencyMs)), 100);
  };
  // The mean of 30 and 10 is just twice 10: it stays, and the next one is held against (30 + 10 + 60) / 3.
  assert.ok(Math.abs(after(30, 10, 60) - (100 * (100 / 3)) / 60) < 1e-9);
  // That of 32 and 10 is more than twice 10: it is let down to 21 × 0.95 first.
  assert.ok(Math.abs(after(32, 10, 60) - (100 * ((42 * 0.95 + 60) / 3)) / 60) < 1e-9);
});

test('vegas learns nothing from a window without an answer', () => {
  const algorithm = vegasLimit()(() => 0.5);
  assert.equal(algorithm.onSample(100, windowOf(10)), 100);
  assert.equal(algorithm.onSample(100, windowOf(undefined)), 100);
  // Ten milliseconds are still the fastest: at twenty, half of the calls wait.
  assert.equal(algorithm.onSample(100, windowOf(20)), 98);
});

test('vegas takes its measure anew after half to all of its windows, by chance each time', () => {
  for (const [drawn, windows] of [
    [0, 5],
    [0.5, 8],
    [1, 10],
  ] as const) {
    const algorithm = vegasLimit({ probeMultiplier: 1 })(() => drawn);
    const limit = 10;
    const learns: number[] = [];
    for (let window = 1; learns.length < 3; window++) {
      // Ever slower: it moves unless it takes what it sees for the fastest.
      if (algorithm.onSample(limit, windowOf(10 ** window)) === limit) learns.push(window);
    }
    assert.deepEqual(learns, [1, windows, 2 * windows], `drawn ${drawn}`);
  }
});
