import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptKey } from './key.ts';

test('leaves a short key as it is, and makes every long one equally long', () => {
  assert.equal(keptKey('users'), 'users');
  assert.equal(keptKey('x'.repeat(64)), 'x'.repeat(64));
  for (const length of [65, 66, 10_000]) assert.equal(keptKey('x'.repeat(length)).length, 65);
});

test('makes two long keys two, down to halves of characters', () => {
  const tail = 'x'.repeat(100);
  const keys = ['\ud800', '\ud801', '\ufffd', 'a', ''].map((head) => keptKey(head + tail));
  assert.equal(new Set(keys).size, keys.length);
});

test('cannot be made to take a key for the hash of another', () => {
  const hash = keptKey('x'.repeat(100));
  assert.notEqual(keptKey(hash), hash);
});
