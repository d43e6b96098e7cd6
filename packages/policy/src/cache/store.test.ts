import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LRUCache } from 'lru-cache';
import { ManualClock } from '../testing/manual-clock.ts';
import { cache } from './cache.ts';
import { keepError } from './isolation.ts';
import { type CacheEntry, type CacheStore, MemoryStore, StoredEntry } from './store.ts';

const entryOf = (bytes = 1, deadAt = 100): StoredEntry =>
  new StoredEntry(keepError('kept'), true, { storedAt: 0, freshUntil: 0, staleUntil: deadAt, errorUntil: 0 }, bytes);

/** What every store has to do. The second one is somebody else's, and fits as it is. */
const stores: Record<string, (maxEntries: number, maxBytes: number) => CacheStore> = {
  'the store in memory': (maxEntries, maxBytes) => new MemoryStore(maxEntries, maxBytes),
  'lru-cache': (max, maxSize) =>
    new LRUCache<string, CacheEntry>({ max, maxSize, sizeCalculation: (entry) => entry.bytes }),
};

for (const [name, storeOf] of Object.entries(stores)) {
  test(`${name} hands back the very entry it was given, until it is deleted`, () => {
    const store = storeOf(10, 100);
    const [entry, later] = [entryOf(), entryOf()];
    for (const key of ['a', '__proto__', 'x'.repeat(10_000)]) {
      assert.equal(store.get(key), undefined);
      store.set(key, entry);
      assert.equal(store.get(key), entry);
      store.set(key, later);
      assert.equal(store.get(key), later);
      assert.equal(store.size, 1);
      store.delete(key);
      store.delete(key);
      assert.deepEqual([store.get(key), store.size], [undefined, 0]);
    }
  });

  test(`${name} forgets everything when cleared`, () => {
    const store = storeOf(10, 100);
    store.set('a', entryOf());
    store.set('b', entryOf());
    store.clear();
    assert.deepEqual([store.size, store.get('a')], [0, undefined]);
    store.set('a', entryOf());
    assert.equal(store.size, 1);
  });

  test(`${name} keeps at most so many entries, those used last`, () => {
    const store = storeOf(3, 100);
    for (let i = 0; i < 100; i++) {
      store.set(`key ${i}`, entryOf());
      store.get('key 0');
      assert.ok(store.size <= 3);
    }
    assert.ok(store.get('key 0') !== undefined && store.get('key 99') !== undefined);
  });

  test(`${name} keeps at most so many bytes`, () => {
    const store = storeOf(100, 10);
    store.set('a', entryOf(6));
    store.set('b', entryOf(6));
    assert.deepEqual([store.get('a'), store.size], [undefined, 1]);
    store.set('b', entryOf(11));
    assert.deepEqual([store.get('b'), store.size], [undefined, 0]);
  });
}

test('a store in memory counts its bytes', () => {
  const store = new MemoryStore(10, 100);
  store.set('a', entryOf(6));
  store.set('b', entryOf(7));
  store.set('a', entryOf(1));
  assert.equal(store.bytes, 8);
});

test('an entry says from when on it is good for nothing', () => {
  const [staleUntil, errorUntil] = [50, 400];
  const lifetime = { storedAt: 0, freshUntil: 10, staleUntil, errorUntil };
  assert.equal(new StoredEntry(keepError(1), false, lifetime, 1).deadAt, 400);
  assert.equal(new StoredEntry(keepError(1), false, { ...lifetime, errorUntil: 10 }, 1).deadAt, 50);
});

test('lru-cache as the store of a cache drops entries on the clock of the runtime', async () => {
  const clock = new ManualClock(1);
  // lru-cache would read the time once a millisecond by a timer of its own, and takes 0 for "no time".
  const store = new LRUCache<string, CacheEntry>({
    max: 2,
    ttl: 100,
    ttlResolution: 0,
    perf: { now: () => clock.now() },
  });
  const users = cache({ key: (call) => call.key, freshMs: 100, ttlJitterRatio: 0, store }, { clock, random: () => 0 });
  let loads = 0;
  const ask = (key: string): Promise<number> => users.execute(async () => ++loads, { key });

  assert.deepEqual([await ask('a'), await ask('b'), await ask('a')], [1, 2, 1]);
  await clock.advance(99);
  assert.equal(await ask('a'), 1);
  await clock.advance(2);
  assert.equal(store.has('a'), false);
  assert.equal(await ask('a'), 3);
  await ask('c');
  await ask('d');
  assert.equal(users.snapshot().entries, 2);
});
