import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { BulkheadFullError, DeadlineExceededError, SwitchgearError } from '../contract/errors.ts';
import { type Verdict, verdicts } from '../contract/outcome.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import type { RetryOptions, ScheduledRetry } from './options.ts';
import { longestHookMs } from './pause.ts';
import { retry } from './retry.ts';
import { retryBudget } from './retry-budget.ts';

class Judged extends SwitchgearError {
  override readonly code = 'TEST_JUDGED';

  override verdict(): Verdict {
    return verdicts.failure;
  }
}

/** A world in which every wait is as long as it can be. */
function world(): { clock: ManualClock; random: () => number; events: EventLog } {
  return { clock: new ManualClock(), random: () => 1, events: new EventLog() };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error: unknown) => error,
  );

/** Fails once, then answers; says when each attempt began. */
function failingOnce(clock: ManualClock): { operation: () => Promise<string>; begun: number[] } {
  const begun: number[] = [];
  return {
    begun,
    operation: async () => {
      begun.push(clock.now());
      if (begun.length === 1) throw new Error('down');
      return 'fine';
    },
  };
}

const never = (): Promise<void> => new Promise(() => {});
const wants = (outcome: { ok: boolean; value?: unknown }): boolean => outcome.ok && outcome.value !== 'good';

// onRetry

test('tells of each retry when its wait begins: which it is, why, and how long it waits', async () => {
  const runtime = world();
  const told: Omit<ScheduledRetry, 'call'>[] = [];
  const attempts: number[] = [];
  const down = new Error('down');
  const failed = caught(
    retry({ onRetry: ({ call, ...rest }) => void attempts.push(call.attempt, told.push(rest)) }, runtime).execute(() =>
      Promise.reject(down),
    ),
  );
  await settle();
  assert.equal(told.length, 1);
  await runtime.clock.advance(150);
  await failed;
  const common = { outcome: { ok: false as const, error: down }, verdict: verdicts.failure };
  assert.deepEqual(told, [
    { retry: 1, ...common, previousMs: 0, waitMs: 50 },
    { retry: 2, ...common, previousMs: 50, waitMs: 100 },
  ]);
  assert.deepEqual(attempts, [1, 1, 2, 2]);
});

test('is not told of a retry that is not to be', async () => {
  const onRetry = (): void => assert.fail('told');
  const policy = retry({ onRetry, maxRetries: 0 }, world());
  await caught(policy.execute(() => Promise.reject(new Error('down'))));
  await caught(retry({ onRetry }).execute(() => Promise.reject(new Error('down')), { idempotent: false }));
});

test('goes on as if nothing had been when a hook throws, rejects or answers nonsense', async () => {
  const bites = Object.defineProperty({}, 'then', {
    get() {
      throw new Error('bitten');
    },
  });
  const hooks: unknown[] = [
    () => assert.fail('a hook that throws'),
    async () => assert.fail('a hook that rejects'),
    () => 5,
    () => ({}),
    () => bites,
  ];
  for (const onRetry of hooks) {
    const { clock, ...rest } = world();
    const { operation, begun } = failingOnce(clock);
    const answered = retry({ onRetry } as RetryOptions, { clock, ...rest }).execute(operation);
    await clock.advance(50);
    assert.equal(await answered, 'fine');
    assert.deepEqual(begun, [0, 50]);
    assert.equal(clock.pending, 0);
  }
});

test('runs a hook while it waits, and not after', async () => {
  const runtime = world();
  const { operation, begun } = failingOnce(runtime.clock);
  const hook = Promise.withResolvers<void>();
  const answered = retry({ onRetry: () => hook.promise }, runtime).execute(operation);
  await runtime.clock.advance(20);
  hook.resolve();
  await runtime.clock.advance(30);
  assert.equal(await answered, 'fine');
  assert.deepEqual(begun, [0, 50]);
});

test('waits for a hook that takes longer than the wait', async () => {
  const runtime = world();
  const { operation, begun } = failingOnce(runtime.clock);
  const hook = Promise.withResolvers<void>();
  const answered = retry({ onRetry: () => hook.promise }, runtime).execute(operation);
  await runtime.clock.advance(300);
  assert.deepEqual(begun, [0]);
  hook.resolve();
  assert.equal(await answered, 'fine');
  assert.deepEqual(begun, [0, 300]);
  assert.equal(runtime.clock.pending, 0);
});

test('waits for the hook of a retry that needs no wait', async () => {
  const runtime = world();
  const { operation, begun } = failingOnce(runtime.clock);
  const classify = (): Verdict => ({ kind: begun.length > 1 ? 'success' : 'failure', retry: 'now' });
  const answered = retry({ onRetry: settle, classify, maxRetries: 1 }, runtime).execute(operation);
  await runtime.clock.advance(0);
  assert.equal(await answered, 'fine');
});

test('waits no longer than maxMs for a hook that never settles', async () => {
  const runtime = world();
  const { operation, begun } = failingOnce(runtime.clock);
  const answered = retry({ onRetry: never, maxMs: 400 }, runtime).execute(operation);
  await runtime.clock.advance(400);
  assert.equal(await answered, 'fine');
  assert.deepEqual(begun, [0, 400]);
});

test('leaves half of what is left of the deadline to the attempt, hook or no hook', async () => {
  const runtime = world();
  const { operation, begun } = failingOnce(runtime.clock);
  const answered = retry({ onRetry: never }, runtime).execute(operation, { deadline: 600 });
  await runtime.clock.advance(300);
  assert.equal(await answered, 'fine');
  assert.deepEqual(begun, [0, 300]);
});

test('never makes a wait shorter for the sake of a hook', () => {
  assert.deepEqual(
    [
      longestHookMs(50, 1_000, Number.POSITIVE_INFINITY),
      longestHookMs(50, 1_000, 60),
      longestHookMs(4_000, 1_000, 9_000),
    ],
    [1_000, 50, 4_000],
  );
});

test('ends at once when the caller leaves, whatever the hook does', async () => {
  for (const afterMs of [10, 200]) {
    const runtime = world();
    const caller = new AbortController();
    const budget = retryBudget({}, runtime);
    const { operation, begun } = failingOnce(runtime.clock);
    const failed = caught(retry({ onRetry: never, budget }, runtime).execute(operation, { signal: caller.signal }));
    await runtime.clock.advance(afterMs);
    caller.abort('left');
    assert.equal(await failed, 'left');
    await runtime.clock.advance(10_000);
    assert.deepEqual([begun, runtime.clock.pending], [[0], 0]);
    assert.equal(budget.snapshot().retriesInWindow, 0);
  }
});

test('cannot be stuck by a hook that asks for the very place its call holds', async () => {
  const runtime = world();
  const places = bulkhead({ maxConcurrent: 1 }, runtime);
  const { operation, begun } = failingOnce(runtime.clock);
  const refused: unknown[] = [];
  const onRetry = async (): Promise<void> => void refused.push(await caught(places.execute(async () => 1)));
  const answered = pipeline(places, retry({ onRetry }, runtime)).execute(operation);
  await runtime.clock.advance(1_000);
  assert.equal(await answered, 'fine');
  assert.deepEqual(begun, [0, 1_000]);
  assert.ok(refused[0] instanceof BulkheadFullError);
});

// dispose

test('hands a value that is thrown away to dispose, before the wait, and the last one to the caller', async () => {
  const runtime = world();
  const released: unknown[] = [];
  const values = ['a', 'b', 'good'];
  const policy = retry({ retryWhen: wants, dispose: (value) => void released.push(value) }, runtime);
  const answered = policy.execute(async () => values.shift());
  await settle();
  assert.deepEqual(released, ['a']);
  await runtime.clock.advance(150);
  assert.equal(await answered, 'good');
  assert.deepEqual(released, ['a', 'b']);
});

test('does not release a value that is returned because there are no attempts left', async () => {
  const runtime = world();
  const released: unknown[] = [];
  const policy = retry({ maxRetries: 1, retryWhen: wants, dispose: (value) => void released.push(value) }, runtime);
  let sends = 0;
  const answered = policy.execute(async () => ++sends);
  await runtime.clock.advance(50);
  assert.equal(await answered, 2);
  assert.deepEqual(released, [1]);
});

test('does not call dispose for an error', async () => {
  const runtime = world();
  const { operation } = failingOnce(runtime.clock);
  const answered = retry({ dispose: () => assert.fail('disposed') }, runtime).execute(operation);
  await runtime.clock.advance(50);
  await answered;
});

test('goes on when dispose throws or rejects, and does not wait for it', async () => {
  const ways = [() => assert.fail('throws'), async () => assert.fail('rejects'), never];
  for (const dispose of ways) {
    const runtime = world();
    const values = ['a', 'good'];
    const answered = retry({ retryWhen: wants, dispose }, runtime).execute(async () => values.shift());
    await runtime.clock.advance(50);
    assert.equal(await answered, 'good');
  }
});

test('releases the value when the caller leaves during the wait after it', async () => {
  const runtime = world();
  const caller = new AbortController();
  const released: unknown[] = [];
  const policy = retry({ retryWhen: wants, dispose: (value) => void released.push(value) }, runtime);
  const failed = caught(policy.execute(async () => 'a', { signal: caller.signal }));
  await settle();
  caller.abort('left');
  assert.equal(await failed, 'left');
  assert.deepEqual(released, ['a']);
});

test('never returns a value that has been released', async () => {
  const refused = new BulkheadFullError('full', 'bulkhead-full', {});
  const runtime = world();
  let sends = 0;
  const failed = caught(
    retry({ retryWhen: wants, dispose: () => {} }, runtime).execute(async () => {
      if (sends++ > 0) throw refused;
      return 'a';
    }),
  );
  await runtime.clock.advance(50);
  assert.equal(await failed, refused);
});

test('says that the deadline has passed when it slept through it with a value released', async () => {
  const runtime = world();
  const budget = retryBudget({}, runtime);
  const policy = retry({ retryWhen: wants, dispose: () => {}, budget }, runtime);
  const failed = caught(policy.execute(async () => 'a', { deadline: 100 }));
  await settle();
  runtime.clock.freeze(5_000);
  await runtime.clock.advance(0);
  assert.ok((await failed) instanceof DeadlineExceededError);
  assert.equal(budget.snapshot().retriesInWindow, 0);
});

// maxElapsedMs

test('begins no wait that ends after the time that retries have', async () => {
  const runtime = world();
  const error = new Judged('down');
  let sends = 0;
  const failed = caught(
    retry({ maxRetries: 9, maxElapsedMs: 400 }, runtime).execute(async () => {
      sends++;
      throw error;
    }),
  );
  await runtime.clock.advance(10_000);
  assert.equal(await failed, error);
  assert.equal(error.stopped, 'elapsed-too-long');
  // At 0, 50, 150 and 350 ms; the next one would be at 750.
  assert.equal(sends, 4);
});

test('counts the time of the attempts, and ends none that is under way', async () => {
  const runtime = world();
  let sends = 0;
  const answered = retry({ maxElapsedMs: 400 }, runtime).execute(async () => {
    sends++;
    runtime.clock.freeze(sends === 1 ? 300 : 10_000);
    if (sends === 1) throw new Error('down');
    return 'late, but here';
  });
  await runtime.clock.advance(50);
  assert.equal(await answered, 'late, but here');
});

test('sends no more when it slept through the time that retries have', async () => {
  const runtime = world();
  const budget = retryBudget({}, runtime);
  const error = new Judged('down');
  const failed = caught(retry({ maxElapsedMs: 400, budget }, runtime).execute(() => Promise.reject(error)));
  await settle();
  runtime.clock.freeze(5_000);
  await runtime.clock.advance(0);
  assert.equal(await failed, error);
  assert.equal(error.stopped, 'elapsed-too-long');
  assert.equal(budget.snapshot().retriesInWindow, 0);
});

test('sends once more rather than answer with a value that has been released', async () => {
  const runtime = world();
  const values = ['a', 'good'];
  const answered = retry({ maxElapsedMs: 400, retryWhen: wants, dispose: () => {} }, runtime).execute(async () =>
    values.shift(),
  );
  await settle();
  runtime.clock.freeze(5_000);
  await runtime.clock.advance(0);
  assert.equal(await answered, 'good');
});
