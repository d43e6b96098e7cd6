import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import {
  adaptiveLimiter,
  attemptTimeout,
  breaker,
  bulkhead,
  type Call,
  cache,
  chaos,
  coalesce,
  deadline,
  fallback,
  hedge,
  type Operation,
  type Policy,
  pipeline,
  type Runtime,
  rateLimiter,
  retry,
  throttle,
} from '../src/index.ts';
import { EventLog, ManualClock, settle } from '../src/testing/index.ts';
import { reasons } from './story.ts';

/*
 * A caller may leave at any moment. Each of these is a place where a call spends time; it is entered, and left in every
 * millisecond and in every turn of the microtask queue after that.
 */

interface Place {
  readonly policy: Policy<unknown>;
  /** What the policies hold beside what the work itself shows. */
  readonly held: () => number;
  /** Timers that may outlast the call: that of all deadlines together, which may fire once in vain; those of a hook. */
  readonly timers?: number;
  /** Runs before the call that leaves, such as those who take the places. */
  readonly before?: Operation<unknown>;
  readonly operation: Operation<unknown>;
}

const busyMs = 30;
const mostTurns = 14;

/** Work that takes its time, and ends at once when it is cancelled. */
function work(clock: ManualClock, ms: number, end: 'value' | 'down' = 'value'): Operation<unknown> {
  return (call: Call) =>
    new Promise((resolve, reject) => {
      const timer = clock.setTimer(ms, () => {
        stop();
        if (end === 'value') resolve('value');
        else reject(new Error('down'));
      });
      const stop = call.onCancel((reason) => {
        timer.cancel();
        reject(reason);
      });
    });
}

const places: Record<string, (runtime: Runtime, clock: ManualClock) => Place> = {
  'the queue of a bulkhead': (runtime, clock) => {
    const policy = bulkhead({ maxConcurrent: 1, maxQueue: 1 }, runtime);
    const held = (): number => policy.snapshot().active + policy.snapshot().queued;
    return { policy, held, before: work(clock, busyMs), operation: work(clock, 5) };
  },
  'the line of a rate limiter': (runtime, clock) => {
    const policy = rateLimiter({ limit: 50, burst: 1, maxWaitMs: 100 }, runtime);
    return { policy, held: () => policy.snapshot().queued, before: work(clock, 1), operation: work(clock, 5) };
  },
  'gates that all admit it': (runtime, clock) => {
    const limiter = adaptiveLimiter({}, runtime);
    const circuit = breaker({ slowMs: 1_000 }, runtime);
    const policy = pipeline(throttle({}, runtime), limiter, circuit);
    return { policy, held: () => limiter.snapshot().active + circuit.snapshot().failures, operation: work(clock, 10) };
  },
  'the back-off of a retry': (runtime, clock) => ({
    policy: retry({ baseMs: 20, jitter: 'none', maxRetries: 1 }, runtime),
    held: () => 0,
    operation: work(clock, 3, 'down'),
  }),
  'the hook of a retry': (runtime, clock) => ({
    policy: retry({ baseMs: 2, maxMs: 40, maxRetries: 1, onRetry: () => clock.sleep(20) }, runtime),
    held: () => 0,
    timers: 1,
    operation: work(clock, 3, 'down'),
  }),
  'a race of copies': (runtime, clock) => ({
    policy: hedge({ delayMs: 5, maxHedges: 2 }, runtime),
    held: () => 0,
    operation: work(clock, 20),
    timers: 1,
  }),
  'an attempt under two clocks': (runtime, clock) => ({
    policy: pipeline(deadline({ deadlineMs: 50 }, runtime), attemptTimeout({ attemptTimeoutMs: 20 }, runtime)),
    held: () => 0,
    operation: work(clock, 25),
    timers: 1,
  }),
  'a load of a cache that another began': (runtime, clock) => {
    const policy = cache({ key: () => 'k', freshMs: 5 }, runtime);
    return { policy, held: () => policy.snapshot().loading, before: work(clock, busyMs), operation: work(clock, 5) };
  },
  'a load of a cache': (runtime, clock) => {
    const policy = cache({ key: () => 'k', freshMs: 5 }, runtime);
    return { policy, held: () => policy.snapshot().loading, operation: work(clock, 10) };
  },
  'a call that is shared': (runtime, clock) => {
    const policy = coalesce({ key: () => 'k' }, runtime);
    return { policy, held: () => policy.snapshot().keys, before: work(clock, busyMs), operation: work(clock, 5) };
  },
  'a call that could be shared': (runtime, clock) => {
    const policy = coalesce({ key: () => 'k' }, runtime);
    return { policy, held: () => policy.snapshot().keys, operation: work(clock, 10) };
  },
  'latency that was made': (runtime, clock) => ({
    policy: chaos({ enabled: true, rate: 1, latencyMs: 15 }, runtime),
    held: () => 0,
    operation: work(clock, 5),
  }),
  'the answer of a fallback': (runtime, clock) => ({
    policy: fallback((_error, call) => work(clock, 15)(call), {}, runtime),
    held: () => 0,
    operation: work(clock, 3, 'down'),
  }),
  'everything at once': (runtime, clock) => {
    const room = bulkhead({ maxConcurrent: 1, maxQueue: 1 }, runtime);
    const shared = coalesce({ key: (call) => call.operation }, runtime);
    const policy = pipeline(
      deadline({ deadlineMs: 200 }, runtime),
      shared,
      room,
      retry({ maxRetries: 1, baseMs: 8, jitter: 'none' }, runtime),
      hedge({ delayMs: 4 }, runtime),
      breaker({}, runtime),
      attemptTimeout({ attemptTimeoutMs: 12 }, runtime),
    );
    const held = (): number => room.snapshot().active + room.snapshot().queued + shared.snapshot().keys;
    return { policy, held, before: work(clock, 7), operation: work(clock, 9, 'down') };
  },
};

for (const [name, make] of Object.entries(places)) {
  test(`a caller may leave ${name} at any point, with any reason, and leaves nothing behind`, async () => {
    let left = 0;
    // The whole of a call, and a little more: later points are those at which it is over.
    for (let ms = -1; ms <= 60; ms++) {
      for (let turns = 0; turns <= (ms < 0 ? 0 : mostTurns); turns++) {
        if (await leaves(make, ms, turns)) left++;
      }
    }
    assert.ok(left > 5 * mostTurns, `left at ${left} points`);
  });
}

/** Whether the caller left before the call was over. */
async function leaves(make: (typeof places)[string], ms: number, turns: number): Promise<boolean> {
  const clock = new ManualClock();
  const {
    policy,
    held,
    before,
    operation,
    timers = 0,
  } = make({ clock, random: () => 0.5, events: new EventLog() }, clock);
  const caller = new AbortController();
  const reason = (reasons[(ms + turns + reasons.length) % reasons.length] as () => unknown)();
  const others = before === undefined ? [] : [policy.execute(before, { operation: 'other' })];
  if (ms < 0) caller.abort(reason);

  let sends = 0;
  let ended: { readonly error: unknown } | 'well' | undefined;
  const counted: Operation<unknown> = (call) => {
    sends++;
    return operation(call);
  };
  policy.execute(counted, { operation: 'own', signal: caller.signal }).then(
    () => {
      ended = 'well';
    },
    (error: unknown) => {
      ended = { error };
    },
  );
  if (ms > 0) await clock.advance(ms);
  for (let turn = 0; turn < turns; turn++) await null;

  const wasOver = ended !== undefined;
  const sendsBefore = sends;
  if (ms >= 0) caller.abort(reason);
  await settle();
  if (!wasOver) {
    assert.ok(ended !== undefined, `not told at once when leaving at ${ms} ms and ${turns} turns`);
    // What is answered in the very turn of leaving is still an answer. Else the caller gets the own reason back.
    if (ended !== 'well') assert.ok(ended.error === caller.signal.reason, `another reason at ${ms} ms, ${turns} turns`);
    assert.equal(sends, ms < 0 ? 0 : sendsBefore, 'sent after leaving');
  }
  if (others.length === 0) assert.ok(clock.pending <= timers, `a timer left at ${ms} ms, ${turns} turns`);
  assert.equal(getEventListeners(caller.signal, 'abort').length, 0, `listens on at ${ms} ms, ${turns} turns`);
  await clock.advance(5_000);
  await Promise.all(others);
  assert.deepEqual([held(), clock.pending], [0, 0], `left behind at ${ms} ms, ${turns} turns`);
  return !wasOver;
}
