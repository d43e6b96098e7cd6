import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { CallContext } from '../contract/call.ts';
import { BulkheadFullError, ConfigError, DeadlineExceededError } from '../contract/errors.ts';
import type { Permit } from '../contract/gate.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { type Bulkhead, bulkhead } from './bulkhead.ts';
import { type BulkheadOptions, bulkheadDefaults } from './options.ts';

interface World {
  readonly clock: ManualClock;
  readonly random: () => number;
  readonly events: EventLog;
}

function bulkheadWith(options: BulkheadOptions): { places: Bulkhead; runtime: World } {
  const runtime = { clock: new ManualClock(), random: () => 0, events: new EventLog() };
  return { places: bulkhead(options, runtime), runtime };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error: unknown) => error,
  );

/** Work that ends when the test says so. */
function work(): { operation: () => Promise<string>; finish: () => void; fail: (error: unknown) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { operation: () => promise, finish: () => resolve('done'), fail: reject };
}

function take(places: Bulkhead): Permit {
  const admission = places.tryAcquire();
  assert.ok(admission.admitted);
  return admission;
}

const busy = (places: Bulkhead): [number, number] => [places.snapshot().active, places.snapshot().queued];

test('runs as many calls at once as there are places, and queues the next', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 2 });
  const jobs = [work(), work(), work()];
  const answers = jobs.map((job) => places.execute(job.operation));
  assert.deepEqual(busy(places), [2, 1]);
  for (const job of jobs) job.finish();
  assert.deepEqual(await Promise.all(answers), ['done', 'done', 'done']);
  assert.deepEqual(busy(places), [0, 0]);
});

test('refuses at once when places and queue are taken, saying so', async () => {
  const { places, runtime } = bulkheadWith({ maxConcurrent: 1, maxQueue: 1 });
  take(places);
  const waiting = caught(places.execute(async () => assert.fail('ran')));
  const error = await caught(places.execute(async () => assert.fail('ran'), { target: 'users', operation: 'get' }));
  assert.ok(error instanceof BulkheadFullError);
  assert.deepEqual(
    [error.reason, error.target, error.operation, error.sent, error.attempts],
    ['bulkhead-full', 'users', 'get', 'never', 0],
  );
  assert.equal(error.message, 'all 1 places are taken, and the queue of 1');
  await runtime.clock.advance(1_000);
  await waiting;
});

test('never queues without a queue', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1, maxQueue: 0 });
  take(places);
  assert.ok((await caught(places.execute(async () => 1))) instanceof BulkheadFullError);
});

test('names itself in the error of a call that names no target', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1, maxQueue: 0, name: 'reports' });
  take(places);
  const error = await caught(places.execute(async () => 1));
  assert.ok(error instanceof BulkheadFullError && error.target === 'reports');
});

test('makes no stack for a refusal', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1, maxQueue: 0 });
  take(places);
  const error = await caught(places.execute(async () => 1));
  assert.doesNotMatch((error as Error).stack ?? '', /\n {4}at /);
});

test('frees the place of work that fails, and throws its error', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  const down = new Error('down');
  assert.equal(await caught(places.execute(() => Promise.reject(down))), down);
  assert.deepEqual(busy(places), [0, 0]);
});

test('frees the place of work that throws before any promise', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  await caught(
    places.execute(() => {
      throw new Error('down');
    }),
  );
  assert.deepEqual(busy(places), [0, 0]);
});

// Bare use

test('gives places and refusals as values', () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  const permit = take(places);
  const refused = places.tryAcquire();
  assert.ok(!refused.admitted && refused.reason === 'bulkhead-full');
  permit.success();
  assert.equal(places.tryAcquire().admitted, true);
});

test('frees a place whichever way it ends', () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  for (const end of ['success', 'failure', 'throttled', 'ignored'] as const) {
    take(places)[end]();
    assert.equal(places.snapshot().active, 0, end);
  }
});

test('frees a place once however often it is given back', () => {
  const { places } = bulkheadWith({ maxConcurrent: 2 });
  const [first] = [take(places), take(places)];
  first?.success();
  first?.failure();
  first?.success();
  assert.equal(places.snapshot().active, 1);
});

test('gives a free place without a wait', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  const admission = await places.acquire(CallContext.of({}));
  assert.equal(admission.admitted, true);
  assert.equal(places.snapshot().active, 1);
});

// The queue

test('hands a freed place to the first in the queue before any newcomer', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  const permit = take(places);
  const waiting = places.acquire(CallContext.of({}));
  permit.success();
  // No turn of the event loop has passed, and the place is taken already.
  assert.deepEqual(busy(places), [1, 0]);
  assert.equal(places.tryAcquire().admitted, false);
  assert.equal((await waiting).admitted, true);
});

test('never refuses a call that was admitted to the queue for the sake of newcomers', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1, maxQueue: 1 });
  const first = work();
  const running = places.execute(first.operation);
  const queued = places.execute(async () => 'queued');
  first.finish();
  const newcomers = [places.execute(async () => 'new'), places.execute(async () => 'new')];
  const fates = await Promise.allSettled([running, queued, ...newcomers]);
  assert.deepEqual(
    fates.slice(0, 2).map((fate) => fate.status),
    ['fulfilled', 'fulfilled'],
  );
});

test('serves the queue in the order of arrival', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  const served: number[] = [];
  const calls = [0, 1, 2, 3, 4].map((who) =>
    places.execute(async () => {
      served.push(who);
      await settle();
    }),
  );
  await Promise.all(calls);
  assert.deepEqual(served, [0, 1, 2, 3, 4]);
});

test('refuses a call that waited too long, and frees its slot in the queue', async () => {
  const { places, runtime } = bulkheadWith({ maxConcurrent: 1, queueTimeoutMs: 200 });
  take(places);
  const failed = caught(places.execute(async () => assert.fail('ran')));
  await runtime.clock.advance(199);
  assert.deepEqual(busy(places), [1, 1]);
  await runtime.clock.advance(1);
  const error = await failed;
  assert.ok(error instanceof BulkheadFullError && error.reason === 'bulkhead-queue-timeout');
  assert.equal(error.message, 'no place became free in 200 ms');
  assert.deepEqual(busy(places), [1, 0]);
});

test('lets a call that got its place run for as long as it likes', async () => {
  const { places, runtime } = bulkheadWith({ maxConcurrent: 1, queueTimeoutMs: 200 });
  const [first, second] = [work(), work()];
  const answers = [places.execute(first.operation), places.execute(second.operation)];
  await runtime.clock.advance(100);
  first.finish();
  await runtime.clock.advance(10_000);
  second.finish();
  assert.deepEqual(await Promise.all(answers), ['done', 'done']);
});

test('ends a wait at the deadline of the call when that is nearer', async () => {
  const { places, runtime } = bulkheadWith({ maxConcurrent: 1 });
  take(places);
  const failed = caught(places.execute(async () => assert.fail('ran'), { deadline: 300, target: 'users' }));
  await runtime.clock.advance(300);
  const error = await failed;
  assert.ok(error instanceof DeadlineExceededError);
  assert.deepEqual([error.target, error.sent, error.attempts, error.verdict().kind], ['users', 'never', 0, 'ignored']);
  assert.deepEqual(busy(places), [1, 0]);
});

test('does not queue a call whose deadline has passed', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  take(places);
  assert.ok((await caught(places.execute(async () => 1, { deadline: 0 }))) instanceof DeadlineExceededError);
});

test('gives no place to a call whose deadline passed while the event loop was blocked', async () => {
  const { places, runtime } = bulkheadWith({ maxConcurrent: 1 });
  const permit = take(places);
  const late = caught(places.execute(async () => assert.fail('ran'), { deadline: 300 }));
  const inTime = places.execute(async () => 'in time');
  runtime.clock.freeze(900);
  permit.success();
  assert.ok((await late) instanceof DeadlineExceededError);
  assert.equal(await inTime, 'in time');
});

// Leaving

test('rejects a queued call with the very reason of its caller, and frees its slot at once', async () => {
  const { places, runtime } = bulkheadWith({ maxConcurrent: 1, maxQueue: 1 });
  const permit = take(places);
  const caller = new AbortController();
  const failed = caught(places.execute(async () => assert.fail('ran'), { signal: caller.signal }));
  const reason = Object.freeze({ why: 'closed the page' });
  caller.abort(reason);
  assert.deepEqual(busy(places), [1, 0]);
  assert.equal(await failed, reason);
  assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
  assert.equal(wheelOf(runtime.clock).size, 0);
  permit.success();
  assert.deepEqual(busy(places), [0, 0]);
});

test('takes no place for a call that is already cancelled', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  const signal = AbortSignal.abort('gone');
  assert.equal(await caught(places.execute(async () => assert.fail('ran'), { signal })), 'gone');
  assert.equal(await caught(places.acquire(CallContext.of({ signal }))), 'gone');
  assert.deepEqual(busy(places), [0, 0]);
});

test('keeps the place of a running call that was cancelled until its work ends', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  const caller = new AbortController();
  const job = work();
  const answered = places.execute(job.operation, { signal: caller.signal });
  caller.abort();
  await settle();
  assert.deepEqual(busy(places), [1, 0]);
  job.finish();
  assert.equal(await answered, 'done');
  assert.deepEqual(busy(places), [0, 0]);
});

test('keeps the place of work that was given up until it ends', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  let ended = (): void => {};
  await caught(
    places.execute(async (call) => {
      ended = (call as CallContext).addOrphan();
      throw new Error('timed out');
    }),
  );
  assert.deepEqual(busy(places), [1, 0]);
  ended();
  assert.deepEqual(busy(places), [0, 0]);
});

test('leaves no listener on a signal that lives through 10,000 queued calls', async () => {
  const { places, runtime } = bulkheadWith({ maxConcurrent: 1, maxQueue: 100 });
  const { signal } = new AbortController();
  for (let calls = 0; calls < 10_000; calls += 100) {
    await Promise.all(Array.from({ length: 100 }, () => places.execute(async () => 1, { signal })));
  }
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.equal(wheelOf(runtime.clock).size, 0);
  assert.deepEqual(busy(places), [0, 0]);
});

// Around it

test('runs a queued call in the async context of its own caller', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const call = (who: string): Promise<void> =>
    storage.run(who, () =>
      places.execute(async () => {
        seen.push(storage.getStore());
        await settle();
      }),
    );
  await Promise.all([call('ada'), call('grace'), call('edsger')]);
  assert.deepEqual(seen, ['ada', 'grace', 'edsger']);
});

test('tells of a call that has to wait, and of one that is refused', async () => {
  const { places, runtime } = bulkheadWith({ maxConcurrent: 1, maxQueue: 1, name: 'reports' });
  take(places);
  const waiting = caught(places.execute(async () => 1, { target: 'users', operation: 'get' }));
  await caught(places.execute(async () => 1));
  assert.deepEqual(runtime.events.events, [
    { type: 'bulkhead.queued', at: 0, target: 'users', operation: 'get', attempt: 1, queued: 1 },
    {
      type: 'call.refused',
      at: 0,
      target: '',
      operation: '',
      attempt: 1,
      reason: 'bulkhead-full',
      retryAfterMs: undefined,
    },
  ]);
  await runtime.clock.advance(1_000);
  await waiting;
});

test('tells an attempt that waits in the queue that nothing has left this machine', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  const permit = take(places);
  const call = CallContext.of({});
  call.begin();
  const answered = places.execute(async () => [call.phase, call.sent], call);
  await settle();
  assert.deepEqual([call.phase, call.sent], ['queue', 'never']);
  permit.success();
  assert.deepEqual(await answered, ['wait', 'maybe']);
});

test('ends the wait of work that asks its own bulkhead of 1 again, rather than for ever', async () => {
  const { places, runtime } = bulkheadWith({ maxConcurrent: 1, queueTimeoutMs: 100 });
  const failed = caught(places.execute((call) => places.execute(async () => assert.fail('ran'), call)));
  await runtime.clock.advance(100);
  const error = await failed;
  assert.ok(error instanceof BulkheadFullError && error.reason === 'bulkhead-queue-timeout');
  assert.deepEqual(busy(places), [0, 0]);
});

test('shares a pipeline with another gate', async () => {
  const outer = bulkheadWith({ maxConcurrent: 2 }).places;
  const inner = bulkheadWith({ maxConcurrent: 1, maxQueue: 0 }).places;
  const both = pipeline(outer, inner);
  const job = work();
  const running = both.execute(job.operation);
  await caught(both.execute(async () => assert.fail('ran')));
  assert.deepEqual(
    [busy(outer), busy(inner)],
    [
      [1, 0],
      [1, 0],
    ],
  );
  job.finish();
  await running;
  assert.deepEqual(
    [busy(outer), busy(inner)],
    [
      [0, 0],
      [0, 0],
    ],
  );
});

test('refuses numbers that cannot be, naming the option', () => {
  for (const name of ['maxConcurrent', 'maxQueue', 'queueTimeoutMs']) {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null]) {
      assert.throws(
        () => bulkhead({ [name]: value } as BulkheadOptions),
        (error) => error instanceof ConfigError && error.path === `bulkhead.${name}`,
      );
    }
  }
  assert.throws(() => bulkhead({ maxConcurrent: 0 }), /bulkhead\.maxConcurrent: expected a whole number of at least 1/);
  assert.throws(() => bulkhead({ limit: 3 } as BulkheadOptions), /bulkhead\.limit/);
});

test('describes its settings in a line', () => {
  assert.equal(bulkhead(bulkheadDefaults).describe(), 'bulkhead: 64 at once, 64 queued for at most 1000 ms');
  assert.equal(bulkhead({ maxQueue: 0, name: 'db' }).describe(), "bulkhead 'db': 64 at once, no queue");
});
