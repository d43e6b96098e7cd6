import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breaker } from '../breaker/breaker.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import type { CallContext } from '../contract/call.ts';
import { AttemptTimeoutError, DeadlineExceededError, RefusedError } from '../contract/errors.ts';
import type { Policy } from '../contract/policy.ts';
import { fallback } from '../fallback/fallback.ts';
import { retry } from '../retry/retry.ts';
import { retryBudget } from '../retry/retry-budget.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { deadline } from '../timeout/deadline.ts';
import { pipeline } from './pipeline.ts';

function world() {
  const clock = new ManualClock();
  const events = new EventLog();
  return { clock, events, runtime: { clock, random: () => 0.5, events } };
}

const noted = (name: string, log: string[]): Policy => ({
  name,
  async execute(operation, call) {
    log.push(`${name} in`);
    try {
      return await operation(call as CallContext);
    } finally {
      log.push(`${name} out`);
    }
  },
  describe: () => name,
});

test('runs policies outermost first, those of an inner pipeline in their place', async () => {
  const log: string[] = [];
  const inner = pipeline(noted('b', log), noted('c', log));
  const whole = pipeline(noted('a', log), inner, noted('d', log));
  assert.equal(await whole.execute(async () => 'value'), 'value');
  assert.deepEqual(log, ['a in', 'b in', 'c in', 'd in', 'd out', 'c out', 'b out', 'a out']);
  assert.equal(whole.describe(), '1. a\n2. b\n3. c\n4. d');
});

test('points out what is wrong with its order, and does it all the same', async () => {
  const { runtime } = world();
  const upsideDown = pipeline(attemptTimeout({}, runtime), breaker({}, runtime), retry({}, runtime));
  assert.equal(upsideDown.mistakes().length, 3);
  assert.match(upsideDown.describe(), /\n! retry stands inside breaker: the breaker would hear one failure for many/);
  assert.equal(await upsideDown.execute(async () => 1), 1);
});

test('without policies, only runs the operation', async () => {
  assert.equal(await pipeline().execute(async (call) => call.attempt), 1);
});

test('runs its own operation when it is used inside the operation of another one', async () => {
  const { runtime } = world();
  const inner = pipeline(retry({}, runtime), breaker({}, runtime));
  const outer = pipeline(deadline({ deadlineMs: 50 }, runtime), retry({}, runtime));
  const seen: number[] = [];
  const value = await outer.execute((call) =>
    inner.execute(async (innerCall) => {
      seen.push(innerCall.deadline);
      return 'inner';
    }, call),
  );
  assert.equal(value, 'inner');
  assert.deepEqual(seen, [50]);
});

test('knows in its type what a fallback may answer, and nothing else', async () => {
  const { runtime } = world();
  const plain: Promise<number> = pipeline(bulkhead({}, runtime), breaker({}, runtime)).execute(async () => 1);
  const withName = pipeline(
    fallback(() => 'nobody', {}, runtime),
    retry({ maxRetries: 0 }, runtime),
  );
  const either: Promise<number | string> = withName.execute(async () => 1);
  // @ts-expect-error A fallback's answer has to be reckoned with.
  const wrong: Promise<number> = withName.execute(async () => 1);
  assert.deepEqual(await Promise.all([plain, either, wrong]), [1, 1, 1]);
});

test('the usual stack: retries inside one place, judged one by one, each in its own time', async () => {
  const { clock, events, runtime } = world();
  const limit = bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime);
  const circuit = breaker({ consecutiveFailures: 2 }, runtime);
  const stack = pipeline(
    deadline({ deadlineMs: 1_000 }, runtime),
    limit,
    retry({ maxRetries: 3, baseMs: 20, budget: retryBudget({}, runtime) }, runtime),
    circuit,
    attemptTimeout({ attemptTimeoutMs: 100 }, runtime),
  );
  let sends = 0;
  const failing = stack.execute((call) => {
    sends++;
    return new Promise((_, reject) => call.onCancel(reject));
  });
  const failed = assert.rejects(
    failing,
    (error) => error instanceof AttemptTimeoutError && error.stopped === 'refused',
  );
  await settle();
  await assert.rejects(
    stack.execute(async () => 1),
    RefusedError,
  );
  await clock.advance(400);
  await failed;
  assert.equal(sends, 2);
  assert.deepEqual(
    events.types.filter((type) => type !== 'attempt.finished'),
    [
      'call.refused',
      'attempt.timed-out',
      'retry.scheduled',
      'attempt.timed-out',
      'breaker.opened',
      'retry.scheduled',
      'call.refused',
      'retry.stopped',
    ],
  );
  assert.deepEqual([limit.snapshot().active, circuit.state], [0, 'open']);
  // The wheel's one timer may still be armed for a deadline that has gone; it fires once, in vain, and is not set again.
  await clock.advance(1_000);
  assert.equal(clock.pending, 0);
});

test('a hung operation ends at the deadline, keeps its place until it really ends, and is a failure to the breaker', async () => {
  const { clock, runtime } = world();
  const limit = bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime);
  const circuit = breaker({ consecutiveFailures: 1 }, runtime);
  const stack = pipeline(limit, circuit, deadline({ deadlineMs: 50 }, runtime));
  let finish = (_: string): void => {};
  const hung = stack.execute(() => new Promise<string>((resolve) => (finish = resolve)));
  const ended = assert.rejects(hung, (error) => error instanceof DeadlineExceededError);
  await clock.advance(50);
  await ended;
  assert.equal(limit.snapshot().active, 1);
  finish('late');
  await settle();
  assert.equal(limit.snapshot().active, 0);
});

test('an operation that holds its call keeps its place after it has answered; the breaker hears of the answer at once', async () => {
  const { clock, runtime } = world();
  const limit = bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime);
  const circuit = breaker({}, runtime);
  const stack = pipeline(limit, retry({}, runtime), circuit, attemptTimeout({}, runtime));
  const { value, release } = await stack.execute(async (call) => ({ value: 'head', release: call.hold() }));
  assert.deepEqual([value, limit.snapshot().active, circuit.snapshot().calls], ['head', 1, 1]);
  await assert.rejects(
    stack.execute(async () => 'no place'),
    RefusedError,
  );
  release();
  release();
  assert.equal(limit.snapshot().active, 0);
  assert.equal(await stack.execute(async () => 'next'), 'next');
  await clock.advance(1_000);
});

test('turns an operation that throws at once into a rejection, whatever the stack', async () => {
  const { runtime } = world();
  const broken = new Error('broken');
  const stacks = [
    pipeline(),
    pipeline(deadline({}, runtime)),
    pipeline(breaker({}, runtime)),
    pipeline(bulkhead({}, runtime), retry({ maxRetries: 0 }, runtime), attemptTimeout({}, runtime)),
  ];
  for (const stack of stacks) {
    const call = stack.execute(() => {
      throw broken;
    });
    await assert.rejects(call, (error) => error === broken);
  }
});
