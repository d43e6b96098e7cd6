import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLeaseAsk, readRate, readTokenAsk } from './state-store-arguments.ts';

const rate = { limit: 10, intervalMs: 1_000, burst: 5 };

test('says where a mistake stands, what was expected and what came', () => {
  assert.throws(
    () => readRate({ ...rate, limit: Number.NaN }),
    /stateStore\.rate\.limit: expected a number from .* got NaN/,
  );
  assert.throws(() => readLeaseAsk({ owner: 'a' } as never), /stateStore\.lease\.ttlMs: .*got "nothing"/);
  assert.throws(() => readRate({ ...rate, brust: 5 } as never), /stateStore\.rate\.brust/);
});

test('wants all tokens of an ask that names no least', () => {
  assert.deepEqual(readTokenAsk({ op: 'a', tokens: 5 }, rate), { op: 'a', tokens: 5, atLeast: 5 });
  assert.deepEqual(readTokenAsk({ op: 'a', tokens: 9, atLeast: 5 }, rate), { op: 'a', tokens: 9, atLeast: 5 });
});

test('refuses an ask that no wait would fulfil, by the name of what is too much', () => {
  assert.throws(() => readTokenAsk({ op: 'a', tokens: 6 }, rate), /ask\.tokens: expected at most 5/);
  assert.throws(() => readTokenAsk({ op: 'a', tokens: 9, atLeast: 6 }, rate), /ask\.atLeast: expected at most 5/);
  assert.throws(() => readTokenAsk({ op: 'a', tokens: 2, atLeast: 3 }, rate), /ask\.atLeast: expected at most 2/);
});
