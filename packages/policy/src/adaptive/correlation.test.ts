import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { type CorrelationOptions, correlationLimit } from './correlation.ts';
import type { Limit, LimitSample } from './limit.ts';

const window = (latencyMs: number | undefined, more: Partial<LimitSample> = {}): LimitSample => ({
  latencyMs,
  inFlight: 1_000,
  full: false,
  dropped: false,
  ...more,
});

/** An algorithm that has seen a hundred windows of one latency. */
function settled(latencyMs: number, options: CorrelationOptions = {}): Limit {
  const limit = correlationLimit(options)(() => 0);
  for (let i = 0; i < 100; i++) limit.onSample(20, window(latencyMs));
  return limit;
}

test('grows by a step while nobody seems to wait', () => {
  assert.equal(settled(20).onSample(20, window(20)), 21);
  assert.equal(settled(20).onSample(150, window(20)), 152);
});

test('shrinks by a step when many seem to wait, once the median of five windows says so', () => {
  const limit = settled(20);
  assert.deepEqual(
    [1, 2, 3].map(() => limit.onSample(50, window(200))),
    [51, 51, 49],
  );
});

test('a single slow window changes nothing', () => {
  const limit = settled(20);
  assert.equal(limit.onSample(50, window(2_000)), 51);
  assert.equal(limit.onSample(50, window(20)), 51);
});

test('takes what has been slow for long enough for usual', () => {
  const limit = settled(20);
  for (let i = 0; i < 60; i++) limit.onSample(50, window(200));
  assert.equal(limit.onSample(50, window(200)), 51);
});

test('grows no further than five times what is under way, and comes down to that by steps', () => {
  assert.equal(settled(20).onSample(49.5, window(20, { inFlight: 10 })), 50);
  assert.equal(settled(20).onSample(50, window(20, { inFlight: 10 })), 50);
  assert.equal(settled(20).onSample(80, window(20, { inFlight: 10 })), 79);
});

test('keeps less room the more are under way, where it is told to', () => {
  const limit = settled(20, { maxLimitFactorDecay: 1 });
  assert.equal(limit.onSample(39.5, window(20, { inFlight: 10 })), 40);
  assert.equal(limit.onSample(298.5, window(20, { inFlight: 100 })), 300);
  assert.equal(settled(20, { maxLimitFactorDecay: 9 }).onSample(99.9, window(20, { inFlight: 100 })), 100);
});

/** Windows in which concurrency swings by a tenth, and the latency follows from it. */
function swinging(limit: Limit, latencyOf: (inFlight: number) => number): number {
  let next = 0;
  for (let i = 0; i < 60; i++) {
    const inFlight = 100 + 10 * Math.sin(i / 4);
    next = limit.onSample(50, window(latencyOf(inFlight), { inFlight, full: true }));
  }
  return next;
}

test('shrinks when more calls under way brought no more answers, only slower ones', () => {
  assert.equal(
    swinging(settled(20), (inFlight) => inFlight / 5),
    49,
  );
});

test('shrinks when more calls under way brought fewer answers', () => {
  assert.equal(
    swinging(settled(20), (inFlight) => inFlight ** 2 / 500),
    49,
  );
});

test('grows when more calls under way brought more answers at the same speed', () => {
  assert.equal(
    swinging(settled(20), () => 20),
    51,
  );
});

test('shrinks by a step for drops, and stays where nothing was learnt', () => {
  assert.equal(settled(20).onSample(50, window(20, { dropped: true })), 49);
  assert.equal(settled(20).onSample(50, window(undefined, { dropped: true })), 49);
  assert.equal(settled(20).onSample(50, window(undefined)), 50);
});

test('refuses settings that cannot be', () => {
  for (const options of [{ quantile: 1 }, { baselineAge: 0 }, { maxLimitFactor: 0.5 }, { correlationWindow: 5 }]) {
    assert.throws(() => correlationLimit(options), ConfigError);
  }
});
