import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { type Call, CallContext, type Operation } from '../contract/call.ts';
import { DeadlineExceededError, SwitchgearError } from '../contract/errors.ts';
import { type Verdict, verdicts } from '../contract/outcome.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { retry } from '../retry/retry.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { deadline } from '../timeout/deadline.ts';
import { currentDeadline, withDeadline } from '../timeout/inherited-deadline.ts';
import { type Cache, cache } from './cache.ts';
import type { CacheOptions } from './options.ts';

function cacheWith(options: Partial<CacheOptions> = {}): {
  users: Cache;
  clock: ManualClock;
  events: EventLog;
  runtime: { clock: ManualClock; random: () => number; events: EventLog };
} {
  const clock = new ManualClock();
  const events = new EventLog();
  const runtime = { clock, random: () => 0, events };
  const least: CacheOptions = { key: (call) => call.key, freshMs: 100, ttlJitterRatio: 0 };
  return { users: cache({ ...least, ...options }, runtime), clock, events, runtime };
}

/** Work that ends when it is told to, and remembers what it was told. */
function work<T>(): {
  operation: Operation<T>;
  runs: number;
  reasons: unknown[];
  finish: (value: T) => void;
  fail: (error: unknown) => void;
} {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const self = {
    runs: 0,
    reasons: [] as unknown[],
    operation: (call: { onCancel(run: (reason: unknown) => void): unknown }) => {
      self.runs++;
      call.onCancel((reason) => self.reasons.push(reason));
      return promise;
    },
    finish: resolve,
    fail: reject,
  };
  return self;
}

class DownError extends SwitchgearError {
  override readonly code = 'TEST_DOWN';

  override verdict(): Verdict {
    return verdicts.failure;
  }
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error: unknown) => error,
  );
const notRun: Operation<never> = () => assert.fail('ran');
const at = { key: 'a' };

// One load per key

test('a thousand callers who miss together load once', async () => {
  const { users, events } = cacheWith();
  const job = work<{ id: number }>();
  const asked = Array.from({ length: 1_000 }, () => users.execute(job.operation, at));
  job.finish({ id: 1 });
  assert.equal(new Set(await Promise.all(asked)).size, 1);
  assert.equal(job.runs, 1);
  const joined = events.of('call.joined');
  assert.deepEqual([joined.length, joined[0]?.waiting, joined.at(-1)?.waiting], [999, 2, 1_000]);
  assert.equal(events.of('cache.looked-up').filter(({ found }) => found === 'miss').length, 1_000);
});

test('a thousand callers on the moment of expiry load once, with and without something stale to give', async () => {
  for (const windows of [{}, { staleMs: 50 }, { staleIfErrorMs: 50 }]) {
    const { users, clock } = cacheWith(windows);
    await users.execute(async () => 0, at);
    await clock.advance(100);
    const job = work<number>();
    const asked = Array.from({ length: 1_000 }, () => users.execute(job.operation, at));
    job.finish(1);
    await Promise.all(asked);
    assert.equal(job.runs, 1);
    assert.equal(await users.execute(notRun, at), 1);
  }
});

test('different keys load side by side', async () => {
  const { users } = cacheWith();
  const jobs = ['a', 'b'].map((key) => ({ key, job: work<string>() }));
  const asked = jobs.map(({ key, job }) => users.execute(job.operation, { key }));
  assert.equal(users.snapshot().loading, 2);
  for (const { key, job } of jobs.reverse()) job.finish(key);
  assert.deepEqual(await Promise.all(asked), ['a', 'b']);
});

test('a load that fails fails for those who waited for it, and for nobody after them', async () => {
  const { users } = cacheWith();
  const job = work<number>();
  const failed = [1, 2, 3].map(() => caught(users.execute(job.operation, at)));
  const down = new Error('down');
  job.fail(down);
  assert.deepEqual(await Promise.all(failed), [down, down, down]);
  assert.equal(await users.execute(async () => 1, at), 1);
});

test('each caller has a copy of their own of what a load brings', async () => {
  const { users } = cacheWith();
  const job = work<Date>();
  const asked = [1, 2, 3].map(() => users.execute(job.operation, at));
  const loaded = new Date(0);
  job.finish(loaded);
  const dates = await Promise.all(asked);
  assert.deepEqual([new Set(dates).size, dates[0] === loaded], [3, true]);
});

test('callers who wait for a load go on in their own context', async () => {
  const { users } = cacheWith();
  const store = new AsyncLocalStorage<string>();
  const job = work<number>();
  const seen = ['one', 'two'].map((who) =>
    store.run(who, async () => {
      await users.execute(job.operation, at);
      return store.getStore();
    }),
  );
  job.finish(1);
  assert.deepEqual(await Promise.all(seen), ['one', 'two']);
});

// Leaving

test('a caller who leaves leaves alone, whether they began the load or joined it', async () => {
  for (const leaver of [0, 1, 2]) {
    const { users } = cacheWith();
    const job = work<number>();
    const callers = [0, 1, 2].map(() => new AbortController());
    const asked = callers.map(({ signal }) => users.execute(job.operation, { ...at, signal }));
    const left = caught(asked[leaver] as Promise<unknown>);
    const reason = Object.freeze({ why: 'closed the page' });
    callers[leaver]?.abort(reason);
    assert.equal(await left, reason);
    assert.deepEqual(job.reasons, []);
    job.finish(1);
    const rest = asked.filter((_, i) => i !== leaver);
    assert.deepEqual(await Promise.all(rest), [1, 1]);
    for (const { signal } of callers) assert.equal(getEventListeners(signal, 'abort').length, 0);
    assert.equal(await users.execute(notRun, at), 1);
  }
});

test('when the last one leaves the load is cancelled, and the next caller begins another', async () => {
  const { users } = cacheWith();
  const job = work<number>();
  const callers = [0, 1].map(() => new AbortController());
  const asked = callers.map(({ signal }) => caught(users.execute(job.operation, { ...at, signal })));
  callers.forEach((caller, i) => {
    caller.abort(`left ${i}`);
  });
  assert.deepEqual(job.reasons, ['left 1']);
  assert.equal(users.snapshot().loading, 0);
  assert.equal(await users.execute(async () => 2, at), 2);
  // It ignored its signal. What it brings is older than what is there.
  job.finish(1);
  assert.deepEqual([...(await Promise.all(asked)), await users.execute(notRun, at)], ['left 0', 'left 1', 2]);
});

test('work that looks at its signal only after all have left sees why', async () => {
  const { users } = cacheWith();
  const caller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Call>();
  const left = caught(
    users.execute(
      (call) => {
        resolve(call);
        return new Promise(() => {});
      },
      { ...at, signal: caller.signal },
    ),
  );
  const call = await promise;
  caller.abort('left');
  await left;
  assert.deepEqual([call.signal.aborted, call.signal.reason], [true, 'left']);
});

test('nothing more is done for a caller who has left', async () => {
  const { users, clock, events } = cacheWith({ staleIfErrorMs: 400 });
  await users.execute(async () => 1, at);
  await clock.advance(100);
  events.clear();
  const job = work<number>();
  const caller = new AbortController();
  const left = caught(users.execute(job.operation, { ...at, signal: caller.signal }));
  const stayed = users.execute(notRun, at);
  caller.abort('left');
  job.fail(new Error('down'));
  assert.deepEqual([await left, await stayed], ['left', 1]);
  await settle();
  assert.deepEqual(events.types, ['call.joined', 'cache.looked-up']);
});

test('callers who cannot leave keep a load going that others have left', async () => {
  const { users } = cacheWith();
  const job = work<number>();
  const caller = new AbortController();
  const left = caught(users.execute(job.operation, { ...at, signal: caller.signal }));
  const stayed = users.execute(job.operation, at);
  caller.abort('left');
  job.finish(1);
  assert.deepEqual([await left, await stayed, job.reasons], ['left', 1, []]);
});

test('callers who joined a refresh that never ends are not kept waiting for it', async () => {
  const { users, clock } = cacheWith({ staleMs: 50, refreshDeadlineMs: 200 });
  await users.execute(async () => 1, at);
  await clock.advance(100);
  await users.execute(() => new Promise<number>(() => {}), at);
  await clock.advance(50);
  const short = caught(users.execute(notRun, { ...at, deadline: clock.now() + 100 }));
  const long = users.execute(async () => 2, at);
  await clock.advance(150);
  assert.ok((await short) instanceof DeadlineExceededError);
  assert.equal(await long, 2);
});

test('callers who joined a refresh may leave without ending it', async () => {
  const { users, clock } = cacheWith({ staleMs: 50, refreshDeadlineMs: 1_000 });
  await users.execute(async () => 1, at);
  await clock.advance(100);
  const job = work<number>();
  await users.execute(job.operation, at);
  await clock.advance(50);
  const caller = new AbortController();
  const left = caught(users.execute(notRun, { ...at, signal: caller.signal }));
  caller.abort('left');
  assert.equal(await left, 'left');
  job.finish(2);
  await settle();
  assert.deepEqual([job.reasons, await users.execute(notRun, at)], [[], 2]);
});

test('a caller who leaves in the very turn in which the load ends breaks nothing', async () => {
  const { users } = cacheWith();
  const job = work<number>();
  const caller = new AbortController();
  const call = CallContext.of({ ...at, signal: caller.signal });
  const left = caught(users.execute(job.operation, call));
  job.finish(1);
  // One turn for the work's own promise, so that the end is known to the load and not yet to the caller.
  await null;
  caller.abort('left');
  assert.equal(await left, 'left');
  assert.equal(call.hasOrphans, false);
  assert.equal(await users.execute(notRun, at), 1);
});

test('an operation that makes its own caller leave breaks nothing', async () => {
  const { users } = cacheWith();
  const caller = new AbortController();
  const failed = caught(
    users.execute(
      async () => {
        caller.abort('left');
        return 1;
      },
      { ...at, signal: caller.signal },
    ),
  );
  assert.equal(await failed, 'left');
  assert.equal(users.snapshot().loading, 0);
});

test('one signal that lives through 10,000 calls keeps no listener', async () => {
  const { users } = cacheWith();
  const { signal } = new AbortController();
  for (let i = 0; i < 10_000; i++) await users.execute(async () => i, { key: `key ${i % 50}`, signal });
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('the place of a caller who left stays taken until the load has ended', async () => {
  const { users, runtime } = cacheWith();
  const places = bulkhead({ maxConcurrent: 1 }, runtime);
  const job = work<number>();
  const caller = new AbortController();
  const left = caught(pipeline(places, users).execute(job.operation, { ...at, signal: caller.signal }));
  caller.abort('left');
  assert.equal(await left, 'left');
  assert.equal(places.snapshot().active, 1);
  job.finish(1);
  await settle();
  assert.equal(places.snapshot().active, 0);
});

// Deadlines

test('a load knows the deadline of the caller who began it', async () => {
  const { users } = cacheWith();
  assert.equal(await users.execute(async (call) => call.deadline, { ...at, deadline: 70 }), 70);
});

test('a caller with more time than the one who began the load has it loaded again when that ran out', async () => {
  const { users, clock, runtime } = cacheWith();
  const policy = pipeline(users, deadline({ deadlineMs: Number.POSITIVE_INFINITY }, runtime));
  const hung = work<number>();
  const [short, long] = [50, 500].map((ms) => policy.execute(hung.operation, { ...at, deadline: ms }));
  const first = caught(short as Promise<unknown>);
  const second = work<number>();
  const third = policy.execute(second.operation, { ...at, deadline: 600 });
  await clock.advance(50);
  assert.ok((await first) instanceof DeadlineExceededError);
  hung.finish(1);
  await settle();
  assert.deepEqual([await long, await third], [1, 1]);
  assert.deepEqual([hung.runs, second.runs, users.snapshot().loading], [2, 0, 0]);
});

test('a retry beneath that had no time left for the one who began is no verdict on those who have', async () => {
  const { users, clock, runtime } = cacheWith();
  const policy = pipeline(users, retry({ maxRetries: 1, baseMs: 100 }, { ...runtime, random: () => 1 }));
  let sends = 0;
  const send: Operation<number> = () => {
    sends++;
    return sends < 3 ? Promise.reject(new DownError('down')) : Promise.resolve(sends);
  };
  const short = caught(policy.execute(send, { ...at, deadline: 50 }));
  const long = policy.execute(send, { ...at, deadline: 5_000 });
  await short;
  await clock.advance(100);
  assert.equal(await long, 3);
});

test('a caller whose own time is up is not loaded for again', async () => {
  const { users, clock } = cacheWith();
  const hung = work<number>();
  const fates = [50, 60].map((ms) => caught(users.execute(hung.operation, { ...at, deadline: ms })));
  await clock.advance(60);
  const down = new Error('down');
  hung.fail(down);
  assert.deepEqual([await Promise.all(fates), hung.runs], [[down, down], 1]);
});

test('callers who run out of time one after the other load one after the other, never side by side', async () => {
  const { users, clock, runtime } = cacheWith();
  const policy = pipeline(users, deadline({ deadlineMs: Number.POSITIVE_INFINITY }, runtime));
  let [running, most, runs] = [0, 0, 0];
  const hang: Operation<never> = (call) => {
    runs++;
    most = Math.max(most, ++running);
    call.onCancel(() => running--);
    return new Promise(() => {});
  };
  const ends: number[] = [];
  const fates = [50, 60, 70, 500].map(async (ms) => {
    assert.ok((await caught(policy.execute(hang, { ...at, deadline: ms }))) instanceof DeadlineExceededError);
    ends.push(clock.now());
  });
  await clock.advance(500);
  await Promise.all(fates);
  assert.deepEqual([ends, runs, most, users.snapshot().loading], [[50, 60, 70, 500], 4, 1, 0]);
});

test('a load that outlives its deadline does not hold up who comes after', async () => {
  const { users, clock } = cacheWith();
  const hung = work<number>();
  const first = users.execute(hung.operation, { ...at, deadline: 50 });
  await clock.advance(50);
  assert.equal(await users.execute(async () => 2, at), 2);
  hung.finish(1);
  assert.deepEqual([await first, await users.execute(notRun, at)], [1, 2]);
});

test('a caller whose deadline passes while others load is told that something may have been sent', async () => {
  const { users, clock, runtime } = cacheWith();
  const hung = work<number>();
  const policy = pipeline(deadline({ deadlineMs: 50 }, runtime), users);
  const first = users.execute(hung.operation, at);
  const late = (await Promise.all([caught(policy.execute(notRun, at)), clock.advance(50)]))[0];
  assert.ok(late instanceof DeadlineExceededError);
  assert.deepEqual([late.sent, late.phase], ['maybe', 'wait']);
  hung.finish(1);
  assert.equal(await first, 1);
});

test('a stale value is served in place of a load that ran into the deadline beneath', async () => {
  const { users, clock, runtime } = cacheWith({ staleIfErrorMs: 10_000 });
  const policy = pipeline(users, deadline({ deadlineMs: 50 }, runtime));
  await policy.execute(async () => 1, at);
  await clock.advance(100);
  const asked = policy.execute<number>(() => new Promise(() => {}), at);
  await clock.advance(50);
  assert.equal(await asked, 1);
  assert.equal(wheelOf(clock).size, 0);
});

test('a refresh keeps the context of its caller, and not the deadline that surrounds it', async () => {
  const { users, clock, runtime } = cacheWith({ staleMs: 50, refreshDeadlineMs: 700 });
  const policy = pipeline(users, deadline({ deadlineMs: 400 }, runtime));
  const token = new AsyncLocalStorage<string>();
  await policy.execute(async () => 'old', at);
  await clock.advance(100);
  const seen: unknown[] = [];
  const stale = token.run('of Ada', () =>
    withDeadline(
      10,
      () =>
        policy.execute(async (call) => {
          seen.push(token.getStore(), call.deadline, currentDeadline(runtime));
          return 'new';
        }, at),
      runtime,
    ),
  );
  assert.equal(await stale, 'old');
  assert.deepEqual(seen, ['of Ada', 500, Number.POSITIVE_INFINITY]);
  assert.equal(await withDeadline(10, () => users.execute(async (call) => call.deadline, { key: 'b' }), runtime), 110);
});

// Forgetting while loading

test('what is loading when its key is forgotten answers those who wait, and is not kept', async () => {
  for (const forget of [(users: Cache) => users.invalidate('a'), (users: Cache) => users.clear()]) {
    const { users } = cacheWith({ negativeMs: 100, negative: () => true });
    const before = work<number>();
    const waiting = [1, 2].map(() => users.execute(before.operation, at));
    forget(users);
    const after = work<number>();
    const newcomer = users.execute(after.operation, at);
    after.finish(2);
    assert.equal(await newcomer, 2);
    before.finish(1);
    assert.deepEqual(await Promise.all(waiting), [1, 1]);
    assert.equal(await users.execute(notRun, at), 2);
  }
});

test('a load that fails after its key was forgotten leaves what came since alone', async () => {
  const { users } = cacheWith({ negativeMs: 100, negative: () => true });
  const before = work<number>();
  const failed = caught(users.execute(before.operation, at));
  users.invalidate('a');
  await users.execute(async () => 2, at);
  before.fail(new Error('down'));
  await failed;
  assert.equal(await users.execute(notRun, at), 2);
});

// Calls inside calls

test('a load that asks for its own key does not wait for itself', async () => {
  const { users } = cacheWith();
  const answer = users.execute(async (outer) => `outer ${await users.execute(async () => 'inner', outer)}`, at);
  assert.equal(await answer, 'outer inner');
});

test('a load may ask for another key of the same cache', async () => {
  const { users } = cacheWith();
  const load: Operation<string> = () => users.execute(async () => 'inner', { key: 'b' });
  assert.equal(await users.execute(load, at), 'inner');
  assert.equal(users.snapshot().entries, 2);
});

test('attempts beneath are told to the call that began the load', async () => {
  const { users, runtime } = cacheWith();
  const call = CallContext.of(at);
  const policy = pipeline(users, retry({ maxRetries: 1, baseMs: 1 }, runtime));
  await caught(
    policy.execute(() => Promise.reject(new Error('no retry')), {
      ...at,
      idempotent: true,
      signal: AbortSignal.abort(),
    }),
  );
  await users.execute(async (inner) => {
    (inner as CallContext).begin();
    return 1;
  }, call);
  assert.deepEqual([call.attempts, call.sent], [1, 'maybe']);
});

test('a pipeline beneath runs the work of the call that set off a refresh', async () => {
  const { users, clock, runtime } = cacheWith({ staleMs: 50 });
  const policy = pipeline(users, retry({}, runtime));
  await policy.execute(async () => 1, at);
  await clock.advance(100);
  await policy.execute(async () => 2, at);
  await settle();
  assert.equal(await policy.execute(notRun, at), 2);
});
