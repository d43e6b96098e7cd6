import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { AttemptTimeoutError, ConfigError, DeadlineExceededError } from '../contract/errors.ts';
import { EventBus } from '../contract/events.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { caught } from '../testing/caught.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { attemptTimeout } from './attempt-timeout.ts';
import { deadline } from './deadline.ts';
import { withDeadline } from './inherited-deadline.ts';

const never = (): Promise<never> => new Promise(() => {});
const named = { target: 'users', operation: 'get' };

test('an attempt that takes too long says which it was and how long it had', async () => {
  const { runtime, clock } = testRuntime({ startMs: 5_000 });
  const failed = caught(attemptTimeout({ attemptTimeoutMs: 70 }, runtime).execute(never, named));
  await clock.advance(70);
  const error = await failed;
  assert.ok(error instanceof AttemptTimeoutError);
  assert.equal(error.message, 'attempt 1 took longer than 70 ms');
  assert.deepEqual([error.target, error.operation], ['users', 'get']);
});

test('a deadline that passes says after how long, and what the call had come to', async () => {
  const { runtime, clock } = testRuntime({ startMs: 5_000 });
  const failed = caught(
    deadline({ deadlineMs: 300 }, runtime).execute((call) => {
      (call as { begin?: () => void }).begin?.();
      (call as { progress?: (phase: string, sent: string) => void }).progress?.('wait', 'maybe');
      return never();
    }, named),
  );
  await clock.advance(300);
  const error = await failed;
  assert.ok(error instanceof DeadlineExceededError);
  assert.equal(error.message, 'the deadline passed after 300 ms');
  const { target, operation, attempts, sent, phase } = error;
  assert.deepEqual(
    { target, operation, attempts, sent, phase },
    { ...named, attempts: 1, sent: 'maybe', phase: 'wait' },
  );
});

test('a deadline that had passed before says so, and no work begins', async () => {
  const { runtime } = testRuntime({ startMs: 5_000 });
  for (const policy of [deadline({}, runtime), attemptTimeout({}, runtime)]) {
    const error = await caught(policy.execute(() => assert.fail('begun'), { ...named, deadline: 5_000 }));
    assert.ok(error instanceof DeadlineExceededError);
    assert.equal(error.message, 'the deadline had passed');
    assert.deepEqual([error.target, error.operation, error.attempts, error.sent], ['users', 'get', 0, 'never']);
  }
});

test('an attempt that the deadline ends in the very moment of its own timeout fails with the deadline', async () => {
  const { runtime, clock } = testRuntime();
  const failed = caught(attemptTimeout({ attemptTimeoutMs: 100 }, runtime).execute(never, { deadline: 100 }));
  await clock.advance(100);
  const error = await failed;
  assert.ok(error instanceof DeadlineExceededError);
  assert.equal(error.message, 'the deadline passed 100 ms into attempt 1');
});

test('a call that is cancelled begins no work, and keeps its reason', async () => {
  const { runtime } = testRuntime();
  let begun = 0;
  for (const policy of [deadline({}, runtime), attemptTimeout({}, runtime)]) {
    const signal = AbortSignal.abort('left');
    const work = async (): Promise<number> => ++begun;
    assert.equal(await caught(policy.execute(work, { signal })), 'left');
  }
  assert.equal(begun, 0);
});

test('says what a time has to be', () => {
  const refuses = (run: () => unknown, message: RegExp): void =>
    assert.throws(run, (error) => error instanceof ConfigError && message.test(error.message));
  refuses(() => attemptTimeout({ attemptTimeoutMs: 0 }), /^attemptTimeout\.attemptTimeoutMs: expected milliseconds, /);
  refuses(() => deadline({ deadlineMs: 0 }), /^deadline\.deadlineMs: expected milliseconds, above 0 .*, or Infinity,/);
  refuses(
    () => withDeadline(-1, () => 0),
    /^withDeadline\.deadline: expected milliseconds of 0 or more, or \{ at \} on the clock, got -1/,
  );
});

test('work that is given up and ends within a millisecond has not ended late', async () => {
  for (const [lateMs, told] of [
    [0.5, 0],
    [1, 1],
  ] as const) {
    const { runtime, clock, log } = testRuntime();
    const failed = caught(attemptTimeout({ attemptTimeoutMs: 10 }, runtime).execute(() => clock.sleep(10 + lateMs)));
    await clock.advance(20);
    await failed;
    assert.equal(log.count('work.ended-late'), told, `${lateMs} ms late`);
  }
});

test('a call that was answered is not ended by its timeout as well', async () => {
  const { runtime, clock, log } = testRuntime();
  const caller = new AbortController();
  const answered = attemptTimeout({ attemptTimeoutMs: 10 }, runtime).execute(async () => 'fine', {
    signal: caller.signal,
  });
  assert.equal(await answered, 'fine');
  caller.abort('late');
  await clock.advance(100);
  assert.deepEqual(log.types, []);
});

test('a caller who leaves is answered at once, though nothing beneath listens', async () => {
  const { runtime } = testRuntime();
  for (const policy of [deadline({}, runtime), attemptTimeout({}, runtime)]) {
    const caller = new AbortController();
    const left = caught(policy.execute(never, { signal: caller.signal }));
    caller.abort('left');
    assert.equal(await left, 'left');
  }
});

test('work that failed in time is not ended by its timeout as well', async () => {
  const { runtime, clock, log } = testRuntime();
  for (const policy of [deadline({}, runtime), attemptTimeout({}, runtime)]) {
    await assert.rejects(
      policy.execute(() => Promise.reject(new Error('down'))),
      /down/,
    );
    await assert.rejects(
      policy.execute(() => {
        throw new Error('down at once');
      }),
      /down at once/,
    );
  }
  await clock.advance(10_000);
  assert.deepEqual(log.types, []);
  assert.equal(wheelOf(clock).size, 0);
});

test('a listener that makes the caller leave as the time is up changes nothing of who holds what', async () => {
  const { runtime, clock } = testRuntime();
  const caller = new AbortController();
  const bus = new EventBus();
  bus.on(({ type }) => {
    if (type === 'deadline.exceeded') caller.abort('left');
  });
  const heard = { ...runtime, events: bus };
  const places = bulkhead({ maxConcurrent: 1 }, heard);
  const stack = pipeline(places, deadline({ deadlineMs: 100 }, heard));
  const left = caught(stack.execute(() => clock.sleep(300), { signal: caller.signal }));
  await clock.advance(100);
  assert.equal(await left, 'left');
  assert.equal(places.snapshot().active, 1);
  await clock.advance(200);
  assert.equal(places.snapshot().active, 0);
});
