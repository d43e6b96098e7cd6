import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { breaker } from '../breaker/breaker.ts';
import { CallContext, type Operation } from '../contract/call.ts';
import { AttemptTimeoutError } from '../contract/errors.ts';
import { fallback } from '../fallback/fallback.ts';
import { hedge } from '../hedge/hedge.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { retry } from '../retry/retry.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { caught } from './caught.ts';
import { ExpectationError } from './expectation-error.ts';
import { JudgedError } from './judged-error.ts';
import { settle } from './manual-clock.ts';
import { ScriptOverrunError } from './script-overrun-error.ts';
import { scripted } from './scripted.ts';
import { testRuntime } from './test-runtime.ts';

const call = (): CallContext => CallContext.of({});
const down = new Error('down');

// What it does

test('does what its steps say, an attempt a step', async () => {
  const { runtime } = testRuntime();
  const peer = scripted([{ fail: down }, { answer: 'fine' }, { answer: undefined }], runtime);
  assert.equal(await caught(peer(call())), down);
  assert.deepEqual([await peer(call()), await peer(call())], ['fine', undefined]);
  assert.equal(peer.sends(), 3);
  peer.done();
});

test('is an operation for any policy, and its type is that of its answers', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = scripted([{ fail: down, times: 2 }, { answer: 'fine' }], runtime);
  const operation: Operation<string> = peer;
  // @ts-expect-error It answers no number.
  const wrong: Operation<number> = peer;
  assert.equal(wrong, operation);
  const answered: Promise<string> = retry({}, runtime).execute(peer);
  await clock.advance(150);
  assert.equal(await answered, 'fine');
  assert.deepEqual(peer.begunAt(), [0, 50, 150]);
  peer.done();
});

test('takes its time by the clock', async () => {
  const { runtime, clock } = testRuntime();
  const peer = scripted(
    [
      { answer: 'late', afterMs: 20 },
      { fail: down, afterMs: 5 },
      { answer: 'next turn', afterMs: 0 },
    ],
    runtime,
  );
  const late = peer(call());
  await clock.advance(19);
  assert.equal(peer.attempts[0]?.state, 'running');
  await clock.advance(1);
  assert.equal(await late, 'late');
  const failed = caught(peer(call()));
  await clock.advance(5);
  assert.equal(await failed, down);
  const next = peer(call());
  assert.equal(peer.attempts[2]?.state, 'running');
  await clock.advance(0);
  assert.equal(await next, 'next turn');
});

test('takes an error for the step that throws it', async () => {
  const { runtime } = testRuntime();
  const peer = scripted([down, { answer: 'fine' }], runtime);
  assert.equal(await caught(peer(call())), down);
  assert.equal(await peer(call()), 'fine');
  assert.throws(() => scripted([down], runtime).done(), /\n {2}fail Error: down$/);
});

test('throws what is asked for, an error or not', async () => {
  const { runtime } = testRuntime();
  const peer = scripted([{ fail: undefined }, { fail: 'down' }], runtime);
  assert.deepEqual([await caught(peer(call())), await caught(peer(call()))], [undefined, 'down']);
});

test('is throttled, with or without a word of when to come back', async () => {
  const { runtime, clock, log } = testRuntime({ random: 0 });
  const peer = scripted([{ throttle: 5_000 }, { throttle: true }, { answer: 'fine' }], runtime);
  const answered = retry({}, runtime).execute(peer);
  await clock.advance(4_999);
  assert.equal(peer.sends(), 1);
  await clock.advance(1);
  assert.equal(await answered, 'fine');
  assert.deepEqual(
    log.of('retry.scheduled').map(({ error }) => error instanceof JudgedError && error.retryAfterMs),
    [5_000, undefined],
  );
  log.expectAmong([
    { type: 'attempt.finished', verdict: 'throttled' },
    { type: 'attempt.finished', verdict: 'throttled' },
  ]);
});

test('throws an error of its own for each attempt that is throttled', async () => {
  const { runtime } = testRuntime();
  const peer = scripted([{ throttle: 7, times: 2 }], runtime);
  assert.notEqual(await caught(peer(call())), await caught(peer(call())));
});

test('does as a function does, which may throw, reject or take its time', async () => {
  const { runtime, clock } = testRuntime();
  const peer = scripted(
    [
      { run: ({ target }) => `plain ${target}` },
      { run: async () => 'promised' },
      { run: () => Promise.reject(down) },
      { run: () => assert.fail('thrown') },
      { run: () => clock.sleep(10).then(() => 'slept'), afterMs: 5 },
    ],
    runtime,
  );
  const users = CallContext.of({ target: 'users' });
  assert.deepEqual([await peer(users), await peer(users)], ['plain users', 'promised']);
  assert.equal(await caught(peer(users)), down);
  assert.match(String(await caught(peer(users))), /thrown/);
  const slept = peer(users);
  await clock.advance(14);
  assert.equal(peer.attempts[4]?.state, 'running');
  await clock.advance(1);
  assert.equal(await slept, 'slept');
});

test('repeats a step as often as it says, or for ever', async () => {
  const { runtime } = testRuntime();
  const peer = scripted(
    [
      { answer: 'a', times: 2 },
      { answer: 'b', times: Number.POSITIVE_INFINITY },
    ],
    runtime,
  );
  const answers: string[] = [];
  for (let i = 0; i < 50; i++) answers.push(await peer(call()));
  assert.deepEqual(answers.slice(0, 4), ['a', 'a', 'b', 'b']);
  assert.equal(answers[49], 'b');
  peer.done();
});

test('serves calls that run at once in the order in which they begin', async () => {
  const { runtime, clock } = testRuntime();
  const peer = scripted([{ answer: 'slow', afterMs: 10 }, { answer: 'quick' }], runtime);
  const both = Promise.all([peer(call()), peer(call())]);
  await clock.advance(10);
  assert.deepEqual(await both, ['slow', 'quick']);
});

// Cancelling

test('ends with the reason as soon as its call is cancelled, hanging or taking its time', async () => {
  for (const step of [
    { hang: true } as const,
    { answer: 1, afterMs: 50 },
    { run: () => new Promise<number>(() => {}) },
  ]) {
    const { runtime, clock } = testRuntime();
    const peer = scripted<number>([step], runtime);
    const caller = new AbortController();
    const left = caught(peer(CallContext.of({ signal: caller.signal })));
    await clock.advance(10);
    caller.abort('left');
    assert.equal(await left, 'left');
    const { state, endedAt, cancelledAt, cancelReason } = peer.attempts[0] ?? assert.fail('no attempt');
    assert.deepEqual([state, endedAt, cancelledAt, cancelReason], ['cancelled', 10, 10, 'left']);
    assert.equal(clock.pending, 0);
  }
});

test('has ended when it was cancelled, whatever its function makes of it later', async () => {
  const { runtime, clock } = testRuntime();
  const peer = scripted(
    [{ run: () => clock.sleep(50) }, { run: () => clock.sleep(50).then(() => assert.fail()) }],
    runtime,
  );
  const ends = [1, 2].map(() => caught(attemptTimeout({ attemptTimeoutMs: 10 }, runtime).execute(peer)));
  await clock.advance(100);
  await Promise.all(ends);
  assert.deepEqual(
    peer.attempts.map(({ state, endedAt }) => [state, endedAt]),
    [
      ['cancelled', 10],
      ['cancelled', 10],
    ],
  );
});

test('goes on when it is to ignore that, and has heard of it all the same', async () => {
  const { runtime, clock, log } = testRuntime();
  const peer = scripted([{ answer: 'late', afterMs: 50, ignoresCancel: true }], runtime);
  const failed = caught(attemptTimeout({ attemptTimeoutMs: 10 }, runtime).execute(peer));
  await clock.advance(10);
  const reason = await failed;
  assert.ok(reason instanceof AttemptTimeoutError);
  assert.equal(peer.attempts[0]?.state, 'running');
  await clock.advance(40);
  const { state, endedAt, cancelledAt, cancelReason } = peer.attempts[0] ?? assert.fail('no attempt');
  assert.deepEqual([state, endedAt, cancelledAt, cancelReason], ['answered', 50, 10, reason]);
  assert.equal(log.only('work.ended-late').lateMs, 40);
});

test('does nothing for a call that has been cancelled already, but use up its step', async () => {
  const { runtime } = testRuntime();
  let ran = 0;
  const run = (): number => ++ran;
  const peer = scripted<unknown>([{ answer: 'fine' }, { run }, { answer: 'deaf', ignoresCancel: true }], runtime);
  const gone = (): CallContext => CallContext.of({ signal: AbortSignal.abort('gone') });
  assert.deepEqual([await caught(peer(gone())), await caught(peer(gone()))], ['gone', 'gone']);
  assert.equal(await peer(gone()), 'deaf');
  assert.deepEqual(
    peer.attempts.map(({ state, cancelReason }) => [state, cancelReason]),
    [
      ['cancelled', 'gone'],
      ['cancelled', 'gone'],
      ['answered', 'gone'],
    ],
  );
  assert.equal(ran, 0);
  peer.done();
});

test('leaves no listener and no timer behind, however it ends', async () => {
  const { runtime, clock } = testRuntime();
  const { signal } = new AbortController();
  const peer = scripted<string>(
    [{ answer: 'a' }, { fail: down }, { answer: 'b', afterMs: 5 }, { hang: true }],
    runtime,
  );
  const ends = Array.from({ length: 4 }, () => peer(CallContext.of({ signal })).catch(() => {}));
  assert.equal(getEventListeners(signal, 'abort').length, 2);
  await peer.answer(4, 'c');
  await clock.advance(5);
  await Promise.all(ends);
  assert.deepEqual([getEventListeners(signal, 'abort').length, clock.pending], [0, 0]);
});

// What it remembers

test('remembers of each attempt its number, when it began and ended, and what was left of the deadline', async () => {
  const { runtime, clock } = testRuntime({ random: 1, startMs: 100 });
  const peer = scripted([{ fail: down, afterMs: 30 }, { answer: 'fine' }], runtime);
  const answered = retry({}, runtime).execute(peer, { deadline: 600, target: 'users' });
  await clock.advance(80);
  await answered;
  assert.deepEqual(
    peer.attempts.map(({ attempt, at, endedAt, deadlineLeftMs, state }) => [
      attempt,
      at,
      endedAt,
      deadlineLeftMs,
      state,
    ]),
    [
      [1, 100, 130, 500, 'failed'],
      [2, 180, 180, 420, 'answered'],
    ],
  );
  assert.equal(peer.attempts[0]?.call.target, 'users');
});

test('knows of no deadline and no cancellation where there is none', async () => {
  const { runtime } = testRuntime();
  const peer = scripted([{ answer: 1 }], runtime);
  await peer(call());
  const { deadlineLeftMs, cancelledAt, cancelReason } = peer.attempts[0] ?? assert.fail('no attempt');
  assert.deepEqual([deadlineLeftMs, cancelledAt, cancelReason], [Number.POSITIVE_INFINITY, undefined, undefined]);
});

// By hand

test('ends attempts in whatever order the test likes', async () => {
  const { runtime, clock } = testRuntime();
  const peer = scripted<string>([{ hang: true, times: 2 }], runtime);
  const answer = hedge({ delayMs: 10 }, runtime).execute(peer);
  await clock.advance(10);
  await peer.fail(2, down);
  await peer.answer(1, 'copy 1');
  assert.equal(await answer, 'copy 1');
});

test('lets what follows from an ending happen', async () => {
  const { runtime } = testRuntime();
  const peer = scripted<string>([{ hang: true, times: 2 }], runtime);
  const heard: unknown[] = [];
  const listen = async (): Promise<void> => {
    const end = await peer(call()).catch((error: unknown) => error);
    for (let turns = 0; turns < 10; turns++) await Promise.resolve();
    heard.push(end);
  };
  const all = [listen(), listen()];
  await peer.fail(2, down);
  assert.deepEqual(heard, [down]);
  await peer.answer(1, 'fine');
  assert.deepEqual(heard, [down, 'fine']);
  await Promise.all(all);
});

test('ends an attempt before its time', async () => {
  const { runtime, clock } = testRuntime();
  const peer = scripted([{ answer: 'slow', afterMs: 100 }], runtime);
  const answer = peer(call());
  await peer.answer(1, 'at once');
  assert.deepEqual([await answer, clock.pending], ['at once', 0]);
});

test('says so when there is no such attempt to end, or it has ended', async () => {
  const { runtime } = testRuntime();
  const peer = scripted([{ answer: 1 }], runtime);
  await assert.rejects(peer.answer(1, 2), /^Error: send 1 has not begun: there were 0$/);
  await peer(call());
  await assert.rejects(peer.fail(1, down), /^Error: send 1 has ended at 0 ms: answered$/);
});

// Its end

test('fails the call that goes past its end, once and for all, and names the attempt', async () => {
  const { runtime, clock, log } = testRuntime();
  const circuit = breaker({ consecutiveFailures: 2 }, runtime);
  const peer = scripted([{ fail: down }], runtime);
  const policy = pipeline(fallback('made up'), retry({ maxRetries: 9 }, runtime), circuit);
  const failed = caught(policy.execute(peer, { target: 'users', operation: 'get' }));
  await clock.runAll();
  const error = await failed;
  assert.ok(error instanceof ScriptOverrunError, String(error));
  const at = log.only('retry.scheduled').waitMs;
  const message = `the script has no step for send 2, attempt 2 of users.get at ${at} ms: it has one step`;
  assert.equal(error.message, message);
  // It neither counts nor is sent again, or the test would end with quite another error.
  assert.deepEqual([peer.sends(), circuit.state], [2, 'closed']);
  assert.throws(
    () => peer.done(),
    (thrown) => thrown instanceof ExpectationError && thrown.message === message,
  );
});

test('tells of the first attempt that went past its end, should that have been swallowed', async () => {
  const { runtime } = testRuntime();
  const peer = scripted([], runtime);
  await peer(call()).catch(() => {});
  await peer(call()).catch(() => {});
  assert.throws(() => peer.done(), { message: 'the script has no step for send 1, attempt 1 at 0 ms: it has 0 steps' });
});

test('is done when every step was used', async () => {
  const { runtime } = testRuntime();
  scripted([], runtime).done();
  const peer = scripted([{ answer: 1, times: 2 }], runtime);
  await peer(call());
  assert.throws(() => peer.done(), ExpectationError);
  await peer(call());
  peer.done();
});

test('says which steps were left', async () => {
  const { runtime } = testRuntime();
  const peer = scripted<unknown>(
    [
      { answer: 1 },
      { fail: down, times: 3 },
      { throttle: 250, afterMs: 5 },
      { throttle: true },
      { hang: true },
      { run: () => 1 },
      { answer: { id: 42 }, times: Number.POSITIVE_INFINITY },
    ],
    runtime,
  );
  await peer(call());
  await caught(peer(call()));
  await settle();
  assert.throws(() => peer.done(), {
    name: 'AssertionError',
    message: [
      'after 2 sends, the script has steps left:',
      '  fail Error: down, 3 times: 1 used',
      '  throttle 250 after 5 ms',
      '  throttle',
      '  hang',
      '  run a function',
      '  answer { id: 42 }, Infinity times',
    ].join('\n'),
  });
});

test('says so when it was never used at all', () => {
  const { runtime } = testRuntime();
  const forever = scripted([{ answer: 'fine', times: Number.POSITIVE_INFINITY }], runtime);
  assert.throws(() => forever.done(), { message: /^after 0 sends, the script has steps left:\n {2}answer "fine"/ });
});

test('points at the line of the test, not at itself', () => {
  const { runtime } = testRuntime();
  const peer = scripted([{ answer: 1 }], runtime);
  assert.throws(
    () => peer.done(),
    (error: Error) =>
      /^ {4}at .*scripted\.test\.ts/m.test(error.stack?.split('\n').find((line) => line.startsWith('    at ')) ?? ''),
  );
});

test('refuses steps that cannot be, and names the one', () => {
  const { runtime } = testRuntime();
  const wrong: [unknown, string, RegExp][] = [
    [{}, 'script[0]', /expected one of answer, fail, throttle, hang, run, got "none"/],
    [{ run: undefined }, 'script[0]', /got "none"/],
    [{ answer: 1, fail: 2 }, 'script[0]', /got "answer and fail"/],
    [{ anwser: 1 }, 'script[0].anwser', /one of the options/],
    ['hang', 'script[0]', /an object/],
    [{ hang: false }, 'script[0].hang', /expected true/],
    [{ hang: true, afterMs: 5 }, 'script[0].afterMs', /nothing beside hang/],
    [{ throttle: -1 }, 'script[0].throttle', /a number of at least 0, or true/],
    [{ run: 5 }, 'script[0].run', /a function/],
    [{ answer: 1, afterMs: Number.NaN }, 'script[0].afterMs', /milliseconds/],
    [{ answer: 1, times: 0 }, 'script[0].times', /a whole number of at least 1, or Infinity/],
    [{ answer: 1, times: 1.5 }, 'script[0].times', /whole/],
    [{ answer: 1, ignoresCancel: 1 }, 'script[0].ignoresCancel', /true or false/],
  ];
  for (const [step, path, message] of wrong) {
    assert.throws(
      () => scripted([step as { answer: 1 }], runtime),
      (error: { path?: string; message: string }) => {
        assert.equal(error.path, path);
        assert.match(error.message, message);
        return true;
      },
    );
  }
  const endless = { answer: 1, times: Number.POSITIVE_INFINITY };
  assert.throws(() => scripted([endless, { answer: 2 }], runtime), { path: 'script[0].times' });
  assert.throws(() => scripted({ answer: 1 } as never, runtime), { path: 'script' });
});
