import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caught } from '../testing/caught.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { memoryStateStore, memoryStateStoreDefaults } from './memory-state-store.ts';
import { PaidWindow } from './paid-window.ts';
import { Retries } from './retries.ts';
import { Tokens } from './tokens.ts';

test('tokens that would have flowed in again since are not taken away for being given back', () => {
  const rate = { limit: 1, intervalMs: 100, burst: 5 };
  const tokens = new Tokens(10);
  const left = (op: string, now: number): number =>
    tokens.take('a', rate, { op, tokens: 1, atLeast: 1 }, now).remaining;
  assert.equal(left('first', 0), 4);
  assert.equal(left('second', 100), 4);
  // In the hundred milliseconds since, the token has come back by itself.
  tokens.giveBack('a', rate, { op: 'second', tokens: 1 }, 200);
  assert.equal(left('third', 200), 4);
});

test('what the calls have paid for is not taken from the allowance as well', () => {
  const budget = { ratio: 1, minPerSecond: 3, windowMs: 10_000 };
  const retries = new Retries(10);
  const draw = (op: string, calls: number, wanted: number) =>
    retries.draw('a', budget, { op, calls, retries: wanted, unused: 0 }, 0);
  assert.deepEqual(draw('first', 2, 2), { granted: 2, remaining: 3 });
  assert.deepEqual(draw('second', 0, 2), { granted: 2, remaining: 1 });
  assert.deepEqual(draw('third', 0, 2), { granted: 1, remaining: 0 });
});

test('says that it has been closed, and how many keys it keeps where nothing is said', async () => {
  const store = memoryStateStore({}, testRuntime().runtime);
  await store.close();
  const error = (await caught(store.releaseLease('a', 'me'))) as Error;
  assert.match(error.message, /the state store has been closed/);
  assert.equal(memoryStateStoreDefaults.maxKeys, 10_000);
});

test('what has left the window cannot be given back', () => {
  const window = new PaidWindow(1_000, 0);
  window.add(2, 0);
  assert.equal(window.giveBack(1, 999), 1);
  assert.equal(window.giveBack(1, 5_000), 0);
});
