import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '../contract/call.ts';
import { ConfigError, DeadlineExceededError, SwitchgearError } from '../contract/errors.ts';
import type { Verdict, VerdictKind } from '../contract/outcome.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { type Cache, cache } from './cache.ts';
import type { CacheOptions } from './options.ts';
import type { CacheStore } from './store.ts';

class Judged extends SwitchgearError {
  override readonly code = 'TEST_JUDGED';
  readonly #kind: VerdictKind;

  constructor(kind: VerdictKind) {
    super(kind);
    this.#kind = kind;
  }

  override verdict(): Verdict {
    return { kind: this.#kind, retry: 'never' };
  }
}

const down = new Error('ECONNREFUSED');

function cacheWith(options: Partial<CacheOptions> = {}): { users: Cache; clock: ManualClock; events: EventLog } {
  const clock = new ManualClock(5_000);
  const events = new EventLog();
  const least = { key: (call: { key?: string | undefined }) => call.key, freshMs: 100, ttlJitterRatio: 0 };
  return { users: cache({ ...least, ...options }, { clock, random: () => 0, events }), clock, events };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error: unknown) => error,
  );
const fails = (error: unknown) => (): Promise<never> => Promise.reject(error);
const notRun: Operation<never> = () => assert.fail('ran');
const at = { key: 'a' };

// Fresh

test('answers from memory while the answer is fresh, and not a moment longer', async () => {
  const { users, clock } = cacheWith();
  let loads = 0;
  const ask = (): Promise<number> => users.execute(async () => ++loads, at);
  assert.deepEqual([await ask(), await ask()], [1, 1]);
  await clock.advance(99);
  assert.equal(await ask(), 1);
  await clock.advance(1);
  assert.equal(await ask(), 2);
});

test('remembers an answer that is undefined, null or false', async () => {
  for (const value of [undefined, null, false, 0, '']) {
    const { users } = cacheWith();
    assert.equal(await users.execute(async () => value, at), value);
    assert.equal(await users.execute<unknown>(notRun, at), value);
  }
});

test('gives each key its own answer, whatever the key is called', async () => {
  const { users } = cacheWith();
  const keys = ['__proto__', 'constructor', 'toString', '', '{}', 'x'.repeat(10_000)];
  for (const key of keys) assert.equal(await users.execute(async () => key.length, { key }), key.length);
  for (const key of keys) assert.equal(await users.execute(notRun, { key }), key.length);
});

test('hears nothing of a wall clock that jumps', async () => {
  const { users, clock } = cacheWith();
  await users.execute(async () => 1, at);
  clock.jumpWall(3_600_000);
  assert.equal(await users.execute(notRun, at), 1);
  clock.jumpWall(-7_200_000);
  await clock.advance(100);
  assert.equal(await users.execute(async () => 2, at), 2);
});

test('two caches made of one object of options share nothing', async () => {
  const options: CacheOptions = { key: () => 'same', freshMs: 100 };
  const [one, other] = [cache(options), cache(options)];
  await one.execute(async () => 1);
  assert.equal(await other.execute(async () => 2), 2);
});

test('lets a call pass by when it has no key, its key function throws, or what it does must not be left out', async () => {
  const strange = [
    () => undefined,
    () => {
      throw new Error('no key');
    },
    () => 42 as unknown as string,
    () => Promise.resolve('a') as unknown as string,
  ];
  for (const key of strange) {
    const { users, events } = cacheWith({ key });
    assert.deepEqual([await users.execute(async () => 1), await users.execute(async () => 2)], [1, 2]);
    assert.deepEqual(await users.ask(async () => 3), { value: 3, found: 'miss', ageMs: 0 });
    assert.deepEqual([users.snapshot().entries, events.types], [0, []]);
  }
  const { users } = cacheWith();
  const write = { ...at, idempotent: false };
  assert.deepEqual([await users.execute(async () => 1, write), await users.execute(async () => 2, write)], [1, 2]);
});

test('remembers no failure unless told to', async () => {
  const { users } = cacheWith();
  assert.equal(await caught(users.execute(fails(down), at)), down);
  assert.equal(
    await caught(
      users.execute(() => {
        throw down;
      }, at),
    ),
    down,
  );
  assert.equal(await users.execute(async () => 1, at), 1);
});

test('does not answer a caller who has left, nor run anything for them', async () => {
  const { users } = cacheWith();
  const signal = AbortSignal.abort('gone');
  assert.equal(await caught(users.execute(notRun, { ...at, signal })), 'gone');
  await users.execute(async () => 1, at);
  assert.equal(await caught(users.execute(notRun, { ...at, signal })), 'gone');
});

test('says where a value came from, and how old it is', async () => {
  const { users, clock } = cacheWith({ staleMs: 50 });
  assert.deepEqual(await users.ask(async () => 1, at), { value: 1, found: 'miss', ageMs: 0 });
  await clock.advance(60);
  assert.deepEqual(await users.ask(notRun, at), { value: 1, found: 'fresh', ageMs: 60 });
  await clock.advance(60);
  assert.deepEqual(await users.ask(async () => 2, at), { value: 1, found: 'stale', ageMs: 120 });
});

// Stale

test('answers at once with what is stale, and loads anew in the background', async () => {
  const { users, clock } = cacheWith({ staleMs: 50 });
  await users.execute(async () => 1, at);
  await clock.advance(100);
  const slow = Promise.withResolvers<number>();
  assert.equal(await users.execute(() => slow.promise, at), 1);
  assert.equal(await users.execute(notRun, at), 1);
  assert.equal(users.snapshot().loading, 1);
  slow.resolve(2);
  await settle();
  assert.equal(await users.execute(notRun, at), 2);
  assert.equal(users.lookup('a')?.found, 'fresh');
});

test('waits for a new answer when the old one is too stale', async () => {
  const { users, clock } = cacheWith({ staleMs: 50 });
  await users.execute(async () => 1, at);
  await clock.advance(150);
  assert.equal(await users.execute(async () => 2, at), 2);
});

test('a refresh that fails is nobody’s failure, and is not tried again for a while', async () => {
  const { users, clock } = cacheWith({ staleMs: 10_000, refreshPauseMs: 1_000 });
  await users.execute(async () => 1, at);
  await clock.advance(100);
  let tries = 0;
  const ask = async (): Promise<number> => {
    const value = await users.execute<number>(() => {
      tries++;
      throw down;
    }, at);
    await settle();
    return value;
  };
  for (let i = 0; i < 10; i++) assert.equal(await ask(), 1);
  assert.equal(tries, 1);
  await clock.advance(999);
  await ask();
  assert.equal(tries, 1);
  await clock.advance(1);
  await ask();
  assert.equal(tries, 2);
});

test('a refresh keeps neither the deadline nor the signal of the caller who set it off, only what they asked for', async () => {
  const { users, clock } = cacheWith({ staleMs: 50, refreshDeadlineMs: 700 });
  await users.execute(async () => 1, at);
  await clock.advance(100);
  const caller = new AbortController();
  const slow = Promise.withResolvers<number>();
  const seen: unknown[] = [];
  const asked = users.execute(
    (call) => {
      seen.push(call.target, call.operation, call.key, call.deadline, call.idempotent);
      call.onCancel(() => seen.push('cancelled'));
      return slow.promise;
    },
    { ...at, target: 'users', operation: 'get', deadline: clock.now() + 10, signal: caller.signal },
  );
  assert.equal(await asked, 1);
  caller.abort();
  await clock.advance(40);
  slow.resolve(2);
  await settle();
  assert.deepEqual(seen, ['users', 'get', 'a', 5_800, true]);
  assert.equal(users.lookup('a')?.found, 'fresh');
});

test('a refresh that never ends is given up at its own deadline, and the next one may begin', async () => {
  const { users, clock } = cacheWith({ staleMs: 60_000, refreshDeadlineMs: 700, refreshPauseMs: 300 });
  await users.execute(async () => 1, at);
  await clock.advance(100);
  const reasons: unknown[] = [];
  const hang: Operation<number> = (call) => {
    call.onCancel((reason) => reasons.push(reason));
    return new Promise(() => {});
  };
  await users.execute(hang, at);
  await clock.advance(700);
  assert.ok(reasons[0] instanceof DeadlineExceededError);
  assert.equal(users.snapshot().loading, 0);
  await users.execute(notRun, at);
  await clock.advance(300);
  await users.execute(async () => 2, at);
  await settle();
  assert.equal(await users.execute(notRun, at), 2);
  assert.equal(wheelOf(clock).size, 0);
});

// In place of an error

test('answers with what is old when the other side is away, within the window for it and no longer', async () => {
  const { users, clock } = cacheWith({ staleIfErrorMs: 400 });
  await users.execute(async () => 1, at);
  await clock.advance(100);
  assert.deepEqual(await users.ask(fails(down), at), { value: 1, found: 'stale-on-error', ageMs: 100 });
  await clock.advance(399);
  assert.equal(await users.execute(fails(new Judged('throttled')), at), 1);
  await clock.advance(1);
  assert.equal(await caught(users.execute(fails(down), at)), down);
});

test('asks before it answers with what is old: a load that succeeds wins', async () => {
  const { users, clock } = cacheWith({ staleIfErrorMs: 400 });
  await users.execute(async () => 1, at);
  await clock.advance(100);
  assert.deepEqual(await users.ask(async () => 2, at), { value: 2, found: 'miss', ageMs: 0 });
});

test('does not answer with what is old once the load has taken the rest of the window', async () => {
  const { users, clock } = cacheWith({ staleIfErrorMs: 400 });
  await users.execute(async () => 1, at);
  await clock.advance(450);
  const slow = Promise.withResolvers<number>();
  const failed = caught(users.execute(() => slow.promise, at));
  await clock.advance(50);
  slow.reject(down);
  assert.equal(await failed, down);
});

test('does not answer with what is old when the other side has answered, or our own side objected', async () => {
  for (const error of [
    new Judged('success'),
    new Judged('ignored'),
    new ConfigError('a', 'b', 'c'),
    AbortSignal.abort().reason,
  ]) {
    const { users, clock } = cacheWith({ staleIfErrorMs: 400 });
    await users.execute(async () => 1, at);
    await clock.advance(100);
    assert.equal(await caught(users.execute(fails(error), at)), error);
  }
});

test('forgets a value that the other side has contradicted, in the background too', async () => {
  for (const staleMs of [0, 50]) {
    const { users, clock } = cacheWith({ staleMs, staleIfErrorMs: 400 });
    await users.execute(async () => 1, at);
    await clock.advance(100);
    await users.execute(fails(new Judged('success')), at).catch(() => {});
    await settle();
    assert.equal(users.lookup('a'), undefined);
    assert.equal(await caught(users.execute(fails(down), at)), down);
  }
});

// Errors

test('throws a proper answer again for as long as told, and not a moment longer', async () => {
  const { users, clock, events } = cacheWith({ negativeMs: 30 });
  const unknown = new Judged('success');
  assert.equal(await caught(users.execute(fails(unknown), at)), unknown);
  await clock.advance(29);
  assert.equal(await caught(users.execute(notRun, at)), unknown);
  await clock.advance(1);
  assert.equal(await users.execute(async () => 1, at), 1);
  assert.deepEqual(
    events.of('cache.looked-up').map(({ found }) => found),
    ['miss', 'negative', 'miss'],
  );
});

test('remembers of errors what its own rule says, and a rule that throws or answers nonsense says no', async () => {
  const remembered: unknown[] = [];
  for (const negative of [
    (error: unknown) => error === down,
    () => 1 as unknown as boolean,
    () => {
      throw new Error('no rule');
    },
  ]) {
    const { users } = cacheWith({ negativeMs: 30, negative });
    await caught(users.execute(fails(down), at));
    remembered.push(users.lookup('a')?.found);
  }
  assert.deepEqual(remembered, ['negative', undefined, undefined]);
});

test('an error that is remembered does not take the place of a value that may still be of use', async () => {
  for (const windows of [{ staleIfErrorMs: 400 }, { staleMs: 400 }]) {
    const { users, clock } = cacheWith({ ...windows, negativeMs: 30, negative: () => true });
    await users.execute(async () => 1, at);
    await clock.advance(100);
    assert.equal(await users.execute(fails(down), at), 1);
    await settle();
    assert.notEqual(users.lookup('a')?.found, 'negative');
    await users.execute(fails(new Judged('success')), at).catch(() => {});
    await clock.advance(1_000);
    await caught(users.execute(fails(new Judged('success')), at));
    assert.equal(users.lookup('a')?.found, 'negative');
  }
});

test('a cache of errors alone keeps no values', async () => {
  const { users } = cacheWith({ freshMs: 0, negativeMs: 30 });
  await users.execute(async () => 1, at);
  assert.equal(users.snapshot().entries, 0);
  await caught(users.execute(fails(new Judged('success')), at));
  assert.equal(users.lookup('a')?.found, 'negative');
});

test('chance shortens the time of an error too, never lengthens it', async () => {
  const clock = new ManualClock();
  const users = cache(
    { key: () => 'a', freshMs: 100, negativeMs: 100, ttlJitterRatio: 0.5 },
    { clock, random: () => 0.5 },
  );
  await caught(users.execute(fails(new Judged('success'))));
  await clock.advance(75);
  assert.equal(await users.execute(async () => 1), 1);
});

test('what a caller notes on a remembered error is not read by the next', async () => {
  const { users } = cacheWith({ negativeMs: 30 });
  const first = (await caught(users.execute(fails(new Judged('success')), at))) as SwitchgearError;
  Reflect.set(first, 'stopped', 'attempts-exhausted');
  const second = (await caught(users.execute(notRun, at))) as SwitchgearError;
  assert.equal(second.stopped, undefined);
});

// Values

test('a value that one caller changes is not changed for another', async () => {
  const { users } = cacheWith();
  const load = async () => ({ name: 'Ada', born: new Date(0), tags: ['a'] });
  const first = await users.execute(load, at);
  first.name = 'Eve';
  first.born.setFullYear(1900);
  first.tags.push('b');
  const second = await users.execute(load, at);
  assert.deepEqual(second, await load());
  second.tags.length = 0;
  assert.deepEqual(await users.execute(load, at), await load());
});

test('plain data is the same for all, and whoever tries to change it is told at once', async () => {
  const { users } = cacheWith();
  const first = await users.execute(async () => ({ tags: ['a'] }), at);
  assert.throws(() => first.tags.push('b'), TypeError);
  assert.equal(await users.execute(async () => ({ tags: [] }), at), first);
});

test('what callers could reach each other through is not kept, and not shared while it is loaded', async () => {
  class Session {
    #calls = 0;
    touch(): number {
      return ++this.#calls;
    }
  }
  const { users } = cacheWith();
  const sessions = await Promise.all([1, 2, 3].map(() => users.execute(async () => new Session(), at)));
  assert.deepEqual(
    sessions.map((session) => session.touch()),
    [1, 1, 1],
  );
  assert.deepEqual([users.snapshot().entries, users.snapshot().notKept], [0, 1]);
});

test('a copy that stops working costs the entry, not the call', async () => {
  let works = true;
  const clone = <T>(value: T): T => {
    if (!works) throw new Error('no copy');
    return { ...value };
  };
  const { users } = cacheWith({ clone });
  await users.execute(async () => ({ id: 1 }), at);
  works = false;
  assert.equal(users.lookup('a'), undefined);
  assert.deepEqual(await users.execute(async () => ({ id: 2 }), at), { id: 2 });
});

// Bounds

test('keeps at most so many answers, those used last', async () => {
  const { users } = cacheWith({ maxEntries: 10 });
  for (let i = 0; i < 1_000; i++) {
    await users.execute(async () => i, { key: `key ${i}` });
    await users.execute(async () => 0, { key: 'key 0' });
    assert.ok(users.snapshot().entries <= 10);
  }
  assert.equal(await users.execute(notRun, { key: 'key 0' }), 0);
  assert.equal(await users.execute(notRun, { key: 'key 999' }), 999);
});

test('keeps at most so many bytes, and nothing that has no proper size', async () => {
  const sizes: Record<string, unknown> = {
    a: 60,
    b: 60,
    c: 0.5,
    nan: Number.NaN,
    less: -1,
    much: Number.POSITIVE_INFINITY,
    text: '5',
  };
  const { users } = cacheWith({
    maxBytes: 100,
    sizeOf: (_, key) => {
      if (key === 'throws') throw new Error('no size');
      return sizes[key] as number;
    },
  });
  const keptAfter = async (key: string): Promise<string[]> => {
    await users.execute(async () => key, { key });
    return [...Object.keys(sizes), 'throws'].filter((one) => users.lookup(one) !== undefined);
  };
  assert.deepEqual(await keptAfter('a'), ['a']);
  assert.deepEqual(await keptAfter('b'), ['b']);
  assert.deepEqual(await keptAfter('c'), ['b', 'c']);
  for (const key of ['nan', 'less', 'much', 'text', 'throws']) assert.deepEqual(await keptAfter(key), ['b', 'c']);
  assert.equal(users.snapshot().notKept, 5);
});

// Looking and forgetting

test('a look loads nothing, says what would be found, and forgets what is past use', async () => {
  const { users, clock, events } = cacheWith({ staleMs: 50, staleIfErrorMs: 400 });
  assert.equal(users.lookup('a'), undefined);
  await users.execute(async () => ({ id: 1 }), at);
  events.clear();
  const seen: unknown[] = [];
  for (const ms of [0, 100, 50, 349, 1]) {
    await clock.advance(ms);
    seen.push(users.lookup('a'));
  }
  const value = { id: 1 };
  assert.deepEqual(seen, [
    { found: 'fresh', value, ageMs: 0 },
    { found: 'stale', value, ageMs: 100 },
    { found: 'stale-on-error', value, ageMs: 150 },
    { found: 'stale-on-error', value, ageMs: 499 },
    undefined,
  ]);
  assert.deepEqual([users.snapshot().entries, events.types], [0, []]);
});

test('a look at an error shows it', async () => {
  const { users } = cacheWith({ negativeMs: 30 });
  const error = new Judged('success');
  await caught(users.execute(fails(error), at));
  assert.deepEqual(users.lookup('a'), { found: 'negative', error, ageMs: 0 });
});

test('forgets one key, or all', async () => {
  const { users } = cacheWith();
  for (const key of ['a', 'b', 'c']) await users.execute(async () => key, { key });
  users.invalidate('a');
  users.invalidate('never seen');
  assert.deepEqual([users.lookup('a'), users.snapshot().entries], [undefined, 2]);
  users.clear();
  assert.equal(users.snapshot().entries, 0);
});

// A store that does not work

test('a store that throws, or holds what is not ours, costs hits and no call', async () => {
  const throwing = (): never => {
    throw new Error('store');
  };
  const stores: CacheStore[] = [
    { get: throwing, set: throwing, delete: throwing, clear: throwing, size: 0 },
    { get: () => ({ bytes: 1, deadAt: 9_999 }), set: () => {}, delete: () => {}, clear: () => {}, size: 1 },
    {
      get: () => Promise.reject(new Error('later')) as never,
      set: () => Promise.reject(new Error('later')),
      delete: () => Promise.reject(new Error('later')),
      clear: () => Promise.reject(new Error('later')) as never,
      size: 0,
    },
  ];
  const errors: number[] = [];
  for (const store of stores) {
    const { users } = cacheWith({ store, negativeMs: 30 });
    assert.deepEqual([await users.execute(async () => 1, at), await users.execute(async () => 2, at)], [1, 2]);
    assert.equal(await caught(users.execute(fails(down), at)), down);
    await caught(users.execute(fails(new Judged('success')), at));
    assert.equal(users.lookup('a'), undefined);
    users.invalidate('a');
    errors.push(users.snapshot().storeErrors);
    users.clear();
    await settle();
    errors.push(users.snapshot().storeErrors);
  }
  assert.deepEqual(errors, [13, 14, 0, 0, 10, 11]);
});

// Events

test('says once per call what it found, after the fact', async () => {
  const { users, clock, events } = cacheWith({ staleMs: 50, staleIfErrorMs: 400, name: 'users' });
  const call = { ...at, target: 'user-service', operation: 'get' };
  const load = async (): Promise<number> => 1;
  await users.execute(load, call);
  await users.execute(load, call);
  await clock.advance(100);
  await users.execute(fails(down), call);
  await clock.advance(50);
  await users.execute(fails(down), call);
  await users.execute(load, call);
  const common = { type: 'cache.looked-up', target: 'user-service', operation: 'get', attempt: 1, cache: 'users' };
  assert.deepEqual(events.of('cache.looked-up'), [
    { ...common, at: 5_000, found: 'miss' },
    { ...common, at: 5_000, found: 'fresh' },
    { ...common, at: 5_100, found: 'stale' },
    { ...common, at: 5_150, found: 'stale-on-error' },
    { ...common, at: 5_150, found: 'miss' },
  ]);
});

test('a sink that throws fails no call', async () => {
  const throwing = (): never => {
    throw new Error('sink');
  };
  const events = { wants: () => true, publish: throwing };
  const users = cache({ key: () => 'a', freshMs: 100 }, { clock: new ManualClock(), random: () => 0, events });
  assert.deepEqual([await users.execute(async () => 1), await users.execute(async () => 2)], [1, 1]);
});

test('chance that throws costs the entry, not the call', async () => {
  const random = (): never => {
    throw new Error('chance');
  };
  const users = cache({ key: () => 'a', freshMs: 100 }, { clock: new ManualClock(), random });
  assert.deepEqual([await users.execute(async () => 1), await users.execute(async () => 2)], [1, 2]);
});
