import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { sinkOf } from '../contract/events.ts';
import { seededRandom } from './seeded-random.ts';
import { testRuntime } from './test-runtime.ts';

const draws = (random: () => number): number[] => Array.from({ length: 5 }, random);

test('is one world: its clock and its log are those of its runtime', () => {
  const { runtime, clock, log } = testRuntime();
  assert.equal(runtime.clock, clock);
  sinkOf(runtime).publish({ type: 'limit.changed', at: 0, target: '', limiter: 'a', limit: 1, previous: 2 });
  assert.deepEqual(log.types, ['limit.changed']);
});

test('begins at 0, at a fixed date, with seeded chance', () => {
  const { runtime, clock } = testRuntime();
  assert.deepEqual([clock.now(), clock.wallNow()], [0, 1_700_000_000_000]);
  assert.deepEqual(draws(runtime.random), draws(seededRandom(1)));
});

test('begins where it is told to', () => {
  const { clock } = testRuntime({ startMs: 100, wallStartMs: 5_000 });
  assert.deepEqual([clock.now(), clock.wallNow()], [100, 5_000]);
});

test('draws the same numbers for the same seed, and others for another', () => {
  const drawn = (seed: number): number[] => draws(testRuntime({ seed }).runtime.random);
  assert.deepEqual(drawn(7), drawn(7));
  assert.notDeepEqual(drawn(7), drawn(8));
});

test('draws what it is told to', () => {
  assert.deepEqual(draws(testRuntime({ random: 0.5 }).runtime.random), [0.5, 0.5, 0.5, 0.5, 0.5]);
  assert.deepEqual(draws(testRuntime({ random: 0 }).runtime.random), [0, 0, 0, 0, 0]);
  let drawn = 0;
  assert.deepEqual(draws(testRuntime({ random: () => drawn++ / 10 }).runtime.random), [0, 0.1, 0.2, 0.3, 0.4]);
});

test('refuses a world that cannot be', () => {
  for (const random of [-0.1, 1.1, Number.NaN, '0.5']) {
    assert.throws(() => testRuntime({ random: random as number }), { path: 'testRuntime.random' });
  }
  assert.throws(() => testRuntime({ seed: Number.NaN }), { path: 'testRuntime.seed' });
  assert.throws(() => testRuntime({ startMs: Number.POSITIVE_INFINITY }), ConfigError);
  assert.throws(() => testRuntime({ start: 5 } as never), { path: 'testRuntime.start' });
});
