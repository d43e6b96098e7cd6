import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallContext, type Operation } from '../contract/call.ts';
import {
  BulkheadFullError,
  ConfigError,
  DeadlineExceededError,
  type ErrorFacts,
  type Sent,
  SwitchgearError,
} from '../contract/errors.ts';
import type { PolicyEvent } from '../contract/events.ts';
import { type Classify, type Verdict, verdicts } from '../contract/outcome.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import type { RetryInfo, RetryOptions } from './options.ts';
import { retry } from './retry.ts';
import { retryBudget } from './retry-budget.ts';

/** An error with the verdict that the test wants. */
class Judged extends SwitchgearError {
  override readonly code = 'TEST_JUDGED';
  readonly #verdict: Verdict;

  constructor(verdict: Verdict, facts?: ErrorFacts) {
    super('judged', facts);
    this.#verdict = verdict;
  }

  override verdict(): Verdict {
    return this.#verdict;
  }
}

const throttled = (retryAfterMs: number): Judged => new Judged({ kind: 'throttled', retry: 'backoff', retryAfterMs });

/** Fails with each of the errors in turn, then answers. */
function failing<T>(errors: readonly unknown[], answer: T): { operation: Operation<T>; sends: () => number } {
  let sends = 0;
  return {
    sends: () => sends,
    operation: async () => {
      if (sends < errors.length) throw errors[sends++];
      sends++;
      return answer;
    },
  };
}

/** A world in which every wait is as long as it can be, nearly. */
function world(random = (): number => 1): { clock: ManualClock; random: () => number; events: EventLog } {
  return { clock: new ManualClock(), random, events: new EventLog() };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error: unknown) => error,
  );

test('returns the first answer without a wait', async () => {
  const runtime = world();
  const { operation, sends } = failing([], 'fine');
  assert.equal(await retry({}, runtime).execute(operation), 'fine');
  assert.equal(sends(), 1);
});

test('sends again until an attempt succeeds', async () => {
  const runtime = world();
  const { operation, sends } = failing([new Error('a'), new Error('b')], 'fine');
  const answered = retry({}, runtime).execute(operation);
  await runtime.clock.advance(150);
  assert.equal(await answered, 'fine');
  assert.equal(sends(), 3);
});

test('waits in the way it is told to', async () => {
  const waits = async (options: RetryOptions): Promise<(number | undefined)[]> => {
    const runtime = world(() => 0.5);
    const failed = caught(retry({ maxRetries: 3, ...options }, runtime).execute(() => Promise.reject(new Error('a'))));
    await runtime.clock.advance(10_000);
    await failed;
    return runtime.events.of('retry.scheduled').map(({ waitMs }) => waitMs);
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
  const runtime = world(() => 0.5);
  const { operation, sends } = failing([new Error('a'), new Error('b')], 'fine');
  const answered = retry({}, runtime).execute(operation);
  await runtime.clock.advance(24);
  assert.equal(sends(), 1);
  await runtime.clock.advance(1);
  assert.equal(sends(), 2);
  await runtime.clock.advance(49);
  assert.equal(sends(), 2);
  await runtime.clock.advance(1);
  assert.equal(sends(), 3);
  await answered;
});

test('throws the very error of the last attempt', async () => {
  const runtime = world(() => 0);
  const errors = [new Error('a'), new Error('b'), new Error('c'), new Error('d')];
  const error = await caught(retry({}, runtime).execute(failing(errors, 0).operation));
  assert.equal(error, errors[2]);
});

test('says on an error of the library why it gave up', async () => {
  const runtime = world(() => 0);
  const error = new Judged(verdicts.failure);
  assert.equal(await caught(retry({}, runtime).execute(failing([error, error, error], 0).operation)), error);
  assert.equal(error.stopped, 'attempts-exhausted');
});

test('throws a frozen error as it is', async () => {
  const error = Object.freeze(new Judged(verdicts.failureForGood));
  assert.equal(await caught(retry().execute(failing([error], 0).operation)), error);
});

test('throws what is no error as it is', async () => {
  for (const thrown of [undefined, null, 'down', 0, Symbol.for('x')]) {
    assert.equal(await caught(retry({ maxRetries: 0 }).execute(() => Promise.reject(thrown))), thrown);
  }
});

test('counts a synchronous throw as a failure like any', async () => {
  const runtime = world(() => 0);
  let sends = 0;
  const answered = retry({}, runtime).execute((() => {
    if (sends++ === 0) throw new Error('before any promise');
    return 'fine';
  }) as unknown as Operation<string>);
  assert.equal(await answered, 'fine');
});

test('sends once with maxRetries of 0', async () => {
  const { operation, sends } = failing([new Error('a')], 0);
  await assert.rejects(retry({ maxRetries: 0 }).execute(operation), /a/);
  assert.equal(sends(), 1);
});

test('sends no more than maxRetries + 1 times', async () => {
  const runtime = world(() => 0);
  const { operation, sends } = failing(new Array(50).fill(new Error('down')), 0);
  await assert.rejects(retry({ maxRetries: 7 }, runtime).execute(operation));
  assert.equal(sends(), 8);
});

test('does not repeat what is not idempotent', async () => {
  const { operation, sends } = failing([new Error('reset')], 0);
  await assert.rejects(retry().execute(operation, { idempotent: false }));
  assert.equal(sends(), 1);
});

test('does not repeat what the verdict says must not be', async () => {
  const error = new ConfigError('a', 'b', 'c');
  const { operation, sends } = failing([error], 0);
  await assert.rejects(retry().execute(operation));
  assert.equal(sends(), 1);
  assert.equal(error.stopped, 'not-retryable');
});

test('repeats at once what the verdict says to', async () => {
  const runtime = world();
  const { operation, sends } = failing([new Judged({ kind: 'failure', retry: 'now' })], 'fine');
  assert.equal(await retry({}, runtime).execute(operation), 'fine');
  assert.equal(sends(), 2);
  assert.equal(runtime.clock.now(), 0);
});

test('repeats nothing at once twice in a row', async () => {
  const runtime = world();
  const begun: number[] = [];
  const policy = retry({ maxRetries: 4, classify: () => ({ kind: 'failure', retry: 'now' }) }, runtime);
  const answered = policy.execute(async () => begun.push(runtime.clock.now()));
  await runtime.clock.advance(1_000);
  await answered;
  assert.deepEqual(begun, [0, 0, 100, 100, 500]);
});

test('numbers the attempts, the first running on the call itself', async () => {
  const runtime = world(() => 0);
  const call = CallContext.of({ target: 'users' });
  const seen: unknown[] = [];
  const policy = retry({}, runtime);
  const failed = policy.execute(async (at) => {
    seen.push([at.attempt, at === call, at.target]);
    throw new Error('down');
  }, call);
  await caught(failed);
  assert.deepEqual(seen, [
    [1, true, 'users'],
    [2, false, 'users'],
    [3, false, 'users'],
  ]);
  assert.equal(call.attempts, 3);
});

test('numbers the attempts of nested retries without repeating a number', async () => {
  const runtime = world(() => 0);
  const numbers: number[] = [];
  const inner = retry({ maxRetries: 1 }, runtime);
  const outer = retry({ maxRetries: 1 }, runtime);
  await caught(
    outer.execute(
      (call) =>
        inner.execute(async (attempt) => {
          numbers.push(attempt.attempt);
          throw new Error('down');
        }, call),
      {},
    ),
  );
  assert.deepEqual(numbers, [1, 2, 3, 4]);
});

// Retry-After

test('waits at least as long as the other side asks', async () => {
  const runtime = world(() => 0);
  const { operation, sends } = failing([throttled(5_000)], 'fine');
  const answered = retry({}, runtime).execute(operation);
  await runtime.clock.advance(4_999);
  assert.equal(sends(), 1);
  await runtime.clock.advance(1);
  assert.equal(await answered, 'fine');
});

test('gives up at once when the other side asks for longer than is allowed', async () => {
  const runtime = world(() => 0);
  const error = throttled(30_001);
  assert.equal(await caught(retry({}, runtime).execute(failing([error], 0).operation)), error);
  assert.equal(error.stopped, 'server-asks-too-long');
  assert.equal(runtime.clock.pending, 0);
});

test('waits for a stale connection too, when the other side asks for it', async () => {
  const runtime = world(() => 0);
  const error = new Judged({ kind: 'failure', retry: 'now', retryAfterMs: 200 });
  const { operation, sends } = failing([error], 'fine');
  const answered = retry({}, runtime).execute(operation);
  await runtime.clock.advance(199);
  assert.equal(sends(), 1);
  await runtime.clock.advance(1);
  await answered;
});

// The deadline

test('does not begin a wait that reaches the deadline', async () => {
  const runtime = world();
  const error = new Judged(verdicts.failure);
  const failed = retry({}, runtime).execute(failing([error], 0).operation, { deadline: 50 });
  assert.equal(await caught(failed), error);
  assert.equal(error.stopped, 'deadline-too-near');
  assert.equal(runtime.clock.pending, 0);
});

test('begins a wait that ends just before the deadline', async () => {
  const runtime = world();
  const answered = retry({}, runtime).execute(failing([new Error('a')], 'fine').operation, { deadline: 51 });
  await runtime.clock.advance(50);
  assert.equal(await answered, 'fine');
});

test('does not start an attempt when the deadline has passed', async () => {
  const runtime = world();
  const { operation, sends } = failing([], 0);
  const error = await caught(retry({}, runtime).execute(operation, { deadline: 0, target: 'users' }));
  assert.ok(error instanceof DeadlineExceededError);
  assert.deepEqual([error.phase, error.sent, error.target, error.attempts], ['call', 'never', 'users', 0]);
  assert.equal(sends(), 0);
});

test('does not start an attempt when the process slept through the deadline', async () => {
  const runtime = world();
  const budget = retryBudget({}, runtime);
  const error = new Judged(verdicts.failure);
  const { operation, sends } = failing([error], 0);
  const failed = caught(retry({ budget }, runtime).execute(operation, { deadline: 100 }));
  await settle();
  runtime.clock.freeze(5_000);
  await runtime.clock.advance(0);
  assert.equal(await failed, error);
  assert.equal(sends(), 1);
  assert.equal(error.stopped, 'deadline-too-near');
  assert.equal(budget.snapshot().retriesInWindow, 0);
});

// The budget

test('throws the real error when the budget is empty', async () => {
  const runtime = world(() => 0);
  const budget = retryBudget({ ratio: 0, minPerSecond: 1 }, runtime);
  assert.ok(budget.tryWithdraw());
  const error = new Judged(verdicts.failure);
  const { operation, sends } = failing([error], 0);
  assert.equal(await caught(retry({ budget }, runtime).execute(operation)), error);
  assert.equal(sends(), 1);
  assert.equal(error.stopped, 'budget-empty');
});

test('deposits once per call, whatever the attempts', async () => {
  const runtime = world(() => 0);
  const budget = retryBudget({}, runtime);
  await retry({ budget }, runtime).execute(failing([new Error('a'), new Error('b')], 0).operation);
  assert.deepEqual([budget.snapshot().callsInWindow, budget.snapshot().retriesInWindow], [1, 2]);
});

test('takes no token for a retry that something else forbids', async () => {
  const runtime = world();
  const budget = retryBudget({}, runtime);
  const policy = retry({ budget }, runtime);
  await caught(policy.execute(failing([new Judged(verdicts.failureForGood)], 0).operation));
  await caught(policy.execute(failing([throttled(60_000)], 0).operation));
  await caught(policy.execute(failing([new Error('late')], 0).operation, { deadline: 10 }));
  await caught(retry({ budget, maxRetries: 0 }, runtime).execute(failing([new Error('a')], 0).operation));
  assert.equal(budget.snapshot().retriesInWindow, 0);
});

test('gives the token of a refused retry back', async () => {
  const runtime = world(() => 0);
  const budget = retryBudget({}, runtime);
  const refused = new BulkheadFullError('full', 'bulkhead-full', {});
  await caught(retry({ budget }, runtime).execute(failing([new Error('a'), refused], 0).operation));
  assert.equal(budget.snapshot().retriesInWindow, 0);
});

test('does not go round the budget of a retry beneath it', async () => {
  const runtime = world(() => 0);
  const budget = retryBudget({ ratio: 0, minPerSecond: 1 }, runtime);
  assert.ok(budget.tryWithdraw());
  const inner = retry({ budget }, runtime);
  let sends = 0;
  const error = await caught(
    retry({}, runtime).execute((call) =>
      inner.execute(async () => {
        sends++;
        throw new Judged(verdicts.failure);
      }, call),
    ),
  );
  assert.equal(sends, 1);
  assert.equal((error as Judged).stopped, 'budget-empty');
});

// Refusals

test('throws the real error when a later attempt is refused', async () => {
  const runtime = world(() => 0);
  const real = new Judged(verdicts.failure);
  const refused = new BulkheadFullError('full', 'bulkhead-full', {});
  assert.equal(await caught(retry({}, runtime).execute(failing([real, refused], 0).operation)), real);
  assert.equal(real.stopped, 'refused');
});

test('throws the refusal when there was no real error', async () => {
  const refused = new BulkheadFullError('full', 'bulkhead-full', {});
  assert.equal(await caught(retry().execute(failing([refused], 0).operation)), refused);
  assert.equal(refused.stopped, 'not-retryable');
});

test('throws the real error when refusals are waited out in vain', async () => {
  const runtime = world(() => 0);
  const real = new Judged(verdicts.failure);
  const refused = new BulkheadFullError('full', 'bulkhead-full', {});
  const policy = retry({ classify: () => verdicts.failure }, runtime);
  assert.equal(await caught(policy.execute(failing([refused, real, refused], 0).operation)), real);
  assert.equal(real.stopped, 'attempts-exhausted');
});

// Classifying

test('repeats a value that is judged worth repeating', async () => {
  const runtime = world(() => 0);
  const classify: Classify = (outcome) =>
    outcome.ok && outcome.value === 'wait' ? verdicts.failure : verdicts.success;
  const answers = ['wait', 'wait', 'done'];
  assert.equal(await retry({ classify }, runtime).execute(async () => answers.shift()), 'done');
});

test('returns the last value when it gives up on values', async () => {
  const runtime = world(() => 0);
  let sends = 0;
  assert.equal(await retry({ classify: () => verdicts.failure }, runtime).execute(async () => ++sends), 3);
});

test('goes by the usual verdict when a classifier answers nonsense or throws', async () => {
  const runtime = world(() => 0);
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
    const { operation, sends } = failing([new Error('a'), new Error('b'), new Error('c'), new Error('d')], 0);
    await assert.rejects(retry({ classify: classify as Classify }, runtime).execute(operation), /c/);
    assert.equal(sends(), 3);
  }
});

test('repeats nothing when an error cannot say what it is', async () => {
  class Broken extends SwitchgearError {
    override readonly code = 'TEST_BROKEN';
    override verdict(): Verdict {
      throw new TypeError('no verdict');
    }
  }
  const error = new Broken('broken');
  assert.equal(await caught(retry().execute(failing([error], 0).operation)), error);
});

// How far the call has got

test('tells during a wait that the call may have been received', async () => {
  const runtime = world();
  const call = CallContext.of({});
  const answered = retry({}, runtime).execute(failing([new Error('reset')], 0).operation, call);
  await settle();
  assert.deepEqual([call.phase, call.sent], ['call', 'maybe']);
  await runtime.clock.advance(50);
  await answered;
});

test('keeps an earlier doubt when a later attempt never left', async () => {
  const runtime = world();
  const call = CallContext.of({});
  const sentOf = (sent: Sent): Judged => new Judged(verdicts.failure, { sent });
  const answered = retry({}, runtime).execute(failing([sentOf('maybe'), sentOf('never')], 0).operation, call);
  await runtime.clock.advance(60);
  assert.deepEqual([call.phase, call.sent], ['call', 'maybe']);
  await runtime.clock.advance(100);
  await answered;
});

test('tells during a wait that nothing left, when the error knows', async () => {
  const runtime = world();
  const call = CallContext.of({});
  const error = new Judged(verdicts.failure, { sent: 'never' });
  const answered = retry({}, runtime).execute(failing([error], 0).operation, call);
  await settle();
  assert.equal(call.sent, 'never');
  await runtime.clock.advance(50);
  await answered;
});

// Events

test('tells of each retry and of giving up, with numbers, waits and errors', async () => {
  const runtime = world(() => 0.5);
  const errors = [new Error('a'), new Error('b')];
  const failed = retry({ maxRetries: 1 }, runtime).execute(failing(errors, 0).operation, {
    target: 'users',
    operation: 'get',
  });
  const settled = caught(failed);
  await runtime.clock.advance(25);
  await settled;
  const whose = { target: 'users', operation: 'get' };
  const expected: PolicyEvent[] = [
    { type: 'attempt.finished', at: 0, ...whose, attempt: 1, durationMs: 0, verdict: 'failure', error: errors[0] },
    { type: 'retry.scheduled', at: 0, ...whose, attempt: 1, waitMs: 25, error: errors[0] },
    { type: 'attempt.finished', at: 25, ...whose, attempt: 2, durationMs: 0, verdict: 'failure', error: errors[1] },
    { type: 'retry.stopped', at: 25, ...whose, attempt: 2, reason: 'attempts-exhausted', error: errors[1] },
  ];
  assert.deepEqual(runtime.events.events, expected);
});

test('tells how long an attempt took and that it went well', async () => {
  const runtime = world();
  await retry({}, runtime).execute(async () => runtime.clock.freeze(12));
  const [finished] = runtime.events.of('attempt.finished');
  assert.deepEqual([finished?.durationMs, finished?.verdict, finished?.error], [12, 'success', undefined]);
});

test('does not report an answer such as "no such user" as given up', async () => {
  const runtime = world();
  await caught(retry({}, runtime).execute(failing([new Judged(verdicts.success)], 0).operation));
  assert.deepEqual(runtime.events.types, ['attempt.finished']);
});

test('makes no event that nobody wants', async () => {
  const clock = new ManualClock();
  const events = { wants: () => false, publish: () => assert.fail('an event') };
  await caught(
    retry({}, { clock, random: () => 0, events }).execute(failing(new Array(9).fill(new Error('a')), 0).operation),
  );
});
