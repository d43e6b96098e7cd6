import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opMemoryMs } from '../contract/state-store.ts';
import { Ops } from './ops.ts';

test('knows an op for as long as the contract says, and longer where that is of use', () => {
  const ops = new Ops<number>(10);
  ops.put('k', 'a', 1, 0);
  ops.put('k', 'b', 2, 0, 3 * opMemoryMs);
  ops.put('k', 'c', 3, 0, 5);
  assert.deepEqual([ops.find('k', 'a', opMemoryMs - 1), ops.find('k', 'c', opMemoryMs - 1)], [1, 3]);
  assert.deepEqual([ops.find('k', 'a', opMemoryMs), ops.find('k', 'b', opMemoryMs)], [undefined, 2]);
});

test('keeps an op of one key apart from those of others', () => {
  const ops = new Ops<number>(10);
  ops.put('a', 'b c', 1, 0);
  for (const [key, op] of [
    ['a b', 'c'],
    ['a', 'b  c'],
    ['', 'a b c'],
    ['1 a', 'b c'],
  ] as const) {
    assert.equal(ops.find(key, op, 0), undefined, `${key}, ${op}`);
  }
  assert.equal(ops.find('a', 'b c', 0), 1);
});

test('forgets the oldest rather than grow', () => {
  const ops = new Ops<number>(2);
  for (let i = 0; i < 3; i++) ops.put('k', `${i}`, i, 0);
  assert.deepEqual([ops.find('k', '0', 0), ops.find('k', '1', 0), ops.find('k', '2', 0)], [undefined, 1, 2]);
});
