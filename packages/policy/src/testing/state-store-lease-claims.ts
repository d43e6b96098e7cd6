import assert from 'node:assert/strict';
import { assertBetween, names, type StateStoreClaims } from './state-store-world.ts';

const ttlMs = 60_000;

/** What every store does with leases. */
export const leaseClaims: StateStoreClaims = {
  'leases: of those who ask at once, one holds it': async ({ store }) => {
    const answers = await Promise.all(names(20).map((owner) => store.acquireLease('k', { owner, ttlMs })));
    assert.equal(answers.filter(({ held }) => held).length, 1);
    for (const { forMs } of answers) assertBetween(forMs, ttlMs / 2, ttlMs);
  },

  'leases: its holder renews it, and nobody else': async ({ store, advance }) => {
    await store.acquireLease('k', { owner: 'a', ttlMs: 1_000 });
    await advance(500);
    const other = await store.acquireLease('k', { owner: 'b', ttlMs });
    assert.equal(other.held, false);
    assertBetween(other.forMs, 0, 500);
    const renewed = await store.acquireLease('k', { owner: 'a', ttlMs: 1_000 });
    assert.equal(renewed.held, true);
    assertBetween(renewed.forMs, 500, 1_000);
    await advance(700);
    assert.equal((await store.acquireLease('k', { owner: 'b', ttlMs })).held, false);
  },

  'leases: its holder releases it, and nobody else': async ({ store }) => {
    await store.acquireLease('k', { owner: 'a', ttlMs });
    await store.releaseLease('k', 'b');
    assert.equal((await store.acquireLease('k', { owner: 'b', ttlMs })).held, false);
    await store.releaseLease('k', 'a');
    assert.equal((await store.acquireLease('k', { owner: 'b', ttlMs })).held, true);
    await store.releaseLease('k', 'a');
    assert.equal((await store.acquireLease('k', { owner: 'a', ttlMs })).held, false);
  },

  'leases: one whose holder is gone is free when its time is over': async ({ store, advance }) => {
    await store.acquireLease('k', { owner: 'a', ttlMs: 100 });
    await advance(100);
    assert.equal((await store.acquireLease('k', { owner: 'b', ttlMs })).held, true);
    // The old holder comes back from a long pause and finds it gone.
    assert.equal((await store.acquireLease('k', { owner: 'a', ttlMs })).held, false);
    await store.releaseLease('k', 'a');
    assert.equal((await store.acquireLease('k', { owner: 'c', ttlMs })).held, false);
  },

  'leases: one that nobody holds is released without harm': async ({ store }) => {
    await store.releaseLease('k', 'a');
    assert.deepEqual((await store.acquireLease('k', { owner: 'a', ttlMs })).held, true);
  },
};
