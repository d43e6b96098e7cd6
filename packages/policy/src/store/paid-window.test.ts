import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PaidWindow } from './paid-window.ts';

test('forgets a bucket at a time, and after any idle time', () => {
  const paid = new PaidWindow(1_000, 0);
  paid.add(2, 50);
  paid.add(3, 150);
  assert.deepEqual([paid.sum(999), paid.sum(1_000), paid.sum(1_099), paid.sum(1_100)], [5, 3, 3, 0]);
  paid.add(4, 1_100);
  assert.equal(paid.sum(1e9), 0);
});

test('gives back the latest first, and no more than there are', () => {
  const paid = new PaidWindow(1_000, 0);
  paid.add(2, 0);
  paid.add(3, 500);
  assert.equal(paid.giveBack(4, 900), 4);
  assert.deepEqual([paid.sum(999), paid.sum(1_000)], [1, 0]);
  paid.add(1, 1_000);
  assert.equal(paid.giveBack(9, 1_000), 1);
  assert.equal(paid.sum(1_000), 0);
});

test('stands still while time does, or runs backwards', () => {
  const paid = new PaidWindow(1_000, 5_000);
  paid.add(2, 5_000);
  assert.equal(paid.sum(4_000), 2);
  assert.deepEqual([paid.sum(5_999), paid.sum(6_000)], [2, 0]);
});
