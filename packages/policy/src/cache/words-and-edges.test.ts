import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { ConfigError, DeadlineExceededError } from '../contract/errors.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { caught } from '../testing/caught.ts';
import { JudgedError } from '../testing/judged-error.ts';
import { settle } from '../testing/manual-clock.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { cache } from './cache.ts';
import { keep } from './isolation.ts';
import type { CacheOptions } from './options.ts';
import type { CacheEntry, CacheStore } from './store.ts';
import { jittered } from './ttl.ts';

const at = { key: 'a', target: 'users', operation: 'get' };
const down = new JudgedError('failure');
const notFound = new JudgedError('success');
const fails = (error: unknown) => (): Promise<never> => Promise.reject(error);

function world(options: Partial<CacheOptions> = {}) {
  const { runtime, clock, log } = testRuntime({ startMs: 5_000 });
  const least: CacheOptions = { key: (call) => call.key ?? 'none', freshMs: 100, ttlJitterRatio: 0 };
  return { clock, log, users: cache({ ...least, ...options }, runtime) };
}

/** A store over a `Map`, with what a test changes of it. */
function storeWith(changes: Partial<CacheStore> = {}): CacheStore & { readonly held: Map<string, CacheEntry> } {
  const held = new Map<string, CacheEntry>();
  return {
    held,
    get: (key) => held.get(key),
    set: (key, entry) => void held.set(key, entry),
    delete: (key) => held.delete(key),
    clear: () => held.clear(),
    get size() {
      return held.size;
    },
    ...changes,
  };
}

test('says what it expected', () => {
  const refuses = (options: unknown, path: string, words: string): void =>
    assert.throws(
      () => world(options as CacheOptions),
      (error) => error instanceof ConfigError && error.message === `${path}: expected ${words}`,
      path,
    );
  const stores = 'a CacheStore, with get, set, delete, clear and size';
  refuses({ store: 'redis' }, 'cache.store', `${stores}, got "redis"`);
  refuses({ store: 5 }, 'cache.store', `${stores}, got 5`);
  refuses({ store: null }, 'cache.store', `${stores}, got null`);
  refuses({ store: () => 1 }, 'cache.store', `${stores}, got a function`);
  for (const missing of ['get', 'set', 'delete', 'clear', 'size']) {
    const store = { get() {}, set() {}, delete() {}, clear() {}, size: 0, [missing]: undefined };
    refuses({ store }, 'cache.store', `${stores}, got an object`);
  }
  refuses({ freshMs: 0 }, 'cache.freshMs', 'above 0, or staleMs, staleIfErrorMs or negativeMs beside it, got 0');
  refuses({ negative: () => true }, 'cache.negativeMs', 'milliseconds above 0, as there is a negative, got 0');
  for (const bound of ['maxEntries', 'maxBytes']) {
    const expected = 'nothing, as the store has bounds of its own, got 5';
    refuses({ store: storeWith(), [bound]: 5 }, `cache.${bound}`, expected);
  }
  refuses({ maxBytes: 5 }, 'cache.sizeOf', 'one, as there is maxBytes, got undefined');
  refuses({ sizeOf: () => 5 }, 'cache.maxBytes', 'one, as there is sizeOf, got undefined');
  refuses({ ttlJitterRatio: 1 }, 'cache.ttlJitterRatio', 'a number of at least 0 and below 1, got 1');
});

test('takes what is just enough', () => {
  for (const options of [
    { freshMs: 0, staleMs: 1 },
    { freshMs: 0, staleIfErrorMs: 1 },
    { freshMs: 0, negativeMs: 1 },
    { freshMs: 1, staleIfErrorMs: 1 },
    { store: storeWith(), maxEntries: undefined, maxBytes: undefined },
    { refreshPauseMs: 0 },
  ] as Partial<CacheOptions>[])
    assert.doesNotThrow(() => world(options));
  assert.equal(world().users.label, '');
  assert.equal(world().users.snapshot().name, '');
});

test('a value that weighs nothing is kept, and one that cannot be weighed is not', async () => {
  for (const [bytes, kept] of [
    [0, 1],
    [-1, 0],
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 0],
  ] as const) {
    const { users } = world({ maxBytes: 10, sizeOf: () => bytes });
    await users.execute(async () => 'x', at);
    assert.deepEqual([users.snapshot().entries, users.snapshot().notKept], [kept, 1 - kept], String(bytes));
  }
  const { users } = world({ maxBytes: 10, sizeOf: () => assert.fail('mine') });
  await users.execute(async () => 'x', at);
  assert.deepEqual([users.snapshot().entries, users.snapshot().notKept], [0, 1]);
});

test('what cannot be kept takes the place of what was there', async () => {
  const { users, clock } = world({ freshMs: 10, staleIfErrorMs: 1_000 });
  await users.execute(async () => 'old', at);
  await clock.advance(10);
  await users.execute(async () => () => 'cannot be kept', at);
  assert.equal(users.snapshot().entries, 0);
  await assert.rejects(users.execute(fails(down), at), down);
});

test('what was there is gone when a write of its successor fails half way', async () => {
  let writes = 0;
  const held = storeWith();
  const store = storeWith({
    get: held.get,
    delete: held.delete,
    set: (key, entry) => (++writes === 2 ? assert.fail('full') : held.set(key, entry)),
  });
  const { users, clock } = world({ store, freshMs: 10, staleIfErrorMs: 1_000 });
  await users.execute(async () => 'old', at);
  await clock.advance(10);
  await users.execute(async () => 'new', at);
  assert.equal(users.snapshot().storeErrors, 1);
  assert.equal(users.lookup('a'), undefined);
  assert.equal(held.held.size, 0);
});

test('remembers no error unless it is told to, and none of which its own rule throws', async () => {
  for (const options of [
    {},
    { negative: () => assert.fail('mine'), negativeMs: 100 },
    { negative: () => 'yes' as never, negativeMs: 100 },
  ] as Partial<CacheOptions>[]) {
    const { users } = world(options);
    await assert.rejects(users.execute(fails(notFound), at), notFound);
    assert.equal(users.snapshot().entries, 0);
    assert.equal(await users.execute(async () => 'here now', at), 'here now');
  }
});

test('a value that can no longer be copied is loaded anew, and forgotten at once', async () => {
  let copies = 0;
  const clone = <T>(value: T): T => (++copies > 1 ? assert.fail('mine') : value);
  const { users, log } = world({ clone });
  await users.execute(async () => 'first', at);
  copies = 1;
  assert.equal(users.lookup('a'), undefined);
  assert.equal(users.snapshot().entries, 0);
  copies = 0;
  await users.execute(async () => 'second', at);
  copies = 1;
  assert.equal(await users.execute(async () => 'third', at), 'third');
  assert.deepEqual(
    log.of('cache.looked-up').map(({ found }) => found),
    ['miss', 'miss', 'miss'],
  );
});

test('an answer that comes with where it comes from says so of each', async () => {
  const { users, clock, log } = world({ freshMs: 10, staleIfErrorMs: 1_000 });
  const ask = (load: () => Promise<unknown>) => users.ask(load, at);
  const loaded = await ask(async () => 'a');
  assert.deepEqual({ ...loaded }, { ...loaded, value: 'a', ageMs: 0 });
  await clock.advance(5);
  assert.equal((await ask(() => assert.fail('loaded'))).ageMs, 5);
  await clock.advance(10);
  assert.equal((await ask(fails(down))).value, 'a');
  assert.equal((await ask(async () => 'b')).value, 'b');
  assert.deepEqual(
    log.of('cache.looked-up').map(({ found }) => found),
    ['miss', 'fresh', 'stale-on-error', 'miss'],
  );
  const aside = await users.ask(async () => 'aside', { ...at, idempotent: false });
  assert.deepEqual([aside.value, aside.ageMs], ['aside', 0]);
});

test('a caller who joined says where the value comes from, and what was spared says when it was of no use', async () => {
  const { users, clock, log } = world({ freshMs: 10, staleIfErrorMs: 1_000 });
  const [one, other] = [1, 2].map(() => users.ask(() => clock.sleep(5).then(() => 'a'), at));
  await clock.advance(5);
  assert.deepEqual(await other, await one);
  await clock.advance(20);
  // "No such user" is an answer: what was known of that user is not.
  await assert.rejects(users.execute(fails(notFound), at), notFound);
  assert.deepEqual(
    log.of('cache.looked-up').map(({ found }) => found),
    ['miss', 'miss', 'miss'],
  );
});

test('a copy that turns out to be a promise is none, and says so', async () => {
  let copies = 0;
  const copy = <T>(value: T): T => (++copies === 1 ? value : (Promise.reject(new Error('mine')) as T));
  const kept = keep('x', copy);
  assert.throws(() => kept?.take(), { name: 'TypeError', message: 'a copy must not be a promise' });
  await settle();
});

test('what cannot be kept is not weighed', async () => {
  let weighed = 0;
  const { users } = world({ maxBytes: 10, sizeOf: () => ++weighed });
  await users.execute(async () => () => 'cannot be kept', at);
  assert.equal(weighed, 0);
});

test('a place around a load is free when the load has ended, whoever of those who waited had left', async () => {
  const { runtime, clock } = testRuntime();
  const places = bulkhead({}, runtime);
  const stack = pipeline(places, cache({ key: () => 'one', freshMs: 100 }, runtime));
  const callers = [1, 2].map(() => new AbortController());
  const work = () => clock.sleep(50);
  const calls = callers.map(({ signal }) => caught(stack.execute(work, { signal })));
  const third = stack.execute(work);
  await settle();
  for (const caller of callers) caller.abort('left');
  assert.deepEqual(await Promise.all(calls), ['left', 'left']);
  await clock.advance(50);
  await third;
  assert.deepEqual([places.snapshot().active, places.snapshot().orphaned], [0, 0]);
});

test('chance that answers one shortens a time by the whole of its share', () => {
  assert.equal(
    jittered(100, 0.5, () => 1),
    50,
  );
  for (const nonsense of [-0.1, 1.1, Number.NaN]) {
    assert.equal(
      jittered(100, 0.5, () => nonsense),
      100,
    );
  }
});

test('callers who wait for one load are counted as they come and go, and told of', async () => {
  const { users, log, clock } = world();
  const caller = new AbortController();
  const load = () => clock.sleep(50).then(() => 'x');
  const calls = [
    users.execute(load, at),
    caught(users.execute(load, { ...at, signal: caller.signal })),
    users.execute(load, at),
  ];
  await settle();
  caller.abort('left');
  const last = users.execute(load, at);
  await clock.advance(50);
  await Promise.all([...calls, last]);
  assert.deepEqual(
    log.of('call.joined').map(({ waiting }) => waiting),
    [2, 3, 3],
  );
});

test('a refresh that takes too long is ended, and says how far it had got', async () => {
  const { users, clock } = world({ freshMs: 10, staleMs: 100_000, refreshDeadlineMs: 500 });
  await users.execute(async () => 'old', at);
  await clock.advance(10);
  const reasons: unknown[] = [];
  const refresh = (call: {
    onCancel(run: (reason: unknown) => void): unknown;
    progress(phase: 'body', sent: 'answered'): void;
  }) =>
    new Promise<never>(() => {
      call.progress('body', 'answered');
      call.onCancel((reason) => reasons.push(reason));
    });
  assert.equal(await users.execute(refresh, at), 'old');
  await clock.advance(499);
  assert.equal(reasons.length, 0);
  // While one runs, no other begins.
  let others = 0;
  const other = async (): Promise<string> => `new ${++others}`;
  assert.equal(await users.execute(other, at), 'old');
  assert.equal(others, 0);
  // From its deadline on one does, though the timer that ends the first is late.
  clock.freeze(1);
  assert.equal(await users.execute(other, at), 'old');
  assert.equal(others, 1);
  await clock.advance(0);
  const [reason] = reasons;
  assert.ok(reason instanceof DeadlineExceededError);
  const { message, target, operation, sent, phase } = reason;
  assert.deepEqual(
    { message, target, operation, sent, phase },
    { message: 'a refresh took too long', target: 'users', operation: 'get', sent: 'answered', phase: 'body' },
  );
});

test('a failure for any other reason than time is told to those with more time, and not tried again', async () => {
  const { users, clock } = world();
  let loads = 0;
  const load = async (): Promise<never> => {
    loads++;
    await clock.sleep(50);
    throw down;
  };
  const calls = [
    caught(users.execute(load, { ...at, deadline: 6_000 })),
    caught(users.execute(load, { ...at, deadline: 60_000 })),
  ];
  await clock.advance(50);
  assert.deepEqual(await Promise.all(calls), [down, down]);
  assert.equal(loads, 1);
});

test('sees through maps, sets and bytes to what they hold, of any realm', () => {
  class Point {}
  const neither = [
    new Point(),
    () => 1,
    new Map([['a', new Point()]]),
    new Map([[() => 1, 1]]),
    new Set([new Point()]),
    [new Map([[{ deep: new Point() }, 1]])],
    Object.assign([1], { extra: () => 1 }),
    new (class Own extends Array {})(),
    new (class Own extends Map {})(),
    new (class Own extends Date {})(),
    new (class Own extends Uint8Array {})(1),
    Buffer.from('x'),
    new SharedArrayBuffer(1),
    { [Symbol('s')]: 1 },
    new Proxy({}, {}),
    Object.create({}),
    Object.create(Object.create({})),
  ];
  for (const value of neither) assert.equal(keep(value, undefined), undefined);

  const shared = [{ a: [1, { b: null }] }, Object.create(null), runInNewContext('({ a: [1] })'), 5, undefined, 'x'];
  for (const value of shared) {
    const kept = keep(value, undefined);
    assert.equal(kept?.take(), value);
    if (typeof value === 'object') assert.ok(Object.isFrozen(value));
  }

  const copied = [
    new Date(5),
    new Map([['a', { b: 1 }]]),
    new Set([1]),
    new Uint8Array([1, 2]),
    new ArrayBuffer(2),
    { a: new Date(5) },
  ];
  for (const value of copied) {
    const kept = keep(value, undefined);
    const [one, other] = [kept?.take(), kept?.take()];
    assert.deepEqual(one, value);
    assert.notEqual(one, value);
    assert.notEqual(one, other);
  }
});
