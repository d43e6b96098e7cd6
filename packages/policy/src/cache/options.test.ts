import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { cache } from './cache.ts';
import { type CacheOptions, cacheDefaults } from './options.ts';

const least: CacheOptions = { key: (call) => call.key, freshMs: 1_000 };

const refused = (options: unknown): string => {
  try {
    cache(options as CacheOptions);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.path;
  }
  assert.fail('not refused');
};

test('refuses every number that makes no sense, with the path of the option', () => {
  const numbers = [
    'freshMs',
    'staleMs',
    'staleIfErrorMs',
    'negativeMs',
    'ttlJitterRatio',
    'refreshPauseMs',
    'refreshDeadlineMs',
    'maxEntries',
    'maxBytes',
  ];
  for (const name of numbers) {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null]) {
      assert.equal(refused({ ...least, sizeOf: () => 1, maxBytes: 1, [name]: value }), `cache.${name}`);
    }
  }
  for (const [name, value] of [
    ['refreshDeadlineMs', 0],
    ['maxEntries', 0],
    ['maxEntries', 1.5],
    ['maxBytes', 0],
    ['ttlJitterRatio', 1],
  ] as const) {
    assert.equal(refused({ ...least, sizeOf: () => 1, maxBytes: 1, [name]: value }), `cache.${name}`);
  }
});

test('refuses what is missing, unknown or of the wrong kind', () => {
  const table: [options: unknown, path: string][] = [
    [{ freshMs: 1 }, 'cache.key'],
    [{ key: () => 'a' }, 'cache.freshMs'],
    [{ ...least, key: 'a' }, 'cache.key'],
    [{ ...least, fresh: 1 }, 'cache.fresh'],
    [{ ...least, negative: true }, 'cache.negative'],
    [{ ...least, clone: {} }, 'cache.clone'],
    [{ ...least, name: 1 }, 'cache.name'],
    [{ ...least, store: {} }, 'cache.store'],
    [{ ...least, store: { get() {}, set() {}, delete() {}, clear() {} } }, 'cache.store'],
    [undefined, 'cache'],
  ];
  for (const [options, path] of table) assert.equal(refused(options), path);
});

test('refuses what contradicts itself', () => {
  const store = new Map();
  const table: [options: Partial<CacheOptions>, path: string][] = [
    [{ freshMs: 0 }, 'cache.freshMs'],
    [{ negative: () => true }, 'cache.negativeMs'],
    [{ maxBytes: 10 }, 'cache.sizeOf'],
    [{ sizeOf: () => 1 }, 'cache.maxBytes'],
    [{ store, maxEntries: 10 }, 'cache.maxEntries'],
    [{ store, maxBytes: 10, sizeOf: () => 1 }, 'cache.maxBytes'],
  ];
  for (const [options, path] of table) assert.equal(refused({ ...least, ...options }), path);
});

test('takes what is unusual and makes sense', () => {
  for (const options of [
    { freshMs: 0, staleMs: 1 },
    { freshMs: 0, staleIfErrorMs: 1 },
    { freshMs: 0, negativeMs: 1 },
    { store: new Map(), sizeOf: () => 1 },
    { ttlJitterRatio: 0, refreshPauseMs: 0 },
  ]) {
    assert.ok(cache({ ...least, ...options }));
  }
});

test('reads no setting from a polluted prototype', () => {
  const polluted = Object.assign(Object.create({ maxEntries: 'many', staleMs: -1 }), least) as CacheOptions;
  assert.match(cache(polluted).describe(), /at most 1000 entries/);
});

test('the defaults cannot be changed', () => {
  assert.ok(Object.isFrozen(cacheDefaults));
});

test('says its settings in a line', () => {
  assert.equal(cache(least).describe(), 'cache: fresh for 1000 ms, at most 1000 entries');
  assert.equal(
    cache({ ...least, staleMs: 2, staleIfErrorMs: 3, negativeMs: 4, store: new Map() }).describe(),
    'cache: fresh for 1000 ms, stale for 2 ms, stale on error for 3 ms, errors for 4 ms, in a store of its own',
  );
});
