import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { CorrelationWindow } from './correlation-window.ts';

const near = (got: number, want: number): void => assert.ok(Math.abs(got - want) < 1e-9, `${got} is not ${want}`);

function windowOf(pairs: readonly (readonly [number, number])[], size = 50, warmup = 2): CorrelationWindow {
  const window = new CorrelationWindow(size, warmup);
  for (const [x, y] of pairs) window.add(x, y);
  return window;
}

test('is 1 where both rise together, and -1 where one falls as the other rises', () => {
  near(windowOf([1, 2, 3, 4].map((x) => [x, 10 * x + 3] as const)).correlation, 1);
  near(windowOf([1, 2, 3, 4].map((x) => [x, 50 - 3 * x] as const)).correlation, -1);
});

test('says nothing before it has warmed up', () => {
  const pairs = [1, 2, 3].map((x) => [x, x] as const);
  assert.deepEqual([windowOf(pairs, 50, 4).correlation, windowOf(pairs, 50, 4).variationOfY], [0, 0]);
  near(windowOf(pairs, 50, 3).correlation, 1);
});

test('takes what hardly varies for constant, but says how much it varies', () => {
  const window = windowOf([1, 2, 3, 4].map((x) => [x, 1_000 + x] as const));
  assert.equal(window.correlation, 0);
  assert.ok(window.variationOfY > 0 && window.variationOfY < 0.01);
});

test('is not upset by values that are all zero', () => {
  const window = windowOf([
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  assert.deepEqual([window.correlation, window.variationOfY], [0, 0]);
});

test('forgets what is older than its size', () => {
  const old = [9, 1, 8, 2].map((x, i) => [x, i] as const);
  const recent = [1, 2, 3, 4].map((x) => [x, x] as const);
  near(windowOf([...old, ...recent], 4).correlation, 1);
});

test('is a number from -1 to 1, whatever it is given', (t) => {
  const value = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value), { maxLength: 30 }), (pairs) => {
      const { correlation } = windowOf(pairs, 10);
      assert.ok(Math.abs(correlation) <= 1, `${correlation}`);
    }),
    runs(t),
  );
});
