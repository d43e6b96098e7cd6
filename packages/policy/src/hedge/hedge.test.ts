import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { breaker } from '../breaker/breaker.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import type { Budget } from '../contract/budget.ts';
import type { Call } from '../contract/call.ts';
import { BulkheadFullError, DeadlineExceededError } from '../contract/errors.ts';
import { type Classify, classifyOutcome, type Verdict, verdicts } from '../contract/outcome.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { retry } from '../retry/retry.ts';
import { type RetryBudget, retryBudget } from '../retry/retry-budget.ts';
import { WheelEntry, wheelOf } from '../stats/deadline-wheel.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { deadline } from '../timeout/deadline.ts';
import { hedge } from './hedge.ts';

function world() {
  const clock = new ManualClock(100);
  const events = new EventLog();
  return { clock, events, runtime: { clock, random: () => 0, events } };
}

/** An operation whose copies the test answers, in whatever order it likes. */
class Peer {
  readonly calls: Call[] = [];
  readonly reasons: unknown[] = [];
  readonly #ends: { resolve: (value: string) => void; reject: (error: unknown) => void }[] = [];
  /** Whether a copy that is cancelled ends by itself, as it should. */
  readonly heeds: boolean;

  constructor(heeds = true) {
    this.heeds = heeds;
  }

  readonly operation = (call: Call): Promise<string> =>
    new Promise((resolve, reject) => {
      const at = this.calls.push(call) - 1;
      this.#ends.push({ resolve, reject });
      call.onCancel((reason) => {
        this.reasons[at] = reason;
        if (this.heeds) reject(reason);
      });
    });

  get attempts(): number[] {
    return this.calls.map(({ attempt }) => attempt);
  }

  answer(copy: number, value = `copy ${copy}`): Promise<void> {
    this.#ends[copy - 1]?.resolve(value);
    return settle();
  }

  fail(copy: number, error: unknown = new Error(`copy ${copy} failed`)): Promise<void> {
    this.#ends[copy - 1]?.reject(error);
    return settle();
  }
}

const throttled = (retryAfterMs?: number): Classify => {
  const verdict: Verdict = { kind: 'throttled', retry: 'backoff', ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return (outcome, call) => (outcome.ok ? classifyOutcome(outcome, call) : verdict);
};

test('sends a second copy when the first is slow, and answers with whichever is first', async () => {
  const { clock, events, runtime } = world();
  const peer = new Peer();
  const answer = hedge({ delayMs: 50 }, runtime).execute(peer.operation, { target: 'users', operation: 'get' });
  await clock.advance(49);
  assert.deepEqual(peer.attempts, [1]);
  await clock.advance(1);
  assert.deepEqual(peer.attempts, [1, 2]);
  await clock.advance(20);
  await peer.answer(2);
  assert.equal(await answer, 'copy 2');
  assert.deepEqual(events.events, [
    { type: 'hedge.started', at: 150, target: 'users', operation: 'get', attempt: 2, afterMs: 50 },
    { type: 'hedge.finished', at: 170, target: 'users', operation: 'get', attempt: 2, winner: 2, copies: 2 },
  ]);
  assert.deepEqual([wheelOf(clock).size], [0]);
});

test('sends nothing more when the first answers in time, and says nothing', async () => {
  const { clock, events, runtime } = world();
  const peer = new Peer();
  const answer = hedge({ delayMs: 50 }, runtime).execute(peer.operation);
  await peer.answer(1);
  assert.equal(await answer, 'copy 1');
  await clock.advance(1_000);
  assert.deepEqual([peer.attempts, events.types, clock.pending], [[1], [], 0]);
});

test('cancels the losers in the turn in which one answers, with a reason that names it', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const answer = hedge({ delayMs: 10, maxHedges: 2 }, runtime).execute(peer.operation);
  await clock.advance(20);
  await peer.answer(2);
  assert.equal(await answer, 'copy 2');
  assert.equal(peer.reasons[1], undefined);
  for (const loser of [0, 2]) {
    assert.ok(peer.reasons[loser] instanceof Error);
    assert.equal(peer.reasons[loser].name, 'AbortError');
    assert.equal(peer.calls[loser]?.signal.reason, peer.reasons[loser]);
  }
  assert.equal(peer.calls[1]?.signal.aborted, false);
});

test('a loser is not cancelled before the winner has answered, and the winner never', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const caller = new AbortController();
  const answer = hedge({ delayMs: 10 }, runtime).execute(peer.operation, { signal: caller.signal });
  await clock.advance(10);
  assert.deepEqual(peer.reasons, []);
  await peer.answer(1);
  await answer;
  // A body may still be read long after the call has been answered.
  caller.abort('left');
  assert.equal(peer.reasons[0], undefined);
});

test('answers without waiting for a loser that ignores its signal, and tells when that ends', async () => {
  const { clock, events, runtime } = world();
  const peer = new Peer(false);
  const places = bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime);
  const policy = pipeline(places, hedge({ delayMs: 10 }, runtime));
  const answer = policy.execute(peer.operation);
  await clock.advance(10);
  await peer.answer(2);
  assert.equal(await answer, 'copy 2');
  // It still holds what it holds: the place of the call is not free until it ends.
  assert.equal(places.snapshot().active, 1);
  await clock.advance(30);
  await peer.answer(1);
  assert.equal(places.snapshot().active, 0);
  assert.deepEqual(events.types, ['hedge.started', 'hedge.finished', 'work.ended-late']);
  assert.deepEqual(
    events.of('work.ended-late').map(({ attempt, lateMs }) => [attempt, lateMs]),
    [[1, 30]],
  );
});

test('sends all copies at once when the delay is 0', async () => {
  const { events, runtime } = world();
  const peer = new Peer();
  const answer = hedge({ delayMs: 0, maxHedges: 2 }, runtime).execute(peer.operation);
  assert.deepEqual(peer.attempts, [1, 2, 3]);
  await peer.answer(3);
  assert.equal(await answer, 'copy 3');
  assert.deepEqual(events.of('hedge.finished')[0]?.winner, 3);
});

test('sends the next one only after a failure when so set', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const answer = hedge({ delayMs: 'on-failure', maxHedges: 2 }, runtime).execute(peer.operation);
  await clock.advance(60_000);
  assert.deepEqual(peer.attempts, [1]);
  await peer.fail(1);
  assert.deepEqual(peer.attempts, [1, 2]);
  await peer.fail(2);
  await peer.answer(3);
  assert.equal(await answer, 'copy 3');
});

test('a failure starts the next copy at once, and the wait for the one after anew', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const answer = hedge({ delayMs: 50, maxHedges: 2 }, runtime).execute(peer.operation);
  await clock.advance(30);
  await peer.fail(1);
  assert.deepEqual(peer.attempts, [1, 2]);
  await clock.advance(49);
  assert.deepEqual(peer.attempts, [1, 2]);
  await clock.advance(1);
  assert.deepEqual(peer.attempts, [1, 2, 3]);
  await peer.answer(3);
  assert.equal(await answer, 'copy 3');
});

test('a copy that fails in the turn in which the next is due starts one copy, not two', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const answer = hedge({ delayMs: 50, maxHedges: 5 }, runtime).execute(peer.operation);
  wheelOf(clock).add(
    new (class extends WheelEntry {
      override dueAt = clock.now() + 50;
      override expire(): void {
        void peer.fail(1);
      }
    })(),
  );
  await clock.advance(50);
  assert.deepEqual(peer.attempts, [1, 2]);
  await peer.answer(2);
  await answer;
});

test('a fast failure of the first does not cancel the second', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const answer = hedge({ delayMs: 50 }, runtime).execute(peer.operation);
  await clock.advance(50);
  await peer.fail(1);
  assert.deepEqual(peer.reasons, []);
  await peer.answer(2);
  assert.equal(await answer, 'copy 2');
});

test('never has more copies than were asked for', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const failed = assert.rejects(hedge({ delayMs: 5, maxHedges: 3 }, runtime).execute(peer.operation));
  for (let copy = 1; copy <= 4; copy++) {
    await clock.advance(100);
    await peer.fail(copy);
  }
  await failed;
  await clock.advance(1_000);
  assert.deepEqual(peer.attempts, [1, 2, 3, 4]);
});

test('when every copy has failed, throws what the first one did', async () => {
  const { clock, events, runtime } = world();
  const peer = new Peer();
  const first = new Error('first');
  const failed = assert.rejects(hedge({ delayMs: 50 }, runtime).execute(peer.operation), (error) => error === first);
  await clock.advance(50);
  await peer.fail(2);
  await peer.fail(1, first);
  await failed;
  assert.deepEqual(
    events.of('hedge.finished').map(({ winner, copies }) => [winner, copies]),
    [[0, 2]],
  );
});

test('a verdict that forbids sending again ends the race with that error', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const fatal = new Error('no such user');
  const classify: Classify = (outcome, call) =>
    !outcome.ok && outcome.error === fatal ? verdicts.failureForGood : classifyOutcome(outcome, call);
  const failed = assert.rejects(
    hedge({ delayMs: 50, maxHedges: 5, classify }, runtime).execute(peer.operation),
    (error) => error === fatal,
  );
  await clock.advance(50);
  await peer.fail(1, fatal);
  await failed;
  assert.ok(peer.reasons[1] instanceof Error);
  await clock.advance(1_000);
  assert.deepEqual([peer.attempts, wheelOf(clock).size], [[1, 2], 0]);
});

test('a value that is not good enough does not win, is returned if nothing better comes, and released if it does', async () => {
  const { clock, runtime } = world();
  const released: unknown[] = [];
  const classify: Classify = (outcome, call) =>
    outcome.ok && outcome.value === 'stale' ? verdicts.failure : classifyOutcome(outcome, call);
  const policy = hedge({ delayMs: 50, classify, dispose: (value) => void released.push(value) }, runtime);

  const better = new Peer();
  const good = policy.execute(better.operation);
  await better.answer(1, 'stale');
  assert.deepEqual(better.attempts, [1, 2]);
  await better.answer(2, 'good');
  assert.equal(await good, 'good');
  assert.deepEqual(released, ['stale']);

  const worse = new Peer();
  const stale = policy.execute(worse.operation);
  await worse.answer(1, 'stale');
  await worse.fail(2);
  assert.equal(await stale, 'stale');
  assert.deepEqual(released, ['stale']);
  assert.equal(clock.pending, 1);
});

test('releases what a loser answers all the same, whatever the function for it does', async () => {
  const released: unknown[] = [];
  const bad: ((value: unknown) => void | Promise<void>)[] = [
    () => {
      throw new Error('broken');
    },
    () => Promise.reject(new Error('broken later')),
  ];
  for (const end of [() => {}, ...bad]) {
    const { clock, runtime } = world();
    const peer = new Peer(false);
    const dispose = (value: unknown): void | Promise<void> => {
      released.push(value);
      return end(value);
    };
    const answer = hedge({ delayMs: 10, dispose }, runtime).execute(peer.operation);
    await clock.advance(10);
    await peer.answer(2);
    assert.equal(await answer, 'copy 2');
    await peer.answer(1);
  }
  assert.deepEqual(released, ['copy 1', 'copy 1', 'copy 1']);
});

test('sends a call that must not be done twice once', async () => {
  const { clock, events, runtime } = world();
  for (const delayMs of [0, 10, 'on-failure'] as const) {
    const peer = new Peer();
    const failed = assert.rejects(hedge({ delayMs }, runtime).execute(peer.operation, { idempotent: false }), /copy 1/);
    await clock.advance(100);
    await peer.fail(1);
    await failed;
    assert.equal(peer.calls.length, 1);
  }
  assert.deepEqual(events.types, []);
});

test('with no hedges it is not there', async () => {
  const { runtime } = world();
  const peer = new Peer();
  const failed = assert.rejects(hedge({ maxHedges: 0, delayMs: 0 }, runtime).execute(peer.operation), /as it is/);
  await peer.fail(1, new Error('as it is'));
  await failed;
  assert.equal(peer.calls.length, 1);
});

test('work that throws at once, or is no promise, is work like any other', async () => {
  const { runtime } = world();
  let sends = 0;
  const throwing = (): never => {
    sends++;
    throw new Error(`send ${sends}`);
  };
  await assert.rejects(hedge({ delayMs: 5, maxHedges: 2 }, runtime).execute(throwing), /send 1/);
  assert.equal(sends, 3);
  await assert.rejects(hedge({ delayMs: 5 }, runtime).execute(throwing, { idempotent: false }), /send 4/);
  assert.equal(await hedge({ delayMs: 5 }, runtime).execute((() => 'plain') as never), 'plain');
});

test('sends no copy at or after the deadline', async () => {
  for (const [delayMs, deadlineMs, copies] of [
    [50, 50, 1],
    [50, 51, 2],
    [0, 1, 2],
  ] as const) {
    const { clock, runtime } = world();
    const peer = new Peer();
    const policy = pipeline(deadline({ deadlineMs }, runtime), hedge({ delayMs }, runtime));
    const failed = assert.rejects(policy.execute(peer.operation), DeadlineExceededError);
    await clock.advance(200);
    await failed;
    assert.equal(peer.calls.length, copies);
  }
});

test('a failure after the deadline, in a process that was stopped, starts nothing', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const policy = hedge({ delayMs: 'on-failure' }, runtime);
  const failed = assert.rejects(policy.execute(peer.operation, { deadline: clock.now() + 50 }), /copy 1/);
  clock.freeze(60);
  await peer.fail(1);
  await failed;
  assert.equal(peer.calls.length, 1);
});

test('sets no timer for a copy that could not begin in time, and sends none when a timer is late', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const policy = hedge({ delayMs: 50 }, runtime);
  const inTime = policy.execute(peer.operation, { deadline: clock.now() + 50 });
  assert.equal(wheelOf(clock).size, 0);
  await peer.answer(1);
  await inTime;
  const stopped = policy.execute(peer.operation, { deadline: clock.now() + 60 });
  assert.equal(wheelOf(clock).size, 1);
  clock.freeze(70);
  await clock.advance(0);
  await peer.answer(2);
  await stopped;
  assert.equal(peer.calls.length, 2);
});

test('starts nothing when the deadline has passed', async () => {
  const { clock, runtime } = world();
  for (const idempotent of [true, false]) {
    await assert.rejects(
      hedge({ delayMs: 0 }, runtime).execute(() => assert.fail('sent'), { deadline: clock.now(), idempotent }),
      (error) => error instanceof DeadlineExceededError && error.sent === 'never' && error.attempts === 0,
    );
  }
});

test('runs its action in place of the further copies, and tells it which one it is', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const asked: [number, number][] = [];
  const action = async (call: Call, copy: number): Promise<{ readonly from: string }> => {
    asked.push([call.attempt, copy]);
    return { from: 'the other place' };
  };
  const answer = hedge({ delayMs: 10, action }, runtime).execute(peer.operation);
  await clock.advance(10);
  // The type says that either may answer.
  const got: string | { readonly from: string } = await answer;
  assert.deepEqual(got, { from: 'the other place' });
  assert.deepEqual([asked, peer.calls.length], [[[2, 2]], 1]);
});

test('an action that throws, or answers nonsense, is a copy like any other', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const throwing = (): never => {
    throw new Error('nowhere');
  };
  const answer = hedge({ delayMs: 10, action: throwing }, runtime).execute(peer.operation);
  await clock.advance(10);
  await peer.answer(1);
  assert.equal(await answer, 'copy 1');
  const plain = hedge({ delayMs: 0, action: (() => 'plain') as never }, runtime);
  assert.equal(await plain.execute(new Peer().operation), 'plain');
});

test('goes elsewhere at once when a gate refuses the first copy, or the target asks for less', async () => {
  const full = new BulkheadFullError('full', 'bulkhead-full', {});
  for (const [error, options] of [
    [full, {}],
    [new Error('slow down'), { classify: throttled(5_000) }],
  ] as const) {
    const { runtime } = world();
    const peer = new Peer();
    const policy = hedge({ delayMs: 'on-failure', action: async () => 'elsewhere', ...options }, runtime);
    const answer = policy.execute(peer.operation);
    await peer.fail(1, error);
    assert.equal(await answer, 'elsewhere');
  }
});

test('a target that asks for less, and a gate that refuses, get no further copy', async () => {
  const full = new BulkheadFullError('full', 'bulkhead-full', {});
  for (const [error, options] of [
    [full, {}],
    [new Error('slow down'), { classify: throttled() }],
    [new Error('slow down'), { classify: throttled(5_000) }],
  ] as const) {
    const { clock, runtime } = world();
    const alone = new Peer();
    const policy = hedge({ delayMs: 20, maxHedges: 3, ...options }, runtime);
    const failed = assert.rejects(policy.execute(alone.operation), (thrown) => thrown === error);
    await alone.fail(1, error);
    await failed;

    // Copies under way are still waited for.
    const two = new Peer();
    const answer = policy.execute(two.operation);
    await clock.advance(20);
    await two.fail(2, error);
    await clock.advance(100);
    await two.answer(1);
    assert.equal(await answer, 'copy 1');
    assert.deepEqual([alone.calls.length, two.calls.length], [1, 2]);
  }
});

test('a retry above waits as long as any copy was asked to', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const asks = new Error('come back in 300 ms');
  const classify: Classify = (outcome, call) =>
    !outcome.ok && outcome.error === asks
      ? { kind: 'throttled', retry: 'backoff', retryAfterMs: 300 }
      : classifyOutcome(outcome, call);
  const policy = pipeline(retry({ classify }, runtime), hedge({ delayMs: 10, classify }, runtime));
  const answer = policy.execute(peer.operation);
  await clock.advance(10);
  await peer.fail(2, asks);
  await peer.fail(1);
  await clock.advance(299);
  assert.deepEqual(peer.attempts, [1, 2]);
  await clock.advance(1);
  assert.deepEqual(peer.attempts, [1, 2, 3]);
  await peer.answer(3);
  assert.equal(await answer, 'copy 3');
});

test('numbers stay unique within a call, however retries and copies interleave', async () => {
  const { clock, runtime } = world();
  const seen: number[] = [];
  // A queue beneath: the first copy of an attempt begins after the second has.
  const places = bulkhead({ maxConcurrent: 1, maxQueue: 10 }, runtime);
  const policy = pipeline(
    retry({ maxRetries: 2 }, runtime),
    hedge({ delayMs: 10, maxHedges: 2 }, runtime),
    places,
    attemptTimeout({}, runtime),
  );
  const failed = assert.rejects(
    policy.execute(async (call) => {
      seen.push(call.attempt);
      await new Promise<void>((resolve) => clock.setTimer(25, resolve));
      throw new Error('down');
    }),
  );
  await clock.advance(5_000);
  await failed;
  assert.equal(seen.length, 9);
  assert.equal(new Set(seen).size, 9);
  assert.deepEqual(Math.max(...seen), 9);
});

test('a call that was hedged may have been sent, whatever the latest copy says', async () => {
  const { clock, runtime } = world();
  const policy = pipeline(deadline({ deadlineMs: 100 }, runtime), hedge({ delayMs: 10 }, runtime));
  let copies = 0;
  const failed = assert.rejects(
    policy.execute((call) => {
      if (++copies === 2) call.progress('queue', 'never');
      return new Promise(() => {});
    }),
    { sent: 'maybe', attempts: 2 },
  );
  await clock.advance(100);
  await failed;
});

test('a copy after one that is known never to have left has sent nothing before', async () => {
  const { clock, runtime } = world();
  const policy = pipeline(deadline({ deadlineMs: 100 }, runtime), hedge({ delayMs: 'on-failure' }, runtime));
  let copies = 0;
  const failed = assert.rejects(
    policy.execute((call) => {
      call.progress('connect', 'never');
      return ++copies === 1 ? Promise.reject(new Error('refused')) : new Promise(() => {});
    }),
    { sent: 'never', attempts: 2 },
  );
  await clock.advance(100);
  await failed;
});

test('a copy after one that a gate refused has sent nothing before', async () => {
  const { clock, runtime } = world();
  const action = (call: Call): Promise<never> => {
    call.progress('queue', 'never');
    return new Promise(() => {});
  };
  const policy = pipeline(deadline({ deadlineMs: 100 }, runtime), hedge({ delayMs: 'on-failure', action }, runtime));
  const refused = (): Promise<never> => Promise.reject(new BulkheadFullError('full', 'bulkhead-full', {}));
  const failed = assert.rejects(policy.execute(refused), { sent: 'never', attempts: 2 });
  await clock.advance(100);
  await failed;
});

test('a loser is nothing to the breaker beneath, and neither success nor failure is lost on it', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const circuit = breaker({ consecutiveFailures: 1, minimumCalls: 1 }, runtime);
  const policy = pipeline(hedge({ delayMs: 10 }, runtime), circuit, attemptTimeout({}, runtime));
  const answer = policy.execute(peer.operation);
  await clock.advance(10);
  await peer.answer(2);
  await answer;
  await settle();
  const { calls, failures } = circuit.snapshot();
  assert.deepEqual([circuit.state, calls, failures], ['closed', 1, 0]);

  const failing = new Peer();
  const failed = assert.rejects(policy.execute(failing.operation), /copy 1/);
  await failing.fail(1);
  assert.equal(circuit.state, 'open');
  await failed;
});

test('copies count in a bulkhead beneath', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const places = bulkhead({ maxConcurrent: 2, maxQueue: 0 }, runtime);
  const policy = pipeline(hedge({ delayMs: 10, maxHedges: 5 }, runtime), places);
  const answer = policy.execute(peer.operation);
  await clock.advance(100);
  assert.equal(places.snapshot().active, 2);
  assert.equal(peer.calls.length, 2);
  await peer.answer(1);
  assert.equal(await answer, 'copy 1');
  assert.equal(places.snapshot().active, 0);
});

test('every copy runs in the context of its caller', async () => {
  const { clock, runtime } = world();
  const user = new AsyncLocalStorage<string>();
  const policy = hedge({ delayMs: 10, maxHedges: 2 }, runtime);
  const seen: string[] = [];
  const call = (name: string): Promise<string> =>
    user.run(name, () =>
      policy.execute(async (call) => {
        seen.push(`${name} ${user.getStore()}`);
        await new Promise<void>((resolve) => clock.setTimer(15, resolve));
        if (call.attempt < 3) throw new Error('again');
        return String(user.getStore());
      }),
    );
  const answers = Promise.all(['ada', 'bob', 'eve'].map(call));
  await user.run('the clock', () => clock.advance(100));
  assert.deepEqual(await answers, ['ada', 'bob', 'eve']);
  assert.deepEqual(seen.length, 9);
  for (const each of seen) assert.match(each, /^(\w+) \1$/);
});

test('waits for a live quantile once it has seen enough, and learns from slow ones that were hedged', async () => {
  const { clock, runtime } = world();
  const policy = hedge({ quantile: 0.9, minimumSamples: 10 }, runtime);
  const took = async (ms: number): Promise<number> => {
    let copies = 0;
    const answer = policy.execute(async () => {
      copies++;
      await new Promise<void>((resolve) => clock.setTimer(ms, resolve));
    });
    await clock.advance(ms);
    await answer;
    return copies;
  };
  for (let call = 0; call < 9; call++) assert.equal(await took(20), 1);
  assert.equal(await took(1_000), 1);
  await clock.advance(600);
  // 0.9 of ten is the ninth: about 20 ms.
  assert.equal(await took(15), 1);
  assert.equal(await took(40), 2);

  // Hedges win from here on. If only those counted, the wait would shrink and in the end everything would be hedged.
  let hedged = 0;
  for (let call = 0; call < 100; call++) {
    let copies = 0;
    const answer = policy.execute(async () => {
      const ms = ++copies === 1 ? 20 + call : 1;
      await new Promise<void>((resolve) => clock.setTimer(ms, resolve));
    });
    await clock.advance(700);
    await answer;
    if (copies === 2) hedged++;
  }
  assert.ok(hedged > 10 && hedged < 100, String(hedged));
});

test('learns once from each call: from its first copy, if that succeeds or is outrun', async () => {
  const { clock, runtime } = world();
  const classify: Classify = (outcome, call) =>
    outcome.ok && outcome.value === 'bad' ? verdicts.failureForGood : classifyOutcome(outcome, call);
  const policy = hedge({ quantile: 0.5, minimumSamples: 10, warmUpDelayMs: 20, classify }, runtime);
  /** When the second copy was sent, if it was. */
  const call = async (first: number, second: number, value = 'good'): Promise<number | undefined> => {
    const began = clock.now();
    let copies = 0;
    let hedgedMs: number | undefined;
    const answer = policy.execute(async () => {
      if (++copies === 2) hedgedMs = clock.now() - began;
      await new Promise<void>((resolve) => clock.setTimer(copies === 1 ? first : second, resolve));
      return value;
    });
    await clock.advance(100);
    await answer;
    return hedgedMs;
  };
  // What is not good says nothing of how long good answers take; nor does a call that cannot wait for its copy.
  for (let i = 0; i < 10; i++) assert.equal(await call(10, 1, 'bad'), undefined);
  for (let i = 0; i < 10; i++) {
    const hurried = assert.rejects(
      pipeline(deadline({ deadlineMs: 10 }, runtime), policy).execute(() => new Promise<never>(() => {})),
    );
    await clock.advance(10);
    await hurried;
  }
  for (let i = 0; i < 5; i++) assert.equal(await call(60, 20), 20);
  for (let i = 0; i < 5; i++) assert.equal(await call(60, 20), 20);
  const hedgedMs = await call(60, 20);
  assert.ok(hedgedMs !== undefined && Math.abs(hedgedMs - 40) < 1, String(hedgedMs));
});

test('what ends by a deadline counts as slow, what ends because the caller left does not count', async () => {
  const { clock, runtime } = world();
  const policy = pipeline(
    deadline({ deadlineMs: 200 }, runtime),
    hedge({ quantile: 0.5, minimumSamples: 2, warmUpDelayMs: 50 }, runtime),
  );
  const never = (): Promise<never> => new Promise(() => {});
  for (let call = 0; call < 3; call++) {
    const caller = new AbortController();
    const left = assert.rejects(policy.execute(never, { signal: caller.signal }), (reason) => reason === 'left');
    await clock.advance(100);
    caller.abort('left');
    await left;
  }
  const copiesAfter = async (ms: number): Promise<number> => {
    let copies = 0;
    const failed = assert.rejects(
      policy.execute(() => {
        copies++;
        return never();
      }),
      DeadlineExceededError,
    );
    await clock.advance(ms);
    const before = copies;
    await clock.advance(200 - ms);
    await failed;
    return before;
  };
  // Still warming up: the callers who left told nothing.
  assert.equal(await copiesAfter(60), 2);
  assert.equal(await copiesAfter(60), 2);
  // Two have taken 200 ms at least: none is hedged before that any more.
  await clock.advance(1_000);
  assert.equal(await copiesAfter(190), 1);
});

test('pays for every copy, gives back what was not sent, and waits for what is under way when the budget is empty', async () => {
  const { clock, runtime } = world();
  const budget = retryBudget({ ratio: 0, minPerSecond: 1 }, runtime);
  const policy = hedge({ delayMs: 10, maxHedges: 3, budget }, runtime);
  const peer = new Peer();
  const answer = policy.execute(peer.operation);
  await clock.advance(500);
  assert.deepEqual(peer.attempts, [1, 2]);
  assert.equal(budget.snapshot().retriesInWindow, 1);
  await peer.answer(1);
  assert.equal(await answer, 'copy 1');

  await clock.advance(1_000);
  const refusing = pipeline(policy, bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime));
  const next = new Peer();
  const second = refusing.execute(next.operation);
  await clock.advance(20);
  assert.deepEqual([next.attempts, budget.snapshot().retriesInWindow], [[1], 1]);
  await next.answer(1);
  await second;
});

test('gives back what a copy cost that never left a queue of ours, and not what may have been sent', async () => {
  const { clock, runtime } = world();
  const budget = retryBudget({ ratio: 0, minPerSecond: 5 }, runtime);
  const policy = pipeline(
    hedge({ delayMs: 10, budget }, runtime),
    bulkhead({ maxConcurrent: 1, maxQueue: 5 }, runtime),
  );
  const caller = new AbortController();
  const left = assert.rejects(policy.execute(new Peer().operation, { signal: caller.signal }));
  await clock.advance(10);
  assert.equal(budget.snapshot().retriesInWindow, 1);
  caller.abort();
  await left;
  await settle();
  assert.equal(budget.snapshot().retriesInWindow, 0);

  const sent = new Peer();
  const second = hedge({ delayMs: 10, budget }, runtime).execute(sent.operation);
  await clock.advance(10);
  await sent.answer(1);
  await second;
  assert.equal(budget.snapshot().retriesInWindow, 1);
});

test('gives nothing back for a copy that lost while it was connecting', async () => {
  const { clock, runtime } = world();
  const { told, budget } = scribe();
  const ends: ((value: string) => void)[] = [];
  const answer = hedge({ delayMs: 10, budget }, runtime).execute((call) => {
    call.progress('connect', 'never');
    return new Promise<string>((resolve, reject) => {
      ends.push(resolve);
      call.onCancel(reject);
    });
  });
  await clock.advance(10);
  ends[0]?.('first');
  await answer;
  await settle();
  assert.deepEqual(told, ['deposit', 'withdraw', 'succeeded']);
});

/** A budget that writes down what it is told. */
function scribe(grants = true): { told: string[]; budget: Budget } {
  const told: string[] = [];
  const say =
    (what: string) =>
    (verdict?: Verdict): void => {
      told.push(verdict === undefined ? what : `${what} ${verdict.kind}`);
    };
  const budget: Budget = {
    deposit: say('deposit'),
    tryWithdraw: (verdict) => {
      say('withdraw')(verdict);
      return grants;
    },
    giveBack: say('back'),
    succeeded: say('succeeded'),
    failed: say('failed'),
    describe: () => 'scribe',
  };
  return { told, budget };
}

test('tells the budget of a call once: outermost it does, beneath a retry that does', async () => {
  const outcomes = async (
    wrap: (budget: Budget) => { told: string[]; run: () => Promise<unknown> },
  ): Promise<string[]> => {
    const { told, budget } = scribe();
    await wrap(budget)
      .run()
      .catch(() => {});
    return told;
  };
  const { runtime } = world();
  let sends = 0;
  const failsFirst = async (): Promise<string> => {
    if (++sends % 2 === 1) throw new Error('down');
    return 'up';
  };
  const down = (): Promise<never> => Promise.reject(new Error('down'));
  const options = { delayMs: 'on-failure' } as const;
  const alone = (operation: () => Promise<unknown>) => (budget: Budget) => ({
    told: [],
    run: () => hedge({ ...options, budget }, runtime).execute(operation),
  });
  const beneath = (operation: () => Promise<unknown>) => (budget: Budget) => ({
    told: [],
    run: () =>
      pipeline(retry({ maxRetries: 0, budget }, runtime), hedge({ ...options, budget }, runtime)).execute(operation),
  });
  assert.deepEqual(await outcomes(alone(failsFirst)), [
    'deposit',
    'failed failure',
    'withdraw failure',
    'succeeded failure',
  ]);
  assert.deepEqual(await outcomes(beneath(failsFirst)), ['deposit', 'failed failure', 'withdraw failure', 'succeeded']);
  assert.deepEqual(await outcomes(alone(down)), ['deposit', 'failed failure', 'withdraw failure', 'failed failure']);
  assert.deepEqual(await outcomes(beneath(down)), ['deposit', 'failed failure', 'withdraw failure', 'failed failure']);
});

test('tells the budget once of a failure that came too late for another copy', async () => {
  const { clock, runtime } = world();
  const { told, budget } = scribe();
  const policy = pipeline(retry({ maxRetries: 0, budget }, runtime), hedge({ delayMs: 'on-failure', budget }, runtime));
  const peer = new Peer();
  const failed = assert.rejects(policy.execute(peer.operation, { deadline: clock.now() + 10 }));
  clock.freeze(10);
  await peer.fail(1);
  await failed;
  assert.deepEqual(told, ['deposit', 'failed failure']);
});

test('tells the budget of calls that are not hedged, too', async () => {
  const { runtime } = world();
  const { told, budget } = scribe();
  const classify: Classify = (outcome, call) => {
    if (!outcome.ok) return classifyOutcome(outcome, call);
    return outcome.value === 'bad' ? verdicts.failureForGood : (verdicts[outcome.value as 'success'] as Verdict);
  };
  const policy = hedge({ delayMs: 5, budget, classify }, runtime);
  for (const value of ['success', 'ignored', 'bad']) await policy.execute(async () => value, { idempotent: false });
  await assert.rejects(policy.execute(() => Promise.reject(new Error('down')), { idempotent: false }));
  const refused = new BulkheadFullError('full', 'bulkhead-full', {});
  await assert.rejects(policy.execute(() => Promise.reject(refused), { idempotent: false }));
  assert.deepEqual(told, [
    'deposit',
    'succeeded',
    'deposit',
    'deposit',
    'failed failure',
    'deposit',
    'failed failure',
    'deposit',
  ]);
});

test('a budget that throws costs the copy and nothing else', async () => {
  const { clock, runtime } = world();
  const broken = (): never => {
    throw new Error('broken');
  };
  const budget = { deposit: broken, tryWithdraw: broken, giveBack: broken, describe: broken } as unknown as RetryBudget;
  const peer = new Peer();
  const answer = hedge({ delayMs: 5, budget }, runtime).execute(peer.operation);
  await clock.advance(50);
  await peer.answer(1);
  assert.equal(await answer, 'copy 1');
  assert.equal(peer.calls.length, 1);
});

test('a classifier that throws, and a listener beneath that does, leave the race as it is', async () => {
  const { clock, runtime } = world();
  const classify = (): never => {
    throw new Error('broken');
  };
  const answers: ((value: string) => void)[] = [];
  const cancelled: number[] = [];
  const answer = hedge({ delayMs: 5, maxHedges: 2, classify }, runtime).execute(
    (call) =>
      new Promise<string>((resolve) => {
        answers.push(resolve);
        call.onCancel(() => {
          cancelled.push(call.attempt);
          throw new Error('broken');
        });
      }),
  );
  await clock.advance(10);
  answers[1]?.('two');
  assert.equal(await answer, 'two');
  assert.deepEqual(cancelled, [1, 3]);
});
