import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MovingMedian } from './moving-median.ts';

test('answers the value itself until it has enough of them', () => {
  const median = new MovingMedian(3);
  assert.deepEqual([median.add(5), median.add(90)], [5, 90]);
});

test('answers the middle one of the last few', () => {
  const median = new MovingMedian(3);
  const answers = [5, 9, 1, 7, 8].map((value) => median.add(value));
  assert.deepEqual(answers.slice(2), [5, 7, 7]);
});

test('is not moved by a single value that is far out', () => {
  const median = new MovingMedian(5);
  for (let i = 0; i < 5; i++) median.add(10);
  assert.equal(median.add(10_000), 10);
});
