import assert from 'node:assert/strict';
import { hourMs, type StateStoreClaims } from './state-store-world.ts';

const one = { limit: 1, intervalMs: hourMs, burst: 1 };
const long = 'x'.repeat(10_240);

/** Each of these has been one with another somewhere: by joining, trimming, folding, encoding, cutting off, or a tag. */
const keys = [
  ...['', ' ', '\n', '\r\n', '\0', 'a', 'A', 'a ', ' a', 'a\n', 'a\0', 'a:b', 'a b', 'a|b', 'ab'],
  ...['{', '}', '{}', '{a}', '{a}b', '{a}c', 'b{a}', '%7Ba%7D', '*', '?', '[a]', '../a', '#a'],
  ...['__proto__', 'constructor', 'toString', 'null', 'undefined', '0', '00', '1e3', '1000'],
  // The same letter in two ways; three different halves of characters, which UTF-8 cannot tell apart; and a whole one.
  ...['\u00e9', 'e\u0301', '\ud800', '\ud801', '\udfff', '\ufffd', '\u{1f600}'],
  ...[long, `${long}y`, `y${long}`, long.slice(1)],
];

/** What every store does with keys. */
export const keyClaims: StateStoreClaims = {
  'keys: no two are one, whatever is in them': async ({ store }) => {
    const held: string[] = [];
    for (const [i, key] of keys.entries()) {
      // Another op and another owner each time, or a store could take the second key for the first one sent again.
      const { granted } = await store.takeTokens(key, one, { op: `first ${i}`, tokens: 1 });
      const lease = await store.acquireLease(key, { owner: `owner ${i}`, ttlMs: hourMs });
      if (granted === 1 && lease.held) held.push(key);
    }
    assert.deepEqual(held, keys);
    // And each is still itself.
    for (const [i, key] of keys.entries()) {
      assert.equal((await store.takeTokens(key, one, { op: `second ${i}`, tokens: 1 })).granted, 0, key);
    }
  },

  'keys: one and an op are not another and another op': async ({ store }) => {
    for (const [key, op] of [
      ['a', 'b c'],
      ['a b', 'c'],
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['a', 'bc'],
      ['ab', 'c'],
    ] as const) {
      const windowMs = 60_000;
      const sums = await store.reportOutcomes(key, { op, windowMs, calls: 1, failures: 0, slow: 0, slowFailures: 0 });
      assert.equal(sums.calls, key === 'a' ? ['b c', 'b:c', 'bc'].indexOf(op) + 1 : 1, `${key}, ${op}`);
    }
  },

  'keys: kinds of state do not meet under one': async ({ store }) => {
    const op = 'same';
    const nothing = { calls: 0, failures: 0, slow: 0, slowFailures: 0 };
    const budget = { ratio: 1, minPerSecond: 0, windowMs: 60_000 };
    assert.equal((await store.acquireLease('k', { owner: op, ttlMs: hourMs })).held, true);
    assert.equal((await store.openCircuit('k', { op, openMs: hourMs, probeMs: 0 })).state, 'open');
    assert.equal((await store.takeTokens('k', one, { op, tokens: 1 })).granted, 1);
    const sums = await store.reportOutcomes('k', { ...nothing, op, windowMs: 60_000, calls: 3 });
    assert.deepEqual(sums, { ...nothing, calls: 3 });
    const drawn = await store.drawRetries('k', budget, { op, calls: 2, retries: 1, unused: 0 });
    assert.deepEqual(drawn, { granted: 1, remaining: 1 });
    await store.releaseLease('k', op);
    assert.equal((await store.readCircuit('k')).state, 'open');
    assert.equal((await store.takeTokens('k', one, { op: 'other', tokens: 1 })).granted, 0);
  },
};
