import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { breaker } from '../breaker/breaker.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import type { Call, CallOptions } from '../contract/call.ts';
import { ConfigError, DeadlineExceededError } from '../contract/errors.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { retry } from '../retry/retry.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { deadline } from '../timeout/deadline.ts';
import { type Coalescer, coalesce } from './coalesce.ts';
import type { CoalesceOptions } from './options.ts';

function world() {
  const clock = new ManualClock(100);
  const events = new EventLog();
  return { clock, events, runtime: { clock, random: () => 0, events } };
}

const byOperation: CoalesceOptions = { key: (call) => call.operation };

/** An operation whose runs the test ends, in whatever order it likes. */
class Peer {
  readonly calls: Call[] = [];
  readonly reasons: unknown[] = [];
  readonly #ends: { resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = [];
  /** Whether a run that is cancelled ends by itself, as it should. */
  readonly heeds: boolean;

  constructor(heeds = true) {
    this.heeds = heeds;
  }

  readonly operation = (call: Call): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const at = this.calls.push(call) - 1;
      this.#ends.push({ resolve, reject });
      call.onCancel((reason) => {
        this.reasons[at] = reason;
        if (this.heeds) reject(reason);
      });
    });

  get runs(): number {
    return this.calls.length;
  }

  answer(run: number, value: unknown = `run ${run}`): Promise<void> {
    this.#ends[run - 1]?.resolve(value);
    return settle();
  }

  fail(run: number, error: unknown): Promise<void> {
    this.#ends[run - 1]?.reject(error);
    return settle();
  }
}

/** A caller, and what became of them. */
function caller(policy: Pick<Coalescer, 'execute'>, peer: Peer, options: CallOptions = {}) {
  const controller = new AbortController();
  const state: { fate: string; value: unknown } = { fate: 'waiting', value: undefined };
  policy.execute(peer.operation, { operation: 'a', signal: controller.signal, ...options }).then(
    (value) => Object.assign(state, { fate: 'answered', value }),
    (error) => Object.assign(state, { fate: 'failed', value: error }),
  );
  return {
    state,
    signal: controller.signal,
    leave: (reason: unknown = 'left'): Promise<void> => {
      controller.abort(reason);
      return settle();
    },
  };
}

test('equal calls under way at the same time are one, and all get its value as it is', async () => {
  const { events, runtime } = world();
  const peer = new Peer();
  const policy = coalesce(byOperation, runtime);
  const callers = Array.from({ length: 100 }, () => caller(policy, peer, { target: 'users' }));
  assert.deepEqual([peer.runs, policy.snapshot()], [1, { keys: 1, waiting: 100 }]);
  const value = { name: 'Ada' };
  await peer.answer(1, value);
  for (const { state } of callers) assert.deepEqual([state.fate, state.value === value], ['answered', true]);
  assert.deepEqual(policy.snapshot(), { keys: 0, waiting: 0 });
  assert.equal(events.events.length, 99);
  assert.deepEqual(events.events.slice(0, 2), [
    { type: 'call.joined', at: 100, target: 'users', operation: 'a', attempt: 1, waiting: 2 },
    { type: 'call.joined', at: 100, target: 'users', operation: 'a', attempt: 1, waiting: 3 },
  ]);
});

test('different keys run apart, and keys are compared as strings alone', async () => {
  const { runtime } = world();
  const peer = new Peer();
  const policy = coalesce(byOperation, runtime);
  const keys = ['a', 'b', '', ' ', '__proto__', 'constructor', 'hasOwnProperty', 'toString'];
  const callers = keys.flatMap((operation) => [1, 2].map(() => caller(policy, peer, { operation })));
  assert.equal(peer.runs, keys.length);
  for (const run of keys.keys()) await peer.answer(run + 1, keys[run]);
  assert.deepEqual(
    callers.map(({ state }) => state.value),
    keys.flatMap((key) => [key, key]),
  );
});

test('a call after the answer runs anew: nothing is kept', async () => {
  const { runtime } = world();
  const peer = new Peer();
  const policy = coalesce(byOperation, runtime);
  caller(policy, peer);
  await peer.answer(1);
  const second = caller(policy, peer);
  assert.equal(peer.runs, 2);
  await peer.answer(2);
  assert.equal(second.state.value, 'run 2');
});

test('a failure reaches those who wait for it, and nobody after', async () => {
  const { runtime } = world();
  const peer = new Peer();
  const policy = coalesce(byOperation, runtime);
  const callers = [caller(policy, peer), caller(policy, peer)];
  const error = new Error('down');
  await peer.fail(1, error);
  for (const { state } of callers) assert.ok(state.fate === 'failed' && state.value === error);
  const next = caller(policy, peer);
  await peer.answer(2);
  assert.equal(next.state.value, 'run 2');
});

test("one caller's abort ends only their own waiting, the first caller's too", async () => {
  const { runtime } = world();
  for (const leaver of [0, 1, 2]) {
    const peer = new Peer();
    const policy = coalesce(byOperation, runtime);
    const callers = [1, 2, 3].map(() => caller(policy, peer));
    const reason = new Error('gone');
    await callers[leaver]?.leave(reason);
    assert.ok(callers[leaver]?.state.value === reason);
    assert.deepEqual([peer.reasons, policy.snapshot().waiting], [[], 2]);
    assert.equal(peer.calls[0]?.signal.aborted, false);
    await peer.answer(1);
    assert.deepEqual(
      callers.map(({ state }) => state.fate),
      [0, 1, 2].map((at) => (at === leaver ? 'failed' : 'answered')),
    );
    for (const { signal } of callers) assert.equal(getEventListeners(signal, 'abort').length, 0);
  }
});

test('the last one to leave cancels the work with their reason, and the next call begins anew', async () => {
  const { events, runtime } = world();
  const peer = new Peer();
  const policy = coalesce(byOperation, runtime);
  const [first, second] = [caller(policy, peer), caller(policy, peer)];
  await first.leave('first');
  await second.leave('second');
  assert.deepEqual([peer.reasons, first.state.value, second.state.value], [['second'], 'first', 'second']);
  const call = peer.calls[0];
  assert.deepEqual([call?.signal.aborted, call?.signal.reason], [true, 'second']);
  assert.deepEqual([policy.snapshot(), events.types], [{ keys: 0, waiting: 0 }, ['call.joined']]);
  const third = caller(policy, peer);
  assert.equal(peer.runs, 2);
  await peer.answer(2);
  assert.equal(third.state.value, 'run 2');
});

test('nobody joins work that has been cancelled and has not ended', async () => {
  const { clock, events, runtime } = world();
  const peer = new Peer(false);
  const policy = coalesce(byOperation, runtime);
  await caller(policy, peer).leave();
  const next = caller(policy, peer);
  await clock.advance(20);
  await peer.answer(1, 'nobody is there for this');
  assert.equal(next.state.fate, 'waiting');
  assert.deepEqual(events.of('work.ended-late')[0]?.lateMs, 20);
  await peer.answer(2);
  assert.equal(next.state.value, 'run 2');
});

test('work that is cancelled and goes on holds the place of the last caller until it ends', async () => {
  const { runtime } = world();
  const peer = new Peer(false);
  const places = bulkhead({ maxConcurrent: 5, maxQueue: 0 }, runtime);
  const policy = pipeline(places, coalesce(byOperation, runtime));
  const [first, second] = [caller(policy, peer), caller(policy, peer)];
  await first.leave();
  assert.equal(places.snapshot().active, 1);
  await second.leave();
  assert.equal(places.snapshot().active, 1);
  await peer.answer(1);
  assert.equal(places.snapshot().active, 0);
});

test('an abort in the turn in which the answer comes is an abort', async () => {
  const { runtime } = world();
  const peer = new Peer();
  const policy = coalesce(byOperation, runtime);
  const [leaves, stays] = [caller(policy, peer), caller(policy, peer)];
  const answered = peer.answer(1);
  await leaves.leave();
  await answered;
  assert.deepEqual([leaves.state.value, stays.state.value], ['left', 'run 1']);
});

test('a call that must not be done twice is not made one with another', async () => {
  const { runtime } = world();
  const peer = new Peer();
  const policy = coalesce(byOperation, runtime);
  const callers = [1, 2].map(() => caller(policy, peer, { idempotent: false }));
  assert.deepEqual([peer.runs, policy.snapshot().keys], [2, 0]);
  await peer.answer(1);
  await peer.answer(2);
  assert.deepEqual(
    callers.map(({ state }) => state.value),
    ['run 1', 'run 2'],
  );
});

test('a key function that throws, or answers no string, lets the call run by itself', async () => {
  const { runtime } = world();
  const keys = [
    () => undefined,
    () => 5,
    () => null,
    () => {
      throw new Error('broken');
    },
    () => Promise.reject(new Error('broken later')),
    () => Promise.resolve('a'),
  ];
  for (const key of keys) {
    const peer = new Peer();
    const policy = coalesce({ key: key as never }, runtime);
    const callers = [caller(policy, peer), caller(policy, peer)];
    assert.deepEqual([peer.runs, policy.snapshot().keys], [2, 0]);
    await peer.answer(1);
    await peer.fail(2, 'down');
    assert.deepEqual(
      callers.map(({ state }) => state.value),
      ['run 1', 'down'],
    );
  }
});

test('the key may be what the caller said it is', async () => {
  const { runtime } = world();
  const peer = new Peer();
  const policy = coalesce({ key: (call) => call.key && `${call.operation} ${call.key}` }, runtime);
  for (const key of ['alice 42', 'alice 42', 'bob 42', undefined, undefined]) caller(policy, peer, { key });
  assert.equal(peer.runs, 4);
});

test('holds no more keys than it may: a call beyond runs by itself', async () => {
  const { runtime } = world();
  const peer = new Peer();
  const policy = coalesce({ ...byOperation, maxKeys: 2 }, runtime);
  const callers = ['a', 'b', 'c', 'c', 'a'].map((operation) => caller(policy, peer, { operation }));
  assert.deepEqual([peer.runs, policy.snapshot()], [4, { keys: 2, waiting: 3 }]);
  for (const run of [1, 2, 3, 4]) await peer.answer(run);
  assert.deepEqual(
    callers.map(({ state }) => state.value),
    ['run 1', 'run 2', 'run 3', 'run 4', 'run 1'],
  );
});

test('every caller but the first gets a copy, made before anyone can have changed the value', async () => {
  const { runtime } = world();
  const peer = new Peer();
  const policy = coalesce({ ...byOperation, clone: structuredClone }, runtime);
  const got: { tags: string[] }[] = [];
  for (let i = 0; i < 3; i++) {
    void policy.execute(peer.operation, { operation: 'a' }).then((value) => {
      const user = value as { tags: string[] };
      user.tags.push(String(i));
      got.push(user);
    });
  }
  const value = { tags: [] };
  await peer.answer(1, value);
  assert.deepEqual(got, [{ tags: ['0'] }, { tags: ['1'] }, { tags: ['2'] }]);
  assert.ok(got[0] === value);
});

test('a caller whose copy fails runs by itself', async () => {
  const { runtime } = world();
  const clones = [
    () => {
      throw new Error('cannot');
    },
    () => Promise.reject(new Error('cannot later')),
  ];
  for (const clone of clones) {
    const peer = new Peer();
    const policy = coalesce({ ...byOperation, clone: clone as never }, runtime);
    const [first, second, third] = [caller(policy, peer), caller(policy, peer), caller(policy, peer)];
    void peer.answer(1);
    // One of them leaves after the answer has come, and before they can begin by themselves.
    await undefined;
    await third.leave();
    assert.deepEqual([first.state.value, peer.runs, third.state.fate], ['run 1', 2, 'failed']);
    await peer.answer(2);
    assert.equal(second.state.value, 'run 2');
  }
});

test('runs in the context of the first caller, and each goes on in their own', async () => {
  const { runtime } = world();
  const user = new AsyncLocalStorage<string>();
  const policy = coalesce(byOperation, runtime);
  let seen: string | undefined;
  let finish = (): void => {};
  const work = async (): Promise<void> => {
    seen = user.getStore();
    await new Promise<void>((resolve) => (finish = resolve));
  };
  const after = ['ada', 'bob', 'eve'].map((name) =>
    user.run(name, async () => {
      await policy.execute(work, { operation: 'a' });
      return user.getStore();
    }),
  );
  user.run('someone else', () => finish());
  assert.deepEqual(await Promise.all(after), ['ada', 'bob', 'eve']);
  assert.equal(seen, 'ada');
});

test("one caller's deadline ends only their own waiting, also without a deadline policy", async () => {
  for (const within of [true, false]) {
    const { clock, runtime } = world();
    const peer = new Peer();
    const inner = coalesce(byOperation, runtime);
    const policy = within ? pipeline(deadline({ deadlineMs: Number.POSITIVE_INFINITY }, runtime), inner) : inner;
    const hurried = caller(policy, peer, { deadline: clock.now() + 10 });
    const patient = caller(policy, peer, { deadline: clock.now() + 100 });
    await clock.advance(10);
    assert.ok(hurried.state.value instanceof DeadlineExceededError);
    assert.deepEqual([patient.state.fate, peer.reasons], ['waiting', []]);
    await clock.advance(90);
    assert.ok(patient.state.value instanceof DeadlineExceededError);
    assert.ok(peer.reasons[0] instanceof DeadlineExceededError);
    assert.deepEqual([inner.snapshot(), wheelOf(clock).size], [{ keys: 0, waiting: 0 }, 0]);
  }
});

test('the work may take as long as the most patient of its callers', async () => {
  const { clock, runtime } = world();
  const inner = coalesce(byOperation, runtime);
  const policy = pipeline(inner, retry({ maxRetries: 1, baseMs: 50 }, { ...runtime, random: () => 1 }));
  const peer = new Peer();
  const hurried = caller(policy, peer, { deadline: clock.now() + 20 });
  caller(policy, peer, { deadline: clock.now() + 30 });
  const patient = caller(policy, peer, { deadline: clock.now() + 100 });
  caller(policy, peer, { deadline: clock.now() + 40 });
  // A wait of 50 ms does not fit the time of the first caller; it does that of the third.
  await peer.fail(1, new Error('down'));
  await clock.advance(50);
  assert.ok(hurried.state.value instanceof DeadlineExceededError);
  assert.deepEqual([peer.runs, peer.calls[1]?.deadline], [2, 200]);
  await peer.answer(2);
  assert.equal(patient.state.value, 'run 2');
});

test('those who have more time than an attempt was given when it began get another one', async () => {
  const { clock, events, runtime } = world();
  const inner = coalesce(byOperation, runtime);
  const policy = pipeline(inner, attemptTimeout({ attemptTimeoutMs: 1_000 }, runtime));
  const peer = new Peer();
  const callers = [20, 200, 300, 200].map((ms) => caller(policy, peer, { deadline: clock.now() + ms }));
  await clock.advance(20);
  assert.ok(callers[0]?.state.value instanceof DeadlineExceededError);
  // They share the next one as well.
  assert.deepEqual([peer.runs, inner.snapshot()], [2, { keys: 1, waiting: 3 }]);
  await clock.advance(180);
  assert.deepEqual(
    callers.map(({ state }) => state.fate),
    ['failed', 'failed', 'waiting', 'failed'],
  );
  await clock.advance(50);
  await peer.answer(3);
  assert.equal(callers[2]?.state.value, 'run 3');
  assert.equal(events.of('call.joined').length, 5);
  assert.equal(wheelOf(clock).size, 0);
});

test('nobody begins anew whose own time is over, in a process that was stopped', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const policy = coalesce(byOperation, runtime);
  const callers = [20, 30].map((ms) => caller(policy, peer, { deadline: clock.now() + ms }));
  clock.freeze(50);
  const error = new DeadlineExceededError('too late');
  await peer.fail(1, error);
  assert.equal(peer.runs, 1);
  for (const { state } of callers) assert.ok(state.value === error);
});

test('a deadline further in that passes is an error for all: no one runs it twice', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const policy = pipeline(coalesce(byOperation, runtime), deadline({ deadlineMs: 10 }, runtime));
  const callers = [50, 100, Number.POSITIVE_INFINITY].map((ms) => caller(policy, peer, { deadline: clock.now() + ms }));
  await clock.advance(10);
  for (const { state } of callers) assert.ok(state.value instanceof DeadlineExceededError);
  assert.equal(peer.runs, 1);
});

test('starts nothing, and joins nothing, for a caller who has left or is too late', async () => {
  const { clock, runtime } = world();
  const peer = new Peer();
  const policy = coalesce(byOperation, runtime);
  for (const started of [false, true]) {
    if (started) caller(policy, peer);
    const gone = caller(policy, peer, { signal: AbortSignal.abort('left') });
    const late = caller(policy, peer, { deadline: clock.now() });
    await settle();
    assert.equal(gone.state.value, 'left');
    assert.ok(late.state.value instanceof DeadlineExceededError && late.state.value.sent === 'never');
    assert.deepEqual([peer.runs, policy.snapshot().waiting], started ? [1, 1] : [0, 0]);
  }
});

test('a deadline above knows of the first caller how far the work is, and of the others assumes the worst', async () => {
  const { clock, runtime } = world();
  const policy = pipeline(
    deadline({ deadlineMs: 50 }, runtime),
    coalesce(byOperation, runtime),
    retry({ maxRetries: 2 }, runtime),
  );
  const work = (call: Call): Promise<never> => {
    call.progress('queue', 'never');
    return new Promise(() => {});
  };
  const options = { operation: 'a' };
  const first = assert.rejects(policy.execute(work, options), { sent: 'never', phase: 'queue', attempts: 1 });
  const second = assert.rejects(policy.execute(work, options), { sent: 'maybe', phase: 'wait', attempts: 1 });
  await clock.advance(50);
  await first;
  await second;
});

test("nothing that a caller's leaving does is heard by a breaker beneath", async () => {
  const { runtime } = world();
  const peer = new Peer();
  const circuit = breaker({ consecutiveFailures: 1 }, runtime);
  const policy = pipeline(coalesce(byOperation, runtime), circuit);
  const [first, second] = [caller(policy, peer), caller(policy, peer)];
  await first.leave();
  // The flight is not cancelled, so that its failure is a failure.
  await peer.fail(1, new Error('down'));
  assert.deepEqual([second.state.fate, circuit.state], ['failed', 'open']);

  const calm = breaker({ consecutiveFailures: 1 }, runtime);
  const quiet = pipeline(coalesce(byOperation, runtime), calm);
  await caller(quiet, peer).leave();
  assert.deepEqual([calm.state, calm.snapshot().calls], ['closed', 0]);
});

test('a call for the same key made inside the work runs by itself, at any depth', async () => {
  const { runtime } = world();
  const policy = coalesce(byOperation, runtime);
  let runs = 0;
  const a = { operation: 'a' };
  const b = { operation: 'b' };
  const nested = await policy.execute(async () => {
    runs++;
    return policy.execute(async () => {
      runs++;
      return policy.execute(async () => {
        runs++;
        // By way of the key in between, and of itself.
        return Promise.all([policy.execute(async () => ++runs, a), policy.execute(async () => ++runs, b)]);
      }, a);
    }, b);
  }, a);
  assert.deepEqual(nested, [4, 5]);
  assert.deepEqual(policy.snapshot(), { keys: 0, waiting: 0 });
});

test('two flights that would wait for each other do not, be they of two policies', async () => {
  const { runtime } = world();
  for (const [one, two] of [
    [coalesce(byOperation, runtime), coalesce(byOperation, runtime)],
    Array(2).fill(coalesce(byOperation, runtime)),
  ] as [Coalescer, Coalescer][]) {
    const a = { operation: 'a' };
    const b = { operation: 'b' };
    let go = (): void => {};
    const started = new Promise<void>((resolve) => (go = resolve));
    const left = one.execute(async () => {
      await started;
      return `left, ${await two.execute(async () => 'right by itself', b)}`;
    }, a);
    const right = two.execute(async () => {
      await started;
      return `right, ${await one.execute(async () => 'left by itself', a)}`;
    }, b);
    go();
    assert.deepEqual(await Promise.all([left, right]), ['left, right, left by itself', 'right, left by itself']);
    assert.deepEqual([one.snapshot().keys, two.snapshot().keys], [0, 0]);
  }
});

test('what was begun inside a flight and outlives it may join like anybody else', async () => {
  const { clock, runtime } = world();
  const policy = coalesce(byOperation, runtime);
  const peer = new Peer();
  let later: Promise<unknown> | undefined;
  await policy.execute(
    async () => {
      later = new Promise<void>((resolve) => clock.setTimer(10, resolve)).then(() =>
        policy.execute(peer.operation, { operation: 'a' }),
      );
    },
    { operation: 'a' },
  );
  const other = caller(policy, peer);
  await clock.advance(10);
  assert.deepEqual([peer.runs, policy.snapshot().waiting], [1, 2]);
  await peer.answer(1);
  assert.deepEqual([await later, other.state.value], ['run 1', 'run 1']);
});

test('a caller inside a flight who leaves frees the way for the other to join', async () => {
  const { runtime } = world();
  const policy = coalesce(byOperation, runtime);
  const impatient = new AbortController();
  let proceed = (): void => {};
  let finish = (): void => {};
  let runs = 0;
  const b = { operation: 'b' };
  const left = policy.execute(
    async () => {
      await new Promise<void>((resolve) => (proceed = resolve));
      return policy.execute(async () => ++runs, b);
    },
    { operation: 'a' },
  );
  // The flight of b waits for that of a, gives that up, and goes on.
  const right = policy.execute(async () => {
    await policy.execute(async () => ++runs, { operation: 'a', signal: impatient.signal }).catch(() => {});
    await new Promise<void>((resolve) => (finish = resolve));
    return 'b';
  }, b);
  impatient.abort();
  await settle();
  proceed();
  await settle();
  assert.deepEqual([runs, policy.snapshot()], [0, { keys: 2, waiting: 3 }]);
  finish();
  assert.deepEqual(await Promise.all([left, right]), ['b', 'b']);
});

test('work that throws at once, or is no promise, is work like any other', async () => {
  const { runtime } = world();
  const policy = coalesce(byOperation, runtime);
  const broken = new Error('broken');
  const throwing = (): never => {
    throw broken;
  };
  for (const options of [{ operation: 'a' }, { operation: 'a', idempotent: false }]) {
    await assert.rejects(policy.execute(throwing, options), (error) => error === broken);
    assert.equal(await policy.execute((() => 'plain') as never, options), 'plain');
  }
  assert.deepEqual(policy.snapshot(), { keys: 0, waiting: 0 });
});

test('work that aborts its own caller is cancelled, and a listener beneath that throws changes nothing', async () => {
  const { clock, runtime } = world();
  const policy = coalesce(byOperation, runtime);
  const caller = new AbortController();
  const left = policy.execute(
    (call) => {
      call.onCancel(() => {
        throw new Error('broken');
      });
      caller.abort('enough');
      return new Promise(() => {});
    },
    { operation: 'a', signal: caller.signal, deadline: clock.now() + 50 },
  );
  await assert.rejects(left, (error) => error === 'enough');
  assert.deepEqual([policy.snapshot().keys, wheelOf(clock).size], [0, 0]);
});

test('leaves nothing on a signal that outlives ten thousand calls', async () => {
  const { clock, runtime } = world();
  const { signal } = new AbortController();
  const policy = coalesce(byOperation, runtime);
  for (let i = 0; i < 10_000; i++) {
    const options = { signal, operation: 'a', deadline: 1_000 };
    await Promise.all([policy.execute(async () => i, options), policy.execute(async () => i, options)]);
  }
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.equal(wheelOf(clock).size, 0);
});

test('a thousand callers who all leave cost no more than they are', async () => {
  const { runtime } = world();
  const peer = new Peer();
  const policy = coalesce(byOperation, runtime);
  const callers = Array.from({ length: 1_000 }, () => caller(policy, peer));
  for (const { leave } of callers) void leave();
  await settle();
  assert.deepEqual([peer.reasons.length, policy.snapshot().keys], [1, 0]);
  for (const { state } of callers) assert.equal(state.value, 'left');
});

test('names what cannot be, and describes itself', () => {
  assert.throws(() => coalesce({} as never), { path: 'coalesce.key' });
  assert.throws(() => coalesce({ key: 'a' } as never), { path: 'coalesce.key' });
  for (const maxKeys of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null]) {
    assert.throws(() => coalesce({ ...byOperation, maxKeys: maxKeys as never }), { path: 'coalesce.maxKeys' });
  }
  assert.throws(() => coalesce({ ...byOperation, clone: true as never }), { path: 'coalesce.clone' });
  assert.throws(() => coalesce({ ...byOperation, ttl: 5 } as never), { path: 'coalesce.ttl' });
  assert.throws(() => coalesce(null as never), ConfigError);
  assert.equal(coalesce(byOperation).describe(), 'coalesce: equal calls share one, at most 1000 keys at a time');
});
