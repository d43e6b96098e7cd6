import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { CallContext } from '../contract/call.ts';
import { ConfigError, DeadlineExceededError, RateLimitedError } from '../contract/errors.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import type { Classify } from '../contract/outcome.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import type { RateChange, RateLimiterOptions } from './options.ts';
import { type RateLimiter, rateLimiter } from './rate-limiter.ts';
import type { Reservation } from './reservation.ts';

interface World {
  readonly clock: ManualClock;
  readonly random: () => number;
  readonly events: EventLog;
}

/** Ten in a second unless told otherwise: a token each 100 ms. */
function limiterWith(options: Partial<RateLimiterOptions> = {}): { limiter: RateLimiter; runtime: World } {
  const runtime = { clock: new ManualClock(), random: () => 0, events: new EventLog() };
  return { limiter: rateLimiter({ limit: 10, ...options }, runtime), runtime };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error: unknown) => error,
  );

/** How many of so many go at once. */
function goAtOnce(limiter: RateLimiter, asks = 100): number {
  let gone = 0;
  for (let i = 0; i < asks; i++) if (limiter.tryAcquire().admitted) gone++;
  return gone;
}

function take(limiter: RateLimiter, weight?: number): Permit {
  const admission = limiter.tryAcquire(weight);
  assert.ok(admission.admitted);
  return admission;
}

function refused(admission: Permit | Refusal | Reservation): Refusal {
  assert.ok(!admission.admitted);
  return admission;
}

function reserved(limiter: RateLimiter, weight?: number): Reservation {
  const reservation = limiter.reserve(weight);
  assert.ok(reservation.admitted);
  return reservation;
}

/** A limiter whose tokens are all gone. */
function emptyWith(options: Partial<RateLimiterOptions> = {}): { limiter: RateLimiter; runtime: World } {
  const made = limiterWith({ maxWaitMs: 10_000, ...options });
  take(made.limiter, made.limiter.snapshot().burst);
  return made;
}

for (const algorithm of ['token-bucket', 'gcra'] as const) {
  test(`lets a burst go at once, then no more than the rate (${algorithm})`, async () => {
    const { limiter, runtime } = limiterWith({ algorithm, burst: 4 });
    assert.equal(goAtOnce(limiter), 4);
    await runtime.clock.advance(99);
    assert.equal(goAtOnce(limiter), 0);
    await runtime.clock.advance(1);
    assert.equal(goAtOnce(limiter), 1);
    await runtime.clock.advance(250);
    assert.equal(goAtOnce(limiter), 2);
  });

  test(`spaces calls evenly when smooth, however long nothing went (${algorithm})`, async () => {
    const { limiter, runtime } = limiterWith({ algorithm, pacing: 'smooth' });
    runtime.clock.freeze(60_000);
    const gone: number[] = [];
    for (let ms = 0; ms < 1_000; ms++) {
      if (limiter.tryAcquire().admitted) gone.push(ms);
      await runtime.clock.advance(1);
    }
    assert.deepEqual(gone, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
  });

  test(`has no boundary of cycles at which two bursts meet (${algorithm})`, async () => {
    // What a limiter of fixed cycles lets through: all of one cycle at its end, all of the next at its beginning.
    const { limiter, runtime } = limiterWith({ algorithm });
    await runtime.clock.advance(990);
    assert.equal(goAtOnce(limiter), 10);
    await runtime.clock.advance(20);
    assert.equal(goAtOnce(limiter), 0);
  });

  test(`keeps a quota of windows, wherever they begin, when limit and burst add up to it (${algorithm})`, async () => {
    const { limiter, runtime } = limiterWith({ algorithm, limit: 8, burst: 2 });
    const gone: number[] = [];
    for (let ms = 0; ms < 4_000; ms += 5) {
      for (let i = goAtOnce(limiter, 3); i > 0; i--) gone.push(ms);
      await runtime.clock.advance(5);
    }
    for (const from of gone) {
      assert.ok(gone.filter((at) => at >= from && at < from + 1_000).length <= 10);
    }
    assert.equal(gone.length, 2 + 31, 'and wastes nothing of it');
  });

  test(`mints nothing while the wall clock jumps or the process is stopped (${algorithm})`, async () => {
    const { limiter, runtime } = limiterWith({ algorithm, burst: 3 });
    assert.equal(goAtOnce(limiter), 3);
    runtime.clock.jumpWall(-3_600_000);
    assert.equal(goAtOnce(limiter), 0);
    runtime.clock.jumpWall(7_200_000);
    assert.equal(goAtOnce(limiter), 0);
    await runtime.clock.advance(100);
    assert.equal(goAtOnce(limiter), 1, 'and still flows');
    runtime.clock.freeze(5_000);
    assert.equal(goAtOnce(limiter), 3);
  });

  test(`mints nothing on a clock that breaks its promise and runs back (${algorithm})`, () => {
    let now = 10_000;
    const clock = { now: () => now, wallNow: () => 0, setTimer: () => assert.fail('no timer') };
    const limiter = rateLimiter({ limit: 10, algorithm }, { clock, random: () => 0 });
    assert.equal(goAtOnce(limiter), 10);
    for (const at of [0, 10_000, 5_000, 10_000]) {
      now = at;
      assert.equal(goAtOnce(limiter), 0);
    }
    now = 10_100;
    assert.equal(goAtOnce(limiter), 1);
  });
}

// Refusing

test('refuses with the time until the next may go, which is neither too early nor too late', async () => {
  const { limiter, runtime } = emptyWith();
  await runtime.clock.advance(30);
  assert.equal(refused(limiter.tryAcquire()).retryAfterMs, 70);
  assert.equal(refused(limiter.tryAcquire(3)).retryAfterMs, 270);
  await runtime.clock.advance(269.5);
  assert.equal(refused(limiter.tryAcquire(3)).retryAfterMs, 0.5);
  await runtime.clock.advance(0.5);
  assert.equal(limiter.tryAcquire(3).admitted, true);
});

test('tells a refused caller what happened, without a stack', async () => {
  const { limiter } = emptyWith({ maxWaitMs: 0, name: 'mail' });
  const error = await caught(limiter.execute(async () => assert.fail('ran'), { target: 'smtp', operation: 'send' }));
  assert.ok(error instanceof RateLimitedError);
  assert.deepEqual(
    [error.reason, error.target, error.operation, error.sent, error.attempts, error.retryAfterMs],
    ['rate-limited', 'smtp', 'send', 'never', 0, 100],
  );
  assert.equal(error.message, 'no more than 10 may go in 1000 ms');
  assert.match(error.explain(), /Trying again may help in 100 ms\.$/);
  assert.doesNotMatch(error.stack ?? '', /\n {4}at /);
  const unnamed = await caught(limiter.execute(async () => 1));
  assert.ok(unnamed instanceof RateLimitedError && unnamed.target === 'mail');
});

test('is no failure of the other side', async () => {
  const { limiter } = emptyWith({ maxWaitMs: 0 });
  const error = (await caught(limiter.execute(async () => 1))) as RateLimitedError;
  assert.deepEqual(error.verdict(), { kind: 'ignored', retry: 'never' });
});

test('spends a token on a call however it ends', async () => {
  const { limiter } = limiterWith({ burst: 5 });
  await limiter.execute(async () => 'done');
  await caught(limiter.execute(() => Promise.reject(new Error('down'))));
  for (const end of ['success', 'failure', 'throttled', 'ignored'] as const) take(limiter, 0.5)[end]();
  assert.equal(limiter.snapshot().tokens, 1);
});

// Weights

test('takes as many tokens as a call weighs', async () => {
  const { limiter } = limiterWith({ weight: 4 });
  await limiter.execute(async () => 1);
  take(limiter);
  assert.equal(refused(limiter.tryAcquire()).retryAfterMs, 200);
  assert.equal(limiter.tryAcquire(2).admitted, true);
});

test('asks a function what each call weighs, once', async () => {
  const weights = new Map([
    ['list', 7],
    ['get', 1],
  ]);
  const asked: string[] = [];
  const weight = (call: { operation: string }): number => {
    asked.push(call.operation);
    return weights.get(call.operation) ?? 1;
  };
  const { limiter } = limiterWith({ weight });
  await limiter.execute(async () => 1, { operation: 'list' });
  await limiter.execute(async () => 1, { operation: 'get' });
  assert.deepEqual([limiter.snapshot().tokens, asked], [2, ['list', 'get']]);
});

test('takes a call to weigh 1 when the function throws or answers nonsense', async () => {
  const answers: unknown[] = [Number.NaN, -3, 0, Number.POSITIVE_INFINITY, '5', null, undefined];
  const answer = (): unknown => {
    if (answers.length === 0) throw new Error('broken');
    return answers.shift();
  };
  const { limiter } = limiterWith({ weight: answer as () => number });
  for (let i = 0; i < 8; i++) await limiter.execute(async () => 1);
  assert.equal(limiter.snapshot().tokens, 2);
  const rejecting = limiterWith({ weight: (() => Promise.reject(new Error('async'))) as unknown as () => number });
  await rejecting.limiter.execute(async () => 1);
  assert.equal(rejecting.limiter.snapshot().tokens, 9);
});

test('refuses for good, and says so, what weighs more than the burst', async () => {
  const { limiter } = limiterWith({ weight: () => 11, maxWaitMs: 5_000 });
  const error = await caught(limiter.execute(async () => assert.fail('ran')));
  assert.ok(error instanceof RateLimitedError && error.retryAfterMs === undefined);
  assert.equal(error.message, 'a weight of 11 can never go: it is more than the burst of 10');
  assert.equal(refused(limiter.tryAcquire(11)).retryAfterMs, undefined);
  assert.equal(refused(limiter.reserve(11)).retryAfterMs, undefined);
  assert.equal(limiter.snapshot().tokens, 10);
});

test('wants the weight by hand where it is a function and there is no call', () => {
  const { limiter } = limiterWith({ weight: () => 2 });
  for (const admission of [limiter.tryAcquire(), limiter.reserve()]) {
    assert.match(refused(admission).toError(CallContext.of({})).message, /give the weight by hand/);
  }
  assert.equal(limiter.tryAcquire(2).admitted, true);
});

test('takes no weight by hand that is none', async () => {
  const { limiter } = limiterWith({ maxWaitMs: 100 });
  const wrong = (error: unknown): boolean => error instanceof ConfigError && error.path === 'rateLimiter.weight';
  for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '3' as unknown as number]) {
    assert.throws(() => limiter.tryAcquire(weight), wrong);
    assert.throws(() => limiter.reserve(weight), wrong);
    await assert.rejects(limiter.acquire({}, weight), wrong);
  }
  assert.deepEqual([limiter.snapshot().tokens, limiter.snapshot().queued], [10, 0]);
});

test('keeps the intervals free that a heavy call takes when smooth', async () => {
  const { limiter, runtime } = limiterWith({ pacing: 'smooth' });
  assert.equal(limiter.tryAcquire(3).admitted, true);
  assert.equal(refused(limiter.tryAcquire()).retryAfterMs, 300);
  await runtime.clock.advance(300);
  assert.equal(limiter.tryAcquire().admitted, true);
});

// Waiting

test('lets calls wait their turn, in the order of arrival, at the rate', async () => {
  const { limiter, runtime } = emptyWith();
  const gone: [number, number][] = [];
  const calls = [0, 1, 2, 3].map((who) => limiter.execute(async () => gone.push([who, runtime.clock.now()])));
  assert.equal(limiter.snapshot().queued, 4);
  await runtime.clock.advance(1_000);
  await Promise.all(calls);
  assert.deepEqual(gone, [
    [0, 100],
    [1, 200],
    [2, 300],
    [3, 400],
  ]);
});

test('lets no newcomer overtake, light or heavy', async () => {
  const { limiter, runtime } = emptyWith();
  const first = limiter.acquire({}, 5);
  await runtime.clock.advance(400);
  // Four tokens are there, and the one at the head of the line needs five.
  assert.equal(refused(limiter.tryAcquire(1)).retryAfterMs, 200);
  await runtime.clock.advance(100);
  assert.equal((await first).admitted, true);
  assert.equal(limiter.tryAcquire(1).admitted, false);
});

test('lets those go who are due before it looks at a newcomer, though the timer is late', async () => {
  const { limiter, runtime } = emptyWith({ burst: 1 });
  const first = limiter.acquire();
  runtime.clock.freeze(150);
  assert.equal(limiter.tryAcquire().admitted, false);
  assert.equal((await first).admitted, true);
});

test('after the process was stopped, lets those who waited go as a burst and not all', async () => {
  const { limiter, runtime } = emptyWith({ burst: 2 });
  const calls = Array.from({ length: 6 }, () => limiter.acquire());
  runtime.clock.freeze(5_000);
  await runtime.clock.advance(0);
  assert.equal(limiter.snapshot().queued, 4);
  await runtime.clock.advance(400);
  await Promise.all(calls);
});

test('refuses at once whose turn would come too late', async () => {
  const { limiter } = emptyWith({ maxWaitMs: 250 });
  const accepted = [limiter.acquire(), limiter.acquire()];
  const error = await caught(limiter.execute(async () => assert.fail('ran')));
  assert.ok(error instanceof RateLimitedError && error.retryAfterMs === 300);
  assert.match(error.message, /its turn would come in 300 ms, later than it may wait$/);
  assert.equal(limiter.snapshot().queued, accepted.length);
});

test('refuses at once whose turn would come at the deadline or later', async () => {
  const { limiter } = emptyWith();
  for (const deadline of [50, 100]) {
    const error = await caught(limiter.execute(async () => assert.fail('ran'), { deadline }));
    assert.ok(error instanceof RateLimitedError && error.retryAfterMs === 100);
    assert.match(error.message, /its turn would come in 100 ms, after its deadline$/);
  }
  assert.equal(limiter.snapshot().queued, 0);
});

test('gives a call whose deadline has passed its error rather than a place in the line', async () => {
  const { limiter, runtime } = emptyWith();
  const call = { deadline: 0, target: 'users' };
  const error = await caught(limiter.execute(async () => assert.fail('ran'), call));
  assert.ok(error instanceof DeadlineExceededError);
  assert.deepEqual([error.target, error.sent, error.verdict().kind], ['users', 'never', 'ignored']);
  assert.equal(wheelOf(runtime.clock).size, 0);
});

test('lets no more wait than the queue holds', async () => {
  const { limiter } = emptyWith({ maxQueue: 2 });
  const accepted = [limiter.acquire(), limiter.acquire()];
  const error = await caught(limiter.execute(async () => assert.fail('ran')));
  assert.ok(error instanceof RateLimitedError && error.retryAfterMs === 300);
  assert.match(error.message, /and 2 wait already$/);
  assert.equal(limiter.snapshot().queued, accepted.length);
  assert.equal((await emptyWith({ maxQueue: 0 }).limiter.acquire()).admitted, false);
});

test('ends a wait that turned out longer than allowed', async () => {
  const { limiter, runtime } = emptyWith({ maxWaitMs: 200 });
  const failed = caught(limiter.execute(async () => assert.fail('ran')));
  limiter.drain(1_000);
  await runtime.clock.advance(199);
  assert.equal(limiter.snapshot().queued, 1);
  await runtime.clock.advance(1);
  const error = await failed;
  assert.ok(error instanceof RateLimitedError && error.retryAfterMs === 900);
  assert.match(error.message, /its turn did not come in 200 ms$/);
  assert.deepEqual([limiter.snapshot().queued, wheelOf(runtime.clock).size], [0, 0]);
});

test('lets a call go whose turn comes at the very end of its wait', async () => {
  // 3 in a second: the turn comes at a moment that no number holds exactly.
  for (const [limit, maxWaitMs] of [
    [10, 100],
    [3, 1_000 / 3],
  ] as const) {
    const { limiter, runtime } = emptyWith({ limit, maxWaitMs });
    const call = limiter.execute(async () => 'went');
    await runtime.clock.advance(400);
    assert.equal(await call, 'went');
  }
});

test('lets a call go at the very end of its wait although the end is noticed first', async () => {
  const { limiter, runtime } = emptyWith({ maxWaitMs: 200 });
  const calls = [limiter.execute(async () => 'first'), limiter.execute(async () => 'second')];
  await runtime.clock.advance(200);
  assert.deepEqual(await Promise.all(calls), ['first', 'second']);
});

test('sleeps again when a timer fires early', async () => {
  const clock = new ManualClock();
  const early = {
    now: () => clock.now(),
    wallNow: () => clock.wallNow(),
    setTimer: (ms: number, run: () => void) => clock.setTimer(Math.max(0.5, ms - 0.7), run),
  };
  const limiter = rateLimiter({ limit: 10, burst: 1, maxWaitMs: 60_000 }, { clock: early, random: () => 0 });
  take(limiter);
  const waiting = limiter.execute(async () => clock.now());
  await clock.advance(101);
  const went = await waiting;
  assert.ok(went >= 100 && went < 101, `${went}`);
});

test('lets those go who were due before it is drained or slowed down', async () => {
  for (const hinder of ['drain', 'change'] as const) {
    const { limiter, runtime } = emptyWith({ burst: 3, weight: 2 });
    const due = limiter.execute(async () => 'went');
    runtime.clock.freeze(250);
    if (hinder === 'drain') limiter.drain(60_000);
    else limiter.change({ burst: 2, intervalMs: 600_000 });
    assert.equal(await due, 'went');
  }
});

test('ends a wait at the deadline when the rate is lowered meanwhile', async () => {
  const { limiter, runtime } = emptyWith();
  const failed = caught(limiter.execute(async () => assert.fail('ran'), { deadline: 150 }));
  limiter.change({ limit: 1 });
  await runtime.clock.advance(150);
  assert.ok((await failed) instanceof DeadlineExceededError);
  assert.equal(limiter.snapshot().queued, 0);
});

test('spends no token on a call whose deadline passed while the event loop was blocked', async () => {
  const { limiter, runtime } = emptyWith({ burst: 1 });
  const late = caught(limiter.execute(async () => assert.fail('ran'), { deadline: 150 }));
  const inTime = limiter.execute(async () => 'in time');
  runtime.clock.freeze(250);
  assert.equal(limiter.snapshot().queued, 0);
  assert.ok((await late) instanceof DeadlineExceededError);
  assert.equal(await inTime, 'in time');
  assert.equal(limiter.snapshot().tokens, 0);
});

// Leaving

test('rejects a waiting call with the very reason of its caller, and lets the next go sooner', async () => {
  const { limiter, runtime } = emptyWith();
  const caller = new AbortController();
  const left = caught(limiter.execute(async () => assert.fail('ran'), { signal: caller.signal }));
  const next = limiter.execute(async () => runtime.clock.now());
  const reason = Object.freeze({ why: 'closed the page' });
  caller.abort(reason);
  assert.equal(limiter.snapshot().queued, 1);
  assert.equal(await left, reason);
  assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
  await runtime.clock.advance(500);
  assert.equal(await next, 100);
});

test('lets a light call go at once when the heavy one before it leaves', async () => {
  const { limiter, runtime } = emptyWith();
  const caller = new AbortController();
  const heavy = caught(limiter.acquire({ signal: caller.signal }, 9));
  const light = limiter.acquire({}, 1);
  await runtime.clock.advance(500);
  assert.equal(limiter.snapshot().queued, 2);
  caller.abort('left');
  assert.equal(limiter.snapshot().queued, 0);
  assert.equal((await light).admitted, true);
  assert.equal(await heavy, 'left');
});

test('does not start a call whose caller left in the moment its turn came, and gives its token back', async () => {
  const { limiter } = emptyWith({ burst: 1 });
  const runtime = limiter.runtime as World;
  const caller = new AbortController();
  const left = caught(limiter.execute(async () => assert.fail('ran'), { signal: caller.signal }));
  runtime.clock.freeze(100);
  assert.equal(limiter.snapshot().queued, 0, 'its turn has come');
  caller.abort('left');
  assert.equal(await left, 'left');
  assert.equal(limiter.snapshot().tokens, 1);
});

test('takes nothing for a call that is already cancelled', async () => {
  const { limiter } = limiterWith({ maxWaitMs: 100 });
  const signal = AbortSignal.abort('gone');
  assert.equal(await caught(limiter.execute(async () => assert.fail('ran'), { signal })), 'gone');
  assert.equal(await caught(limiter.acquire({ signal })), 'gone');
  assert.equal(limiter.snapshot().tokens, 10);
});

test('heeds a caller who leaves from within its own weight function', async () => {
  const caller = new AbortController();
  const weight = (): number => {
    caller.abort('in the middle');
    return 1;
  };
  const { limiter, runtime } = emptyWith({ weight });
  assert.equal(await caught(limiter.acquire({ signal: caller.signal })), 'in the middle');
  assert.deepEqual([limiter.snapshot().queued, wheelOf(runtime.clock).size], [0, 0]);
});

test('leaves neither listener nor timer behind when a thousand wait and leave', async () => {
  const { limiter, runtime } = emptyWith({ maxQueue: 1_000, maxWaitMs: 200_000 });
  const caller = new AbortController();
  const calls = Array.from({ length: 1_000 }, () => limiter.execute(async () => 1, { signal: caller.signal }));
  const fates = Promise.allSettled(calls);
  assert.equal(limiter.snapshot().queued, 1_000);
  caller.abort('left');
  assert.ok((await fates).every((fate) => fate.status === 'rejected' && fate.reason === 'left'));
  assert.deepEqual([limiter.snapshot().queued, wheelOf(runtime.clock).size], [0, 0]);
  assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
  await runtime.clock.advance(200_000);
  assert.equal(runtime.clock.pending, 0);
});

test('leaves no listener on a signal that lives through a thousand calls that waited', async () => {
  const { limiter, runtime } = emptyWith({ maxQueue: 1_000, maxWaitMs: 200_000 });
  const { signal } = new AbortController();
  const calls = Array.from({ length: 1_000 }, () => limiter.execute(async () => 1, { signal }));
  runtime.clock.freeze(150_000);
  for (let i = 0; i < 100; i++) {
    runtime.clock.freeze(1_000);
    limiter.snapshot();
  }
  await Promise.all(calls);
  assert.deepEqual([getEventListeners(signal, 'abort').length, wheelOf(runtime.clock).size], [0, 0]);
});

test('keeps one timer however many wait, which keeps the process alive, and none when nobody does', async () => {
  const clock = new ManualClock();
  let unrefs = 0;
  let timers = 0;
  const watched = {
    now: () => clock.now(),
    wallNow: () => clock.wallNow(),
    setTimer: (ms: number, run: () => void) => {
      timers++;
      const timer = clock.setTimer(ms, run);
      return { cancel: timer.cancel, unref: () => void unrefs++ };
    },
  };
  const limiter = rateLimiter({ limit: 10, burst: 1, maxWaitMs: 60_000 }, { clock: watched, random: () => 0 });
  take(limiter);
  reserved(limiter);
  const caller = new AbortController();
  const calls = Promise.allSettled(Array.from({ length: 50 }, () => limiter.acquire({ signal: caller.signal })));
  // The other one is the shared wheel, which bounds the waits and is unref'd.
  assert.deepEqual([timers, unrefs, clock.pending], [2, 1, 2]);
  caller.abort('left');
  await calls;
  assert.equal(clock.pending, 1);
});

// A permit that is not used

test('gives back what a call took that a later gate refused', async () => {
  const { limiter, runtime } = limiterWith({ weight: 2 });
  const places = bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime);
  places.tryAcquire();
  await caught(pipeline(limiter, places).execute(async () => assert.fail('ran')));
  assert.equal(limiter.snapshot().tokens, 10);
});

test('gives back once, however often it is told, and nothing after another ending', () => {
  const { limiter } = limiterWith({ burst: 5 });
  take(limiter);
  const twice = take(limiter);
  twice.unused?.();
  twice.unused?.();
  assert.equal(limiter.snapshot().tokens, 4);
  const used = take(limiter);
  used.success();
  used.unused?.();
  assert.equal(limiter.snapshot().tokens, 3);
});

test('does not give back what has flowed in since', async () => {
  const { limiter, runtime } = limiterWith({ burst: 5 });
  const [permit, old] = [take(limiter, 2), take(limiter, 1)];
  await runtime.clock.advance(150);
  assert.equal(limiter.snapshot().tokens, 3.5);
  permit.unused?.();
  assert.equal(limiter.snapshot().tokens, 4);
  old.unused?.();
  assert.equal(limiter.snapshot().tokens, 4);
});

test('lets the next in the line go on what was given back', async () => {
  const { limiter } = limiterWith({ burst: 1, maxWaitMs: 500 });
  const permit = take(limiter);
  const waiting = limiter.acquire();
  permit.unused?.();
  assert.equal((await waiting).admitted, true);
});

// Reservations

test('reserves for later, and says how long that is', async () => {
  const { limiter, runtime } = limiterWith({ burst: 2 });
  const [now, soon, later] = [reserved(limiter, 2), reserved(limiter), reserved(limiter, 2)];
  assert.deepEqual([now.waitMs, soon.waitMs, later.waitMs], [0, 100, 300]);
  assert.deepEqual([now.due, soon.due, later.due], [true, false, false]);
  await runtime.clock.advance(100);
  assert.deepEqual([now.due, soon.due, later.due], [true, true, false]);
  await runtime.clock.advance(200);
  assert.equal(later.due, true);
});

test('stands in one line with those who wait', async () => {
  const { limiter, runtime } = emptyWith();
  const before = limiter.execute(async () => runtime.clock.now());
  const reservation = reserved(limiter);
  const after = limiter.execute(async () => runtime.clock.now());
  assert.equal(reservation.waitMs, 200);
  assert.equal(refused(limiter.tryAcquire()).retryAfterMs, 400);
  await runtime.clock.advance(1_000);
  assert.deepEqual([await before, await after], [100, 300]);
});

test('gives a cancelled reservation back: all of it before it is due', async () => {
  const { limiter, runtime } = emptyWith();
  const reservation = reserved(limiter, 5);
  const waiting = limiter.acquire();
  await runtime.clock.advance(300);
  assert.equal(limiter.snapshot().queued, 2);
  assert.equal(reservation.cancel(), true);
  assert.equal(reservation.cancel(), false);
  assert.deepEqual([limiter.snapshot().queued, limiter.snapshot().tokens], [0, 2]);
  assert.deepEqual([(await waiting).admitted, reservation.due], [true, false]);
});

test('gives a reservation back that was due, less what has flowed in since', async () => {
  const { limiter, runtime } = limiterWith({ burst: 5 });
  const reservation = reserved(limiter, 3);
  await runtime.clock.advance(100);
  assert.equal(limiter.snapshot().tokens, 3);
  reservation.cancel();
  assert.equal(limiter.snapshot().tokens, 5);
});

test('needs no timer for a reservation, and counts it when somebody looks', async () => {
  const { limiter, runtime } = emptyWith({ burst: 1 });
  const [first, second] = [reserved(limiter), reserved(limiter)];
  assert.equal(runtime.clock.pending, 0);
  runtime.clock.freeze(5_000);
  assert.deepEqual([first.due, second.due], [true, false], 'a stopped process makes no burst of them');
  await runtime.clock.advance(100);
  assert.equal(limiter.tryAcquire().admitted, false);
  assert.deepEqual([second.due, limiter.snapshot().queued], [true, 0]);
});

test('reserves at once what is there, whether or not there is a queue', () => {
  const { limiter } = limiterWith({ maxQueue: 0 });
  assert.equal(reserved(limiter, 10).due, true);
  assert.equal(limiter.reserve().admitted, false);
});

test('gives a reservation back that was made after a change', () => {
  const { limiter } = limiterWith();
  limiter.change({ intervalMs: 2_000 });
  reserved(limiter, 4).cancel();
  assert.equal(limiter.snapshot().tokens, 10);
});

test('mints nothing for a reservation made long after the last call', async () => {
  const { limiter, runtime } = limiterWith({ burst: 3 });
  await runtime.clock.advance(60_000);
  assert.equal(reserved(limiter, 2).due, true);
  assert.equal(limiter.snapshot().tokens, 1);
});

test('refuses a reservation that would come too late, or find the queue full', () => {
  const { limiter } = emptyWith({ maxQueue: 2 });
  assert.equal(refused(limiter.reserve(2, 199)).retryAfterMs, 200);
  assert.equal(limiter.reserve(2, 200).admitted, true);
  assert.equal(limiter.reserve().admitted, true);
  assert.equal(refused(limiter.reserve()).retryAfterMs, 400);
  for (const wait of [-1, Number.NaN]) assert.throws(() => limiter.reserve(1, wait), ConfigError);
});

// Draining

test('drains what there is, and flows again at once', async () => {
  const { limiter, runtime } = limiterWith();
  take(limiter, 4);
  assert.equal(limiter.drain(), 6);
  assert.equal(limiter.tryAcquire().admitted, false);
  await runtime.clock.advance(100);
  assert.equal(goAtOnce(limiter), 1);
});

test('lets nothing flow for as long as the other side asks', async () => {
  for (const pacing of ['bursty', 'smooth'] as const) {
    const { limiter, runtime } = limiterWith({ pacing });
    limiter.drain(2_000);
    assert.equal(refused(limiter.tryAcquire()).retryAfterMs, 2_100);
    await runtime.clock.advance(2_099);
    assert.equal(goAtOnce(limiter), 0);
    await runtime.clock.advance(1);
    assert.equal(goAtOnce(limiter), 1);
  }
  const { limiter } = limiterWith();
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => limiter.drain(ms), ConfigError);
});

test('gives nothing back that was taken before it was drained', () => {
  const { limiter } = limiterWith();
  const permit = take(limiter);
  const reservation = reserved(limiter);
  limiter.drain();
  permit.unused?.();
  reservation.cancel();
  assert.equal(limiter.snapshot().tokens, 0);
});

test('drains by itself when asked to, once for all calls that were under way', async () => {
  const classify: Classify = () => ({ kind: 'throttled', retry: 'backoff' });
  const { limiter, runtime } = limiterWith({ drainWhenThrottled: true, classify });
  const [late, later] = [take(limiter), take(limiter)];
  await limiter.execute(async () => 429);
  assert.equal(limiter.snapshot().tokens, 0);
  await runtime.clock.advance(300);
  late.throttled();
  later.throttled();
  assert.equal(limiter.snapshot().tokens, 3, 'what flowed in since is not theirs to take');
  take(limiter).throttled();
  assert.equal(limiter.snapshot().tokens, 0);
  const indifferent = limiterWith({ classify });
  await indifferent.limiter.execute(async () => 429);
  assert.equal(indifferent.limiter.snapshot().tokens, 9);
});

// Changing the rate

test('changes the rate and keeps what is owed', async () => {
  const { limiter, runtime } = limiterWith({ burst: 10 });
  take(limiter, 8);
  limiter.change({ limit: 100 });
  assert.deepEqual(limiter.snapshot(), {
    tokens: 2,
    queued: 0,
    retryAfterMs: 0,
    limit: 100,
    intervalMs: 1_000,
    burst: 10,
  });
  await runtime.clock.advance(10);
  assert.equal(goAtOnce(limiter), 3);
  limiter.change({ limit: 1, intervalMs: 10_000 });
  assert.equal(refused(limiter.tryAcquire()).retryAfterMs, 10_000);
});

test('keeps a burst that was set when the limit changes, until that is changed too', () => {
  const { limiter } = limiterWith({ burst: 3 });
  limiter.change({ limit: 50 });
  assert.equal(limiter.snapshot().burst, 3);
  limiter.change({ burst: 2 });
  assert.equal(goAtOnce(limiter), 2);
});

test('lets more go at once when the burst grows, and pays down to one that shrinks', async () => {
  const { limiter, runtime } = emptyWith({ burst: 4 });
  const waiting = limiter.acquire({}, 3);
  limiter.change({ burst: 8 });
  assert.equal((await waiting).admitted, true);
  assert.equal(goAtOnce(limiter), 1);
  limiter.change({ burst: 2 });
  assert.equal(limiter.snapshot().tokens, -6);
  await runtime.clock.advance(699);
  assert.equal(goAtOnce(limiter), 0);
  await runtime.clock.advance(1);
  assert.equal(goAtOnce(limiter), 1);
});

test('lets those who wait go by the new rate, sooner or later', async () => {
  const { limiter, runtime } = emptyWith({ burst: 10 });
  const [first, second] = [
    limiter.execute(async () => runtime.clock.now()),
    limiter.execute(async () => runtime.clock.now()),
  ];
  limiter.change({ limit: 100 });
  await runtime.clock.advance(10);
  limiter.change({ limit: 1 });
  await runtime.clock.advance(2_000);
  assert.deepEqual([await first, await second], [10, 1_010]);
});

test('strands no one who waits when the burst falls below their weight', async () => {
  const { limiter, runtime } = emptyWith();
  const heavy = limiter.acquire({}, 8);
  const next = limiter.execute(async () => runtime.clock.now());
  limiter.change({ burst: 2 });
  assert.equal(limiter.tryAcquire(8).admitted, false);
  await runtime.clock.advance(1_000);
  assert.equal((await heavy).admitted, true);
  await runtime.clock.advance(700);
  assert.equal(await next, 1_700, 'when what the heavy one owed is paid');
});

test('gives nothing back by the new rate that was taken by the old one', () => {
  const { limiter } = limiterWith();
  const [permit, reservation] = [take(limiter, 3), reserved(limiter, 2)];
  limiter.change({ intervalMs: 60_000 });
  permit.unused?.();
  reservation.cancel();
  assert.equal(limiter.snapshot().tokens, 5);
});

test('changes nothing when a change cannot be', () => {
  const { limiter } = limiterWith({ weight: 2 });
  const before = limiter.snapshot();
  for (const [change, path] of [
    [{ limit: 0 }, 'rateLimiter.limit'],
    [{ limit: 5, intervalMs: Number.NaN }, 'rateLimiter.intervalMs'],
    [{ burst: 1 }, 'rateLimiter.weight'],
    [{ limit: 1 }, 'rateLimiter.weight'],
    [{ maxWaitMs: 5 } as RateChange, 'rateLimiter.maxWaitMs'],
  ] as const) {
    assert.throws(
      () => limiter.change(change),
      (error) => error instanceof ConfigError && error.path === path,
    );
  }
  assert.deepEqual(limiter.snapshot(), before);
});

// Around it

test('runs a call that waited in the async context of its own caller', async () => {
  const { limiter, runtime } = emptyWith();
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const calls = ['ada', 'grace', 'edsger'].map((who) =>
    storage.run(who, () => limiter.execute(async () => seen.push(storage.getStore()))),
  );
  await storage.run('the clock', () => runtime.clock.advance(1_000));
  await Promise.all(calls);
  assert.deepEqual(seen, ['ada', 'grace', 'edsger']);
});

test('tells an attempt that waits its turn that nothing has left this machine', async () => {
  const { limiter, runtime } = emptyWith();
  const call = CallContext.of({});
  call.begin();
  const answered = limiter.execute(async () => [call.phase, call.sent], call);
  await settle();
  assert.deepEqual([call.phase, call.sent], ['queue', 'never']);
  await runtime.clock.advance(100);
  assert.deepEqual(await answered, ['wait', 'maybe']);
});

test('tells of a call that has to wait, of one that is refused, of a drain and of a change', async () => {
  const { limiter, runtime } = emptyWith({ maxQueue: 1, name: 'mail' });
  const waiting = limiter.execute(async () => 1, { target: 'smtp', operation: 'send' });
  await caught(limiter.execute(async () => 1));
  limiter.drain(50);
  limiter.change({ limit: 20 });
  assert.deepEqual(runtime.events.events, [
    {
      type: 'rate-limiter.queued',
      at: 0,
      target: 'smtp',
      operation: 'send',
      attempt: 1,
      limiter: 'mail',
      waitMs: 100,
      queued: 1,
    },
    { type: 'call.refused', at: 0, target: '', operation: '', attempt: 1, reason: 'rate-limited', retryAfterMs: 200 },
    { type: 'rate-limiter.drained', at: 0, target: 'mail', limiter: 'mail', tokens: 0, pauseMs: 50 },
    { type: 'rate-limiter.changed', at: 0, target: 'mail', limiter: 'mail', limit: 20, intervalMs: 1_000, burst: 20 },
  ]);
  await runtime.clock.advance(1_000);
  await waiting;
});

test('is not disturbed by a listener that throws or asks again', async () => {
  const clock = new ManualClock();
  const asked: boolean[] = [];
  const limiter: RateLimiter = rateLimiter(
    { limit: 10, burst: 1, maxWaitMs: 500 },
    {
      clock,
      random: () => 0,
      events: {
        wants: () => true,
        publish: () => {
          asked.push(limiter.tryAcquire().admitted);
          throw new Error('listener');
        },
      },
    },
  );
  take(limiter);
  const waiting = limiter.execute(async () => 'went');
  limiter.drain();
  await clock.advance(100);
  assert.deepEqual([await waiting, asked], ['went', [false, false]]);
});

test('shows a reader what time has brought, and moves those who are due', async () => {
  const { limiter, runtime } = emptyWith({ burst: 1 });
  const waiting = limiter.acquire();
  assert.deepEqual(limiter.snapshot(), {
    tokens: 0,
    queued: 1,
    retryAfterMs: 200,
    limit: 10,
    intervalMs: 1_000,
    burst: 1,
  });
  runtime.clock.freeze(150);
  assert.deepEqual([limiter.snapshot().queued, limiter.snapshot().retryAfterMs], [0, 100]);
  assert.equal((await waiting).admitted, true);
});
