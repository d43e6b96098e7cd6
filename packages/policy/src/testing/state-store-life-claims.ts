import assert from 'node:assert/strict';
import { isSwitchgearError } from '../contract/errors.ts';
import type { StateStore } from '../contract/state-store.ts';
import { hourMs, type StateStoreClaims } from './state-store-world.ts';

const rate = { limit: 1, intervalMs: hourMs, burst: 5 };
const budget = { ratio: 1, minPerSecond: 1, windowMs: 60_000 };
const draw = { op: 'a', calls: 1, retries: 1, unused: 0 };
const report = { op: 'a', windowMs: 60_000, calls: 1, failures: 0, slow: 0, slowFailures: 0 };
const opening = { op: 'a', openMs: 100, probeMs: 100 };

/** One of each that can be. */
function everything(store: StateStore): (() => Promise<unknown>)[] {
  return [
    () => store.takeTokens('k', rate, { op: 'a', tokens: 1 }),
    () => store.giveBackTokens('k', rate, { op: 'a', tokens: 1 }),
    () => store.drawRetries('k', budget, draw),
    () => store.reportOutcomes('k', report),
    () => store.openCircuit('k', opening),
    () => store.closeCircuit('k', 1),
    () => store.readCircuit('k'),
    () => store.acquireLease('k', { owner: 'a', ttlMs: 100 }),
    () => store.releaseLease('k', 'a'),
  ];
}

/** What cannot be, though the compiler may let it through. */
function mistakes(store: StateStore): (() => Promise<unknown>)[] {
  return [
    () => store.takeTokens(undefined as never, rate, { op: 'a', tokens: 1 }),
    () => store.takeTokens('k', { ...rate, limit: Number.NaN }, { op: 'a', tokens: 1 }),
    () => store.takeTokens('k', { ...rate, limit: 0 }, { op: 'a', tokens: 1 }),
    () => store.takeTokens('k', { ...rate, intervalMs: -1 }, { op: 'a', tokens: 1 }),
    () => store.takeTokens('k', { ...rate, burst: Number.POSITIVE_INFINITY }, { op: 'a', tokens: 1 }),
    () => store.takeTokens('k', rate, { op: 'a', tokens: -1 }),
    () => store.takeTokens('k', rate, { op: 'a', tokens: '1' as never }),
    () => store.takeTokens('k', rate, { op: '', tokens: 1 }),
    () => store.takeTokens('k', rate, { op: 'a', tokens: 6 }),
    () => store.takeTokens('k', rate, { op: 'a', tokens: 9, atLeast: 6 }),
    () => store.takeTokens('k', rate, { op: 'a', tokens: 1, atLeast: 2 }),
    () => store.giveBackTokens('k', rate, { op: 'a', tokens: Number.NaN }),
    () => store.drawRetries('k', { ...budget, ratio: 1.1 }, draw),
    () => store.drawRetries('k', { ...budget, windowMs: 0 }, draw),
    () => store.drawRetries('k', budget, { ...draw, calls: -1 }),
    () => store.drawRetries('k', budget, { ...draw, retries: 0.5 }),
    () => store.reportOutcomes('k', { ...report, failures: -1 }),
    () => store.reportOutcomes('k', { ...report, windowMs: Number.NaN }),
    () => store.openCircuit('k', { ...opening, openMs: Number.POSITIVE_INFINITY }),
    () => store.openCircuit('k', { ...opening, op: undefined as never }),
    () => store.closeCircuit('k', -1),
    () => store.readCircuit(1 as never),
    () => store.acquireLease('k', { owner: '', ttlMs: 100 }),
    () => store.acquireLease('k', { owner: 'a', ttlMs: 0 }),
    () => store.releaseLease('k', ''),
  ];
}

/** By code, so that a store that uses another copy of the library passes as well. */
function hasCode(code: string): (error: unknown) => boolean {
  return (error) => isSwitchgearError(error) && error.code === code;
}

/** What every store does from its first day to its last. */
export const lifeClaims: StateStoreClaims = {
  'life: what cannot be is a rejection, and changes nothing': async ({ store }) => {
    for (const mistake of mistakes(store)) {
      let answer: Promise<unknown> | undefined;
      assert.doesNotThrow(() => {
        answer = mistake();
      }, `threw at once: ${mistake}`);
      await assert.rejects(answer as Promise<unknown>, hasCode('SWITCHGEAR_INVALID_CONFIG'), String(mistake));
    }
    assert.equal((await store.takeTokens('k', rate, { op: 'a', tokens: 5 })).granted, 5);
    assert.equal((await store.readCircuit('k')).state, 'closed');
    assert.equal((await store.reportOutcomes('k', { ...report, calls: 0 })).calls, 0);
    assert.equal((await store.acquireLease('k', { owner: 'b', ttlMs: 100 })).held, true);
  },

  'life: a hint that throws breaks nothing, and one that has left hears nothing': async ({ store }) => {
    let heard = 0;
    const stop = store.watchCircuit('k', () => {
      throw new Error('a hint that throws');
    });
    // Run by a store that breaks the claim, and by no other.
    const leave = store.watchCircuit('k', () => {
      heard++;
    });
    leave();
    leave();
    const { state, epoch } = await store.openCircuit('k', opening);
    assert.equal(state, 'open');
    assert.equal((await store.closeCircuit('k', epoch)).state, 'closed');
    stop();
    assert.equal(heard, 0);
  },

  'life: once closed it rejects, and closing again changes nothing': async ({ store }) => {
    for (const act of everything(store)) await act();
    await store.close();
    await store.close();
    for (const act of everything(store)) {
      await assert.rejects(act, (error) => {
        return hasCode('SWITCHGEAR_STATE_STORE')(error) && Reflect.get(error as object, 'reason') === 'closed';
      });
    }
  },
};
