import assert from 'node:assert/strict';
import type { RetryDraw, SharedBudget } from '../contract/state-store.ts';
import { names, type StateStoreClaims, sum } from './state-store-world.ts';

const half: SharedBudget = { ratio: 0.5, minPerSecond: 0, windowMs: 60_000 };

function draw(op: string, parts: Partial<RetryDraw>): RetryDraw {
  return { calls: 0, retries: 0, unused: 0, ...parts, op };
}

/** What every store does with retry budgets. */
export const retryClaims: StateStoreClaims = {
  'retries: a new key has what is allowed per second, and nothing else': async ({ store }) => {
    const rarely: SharedBudget = { ...half, minPerSecond: 0.001 };
    assert.deepEqual(await store.drawRetries('k', half, draw('a', { retries: 5 })), { granted: 0, remaining: 0 });
    assert.deepEqual(await store.drawRetries('l', rarely, draw('a', { retries: 5 })), { granted: 1, remaining: 0 });
    assert.deepEqual(await store.drawRetries('l', rarely, draw('b', { retries: 5 })), { granted: 0, remaining: 0 });
  },

  'retries: they are paid from a share of the calls of all': async ({ store }) => {
    const first = await store.drawRetries('k', half, draw('a', { calls: 10, retries: 3 }));
    assert.deepEqual(first, { granted: 3, remaining: 2 });
    assert.equal((await store.drawRetries('k', half, draw('b', { retries: 5 }))).granted, 2);
    assert.equal((await store.drawRetries('k', half, draw('c', { retries: 5 }))).granted, 0);
    assert.equal((await store.drawRetries('k', half, draw('d', { calls: 2, retries: 5 }))).granted, 1);
  },

  'retries: of those who draw at once, no two have the same one': async ({ store }) => {
    await store.drawRetries('k', half, draw('calls', { calls: 20 }));
    const grants = await Promise.all(names(30).map((op) => store.drawRetries('k', half, draw(op, { retries: 1 }))));
    assert.equal(sum(grants.map(({ granted }) => granted)), 10);
  },

  'retries: an op that is sent again pays nothing in and draws nothing': async ({ store }) => {
    const first = await store.drawRetries('k', half, draw('a', { calls: 10, retries: 2 }));
    assert.deepEqual(await store.drawRetries('k', half, draw('a', { calls: 10, retries: 2 })), first);
    assert.equal((await store.drawRetries('k', half, draw('b', { retries: 10 }))).granted, 3);
  },

  'retries: unused ones are granted again': async ({ store }) => {
    await store.drawRetries('k', half, draw('a', { calls: 10, retries: 5 }));
    assert.equal((await store.drawRetries('k', half, draw('b', { retries: 5, unused: 2 }))).granted, 2);
    const rarely: SharedBudget = { ratio: 0, minPerSecond: 0.001, windowMs: 60_000 };
    await store.drawRetries('l', rarely, draw('a', { retries: 1 }));
    assert.equal((await store.drawRetries('l', rarely, draw('b', { retries: 5, unused: 1 }))).granted, 1);
    assert.equal((await store.drawRetries('l', rarely, draw('c', { retries: 5 }))).granted, 0);
  },

  'retries: a call counts for nine tenths of the window, and never longer than it': async ({ store, advance }) => {
    const second: SharedBudget = { ...half, windowMs: 1_000 };
    await store.drawRetries('k', second, draw('a', { calls: 10, retries: 1 }));
    await advance(800);
    assert.equal((await store.drawRetries('k', second, draw('b', { retries: 1 }))).granted, 1);
    await advance(200);
    assert.equal((await store.drawRetries('k', second, draw('c', { retries: 5 }))).granted, 0);
    // What has been paid is forgotten as well.
    await advance(1_000);
    assert.equal((await store.drawRetries('k', second, draw('d', { calls: 10, retries: 9 }))).granted, 5);
  },

  'retries: the allowance comes at its rate, and saves up one second': async ({ store, now, advance }) => {
    const five: SharedBudget = { ratio: 0, minPerSecond: 5, windowMs: 1_000 };
    const began = now();
    assert.equal((await store.drawRetries('k', five, draw('a', { retries: 5 }))).granted, 5);
    await advance(400);
    const { granted } = await store.drawRetries('k', five, draw('b', { retries: 9 }));
    assert.ok(granted >= 2 && granted <= (5 * (now() - began)) / 1_000, `${granted} after ${now() - began} ms`);
    await advance(2_000);
    assert.equal((await store.drawRetries('k', five, draw('c', { retries: 9 }))).granted, 5);
  },

  'retries: what is given back lasts no longer than what was paid': async ({ store, advance }) => {
    const second: SharedBudget = { ...half, windowMs: 1_000 };
    await store.drawRetries('k', second, draw('a', { calls: 10, retries: 5 }));
    await advance(700);
    await store.drawRetries('k', second, draw('b', { unused: 5 }));
    await advance(300);
    assert.deepEqual(await store.drawRetries('k', second, draw('c', { retries: 5 })), { granted: 0, remaining: 0 });
  },

  'retries: two allowances for one key draw on one bucket': async ({ store }) => {
    const ten: SharedBudget = { ratio: 0, minPerSecond: 10, windowMs: 60_000 };
    assert.equal((await store.drawRetries('k', ten, draw('a', { retries: 10 }))).granted, 10);
    const five: SharedBudget = { ...ten, minPerSecond: 5 };
    assert.equal((await store.drawRetries('k', five, draw('b', { retries: 5 }))).granted, 0);
    assert.equal((await store.drawRetries('l', five, draw('a', { retries: 5 }))).granted, 5);
    assert.equal((await store.drawRetries('l', ten, draw('b', { retries: 10 }))).granted, 5);
  },

  'retries: budgets of other windows are apart': async ({ store }) => {
    await store.drawRetries('k', half, draw('a', { calls: 10 }));
    const longer: SharedBudget = { ...half, windowMs: 120_000 };
    assert.equal((await store.drawRetries('k', longer, draw('a', { retries: 5 }))).granted, 0);
    assert.equal((await store.drawRetries('k', half, draw('b', { retries: 5 }))).granted, 5);
  },
};
