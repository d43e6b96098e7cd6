import assert from 'node:assert/strict';
import type { OutcomeReport } from '../contract/state-store.ts';
import { names, type StateStoreClaims } from './state-store-world.ts';

const nothing = { calls: 0, failures: 0, slow: 0, slowFailures: 0 };
const some = { calls: 10, failures: 4, slow: 3, slowFailures: 2 };

function report(op: string, parts: Partial<OutcomeReport> = {}): OutcomeReport {
  return { ...nothing, windowMs: 60_000, ...parts, op };
}

/** What every store does with outcomes. */
export const outcomeClaims: StateStoreClaims = {
  'outcomes: the sums are those of all who reported': async ({ store }) => {
    assert.deepEqual(await store.reportOutcomes('k', report('a')), nothing);
    assert.deepEqual(await store.reportOutcomes('k', report('b', some)), some);
    const sums = { calls: 15, failures: 5, slow: 3, slowFailures: 2 };
    assert.deepEqual(await store.reportOutcomes('k', report('c', { calls: 5, failures: 1 })), sums);
    assert.deepEqual(await store.reportOutcomes('k', report('d')), sums);
  },

  'outcomes: of those who report at once, each is counted': async ({ store }) => {
    await Promise.all(names(20).map((op) => store.reportOutcomes('k', report(op, { calls: 2, failures: 1 }))));
    assert.deepEqual(await store.reportOutcomes('k', report('ask')), { ...nothing, calls: 40, failures: 20 });
  },

  'outcomes: an op that is sent again is counted once': async ({ store }) => {
    for (let times = 0; times < 2; times++) {
      assert.deepEqual(await store.reportOutcomes('k', report('a', some)), some);
    }
    assert.deepEqual(await store.reportOutcomes('k', report('b')), some);
  },

  'outcomes: a failure may come after its call': async ({ store }) => {
    await store.reportOutcomes('k', report('a', { calls: 1, slow: 1 }));
    const sums = await store.reportOutcomes('k', report('b', { failures: 1, slowFailures: 1 }));
    assert.deepEqual(sums, { calls: 1, failures: 1, slow: 1, slowFailures: 1 });
  },

  'outcomes: each counts for nine tenths of the window, and never longer than it': async ({ store, advance }) => {
    const windowMs = 1_000;
    await store.reportOutcomes('k', report('a', { ...some, windowMs }));
    await advance(500);
    await store.reportOutcomes('k', report('b', { calls: 1, windowMs }));
    await advance(300);
    assert.equal((await store.reportOutcomes('k', report('c', { windowMs }))).calls, 11);
    await advance(200);
    assert.deepEqual(await store.reportOutcomes('k', report('d', { windowMs })), { ...nothing, calls: 1 });
    await advance(500);
    assert.deepEqual(await store.reportOutcomes('k', report('e', { windowMs })), nothing);
  },

  'outcomes: windows of other lengths are apart': async ({ store }) => {
    await store.reportOutcomes('k', report('a', some));
    assert.deepEqual(await store.reportOutcomes('k', report('a', { windowMs: 30_000 })), nothing);
  },
};
