import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { aimdLimit } from './aimd.ts';
import type { LimitSample } from './limit.ts';

const window = (latencyMs: number | undefined, more: Partial<LimitSample> = {}): LimitSample => ({
  latencyMs,
  inFlight: 1_000,
  full: true,
  dropped: false,
  ...more,
});

for (const { about, limit, sample, next } of [
  { about: 'adds one when all goes well', limit: 20, sample: window(20), next: 21 },
  { about: 'does not care how slow, up to a point', limit: 20, sample: window(5_000), next: 21 },
  { about: 'takes a tenth away when it is slower', limit: 20, sample: window(5_001), next: 18 },
  { about: 'takes a tenth away for drops', limit: 20, sample: window(20, { dropped: true }), next: 18 },
  { about: 'takes one away where a tenth is less', limit: 5, sample: window(20, { dropped: true }), next: 4 },
  { about: 'shrinks when nothing was answered', limit: 20, sample: window(undefined, { dropped: true }), next: 18 },
  { about: 'stays when less than half is used', limit: 20, sample: window(20, { inFlight: 9 }), next: 20 },
  { about: 'grows when half is used', limit: 20, sample: window(20, { inFlight: 10 }), next: 21 },
  { about: 'stays when nothing was learnt', limit: 20, sample: window(undefined), next: 20 },
]) {
  test(about, () => assert.equal(aimdLimit()(Math.random).onSample(limit, sample), next));
}

test('shrinks by another share, and for other latencies, where it is told to', () => {
  const limit = aimdLimit({ backoffRatio: 0.5, slowMs: 100 })(() => 0);
  assert.equal(limit.onSample(20, window(101)), 10);
  assert.equal(limit.onSample(20, window(100)), 21);
});

test('refuses settings that cannot be', () => {
  for (const options of [{ backoffRatio: 1 }, { backoffRatio: 0.4 }, { slowMs: 0 }, { x: 1 }]) {
    assert.throws(() => aimdLimit(options), ConfigError);
  }
});
