import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { BulkheadFullError, DeadlineExceededError } from '../contract/errors.ts';
import { type Verdict, verdicts } from '../contract/outcome.ts';
import type { Runtime } from '../contract/runtime.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { caught } from '../testing/caught.ts';
import { JudgedError } from '../testing/judged-error.ts';
import { settle } from '../testing/manual-clock.ts';
import { type Scripted, scripted } from '../testing/scripted.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import type { RetryOptions, ScheduledRetry } from './options.ts';
import { longestHookMs } from './pause.ts';
import { retry } from './retry.ts';
import { retryBudget } from './retry-budget.ts';

const down = new Error('down');

/** Fails once, then answers. */
const failingOnce = (runtime: Runtime): Scripted<string> => scripted([down, { answer: 'fine' }], runtime);

const never = (): Promise<void> => new Promise(() => {});
const wants = (outcome: { ok: boolean; value?: unknown }): boolean => outcome.ok && outcome.value !== 'good';

// onRetry

test('tells of each retry when its wait begins: which it is, why, and how long it waits', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const told: Omit<ScheduledRetry, 'call'>[] = [];
  const attempts: number[] = [];
  const failed = caught(
    retry({ onRetry: ({ call, ...rest }) => void attempts.push(call.attempt, told.push(rest)) }, runtime).execute(() =>
      Promise.reject(down),
    ),
  );
  await settle();
  assert.equal(told.length, 1);
  await clock.advance(150);
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
  const policy = retry({ onRetry, maxRetries: 0 }, testRuntime().runtime);
  await caught(policy.execute(() => Promise.reject(down)));
  await caught(retry({ onRetry }).execute(() => Promise.reject(down), { idempotent: false }));
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
    const { runtime, clock } = testRuntime({ random: 1 });
    const peer = failingOnce(runtime);
    const answered = retry({ onRetry } as RetryOptions, runtime).execute(peer);
    await clock.advance(50);
    assert.equal(await answered, 'fine');
    assert.deepEqual(peer.begunAt(), [0, 50]);
    assert.equal(clock.pending, 0);
  }
});

test('runs a hook while it waits, and not after', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = failingOnce(runtime);
  const hook = Promise.withResolvers<void>();
  const answered = retry({ onRetry: () => hook.promise }, runtime).execute(peer);
  await clock.advance(20);
  hook.resolve();
  await clock.advance(30);
  assert.equal(await answered, 'fine');
  assert.deepEqual(peer.begunAt(), [0, 50]);
});

test('waits for a hook that takes longer than the wait', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = failingOnce(runtime);
  const hook = Promise.withResolvers<void>();
  const answered = retry({ onRetry: () => hook.promise }, runtime).execute(peer);
  await clock.advance(300);
  assert.deepEqual(peer.begunAt(), [0]);
  hook.resolve();
  assert.equal(await answered, 'fine');
  assert.deepEqual(peer.begunAt(), [0, 300]);
  assert.equal(clock.pending, 0);
});

test('waits for the hook of a retry that needs no wait', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = failingOnce(runtime);
  const classify = (): Verdict => ({ kind: peer.sends() > 1 ? 'success' : 'failure', retry: 'now' });
  const answered = retry({ onRetry: settle, classify, maxRetries: 1 }, runtime).execute(peer);
  await clock.advance(0);
  assert.equal(await answered, 'fine');
});

test('waits no longer than maxMs for a hook that never settles', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = failingOnce(runtime);
  const answered = retry({ onRetry: never, maxMs: 400 }, runtime).execute(peer);
  await clock.advance(400);
  assert.equal(await answered, 'fine');
  assert.deepEqual(peer.begunAt(), [0, 400]);
});

test('leaves half of what is left of the deadline to the attempt, hook or no hook', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = failingOnce(runtime);
  const answered = retry({ onRetry: never }, runtime).execute(peer, { deadline: 600 });
  await clock.advance(300);
  assert.equal(await answered, 'fine');
  assert.deepEqual(peer.begunAt(), [0, 300]);
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
    const { runtime, clock } = testRuntime({ random: 1 });
    const caller = new AbortController();
    const budget = retryBudget({}, runtime);
    const peer = failingOnce(runtime);
    const failed = caught(retry({ onRetry: never, budget }, runtime).execute(peer, { signal: caller.signal }));
    await clock.advance(afterMs);
    caller.abort('left');
    assert.equal(await failed, 'left');
    await clock.advance(10_000);
    assert.deepEqual([peer.begunAt(), clock.pending], [[0], 0]);
    assert.equal(budget.snapshot().retriesInWindow, 0);
  }
});

test('cannot be stuck by a hook that asks for the very place its call holds', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const places = bulkhead({ maxConcurrent: 1 }, runtime);
  const peer = failingOnce(runtime);
  const refused: unknown[] = [];
  const onRetry = async (): Promise<void> => void refused.push(await caught(places.execute(async () => 1)));
  const answered = pipeline(places, retry({ onRetry }, runtime)).execute(peer);
  await clock.advance(1_000);
  assert.equal(await answered, 'fine');
  assert.deepEqual(peer.begunAt(), [0, 1_000]);
  assert.ok(refused[0] instanceof BulkheadFullError);
});

// dispose

test('hands a value that is thrown away to dispose, before the wait, and the last one to the caller', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const released: unknown[] = [];
  const peer = scripted([{ answer: 'a' }, { answer: 'b' }, { answer: 'good' }], runtime);
  const policy = retry({ retryWhen: wants, dispose: (value) => void released.push(value) }, runtime);
  const answered = policy.execute(peer);
  await settle();
  assert.deepEqual(released, ['a']);
  await clock.advance(150);
  assert.equal(await answered, 'good');
  assert.deepEqual(released, ['a', 'b']);
});

test('does not release a value that is returned because there are no attempts left', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const released: unknown[] = [];
  const policy = retry({ maxRetries: 1, retryWhen: wants, dispose: (value) => void released.push(value) }, runtime);
  const answered = policy.execute(scripted([{ answer: 1 }, { answer: 2 }], runtime));
  await clock.advance(50);
  assert.equal(await answered, 2);
  assert.deepEqual(released, [1]);
});

test('does not call dispose for an error', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = failingOnce(runtime);
  const answered = retry({ dispose: () => assert.fail('disposed') }, runtime).execute(peer);
  await clock.advance(50);
  await answered;
});

test('goes on when dispose throws or rejects, and does not wait for it', async () => {
  const ways = [() => assert.fail('throws'), async () => assert.fail('rejects'), never];
  for (const dispose of ways) {
    const { runtime, clock } = testRuntime({ random: 1 });
    const peer = scripted([{ answer: 'a' }, { answer: 'good' }], runtime);
    const answered = retry({ retryWhen: wants, dispose }, runtime).execute(peer);
    await clock.advance(50);
    assert.equal(await answered, 'good');
  }
});

test('releases the value when the caller leaves during the wait after it', async () => {
  const { runtime } = testRuntime({ random: 1 });
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
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = scripted([{ answer: 'a' }, refused], runtime);
  const failed = caught(retry({ retryWhen: wants, dispose: () => {} }, runtime).execute(peer));
  await clock.advance(50);
  assert.equal(await failed, refused);
});

test('says that the deadline has passed when it slept through it with a value released', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const budget = retryBudget({}, runtime);
  const policy = retry({ retryWhen: wants, dispose: () => {}, budget }, runtime);
  const failed = caught(policy.execute(async () => 'a', { deadline: 100 }));
  await settle();
  clock.freeze(5_000);
  await clock.advance(0);
  assert.ok((await failed) instanceof DeadlineExceededError);
  assert.equal(budget.snapshot().retriesInWindow, 0);
});

// maxElapsedMs

test('begins no wait that ends after the time that retries have', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const error = new JudgedError('failure');
  const peer = scripted([{ fail: error, times: 10 }], runtime);
  const failed = caught(retry({ maxRetries: 9, maxElapsedMs: 400 }, runtime).execute(peer));
  await clock.advance(10_000);
  assert.equal(await failed, error);
  assert.equal(error.stopped, 'elapsed-too-long');
  // The next one would be at 750.
  assert.deepEqual(peer.begunAt(), [0, 50, 150, 350]);
});

test('counts the time of the attempts, and ends none that is under way', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = scripted(
    [
      { fail: down, afterMs: 300 },
      { answer: 'late, but here', afterMs: 10_000 },
    ],
    runtime,
  );
  const answered = retry({ maxElapsedMs: 400 }, runtime).execute(peer);
  await clock.advance(10_350);
  assert.equal(await answered, 'late, but here');
});

test('sends no more when it slept through the time that retries have', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const budget = retryBudget({}, runtime);
  const error = new JudgedError('failure');
  const failed = caught(retry({ maxElapsedMs: 400, budget }, runtime).execute(() => Promise.reject(error)));
  await settle();
  clock.freeze(5_000);
  await clock.advance(0);
  assert.equal(await failed, error);
  assert.equal(error.stopped, 'elapsed-too-long');
  assert.equal(budget.snapshot().retriesInWindow, 0);
});

test('sends once more rather than answer with a value that has been released', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const peer = scripted([{ answer: 'a' }, { answer: 'good' }], runtime);
  const answered = retry({ maxElapsedMs: 400, retryWhen: wants, dispose: () => {} }, runtime).execute(peer);
  await settle();
  clock.freeze(5_000);
  await clock.advance(0);
  assert.equal(await answered, 'good');
});
