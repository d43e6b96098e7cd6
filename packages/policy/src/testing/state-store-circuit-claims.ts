import assert from 'node:assert/strict';
import { assertBetween, names, type StateStoreClaims } from './state-store-world.ts';

const closed = { state: 'closed', epoch: 0, forMs: 0 };
const minuteMs = 60_000;

/** What every store does with circuits. */
export const circuitClaims: StateStoreClaims = {
  'circuits: one that nobody has opened is closed': async ({ store }) => {
    assert.deepEqual(await store.readCircuit('k'), closed);
    assert.deepEqual(await store.closeCircuit('k', 1), closed);
    assert.deepEqual(await store.readCircuit('k'), closed);
  },

  'circuits: an opening is seen by all, and ends by itself': async ({ store, advance }) => {
    const opened = await store.openCircuit('k', { op: 'a', openMs: 400, probeMs: 500 });
    assert.equal(opened.state, 'open');
    assertBetween(opened.forMs, 0, 400);
    const read = await store.readCircuit('k');
    assert.deepEqual([read.state, read.epoch], ['open', opened.epoch]);
    assertBetween(read.forMs, 0, 400);
    await advance(400);
    const half = await store.readCircuit('k');
    assert.deepEqual([half.state, half.epoch], ['half-open', opened.epoch]);
    assertBetween(half.forMs, 0, 500);
    await advance(500);
    assert.deepEqual(await store.readCircuit('k'), closed);
  },

  'circuits: an opening without time for probes is closed after it': async ({ store, advance }) => {
    await store.openCircuit('k', { op: 'a', openMs: 100, probeMs: 0 });
    await advance(100);
    assert.deepEqual(await store.readCircuit('k'), closed);
  },

  'circuits: an opening only tightens': async ({ store, advance }) => {
    const long = await store.openCircuit('k', { op: 'a', openMs: minuteMs, probeMs: minuteMs });
    const short = await store.openCircuit('k', { op: 'b', openMs: 10, probeMs: 0 });
    assert.equal(short.state, 'open');
    assertBetween(short.forMs, minuteMs / 2, minuteMs);
    assert.ok(short.epoch > long.epoch, `${short.epoch} after ${long.epoch}`);
    await advance(10);
    assert.equal((await store.readCircuit('k')).state, 'open');
    const longer = await store.openCircuit('k', { op: 'c', openMs: 3 * minuteMs, probeMs: 0 });
    assertBetween(longer.forMs, 2 * minuteMs, 3 * minuteMs);
  },

  'circuits: a probe that fails opens again, and keeps the time that probes have': async ({ store, advance }) => {
    await store.openCircuit('k', { op: 'a', openMs: 100, probeMs: minuteMs });
    await advance(100);
    assert.equal((await store.openCircuit('k', { op: 'b', openMs: 500, probeMs: 0 })).state, 'open');
    await advance(500);
    assert.equal((await store.readCircuit('k')).state, 'half-open');
  },

  'circuits: a probe that succeeds ends the opening it knew, and no other': async ({ store }) => {
    const first = await store.openCircuit('k', { op: 'a', openMs: minuteMs, probeMs: minuteMs });
    const second = await store.openCircuit('k', { op: 'b', openMs: minuteMs, probeMs: minuteMs });
    const still = await store.closeCircuit('k', first.epoch);
    assert.deepEqual([still.state, still.epoch], ['open', second.epoch]);
    assert.deepEqual(await store.closeCircuit('k', second.epoch), closed);
    assert.deepEqual(await store.readCircuit('k'), closed);
  },

  'circuits: an epoch is larger than all before it, forgotten or not': async ({ store, advance }) => {
    const first = await store.openCircuit('k', { op: 'a', openMs: 50, probeMs: 0 });
    await advance(50);
    const second = await store.openCircuit('k', { op: 'b', openMs: minuteMs, probeMs: 0 });
    await store.closeCircuit('k', second.epoch);
    const third = await store.openCircuit('k', { op: 'c', openMs: minuteMs, probeMs: 0 });
    assert.ok(first.epoch > 0 && second.epoch > first.epoch && third.epoch > second.epoch);
    assert.ok(Number.isSafeInteger(third.epoch));
    await store.closeCircuit('k', first.epoch);
    assert.equal((await store.readCircuit('k')).state, 'open');
  },

  'circuits: of those who open at once, each begins an epoch': async ({ store }) => {
    const opening = { openMs: minuteMs, probeMs: 0 };
    const opened = await Promise.all(names(10).map((op) => store.openCircuit('k', { op, ...opening })));
    const epochs = opened.map(({ epoch }) => epoch);
    assert.equal(new Set(epochs).size, 10);
    assert.equal((await store.readCircuit('k')).epoch, Math.max(...epochs));
  },

  'circuits: an opening that is sent again does not open what was closed since': async ({ store }) => {
    const opening = { op: 'a', openMs: minuteMs, probeMs: minuteMs };
    const opened = await store.openCircuit('k', opening);
    await store.closeCircuit('k', opened.epoch);
    assert.equal((await store.openCircuit('k', opening)).epoch, opened.epoch);
    assert.deepEqual(await store.readCircuit('k'), closed);
  },
};
