import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallContext, type Operation } from '../contract/call.ts';
import {
  BulkheadFullError,
  ConfigError,
  DeadlineExceededError,
  type Sent,
  SwitchgearError,
} from '../contract/errors.ts';
import type { PolicyEvent } from '../contract/events.ts';
import { type Classify, type Verdict, verdicts } from '../contract/outcome.ts';
import { caught } from '../testing/caught.ts';
import { JudgedError, throttled } from '../testing/judged-error.ts';
import { settle } from '../testing/manual-clock.ts';
import { scripted } from '../testing/scripted.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import type { RetryInfo, RetryOptions } from './options.ts';
import { retry } from './retry.ts';
import { retryBudget } from './retry-budget.ts';

test('returns the first answer without a wait', async () => {
  const { runtime } = testRuntime({ random: 1 });
  const peer = scripted([{ answer: 'fine' }], runtime);
  assert.equal(await retry({}, runtime).execute(peer), 'fine');
  assert.equal(peer.sends(), 1);
});

test('sends again until an attempt succeeds', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = scripted([new Error('a'), new Error('b'), { answer: 'fine' }], runtime);
  const answered = retry({}, runtime).execute(peer);
  await clock.advance(150);
  assert.equal(await answered, 'fine');
  assert.equal(peer.sends(), 3);
});

test('waits in the way it is told to', async () => {
  const waits = async (options: RetryOptions): Promise<(number | undefined)[]> => {
    const { runtime, clock, log } = testRuntime({ random: 0.5 });
    const failed = caught(retry({ maxRetries: 3, ...options }, runtime).execute(() => Promise.reject(new Error('a'))));
    await clock.advance(10_000);
    await failed;
    return log.of('retry.scheduled').map(({ waitMs }) => waitMs);
  };
  assert.deepEqual(await waits({}), [25, 50, 100]);
  assert.deepEqual(await waits({ jitter: 'equal' }), [37.5, 75, 150]);
  assert.deepEqual(await waits({ backoff: 'linear', jitter: 'none' }), [50, 100, 150]);
  assert.deepEqual(await waits({ backoff: 'constant' }), [25, 25, 25]);
  // Halfway between 50 and 3 × 50, 3 × 100 and 3 × 175.
  assert.deepEqual(await waits({ backoff: 'decorrelated' }), [100, 175, 287.5]);
  const doubled = ({ retry: nth, previousMs }: RetryInfo): number => (nth === 1 ? 10 : 2 * previousMs);
  assert.deepEqual(await waits({ backoff: doubled, jitter: 'none' }), [10, 20, 40]);
});

test('asks a function for no wait that is not to be', async () => {
  const backoff = (): number => assert.fail('asked');
  await caught(retry({ backoff, maxRetries: 0 }).execute(() => Promise.reject(new Error('a'))));
  await caught(retry({ backoff }).execute(() => Promise.reject(new Error('a')), { idempotent: false }));
});

test('waits the jittered time, and not less', async () => {
  const { runtime, clock } = testRuntime({ random: 0.5 });
  const peer = scripted([new Error('a'), new Error('b'), { answer: 'fine' }], runtime);
  const answered = retry({}, runtime).execute(peer);
  await clock.advance(75);
  await answered;
  assert.deepEqual(peer.begunAt(), [0, 25, 75]);
});

test('throws the very error of the last attempt', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const errors = [new Error('a'), new Error('b'), new Error('c')];
  const error = await caught(retry({}, runtime).execute(scripted(errors, runtime)));
  assert.equal(error, errors[2]);
});

test('says on an error of the library why it gave up', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const error = new JudgedError('failure');
  assert.equal(await caught(retry({}, runtime).execute(scripted([error, error, error], runtime))), error);
  assert.equal(error.stopped, 'attempts-exhausted');
});

test('throws a frozen error as it is', async () => {
  const { runtime } = testRuntime();
  const error = Object.freeze(new JudgedError(verdicts.failureForGood));
  assert.equal(await caught(retry({}, runtime).execute(scripted([error], runtime))), error);
});

test('throws what is no error as it is', async () => {
  for (const thrown of [undefined, null, 'down', 0, Symbol.for('x')]) {
    assert.equal(await caught(retry({ maxRetries: 0 }).execute(() => Promise.reject(thrown))), thrown);
  }
});

test('counts a synchronous throw as a failure like any', async () => {
  const { runtime } = testRuntime({ random: 0 });
  let sends = 0;
  const answered = retry({}, runtime).execute((() => {
    if (sends++ === 0) throw new Error('before any promise');
    return 'fine';
  }) as unknown as Operation<string>);
  assert.equal(await answered, 'fine');
});

test('sends once with maxRetries of 0', async () => {
  const { runtime } = testRuntime();
  const peer = scripted([new Error('a')], runtime);
  await assert.rejects(retry({ maxRetries: 0 }, runtime).execute(peer), /a/);
  assert.equal(peer.sends(), 1);
});

test('sends no more than maxRetries + 1 times', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const peer = scripted([{ fail: new Error('down'), times: Number.POSITIVE_INFINITY }], runtime);
  await assert.rejects(retry({ maxRetries: 7 }, runtime).execute(peer));
  assert.equal(peer.sends(), 8);
});

test('does not repeat what is not idempotent', async () => {
  const { runtime } = testRuntime();
  const peer = scripted([new Error('reset')], runtime);
  await assert.rejects(retry({}, runtime).execute(peer, { idempotent: false }));
  assert.equal(peer.sends(), 1);
});

test('does not repeat what the verdict says must not be', async () => {
  const { runtime } = testRuntime();
  const error = new ConfigError('a', 'b', 'c');
  const peer = scripted([error], runtime);
  await assert.rejects(retry({}, runtime).execute(peer));
  assert.equal(peer.sends(), 1);
  assert.equal(error.stopped, 'not-retryable');
});

test('repeats at once what the verdict says to', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = scripted([new JudgedError({ kind: 'failure', retry: 'now' }), { answer: 'fine' }], runtime);
  assert.equal(await retry({}, runtime).execute(peer), 'fine');
  assert.equal(peer.sends(), 2);
  assert.equal(clock.now(), 0);
});

test('repeats nothing at once twice in a row', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = scripted([{ answer: 'again', times: 5 }], runtime);
  const policy = retry({ maxRetries: 4, classify: () => ({ kind: 'failure', retry: 'now' }) }, runtime);
  const answered = policy.execute(peer);
  await clock.advance(1_000);
  await answered;
  assert.deepEqual(peer.begunAt(), [0, 0, 100, 100, 500]);
});

test('numbers the attempts, the first running on the call itself', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const call = CallContext.of({ target: 'users' });
  const peer = scripted([{ fail: new Error('down'), times: 3 }], runtime);
  await caught(retry({}, runtime).execute(peer, call));
  const seen = peer.attempts.map((attempt) => [attempt.attempt, attempt.call === call, attempt.call.target]);
  assert.deepEqual(seen, [
    [1, true, 'users'],
    [2, false, 'users'],
    [3, false, 'users'],
  ]);
  assert.equal(call.attempts, 3);
});

test('numbers the attempts of nested retries without repeating a number', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const peer = scripted([{ fail: new Error('down'), times: 4 }], runtime);
  const inner = retry({ maxRetries: 1 }, runtime);
  const outer = retry({ maxRetries: 1 }, runtime);
  await caught(outer.execute((call) => inner.execute(peer, call)));
  assert.deepEqual(
    peer.attempts.map(({ attempt }) => attempt),
    [1, 2, 3, 4],
  );
});

// Retry-After

test('waits at least as long as the other side asks', async () => {
  const { runtime, clock } = testRuntime({ random: 0 });
  const peer = scripted([throttled(5_000), { answer: 'fine' }], runtime);
  const answered = retry({}, runtime).execute(peer);
  await clock.advance(4_999);
  assert.equal(peer.sends(), 1);
  await clock.advance(1);
  assert.equal(await answered, 'fine');
});

test('gives up at once when the other side asks for longer than is allowed', async () => {
  const { runtime, clock } = testRuntime({ random: 0 });
  const error = throttled(30_001);
  assert.equal(await caught(retry({}, runtime).execute(scripted([error], runtime))), error);
  assert.equal(error.stopped, 'server-asks-too-long');
  assert.equal(clock.pending, 0);
});

test('waits for a stale connection too, when the other side asks for it', async () => {
  const { runtime, clock } = testRuntime({ random: 0 });
  const error = new JudgedError({ kind: 'failure', retry: 'now', retryAfterMs: 200 });
  const peer = scripted([error, { answer: 'fine' }], runtime);
  const answered = retry({}, runtime).execute(peer);
  await clock.advance(199);
  assert.equal(peer.sends(), 1);
  await clock.advance(1);
  await answered;
});

// The deadline

test('does not begin a wait that reaches the deadline', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const error = new JudgedError('failure');
  const failed = retry({}, runtime).execute(scripted([error], runtime), { deadline: 50 });
  assert.equal(await caught(failed), error);
  assert.equal(error.stopped, 'deadline-too-near');
  assert.equal(clock.pending, 0);
});

test('begins a wait that ends just before the deadline', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const answered = retry({}, runtime).execute(scripted([new Error('a'), { answer: 'fine' }], runtime), {
    deadline: 51,
  });
  await clock.advance(50);
  assert.equal(await answered, 'fine');
});

test('does not start an attempt when the deadline has passed', async () => {
  const { runtime } = testRuntime({ random: 1 });
  const peer = scripted([], runtime);
  const error = await caught(retry({}, runtime).execute(peer, { deadline: 0, target: 'users' }));
  assert.ok(error instanceof DeadlineExceededError);
  assert.deepEqual([error.phase, error.sent, error.target, error.attempts], ['call', 'never', 'users', 0]);
  assert.equal(peer.sends(), 0);
});

test('does not start an attempt when the process slept through the deadline', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const budget = retryBudget({}, runtime);
  const error = new JudgedError('failure');
  const peer = scripted([error], runtime);
  const failed = caught(retry({ budget }, runtime).execute(peer, { deadline: 100 }));
  await settle();
  clock.freeze(5_000);
  await clock.advance(0);
  assert.equal(await failed, error);
  assert.equal(peer.sends(), 1);
  assert.equal(error.stopped, 'deadline-too-near');
  assert.equal(budget.snapshot().retriesInWindow, 0);
});

// The budget

test('throws the real error when the budget is empty', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const budget = retryBudget({ ratio: 0, minPerSecond: 1 }, runtime);
  assert.ok(budget.tryWithdraw());
  const error = new JudgedError('failure');
  const peer = scripted([error], runtime);
  assert.equal(await caught(retry({ budget }, runtime).execute(peer)), error);
  assert.equal(peer.sends(), 1);
  assert.equal(error.stopped, 'budget-empty');
});

test('deposits once per call, whatever the attempts', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const budget = retryBudget({}, runtime);
  await retry({ budget }, runtime).execute(scripted([new Error('a'), new Error('b'), { answer: 0 }], runtime));
  assert.deepEqual([budget.snapshot().callsInWindow, budget.snapshot().retriesInWindow], [1, 2]);
});

test('takes no token for a retry that something else forbids', async () => {
  const { runtime } = testRuntime({ random: 1 });
  const budget = retryBudget({}, runtime);
  const policy = retry({ budget }, runtime);
  await caught(policy.execute(scripted([new JudgedError(verdicts.failureForGood)], runtime)));
  await caught(policy.execute(scripted([throttled(60_000)], runtime)));
  await caught(policy.execute(scripted([new Error('late')], runtime), { deadline: 10 }));
  await caught(retry({ budget, maxRetries: 0 }, runtime).execute(scripted([new Error('a')], runtime)));
  assert.equal(budget.snapshot().retriesInWindow, 0);
});

test('gives the token of a refused retry back', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const budget = retryBudget({}, runtime);
  const refused = new BulkheadFullError('full', 'bulkhead-full', {});
  await caught(retry({ budget }, runtime).execute(scripted([new Error('a'), refused], runtime)));
  assert.equal(budget.snapshot().retriesInWindow, 0);
});

test('does not go round the budget of a retry beneath it', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const budget = retryBudget({ ratio: 0, minPerSecond: 1 }, runtime);
  assert.ok(budget.tryWithdraw());
  const inner = retry({ budget }, runtime);
  const error = new JudgedError('failure');
  const peer = scripted([error], runtime);
  assert.equal(await caught(retry({}, runtime).execute((call) => inner.execute(peer, call))), error);
  assert.equal(error.stopped, 'budget-empty');
});

// Refusals

test('throws the real error when a later attempt is refused', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const real = new JudgedError('failure');
  const refused = new BulkheadFullError('full', 'bulkhead-full', {});
  assert.equal(await caught(retry({}, runtime).execute(scripted([real, refused], runtime))), real);
  assert.equal(real.stopped, 'refused');
});

test('throws the refusal when there was no real error', async () => {
  const { runtime } = testRuntime();
  const refused = new BulkheadFullError('full', 'bulkhead-full', {});
  assert.equal(await caught(retry({}, runtime).execute(scripted([refused], runtime))), refused);
  assert.equal(refused.stopped, 'not-retryable');
});

test('throws the real error when refusals are waited out in vain', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const real = new JudgedError('failure');
  const refused = new BulkheadFullError('full', 'bulkhead-full', {});
  const policy = retry({ classify: () => verdicts.failure }, runtime);
  assert.equal(await caught(policy.execute(scripted([refused, real, refused], runtime))), real);
  assert.equal(real.stopped, 'attempts-exhausted');
});

// Classifying

test('repeats a value that is judged worth repeating', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const classify: Classify = (outcome) =>
    outcome.ok && outcome.value === 'wait' ? verdicts.failure : verdicts.success;
  const peer = scripted([{ answer: 'wait', times: 2 }, { answer: 'done' }], runtime);
  assert.equal(await retry({ classify }, runtime).execute(peer), 'done');
});

test('returns the last value when it gives up on values', async () => {
  const { runtime } = testRuntime({ random: 0 });
  let sends = 0;
  assert.equal(await retry({ classify: () => verdicts.failure }, runtime).execute(async () => ++sends), 3);
});

test('goes by the usual verdict when a classifier answers nonsense or throws', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const nonsense: unknown[] = [
    undefined,
    null,
    'backoff',
    Promise.resolve(verdicts.failure),
    {},
    { kind: 'x', retry: 'y' },
  ];
  const classifiers = nonsense.map((value) => () => value);
  classifiers.push(() => assert.fail('a classifier that throws'));
  for (const classify of classifiers) {
    const peer = scripted([new Error('a'), new Error('b'), new Error('c')], runtime);
    await assert.rejects(retry({ classify: classify as Classify }, runtime).execute(peer), /c/);
    assert.equal(peer.sends(), 3);
  }
});

test('repeats nothing when an error cannot say what it is', async () => {
  const { runtime } = testRuntime();
  class Broken extends SwitchgearError {
    override readonly code = 'TEST_BROKEN';
    override verdict(): Verdict {
      throw new TypeError('no verdict');
    }
  }
  const error = new Broken('broken');
  assert.equal(await caught(retry({}, runtime).execute(scripted([error], runtime))), error);
});

// How far the call has got

test('tells during a wait that the call may have been received', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const call = CallContext.of({});
  const answered = retry({}, runtime).execute(scripted([new Error('reset'), { answer: 0 }], runtime), call);
  await settle();
  assert.deepEqual([call.phase, call.sent], ['call', 'maybe']);
  await clock.advance(50);
  await answered;
});

test('keeps an earlier doubt when a later attempt never left', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const call = CallContext.of({});
  const sentOf = (sent: Sent): JudgedError => new JudgedError('failure', { sent });
  const answered = retry({}, runtime).execute(
    scripted([sentOf('maybe'), sentOf('never'), { answer: 0 }], runtime),
    call,
  );
  await clock.advance(60);
  assert.deepEqual([call.phase, call.sent], ['call', 'maybe']);
  await clock.advance(100);
  await answered;
});

test('tells during a wait that nothing left, when the error knows', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const call = CallContext.of({});
  const error = new JudgedError('failure', { sent: 'never' });
  const answered = retry({}, runtime).execute(scripted([error, { answer: 0 }], runtime), call);
  await settle();
  assert.equal(call.sent, 'never');
  await clock.advance(50);
  await answered;
});

// Events

test('tells of each retry and of giving up, with numbers, waits and errors', async () => {
  const { runtime, clock, log } = testRuntime({ random: 0.5 });
  const errors = [new Error('a'), new Error('b')];
  const failed = retry({ maxRetries: 1 }, runtime).execute(scripted(errors, runtime), {
    target: 'users',
    operation: 'get',
  });
  const settled = caught(failed);
  await clock.advance(25);
  await settled;
  const whose = { target: 'users', operation: 'get' };
  const expected: PolicyEvent[] = [
    { type: 'attempt.finished', at: 0, ...whose, attempt: 1, durationMs: 0, verdict: 'failure', error: errors[0] },
    { type: 'retry.scheduled', at: 0, ...whose, attempt: 1, waitMs: 25, error: errors[0] },
    { type: 'attempt.finished', at: 25, ...whose, attempt: 2, durationMs: 0, verdict: 'failure', error: errors[1] },
    { type: 'retry.stopped', at: 25, ...whose, attempt: 2, reason: 'attempts-exhausted', error: errors[1] },
  ];
  assert.deepEqual(log.events, expected);
});

test('tells how long an attempt took and that it went well', async () => {
  const { runtime, clock, log } = testRuntime({ random: 1 });
  await retry({}, runtime).execute(async () => clock.freeze(12));
  log.expect([{ type: 'attempt.finished', durationMs: 12, verdict: 'success', error: undefined }]);
});

test('does not report an answer such as "no such user" as given up', async () => {
  const { runtime, log } = testRuntime({ random: 1 });
  await caught(retry({}, runtime).execute(scripted([new JudgedError('success')], runtime)));
  log.expect(['attempt.finished']);
});

test('makes no event that nobody wants', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const events = { wants: () => false, publish: () => assert.fail('an event') };
  const peer = scripted([{ fail: new Error('a'), times: 3 }], runtime);
  await caught(retry({}, { ...runtime, events }).execute(peer));
  peer.done();
});
