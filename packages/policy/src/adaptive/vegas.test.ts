import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { type Limit, type LimitSample, stepOf } from './limit.ts';
import { vegasLimit } from './vegas.ts';

const window = (latencyMs: number | undefined, more: Partial<LimitSample> = {}): LimitSample => ({
  latencyMs,
  inFlight: 1_000,
  full: true,
  dropped: false,
  ...more,
});

/** An algorithm that has seen a window without a queue. */
function learnt(fastestMs: number): Limit {
  const limit = vegasLimit()(() => 0.5);
  assert.equal(limit.onSample(20, window(fastestMs)), 20);
  return limit;
}

for (const [limit, step] of [
  [1, 1],
  [9.9, 1],
  [99.9, 1],
  [100, 2],
  [999, 2],
  [1_000, 3],
] as const) {
  test(`a limit of ${limit} moves by steps of ${step}`, () => assert.equal(stepOf(limit), step));
}

// The queue is limit × (1 - 20 / latency), rounded up; steps are 1 up to a limit of 99 and 2 from 100.
for (const { limit, latencyMs, queue, next } of [
  { limit: 20, latencyMs: 20, queue: 0, next: 26 },
  { limit: 20, latencyMs: 21, queue: 1, next: 26 },
  { limit: 20, latencyMs: 22, queue: 2, next: 21 },
  { limit: 20, latencyMs: 23, queue: 3, next: 20 },
  { limit: 20, latencyMs: 28, queue: 6, next: 20 },
  { limit: 20, latencyMs: 30, queue: 7, next: 19 },
  { limit: 20, latencyMs: 200, queue: 18, next: 19 },
  { limit: 120, latencyMs: 20.3, queue: 2, next: 132 },
  { limit: 120, latencyMs: 20.8, queue: 5, next: 122 },
  { limit: 120, latencyMs: 22, queue: 11, next: 120 },
  { limit: 120, latencyMs: 23, queue: 16, next: 118 },
]) {
  test(`moves ${limit} to ${next} where ${queue} seem to wait`, () => {
    assert.equal(learnt(20).onSample(limit, window(latencyMs)), next);
  });
}

test('decides nothing by a window that is the fastest yet', () => {
  const limit = learnt(20);
  assert.equal(limit.onSample(20, window(10)), 20);
  assert.equal(limit.onSample(20, window(20)), 19);
});

test('does not grow, nor shrink, while less than half of the limit is used', () => {
  const limit = learnt(20);
  assert.equal(limit.onSample(20, window(20, { inFlight: 9 })), 20);
  assert.equal(limit.onSample(20, window(20, { inFlight: 10 })), 26);
  assert.equal(limit.onSample(20, window(200, { inFlight: 9 })), 20);
});

test('shrinks by a step for drops, whatever the latency says, or if there is none', () => {
  assert.equal(learnt(20).onSample(20, window(20, { dropped: true })), 19);
  assert.equal(learnt(20).onSample(150, window(undefined, { dropped: true, inFlight: 1 })), 148);
  assert.equal(learnt(20).onSample(20, window(undefined)), 20);
});

test('learns anew after 30 windows per place, times a draw from a half to one', () => {
  // The draw is 0.75: 0.75 × 30 × 4 = 90 windows, the first one included.
  const limit = learnt(20);
  for (let i = 2; i < 90; i++) assert.equal(limit.onSample(4, window(40, { inFlight: 1 })), 4);
  assert.equal(limit.onSample(4, window(40)), 4);
  // What was slow is now what is expected: there seems to be no queue.
  assert.equal(limit.onSample(4, window(40)), 10);
});

test('makes only a part of each move where it is told to be smooth', () => {
  const limit = vegasLimit({ smoothing: 0.5 })(() => 0);
  limit.onSample(20, window(20));
  assert.equal(limit.onSample(20, window(20)), 23);
  assert.equal(limit.onSample(20, window(200)), 19.5);
});

test('refuses settings that cannot be', () => {
  for (const options of [{ smoothing: 0 }, { smoothing: 1.1 }, { probeMultiplier: 0 }, { probes: 3 }]) {
    assert.throws(() => vegasLimit(options), ConfigError);
  }
});
