import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { StateStoreError } from '../contract/state-store-error.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { type MemoryStateStore, memoryStateStore } from './memory-state-store.ts';

const minuteMs = 60_000;
const rate = { limit: 1, intervalMs: minuteMs, burst: 5 };
const report = { windowMs: 1_000, calls: 1, failures: 0, slow: 0, slowFailures: 0 };
const budget = { ratio: 0.5, minPerSecond: 0.1, windowMs: 1_000 };

function worldOf(options = {}): { store: MemoryStateStore; clock: ManualClock } {
  const clock = new ManualClock(5_000);
  return { store: memoryStateStore(options, { clock, random: () => 0 }), clock };
}

test('checks its options when it is made', () => {
  assert.throws(
    () => memoryStateStore({ maxKeys: 0 }),
    /memoryStateStore\.maxKeys: expected a whole number of at least 1/,
  );
  assert.throws(() => memoryStateStore({ maxKey: 1 } as never), ConfigError);
  assert.equal(memoryStateStore().size, 0);
});

test('goes by the monotonic clock alone', async () => {
  const { store, clock } = worldOf();
  await store.takeTokens('k', rate, { op: 'a', tokens: 5 });
  await store.openCircuit('k', { op: 'a', openMs: minuteMs, probeMs: 0 });
  clock.jumpWall(10 * minuteMs);
  assert.equal((await store.takeTokens('k', rate, { op: 'b', tokens: 1 })).granted, 0);
  assert.equal((await store.readCircuit('k')).forMs, minuteMs);
  clock.jumpWall(-20 * minuteMs);
  clock.freeze(minuteMs);
  assert.equal((await store.takeTokens('k', rate, { op: 'c', tokens: 1 })).granted, 1);
  assert.equal((await store.readCircuit('k')).state, 'closed');
});

test('sets no timer', async () => {
  const { store, clock } = worldOf();
  await store.takeTokens('k', rate, { op: 'a', tokens: 5 });
  await store.openCircuit('k', { op: 'a', openMs: minuteMs, probeMs: 0 });
  await store.acquireLease('k', { owner: 'a', ttlMs: minuteMs });
  await store.reportOutcomes('k', { ...report, op: 'a' });
  assert.equal(clock.pending, 0);
});

test('is bounded under any stream of keys and ops', async () => {
  const { store } = worldOf({ maxKeys: 20 });
  for (let i = 0; i < 500; i++) {
    const key = `key ${i}`;
    const op = `${i}`;
    await store.takeTokens(key, rate, { op, tokens: 1 });
    await store.drawRetries(key, budget, { op, calls: 1, retries: 1, unused: 0 });
    await store.reportOutcomes(key, { ...report, op });
    await store.openCircuit(key, { op, openMs: minuteMs, probeMs: 0 });
    await store.acquireLease(key, { owner: op, ttlMs: minuteMs });
  }
  assert.equal(store.size, 5 * 20);
});

test('knows nothing of what it was pushed to forget: a newcomer, not blocked and not without limit', async () => {
  const { store } = worldOf({ maxKeys: 1 });
  await store.takeTokens('k', rate, { op: 'a', tokens: 5 });
  await store.openCircuit('k', { op: 'a', openMs: minuteMs, probeMs: 0 });
  await store.takeTokens('other', rate, { op: 'a', tokens: 5 });
  await store.openCircuit('other', { op: 'a', openMs: minuteMs, probeMs: 0 });
  assert.equal((await store.readCircuit('k')).state, 'closed');
  assert.deepEqual(await store.takeTokens('k', rate, { op: 'b', tokens: 5 }), {
    granted: 5,
    remaining: 0,
    retryAfterMs: 0,
  });
  // Its op was forgotten with it: what it gives back is not believed.
  await store.giveBackTokens('k', rate, { op: 'a', tokens: 5 });
  assert.equal((await store.takeTokens('k', rate, { op: 'c', tokens: 1 })).granted, 0);
});

test('keeps a key no longer than it says anything', async () => {
  const { store, clock } = worldOf();
  const quick = { limit: 5, intervalMs: 1_000, burst: 5 };
  await store.takeTokens('full in 400 ms', quick, { op: 'a', tokens: 2 });
  await store.openCircuit('over in 400 ms', { op: 'a', openMs: 100, probeMs: 300 });
  await store.acquireLease('over in 400 ms', { owner: 'a', ttlMs: 400 });
  assert.equal(store.size, 3);
  clock.freeze(399);
  await store.takeTokens('full in 400 ms', quick, { op: 'b', tokens: 5 });
  await store.readCircuit('over in 400 ms');
  await store.releaseLease('over in 400 ms', 'b');
  assert.equal(store.size, 3);
  clock.freeze(1);
  // Whoever comes next makes the room of what is over.
  await store.takeTokens('another', quick, { op: 'c', tokens: 1 });
  await store.readCircuit('over in 400 ms');
  await store.releaseLease('over in 400 ms', 'b');
  assert.equal(store.size, 1);
});

test('keeps nothing for a question', async () => {
  const { store } = worldOf();
  await store.readCircuit('k');
  await store.closeCircuit('k', 3);
  await store.reportOutcomes('k', { ...report, op: 'a', calls: 0 });
  await store.drawRetries('k', { ...budget, minPerSecond: 0 }, { op: 'a', calls: 0, retries: 5, unused: 0 });
  await store.giveBackTokens('k', rate, { op: 'a', tokens: 1 });
  await store.releaseLease('k', 'a');
  assert.equal(store.size, 0);
});

test('keeps an allowance that fills slower than its window is long', async () => {
  const { store, clock } = worldOf();
  const draw = { calls: 0, retries: 9, unused: 0 };
  assert.equal((await store.drawRetries('k', budget, { ...draw, op: 'a' })).granted, 1);
  clock.freeze(9_999);
  assert.equal((await store.drawRetries('k', budget, { ...draw, op: 'b' })).granted, 0);
  clock.freeze(1);
  assert.equal((await store.drawRetries('k', budget, { ...draw, op: 'c' })).granted, 1);
});

test('counts whole retries of an allowance, whatever rounding has made of its parts', async () => {
  const { store, clock } = worldOf();
  const ten = { ratio: 0, minPerSecond: 10, windowMs: 10_000 };
  const draw = { calls: 0, retries: 0, unused: 0 };
  assert.equal((await store.drawRetries('k', ten, { ...draw, op: 'all', retries: 10 })).granted, 10);
  for (let part = 0; part < 10; part++) {
    clock.freeze(10);
    await store.drawRetries('k', ten, { ...draw, op: `${part}` });
  }
  assert.equal((await store.drawRetries('k', ten, { ...draw, op: 'again', retries: 10 })).granted, 1);
});

test('takes back an unused retry that the calls had paid for before the allowance', async () => {
  const { store } = worldOf();
  await store.drawRetries('k', budget, { op: 'a', calls: 4, retries: 3, unused: 0 });
  const after = await store.drawRetries('k', budget, { op: 'b', calls: 0, retries: 0, unused: 9 });
  assert.deepEqual(after, { granted: 0, remaining: 3 });
});

test('knows a grant for as long as giving it back is worth anything', async () => {
  const { store, clock } = worldOf();
  await store.takeTokens('k', rate, { op: 'a', tokens: 5 });
  clock.freeze(2 * minuteMs);
  await store.giveBackTokens('k', rate, { op: 'a', tokens: 5 });
  // Two have flowed in meanwhile, and three of the five come back.
  assert.equal((await store.takeTokens('k', rate, { op: 'b', tokens: 5 })).granted, 5);
});

test('hints at once when a circuit opens or closes, and not when nothing has changed', async () => {
  const { store } = worldOf();
  const heard: string[] = [];
  const stop = store.watchCircuit('k', () => heard.push('k'));
  store.watchCircuit('other', () => heard.push('other'));
  const opening = { op: 'a', openMs: minuteMs, probeMs: 0 };
  const { epoch } = await store.openCircuit('k', opening);
  await store.openCircuit('k', opening);
  await store.closeCircuit('k', epoch + 1);
  assert.deepEqual(heard, ['k']);
  await store.closeCircuit('k', epoch);
  assert.deepEqual(heard, ['k', 'k']);
  stop();
  await store.openCircuit('k', { ...opening, op: 'b' });
  assert.deepEqual(heard, ['k', 'k']);
});

test('survives hints that throw, reject, and watch again while they are told', async () => {
  const { store } = worldOf();
  let heard = 0;
  store.watchCircuit('k', () => {
    throw new Error('a hint that throws');
  });
  store.watchCircuit('k', async () => {
    throw new Error('a hint that rejects');
  });
  const again = (): void => {
    heard++;
    store.watchCircuit('k', again);
  };
  store.watchCircuit('k', again);
  assert.equal((await store.openCircuit('k', { op: 'a', openMs: 10, probeMs: 0 })).state, 'open');
  await settle();
  assert.equal(heard, 1);
});

test('hears twice who watches twice with one function, and each leaves once', async () => {
  const { store } = worldOf();
  let heard = 0;
  const hint = (): void => {
    heard++;
  };
  const first = store.watchCircuit('k', hint);
  store.watchCircuit('k', hint);
  first();
  first();
  await store.openCircuit('k', { op: 'a', openMs: 10, probeMs: 0 });
  assert.equal(heard, 1);
});

test('still tells newcomers when those before them have left', async () => {
  const { store } = worldOf();
  let heard = 0;
  const stop = store.watchCircuit('k', () => {});
  stop();
  store.watchCircuit('k', () => {
    heard++;
  });
  stop();
  await store.openCircuit('k', { op: 'a', openMs: 10, probeMs: 0 });
  assert.equal(heard, 1);
});

test('refuses to watch what cannot be watched', () => {
  const { store } = worldOf();
  assert.throws(() => store.watchCircuit(1 as never, () => {}), /stateStore\.key: expected a string, got 1/);
  assert.throws(() => store.watchCircuit('k', undefined as never), /stateStore\.hint: expected a function/);
});

test('lets everything go when it is closed', async () => {
  const { store } = worldOf();
  await store.takeTokens('k', rate, { op: 'a', tokens: 5 });
  await store.close();
  assert.equal(store.size, 0);
  store.watchCircuit('k', () => assert.fail('told after it was closed'))();
  await assert.rejects(
    store.readCircuit('k'),
    (error) => error instanceof StateStoreError && error.reason === 'closed',
  );
});
