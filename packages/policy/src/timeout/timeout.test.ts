import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import type { Call } from '../contract/call.ts';
import { AttemptTimeoutError, ConfigError, DeadlineExceededError } from '../contract/errors.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { attemptTimeout } from './attempt-timeout.ts';
import { deadline } from './deadline.ts';

function world() {
  const clock = new ManualClock(100);
  const events = new EventLog();
  return { clock, events, runtime: { clock, random: () => 0, events } };
}

const never = (): Promise<never> => new Promise(() => {});

/** Work that ends only when its signal does. */
const untilCancelled = (call: Call): Promise<never> => new Promise((_, reject) => call.onCancel(reject));

test('answers with the value of work that is in time, and leaves no deadline behind', async () => {
  const { clock, runtime } = world();
  const policy = attemptTimeout({ attemptTimeoutMs: 50 }, runtime);
  assert.equal(await policy.execute(async () => 'in time'), 'in time');
  await clock.advance(1_000);
  assert.equal(clock.pending, 0);
});

test('gives up an attempt at its timeout and cancels the work with the same error', async () => {
  const { clock, events, runtime } = world();
  let heard: unknown;
  const call = attemptTimeout({ attemptTimeoutMs: 50 }, runtime).execute((inner) => {
    inner.onCancel((reason) => {
      heard = reason;
    });
    return never();
  });
  const failed = assert.rejects(call, (error) => error === heard && error instanceof AttemptTimeoutError);
  await clock.advance(49);
  assert.equal(heard, undefined);
  await clock.advance(1);
  await failed;
  assert.deepEqual(events.types, ['attempt.timed-out']);
  assert.equal(events.of('attempt.timed-out')[0]?.afterMs, 50);
});

test('aborts the signal of the work, made only when it is read', async () => {
  const { clock, runtime } = world();
  let signal: AbortSignal | undefined;
  const failed = assert.rejects(
    attemptTimeout({ attemptTimeoutMs: 5 }, runtime).execute((call) => {
      signal = call.signal;
      return never();
    }),
  );
  await clock.advance(5);
  await failed;
  assert.ok(signal?.reason instanceof AttemptTimeoutError);
});

test('cuts an attempt at the deadline of the whole call, and says that it was the deadline', async () => {
  const { clock, runtime } = world();
  const policy = pipeline(deadline({ deadlineMs: 80 }, runtime), attemptTimeout({ attemptTimeoutMs: 1_000 }, runtime));
  const failed = assert.rejects(policy.execute(untilCancelled), DeadlineExceededError);
  await clock.advance(80);
  await failed;
});

test('keeps the earlier deadline of a call that came with one', async () => {
  const { clock, runtime } = world();
  const failed = assert.rejects(
    deadline({ deadlineMs: 500 }, runtime).execute(never, { deadline: clock.now() + 20 }),
    DeadlineExceededError,
  );
  await clock.advance(20);
  await failed;
});

test('with an infinite deadline of its own, ends a call at the one it brings', async () => {
  const { clock, runtime } = world();
  const policy = deadline({ deadlineMs: Number.POSITIVE_INFINITY }, runtime);
  const failed = assert.rejects(policy.execute(never, { deadline: clock.now() + 70_000 }), DeadlineExceededError);
  await clock.advance(70_000);
  await failed;
  assert.equal(await policy.execute(async () => 'no deadline'), 'no deadline');
});

test('starts nothing when the deadline has passed', async () => {
  const { clock, runtime } = world();
  for (const policy of [deadline({}, runtime), attemptTimeout({}, runtime)]) {
    await assert.rejects(
      policy.execute(() => assert.fail('started'), { deadline: clock.now() }),
      (error) => error instanceof DeadlineExceededError && error.sent === 'never' && error.attempts === 0,
    );
  }
});

test("rejects with the caller's own reason when the caller leaves, even if the work ignores it", async () => {
  const { clock, events, runtime } = world();
  for (const reason of [new Error('gone'), 'gone', Object.freeze({ gone: true })]) {
    const caller = new AbortController();
    const call = pipeline(deadline({}, runtime), attemptTimeout({}, runtime)).execute(never, { signal: caller.signal });
    caller.abort(reason);
    await assert.rejects(call, (error) => error === reason);
    assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
  }
  await clock.advance(10_000);
  assert.deepEqual(events.types, []);
});

test('starts nothing for a caller who has left already', async () => {
  const { runtime } = world();
  const signal = AbortSignal.abort('left');
  for (const policy of [deadline({}, runtime), attemptTimeout({}, runtime)]) {
    await assert.rejects(
      policy.execute(() => assert.fail('started'), { signal }),
      (error) => error === 'left',
    );
  }
});

test('leaves no listener on a signal that outlives ten thousand calls', async () => {
  const { runtime } = world();
  const { signal } = new AbortController();
  const policy = pipeline(deadline({}, runtime), attemptTimeout({}, runtime));
  for (let i = 0; i < 10_000; i++) await policy.execute(async (call) => call.signal.aborted, { signal });
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('tells when work that was given up ends at last, and not when it heeds its signal', async () => {
  const { clock, events, runtime } = world();
  const policy = attemptTimeout({ attemptTimeoutMs: 10 }, runtime);
  let finish = (): void => {};
  const deaf = assert.rejects(policy.execute(() => new Promise<void>((resolve) => (finish = resolve))));
  const heeding = assert.rejects(policy.execute(untilCancelled));
  await clock.advance(10);
  await deaf;
  await heeding;
  assert.deepEqual(events.of('work.ended-late'), []);
  await clock.advance(25);
  finish();
  await settle();
  assert.deepEqual(
    events.of('work.ended-late').map((event) => event.lateMs),
    [25],
  );
});

test('carries how far the work had got', async () => {
  const { clock, runtime } = world();
  const policy = attemptTimeout({ attemptTimeoutMs: 10 }, runtime);
  const untold = assert.rejects(policy.execute(never), { sent: 'maybe', phase: 'wait', attempts: 1 });
  const queued = assert.rejects(
    policy.execute((call) => {
      call.progress('queue', 'never');
      return never();
    }),
    { sent: 'never', phase: 'queue' },
  );
  await clock.advance(10);
  await untold;
  await queued;
});

test('treats work that throws at once as work that fails', async () => {
  const { clock, runtime } = world();
  const broken = new Error('broken');
  const policy = attemptTimeout({}, runtime);
  await assert.rejects(
    policy.execute(() => {
      throw broken;
    }),
    (error) => error === broken,
  );
  await clock.advance(10_000);
  assert.equal(clock.pending, 0);
});

test('ignores a wall clock that jumps', async () => {
  const { clock, runtime } = world();
  const failed = assert.rejects(attemptTimeout({ attemptTimeoutMs: 50 }, runtime).execute(never), AttemptTimeoutError);
  clock.jumpWall(-3_600_000);
  await clock.advance(25);
  clock.jumpWall(7_200_000);
  await clock.advance(25);
  await failed;
});

test('refuses settings that cannot be', () => {
  for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 2 ** 31]) {
    assert.throws(() => attemptTimeout({ attemptTimeoutMs: wrong as never }), ConfigError);
    if (wrong === Number.POSITIVE_INFINITY) continue;
    assert.throws(() => deadline({ deadlineMs: wrong as never }), { path: 'deadline.deadlineMs' });
  }
  assert.throws(() => deadline({ timeout: 5 } as never), { path: 'deadline.timeout' });
});

test('describe their settings in a line', () => {
  assert.equal(attemptTimeout().describe(), 'attempt timeout: 1000 ms, less when the deadline is nearer');
  assert.equal(deadline().describe(), 'deadline: 3000 ms for the whole call');
  assert.equal(deadline({ deadlineMs: Number.POSITIVE_INFINITY }).describe(), 'deadline: the one a call brings');
});
