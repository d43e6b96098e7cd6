import assert from 'node:assert/strict';
import type { SharedRate } from '../contract/state-store.ts';
import { assertBetween, hourMs, names, type StateStoreClaims, sum } from './state-store-world.ts';

/** A bucket that does not fill up while it is looked at. */
function still(burst: number): SharedRate {
  return { limit: 1, intervalMs: hourMs, burst };
}

const everyMs = 200;
const fivePerSecond: SharedRate = { limit: 5, intervalMs: 5 * everyMs, burst: 5 };

/** What every store does with tokens. */
export const tokenClaims: StateStoreClaims = {
  'tokens: a new key has its burst, and not one more': async ({ store }) => {
    const first = await store.takeTokens('k', still(5), { op: 'a', tokens: 3 });
    assert.deepEqual(first, { granted: 3, remaining: 2, retryAfterMs: 0 });
    const second = await store.takeTokens('k', still(5), { op: 'b', tokens: 2 });
    assert.deepEqual(second, { granted: 2, remaining: 0, retryAfterMs: 0 });
    const third = await store.takeTokens('k', still(5), { op: 'c', tokens: 1 });
    assert.deepEqual([third.granted, third.remaining], [0, 0]);
    assertBetween(third.retryAfterMs, hourMs / 2, hourMs);
  },

  'tokens: what was refused is granted once retryAfterMs has passed': async ({ store, advance }) => {
    await store.takeTokens('k', fivePerSecond, { op: 'a', tokens: 5 });
    const refused = await store.takeTokens('k', fivePerSecond, { op: 'b', tokens: 1 });
    assert.equal(refused.granted, 0);
    assertBetween(refused.retryAfterMs, 0, everyMs);
    await advance(refused.retryAfterMs);
    assert.equal((await store.takeTokens('k', fivePerSecond, { op: 'c', tokens: 1 })).granted, 1);
    const more = await store.takeTokens('k', fivePerSecond, { op: 'd', tokens: 5 });
    assertBetween(more.retryAfterMs, 3 * everyMs, 5 * everyMs);
  },

  'tokens: a key that was emptied is full again in the end, and no fuller': async ({ store, advance }) => {
    await store.takeTokens('k', fivePerSecond, { op: 'a', tokens: 5 });
    await advance(10 * everyMs);
    const full = await store.takeTokens('k', fivePerSecond, { op: 'b', tokens: 5 });
    assert.deepEqual([full.granted, full.remaining], [5, 0]);
  },

  'tokens: in no stretch of time go more than the rate and one burst': async ({ store, now, advance }) => {
    const gone: { readonly asked: number; readonly answered: number }[] = [];
    const take = async (): Promise<boolean> => {
      const asked = now();
      const { granted } = await store.takeTokens('k', fivePerSecond, { op: `${gone.length} at ${asked}`, tokens: 1 });
      if (granted > 0) gone.push({ asked, answered: now() });
      return granted > 0;
    };
    // One now, in case that begins an interval; then the rest late in it, and again wherever the next may begin.
    await take();
    await advance(4.5 * everyMs);
    for (let step = 0; step < 24; step++) {
      for (let tries = 0; tries < 20; tries++) if (!(await take())) break;
      await advance(everyMs / 4);
    }
    for (const [i, first] of gone.entries()) {
      for (const [j, last] of gone.entries()) {
        const most = 5 + (last.answered - first.asked) / everyMs + 1e-6;
        assert.ok(j - i + 1 <= most, `${j - i + 1} between ${first.asked} and ${last.answered}, where ${most} may go`);
      }
    }
    assert.ok(gone.length >= 11, `${gone.length} in all: less than the rate brings`);
  },

  'tokens: a refusal takes none': async ({ store }) => {
    await store.takeTokens('k', still(5), { op: 'a', tokens: 3 });
    const refused = await store.takeTokens('k', still(5), { op: 'b', tokens: 3 });
    assert.deepEqual([refused.granted, refused.remaining], [0, 2]);
    assert.equal((await store.takeTokens('k', still(5), { op: 'c', tokens: 2 })).granted, 2);
  },

  'tokens: a block is granted in part, in whole tokens, where that is of use': async ({ store }) => {
    await store.takeTokens('k', still(5), { op: 'a', tokens: 1.5 });
    const tooFew = await store.takeTokens('k', still(5), { op: 'b', tokens: 10, atLeast: 4 });
    assert.deepEqual([tooFew.granted, tooFew.remaining], [0, 3]);
    const block = await store.takeTokens('k', still(5), { op: 'c', tokens: 10, atLeast: 1 });
    assert.deepEqual([block.granted, block.remaining, block.retryAfterMs], [3, 0, 0]);
    // Half a token is left: never more than was asked for, never less than is of use.
    assert.equal((await store.takeTokens('k', still(5), { op: 'd', tokens: 10, atLeast: 0.5 })).granted, 0.5);
    assert.equal((await store.takeTokens('l', still(5), { op: 'e', tokens: 2, atLeast: 1 })).granted, 2);
  },

  'tokens: of those who ask at once, no two have the same one': async ({ store }) => {
    const asks = names(40).map((op) => store.takeTokens('k', still(10), { op, tokens: 1 }));
    const grants = await Promise.all(asks);
    assert.equal(sum(grants.map(({ granted }) => granted)), 10);
  },

  'tokens: an op that is sent again takes nothing, and has the same answer': async ({ store }) => {
    const ask = { op: 'a', tokens: 2 };
    const first = await store.takeTokens('k', still(5), ask);
    assert.deepEqual(await store.takeTokens('k', still(5), ask), first);
    assert.equal((await store.takeTokens('l', still(5), ask)).remaining, 3);
    const rest = await store.takeTokens('k', still(5), { op: 'b', tokens: 3 });
    assert.deepEqual([rest.granted, rest.remaining], [3, 0]);
  },

  'tokens: unused ones are taken back once, and never more than were granted': async ({ store }) => {
    await store.takeTokens('k', still(5), { op: 'a', tokens: 5 });
    for (let times = 0; times < 2; times++) await store.giveBackTokens('k', still(5), { op: 'a', tokens: 2 });
    const refused = await store.takeTokens('k', still(5), { op: 'b', tokens: 3 });
    assert.deepEqual([refused.granted, refused.remaining], [0, 2]);
    await store.takeTokens('l', still(5), { op: 'a', tokens: 3 });
    await store.takeTokens('l', still(5), { op: 'b', tokens: 1 });
    await store.giveBackTokens('l', still(5), { op: 'b', tokens: 100 });
    const after = await store.takeTokens('l', still(5), { op: 'c', tokens: 3 });
    assert.deepEqual([after.granted, after.remaining], [0, 2]);
  },

  'tokens: nothing is taken back of an op that got none': async ({ store }) => {
    await store.takeTokens('k', still(5), { op: 'a', tokens: 5 });
    await store.takeTokens('k', still(5), { op: 'refused', tokens: 5 });
    for (const op of ['refused', 'unknown']) await store.giveBackTokens('k', still(5), { op, tokens: 5 });
    assert.equal((await store.takeTokens('k', still(5), { op: 'b', tokens: 1 })).granted, 0);
  },

  'tokens: what has flowed in since they were granted is not given twice': async ({ store, advance }) => {
    await store.takeTokens('k', fivePerSecond, { op: 'a', tokens: 5 });
    await advance(5 * everyMs);
    assert.equal((await store.takeTokens('k', fivePerSecond, { op: 'b', tokens: 5 })).granted, 5);
    // Had they never been taken, the bucket would have stood full all the while, and gained nothing.
    await store.giveBackTokens('k', fivePerSecond, { op: 'a', tokens: 5 });
    const rest = await store.takeTokens('k', fivePerSecond, { op: 'c', tokens: 5 });
    assert.equal(rest.granted, 0);
    assertBetween(rest.retryAfterMs, 3 * everyMs, 5 * everyMs);
  },

  'tokens: two rates for one key draw on one bucket': async ({ store }) => {
    const slower: SharedRate = { limit: 1, intervalMs: 2 * hourMs, burst: 4 };
    await store.takeTokens('k', still(10), { op: 'a', tokens: 10 });
    assert.equal((await store.takeTokens('k', slower, { op: 'b', tokens: 1 })).granted, 0);
    await store.takeTokens('l', slower, { op: 'a', tokens: 4 });
    assert.equal((await store.takeTokens('l', still(10), { op: 'b', tokens: 10, atLeast: 1 })).granted, 6);
  },
};
