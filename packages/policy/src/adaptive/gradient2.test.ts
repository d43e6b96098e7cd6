import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { gradient2Limit } from './gradient2.ts';
import type { Limit, LimitSample } from './limit.ts';

const window = (latencyMs: number | undefined, more: Partial<LimitSample> = {}): LimitSample => ({
  latencyMs,
  inFlight: 1_000,
  full: true,
  dropped: false,
  ...more,
});

const near = (got: number, want: number): void => assert.ok(Math.abs(got - want) < 0.01, `${got} is not ${want}`);

/** An algorithm whose long-term latency is as given, within a part in a hundred thousand. */
function settled(latencyMs: number): Limit {
  const limit = gradient2Limit({ longWindow: 1e6 })(() => 0);
  for (let i = 0; i < 10; i++) limit.onSample(100, window(latencyMs, { inFlight: 0 }));
  return limit;
}

// 80 % of the limit and 20 % of limit × gradient + 4, where the gradient is 1.5 × 20 / latency, from 0.5 to 1.
for (const { latencyMs, gradient, next } of [
  { latencyMs: 20, gradient: 1, next: 100.8 },
  { latencyMs: 30, gradient: 1, next: 100.8 },
  { latencyMs: 37.5, gradient: 0.8, next: 96.8 },
  { latencyMs: 60, gradient: 0.5, next: 90.8 },
  { latencyMs: 200, gradient: 0.5, next: 90.8 },
]) {
  test(`moves 100 to ${next} at a gradient of ${gradient}`, () => {
    near(settled(20).onSample(100, window(latencyMs)), next);
  });
}

test('does not grow, nor shrink, while less than half of the limit is used', () => {
  assert.equal(settled(20).onSample(100, window(20, { inFlight: 49 })), 100);
  near(settled(20).onSample(100, window(20, { inFlight: 50 })), 100.8);
  assert.equal(settled(20).onSample(100, window(200, { inFlight: 49 })), 100);
});

test('takes drops for the steepest gradient, without a queue', () => {
  near(settled(20).onSample(100, window(20, { dropped: true })), 90);
  near(settled(20).onSample(100, window(undefined, { dropped: true, inFlight: 1 })), 90);
  assert.equal(settled(20).onSample(100, window(undefined)), 100);
});

test('drops take it down to nothing, slowness alone to twice the queue', () => {
  let [slow, dropping] = [100, 100];
  const [one, other] = [settled(20), settled(20)];
  for (let i = 0; i < 200; i++) {
    slow = one.onSample(slow, window(1_000));
    dropping = other.onSample(dropping, window(undefined, { dropped: true }));
  }
  near(slow, 8);
  near(dropping, 0);
});

test('forgets a slow time sooner than it learnt it', () => {
  const limit = gradient2Limit()(() => 0);
  const windowsUntilSteep = (slowMs: number): number => {
    for (let i = 0; i < 10; i++) limit.onSample(100, window(slowMs));
    for (let i = 0; i < 1_000; i++) limit.onSample(100, window(20));
    let count = 0;
    while (limit.onSample(100, window(60)) >= 100) count++;
    return count;
  };
  // 2,000 ms would take over 2,000 windows to be forgotten at 2 / 601 each.
  assert.equal(windowsUntilSteep(2_000), 0);
});

test('refuses settings that cannot be', () => {
  for (const options of [{ tolerance: 0.9 }, { queueSize: -1 }, { longWindow: 0 }, { smoothing: 2 }, { x: 1 }]) {
    assert.throws(() => gradient2Limit(options), ConfigError);
  }
});
