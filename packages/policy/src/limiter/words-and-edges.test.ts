import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallContext } from '../contract/call.ts';
import { DeadlineExceededError } from '../contract/errors.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import { caught } from '../testing/caught.ts';
import { settle } from '../testing/manual-clock.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import type { RateLimiterOptions } from './options.ts';
import { rateLimiter } from './rate-limiter.ts';

/** Far from the clock's zero, where a moment is no duration. */
function world(options: Partial<RateLimiterOptions> = {}) {
  const { runtime, clock, log } = testRuntime({ startMs: 1_000_000 });
  return { clock, log, gate: rateLimiter({ limit: 1, intervalMs: 100, ...options }, runtime) };
}

const wordsOf = (admission: { admitted: boolean }): string => {
  assert.equal(admission.admitted, false);
  return (admission as Refusal).toError(CallContext.of({})).message;
};

function admitted(admission: Permit | Refusal): Permit {
  assert.ok(admission.admitted);
  return admission;
}

test('says of each reservation that is refused which bound it ran into', () => {
  const { gate } = world({ burst: 2, maxQueue: 1 });
  const rate = 'no more than 1 may go in 100 ms';
  assert.equal(wordsOf(gate.reserve(3)), 'a weight of 3 can never go: it is more than the burst of 2');
  admitted(gate.tryAcquire(2));
  assert.equal(wordsOf(gate.reserve(1, 99)), `${rate}, and its turn would come in 100 ms, later than it may wait`);
  assert.ok(gate.reserve(1, 100).admitted);
  assert.equal(wordsOf(gate.reserve(1)), `${rate}, and 1 wait already`);
});

test('a reservation that may not wait is given when it need not', () => {
  const { gate } = world();
  assert.ok(gate.reserve(1, 0).admitted);
  assert.equal(gate.reserve(1, 0).admitted, false);
});

test('says what it expected', () => {
  const { gate } = world();
  assert.throws(() => gate.reserve(1, -1), {
    path: 'rateLimiter.reserve.maxWaitMs',
    message: /expected milliseconds, 0 or more, got -1$/,
  });
  assert.throws(() => gate.drain(-1), {
    path: 'rateLimiter.drain.pauseMs',
    message: /expected milliseconds, 0 or more and at most \d+, got -1$/,
  });
  assert.throws(() => gate.tryAcquire(0), {
    path: 'rateLimiter.weight',
    message: /expected a number above 0, got 0$/,
  });
  assert.throws(() => world({ weight: 'heavy' as never }), {
    path: 'rateLimiter.weight',
    message: /expected a number above 0, or a function of the call, got "heavy"$/,
  });
  assert.doesNotThrow(() => world({ maxWaitMs: 0 }));
});

test('a reservation is reckoned from what has come due, though nobody has looked since', () => {
  const { clock, gate } = world();
  admitted(gate.tryAcquire());
  const first = gate.reserve();
  assert.ok(first.admitted);
  clock.freeze(1_000);
  const second = gate.reserve();
  assert.ok(second.admitted);
  assert.deepEqual([first.due, second.waitMs], [true, 100]);
});

test('a call takes the weight that the settings name', async () => {
  const { gate } = world({ weight: 3, burst: 4 });
  await gate.execute(async () => {});
  assert.equal(gate.snapshot().tokens, 1);
  const other = world({ weight: 3, burst: 4 }).gate;
  admitted(await other.acquire());
  assert.equal(other.snapshot().tokens, 1);
});

test('an ending is the only one: what comes after it drains nothing and gives nothing back', () => {
  for (const ending of ['success', 'failure', 'ignored', 'throttled', 'unused'] as const) {
    const { gate } = world({ burst: 5, drainWhenThrottled: true });
    const permit = admitted(gate.tryAcquire());
    permit[ending]?.();
    const { tokens } = gate.snapshot();
    permit.throttled();
    permit.unused?.();
    permit.throttled();
    assert.equal(gate.snapshot().tokens, tokens, ending);
  }
});

test('a queued call is of its own target, and of the limiter where it names none', async () => {
  const { log, gate, clock } = world({ name: 'quota', maxWaitMs: 1_000 });
  const calls = [{}, {}, { target: 'users' }].map((call) => gate.execute(async () => {}, call));
  await clock.advance(1_000);
  await Promise.all(calls);
  assert.deepEqual(
    log.of('rate-limiter.queued').map(({ target, limiter }) => [target, limiter]),
    [
      ['quota', 'quota'],
      ['users', 'quota'],
    ],
  );
});

test('a deadline that passes in the queue says so, and how far the call had got', async () => {
  for (const begins of [false, true]) {
    const { clock, gate } = world({ maxWaitMs: 1_000 });
    admitted(gate.tryAcquire());
    const call = CallContext.of({ deadline: clock.now() + 150 });
    if (begins) call.begin();
    const waiting = caught(gate.acquire(call));
    // The loop stands still until the very deadline: the turn comes too late to be of use.
    clock.freeze(150);
    gate.snapshot();
    const error = await waiting;
    assert.ok(error instanceof DeadlineExceededError);
    assert.equal(error.message, 'the deadline passed while waiting for a turn under the rate');
    assert.deepEqual([error.phase, error.sent], [begins ? 'queue' : 'call', 'never']);
  }
});

test('whoever waited outside an attempt has still sent nothing when their turn comes', async () => {
  for (const begins of [false, true]) {
    const { clock, gate } = world({ maxWaitMs: 1_000 });
    admitted(gate.tryAcquire());
    const call = CallContext.of({});
    if (begins) call.begin();
    const waiting = gate.acquire(call);
    await settle();
    assert.deepEqual([call.phase, call.sent], [begins ? 'queue' : 'call', 'never']);
    await clock.advance(100);
    admitted(await waiting);
    assert.deepEqual([call.phase, call.sent], begins ? ['wait', 'maybe'] : ['call', 'never']);
  }
});
