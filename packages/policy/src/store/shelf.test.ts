import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shelf } from './shelf.ts';

test('keeps a state until its time is over, and not a moment longer', () => {
  const shelf = new Shelf<string>(10);
  shelf.put('a', 'state', 100, 0);
  assert.equal(shelf.find('a', 99.9), 'state');
  assert.equal(shelf.find('a', 100), undefined);
  assert.equal(shelf.size, 0);
  assert.equal(shelf.find('b', 0), undefined);
});

test('keeps no more than it may: the one that was not used for longest goes first', () => {
  const shelf = new Shelf<number>(2);
  shelf.put('a', 1, 100, 0);
  shelf.put('b', 2, 100, 0);
  shelf.find('a', 1);
  shelf.put('c', 3, 100, 1);
  assert.deepEqual([shelf.find('a', 2), shelf.find('b', 2), shelf.find('c', 2), shelf.size], [1, undefined, 3, 2]);
});

test('lets what is over go as others come, though nobody asks for it', () => {
  const shelf = new Shelf<number>(1_000);
  for (let i = 0; i < 100; i++) shelf.put(`key ${i}`, i, i + 10, i);
  assert.equal(shelf.size, 10);
});

test('puts in place of what was there, deletes, and clears', () => {
  const shelf = new Shelf<number>(10);
  shelf.put('a', 1, 10, 0);
  shelf.put('a', 2, 20, 0);
  assert.equal(shelf.find('a', 15), 2);
  shelf.put('b', 3, 20, 0);
  shelf.delete('a');
  assert.deepEqual([shelf.find('a', 0), shelf.find('b', 0)], [undefined, 3]);
  shelf.clear();
  assert.equal(shelf.find('b', 0), undefined);
});
