import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { RollingSum } from './rolling-sum.ts';

test('counts what lies inside the window', () => {
  const sum = new RollingSum(1_000);
  for (const at of [0, 10, 950]) sum.add(at);
  assert.equal(sum.sum(999), 3);
});

test('forgets a bucket at a time', () => {
  const sum = new RollingSum(1_000);
  for (const at of [0, 99, 100, 950]) sum.add(at);
  assert.equal(sum.sum(999), 4);
  assert.equal(sum.sum(1_000), 2);
  assert.equal(sum.sum(1_100), 1);
  assert.equal(sum.sum(1_900), 0);
});

test('forgets all of it however long no one looked', () => {
  const sum = new RollingSum(1_000);
  sum.add(5);
  assert.equal(sum.sum(1e12), 0);
  sum.add(1e12);
  assert.equal(sum.sum(1e12), 1);
});

test('takes the latest one back first', () => {
  const sum = new RollingSum(1_000);
  sum.add(0);
  sum.add(500);
  assert.equal(sum.takeBack(600), true);
  assert.equal(sum.sum(999), 1);
  assert.equal(sum.sum(1_000), 0);
});

test('takes nothing back from an empty window', () => {
  const sum = new RollingSum(1_000);
  sum.add(0);
  assert.equal(sum.takeBack(5_000), false);
  assert.equal(sum.sum(5_000), 0);
});

test('begins at any time of the clock', () => {
  const sum = new RollingSum(1_000);
  sum.add(-12_345);
  assert.equal(sum.sum(-12_345), 1);
});

test('agrees with a list of moments', (t) => {
  const step = fc.record({ afterMs: fc.integer({ min: 0, max: 700 }), what: fc.constantFrom('add', 'back', 'look') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 12 }), (steps, buckets) => {
      const sum = new RollingSum(buckets * 100, buckets);
      let list: number[] = [];
      let now = 0;
      for (const { afterMs, what } of steps) {
        now += afterMs;
        const oldest = Math.floor(now / 100) - buckets + 1;
        list = list.filter((at) => Math.floor(at / 100) >= oldest);
        if (what === 'add') {
          sum.add(now);
          list.push(now);
        } else if (what === 'back') assert.equal(sum.takeBack(now), list.pop() !== undefined);
        assert.equal(sum.sum(now), list.length);
      }
    }),
    runs(t),
  );
});
