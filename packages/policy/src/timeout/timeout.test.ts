import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import type { Operation } from '../contract/call.ts';
import { AttemptTimeoutError, ConfigError, DeadlineExceededError } from '../contract/errors.ts';
import type { Runtime } from '../contract/runtime.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { caught } from '../testing/caught.ts';
import { scripted } from '../testing/scripted.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { attemptTimeout } from './attempt-timeout.ts';
import { deadline } from './deadline.ts';

const hanging = (runtime: Runtime): Operation<never> => scripted([{ hang: true }], runtime);

/** Work that ignores that it is cancelled. */
const deaf = (runtime: Runtime): Operation<never> => scripted([{ hang: true, ignoresCancel: true }], runtime);

test('answers with the value of work that is in time, and leaves no deadline behind', async () => {
  const { clock, runtime } = testRuntime({ startMs: 100 });
  const policy = attemptTimeout({ attemptTimeoutMs: 50 }, runtime);
  assert.equal(await policy.execute(async () => 'in time'), 'in time');
  await clock.advance(1_000);
  assert.equal(clock.pending, 0);
});

test('gives up an attempt at its timeout and cancels the work with the same error', async () => {
  const { clock, log, runtime } = testRuntime({ startMs: 100 });
  const peer = scripted([{ hang: true }], runtime);
  const failed = caught(attemptTimeout({ attemptTimeoutMs: 50 }, runtime).execute(peer));
  await clock.advance(50);
  const error = await failed;
  assert.ok(error instanceof AttemptTimeoutError);
  assert.deepEqual([peer.attempts[0]?.cancelledAt, peer.attempts[0]?.cancelReason], [150, error]);
  log.expect([{ type: 'attempt.timed-out', afterMs: 50 }]);
});

test('aborts the signal of the work, made only when it is read', async () => {
  const { clock, runtime } = testRuntime({ startMs: 100 });
  let signal: AbortSignal | undefined;
  const failed = caught(
    attemptTimeout({ attemptTimeoutMs: 5 }, runtime).execute((call) => {
      signal = call.signal;
      return new Promise(() => {});
    }),
  );
  await clock.advance(5);
  assert.equal(signal?.reason, await failed);
});

test('cuts an attempt at the deadline of the whole call, and says that it was the deadline', async () => {
  const { clock, runtime } = testRuntime({ startMs: 100 });
  const policy = pipeline(deadline({ deadlineMs: 80 }, runtime), attemptTimeout({ attemptTimeoutMs: 1_000 }, runtime));
  const failed = assert.rejects(policy.execute(hanging(runtime)), DeadlineExceededError);
  await clock.advance(80);
  await failed;
});

test('keeps the earlier deadline of a call that came with one', async () => {
  const { clock, runtime } = testRuntime({ startMs: 100 });
  const failed = assert.rejects(
    deadline({ deadlineMs: 500 }, runtime).execute(deaf(runtime), { deadline: clock.now() + 20 }),
    DeadlineExceededError,
  );
  await clock.advance(20);
  await failed;
});

test('with an infinite deadline of its own, ends a call at the one it brings', async () => {
  const { clock, runtime } = testRuntime({ startMs: 100 });
  const policy = deadline({ deadlineMs: Number.POSITIVE_INFINITY }, runtime);
  const failed = assert.rejects(
    policy.execute(deaf(runtime), { deadline: clock.now() + 70_000 }),
    DeadlineExceededError,
  );
  await clock.advance(70_000);
  await failed;
  assert.equal(await policy.execute(async () => 'no deadline'), 'no deadline');
});

test('starts nothing when the deadline has passed', async () => {
  const { clock, runtime } = testRuntime({ startMs: 100 });
  for (const policy of [deadline({}, runtime), attemptTimeout({}, runtime)]) {
    await assert.rejects(
      policy.execute(() => assert.fail('started'), { deadline: clock.now() }),
      (error) => error instanceof DeadlineExceededError && error.sent === 'never' && error.attempts === 0,
    );
  }
});

test("rejects with the caller's own reason when the caller leaves, even if the work ignores it", async () => {
  const { clock, log, runtime } = testRuntime({ startMs: 100 });
  for (const reason of [new Error('gone'), 'gone', Object.freeze({ gone: true })]) {
    const caller = new AbortController();
    const call = pipeline(deadline({}, runtime), attemptTimeout({}, runtime)).execute(deaf(runtime), {
      signal: caller.signal,
    });
    caller.abort(reason);
    await assert.rejects(call, (error) => error === reason);
    assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
  }
  await clock.advance(10_000);
  log.none();
});

test('starts nothing for a caller who has left already', async () => {
  const { runtime } = testRuntime({ startMs: 100 });
  const signal = AbortSignal.abort('left');
  for (const policy of [deadline({}, runtime), attemptTimeout({}, runtime)]) {
    await assert.rejects(
      policy.execute(() => assert.fail('started'), { signal }),
      (error) => error === 'left',
    );
  }
});

test('leaves no listener on a signal that outlives ten thousand calls', async () => {
  const { runtime } = testRuntime({ startMs: 100 });
  const { signal } = new AbortController();
  const policy = pipeline(deadline({}, runtime), attemptTimeout({}, runtime));
  for (let i = 0; i < 10_000; i++) await policy.execute(async (call) => call.signal.aborted, { signal });
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('tells when work that was given up ends at last, and not when it heeds its signal', async () => {
  const { clock, log, runtime } = testRuntime({ startMs: 100 });
  const policy = attemptTimeout({ attemptTimeoutMs: 10 }, runtime);
  const work = scripted<string>([{ hang: true, ignoresCancel: true }, { hang: true }], runtime);
  const ends = [caught(policy.execute(work)), caught(policy.execute(work))];
  await clock.advance(10);
  await Promise.all(ends);
  log.none('work.ended-late');
  await clock.advance(25);
  await work.answer(1, 'late');
  assert.equal(log.only('work.ended-late').lateMs, 25);
});

test('carries how far the work had got', async () => {
  const { clock, runtime } = testRuntime({ startMs: 100 });
  const policy = attemptTimeout({ attemptTimeoutMs: 10 }, runtime);
  const untold = assert.rejects(policy.execute(deaf(runtime)), { sent: 'maybe', phase: 'wait', attempts: 1 });
  const queued = assert.rejects(
    policy.execute((call) => {
      call.progress('queue', 'never');
      return new Promise(() => {});
    }),
    { sent: 'never', phase: 'queue' },
  );
  await clock.advance(10);
  await untold;
  await queued;
});

test('treats work that throws at once as work that fails', async () => {
  const { clock, runtime } = testRuntime({ startMs: 100 });
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
  const { clock, runtime } = testRuntime({ startMs: 100 });
  const failed = assert.rejects(
    attemptTimeout({ attemptTimeoutMs: 50 }, runtime).execute(deaf(runtime)),
    AttemptTimeoutError,
  );
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
