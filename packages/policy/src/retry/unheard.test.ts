import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Budget } from '../contract/budget.ts';
import { BulkheadFullError, DeadlineExceededError } from '../contract/errors.ts';
import { type Verdict, verdicts } from '../contract/outcome.ts';
import type { Runtime } from '../contract/runtime.ts';
import { caught } from '../testing/caught.ts';
import { JudgedError } from '../testing/judged-error.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { scripted } from '../testing/scripted.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import type { RetryOptions } from './options.ts';
import { retry } from './retry.ts';

/* What a retry does when nobody listens to it, and what it tells those who do, down to the last detail. */

/** As in production when no one has subscribed. */
function unheard(startMs = 0): { clock: ManualClock; runtime: Runtime } {
  const clock = new ManualClock(startMs);
  return { clock, runtime: { clock, random: () => 0 } };
}

/** A budget that writes down what it is told. */
class Ledger implements Budget {
  readonly lines: string[] = [];
  deposit(): void {
    this.lines.push('deposit');
  }
  tryWithdraw(verdict?: Verdict): boolean {
    this.lines.push(`withdraw ${verdict?.kind}`);
    return true;
  }
  giveBack(verdict?: Verdict): void {
    this.lines.push(`give back ${verdict?.kind}`);
  }
  succeeded(paidFor?: Verdict): void {
    this.lines.push(`succeeded ${paidFor?.kind}`);
  }
  failed(verdict: Verdict): void {
    this.lines.push(`failed ${verdict.kind}`);
  }
  describe(): string {
    return 'a ledger';
  }
}

const refused = (): BulkheadFullError => new BulkheadFullError('full', 'bulkhead-full', {});
const failing: Verdict = { kind: 'failure', retry: 'backoff' };

test('does the same whether anybody listens or not', async () => {
  const cases: readonly [RetryOptions, readonly unknown[], sends: number, succeeded: number][] = [
    [{}, ['fine'], 1, 1],
    [{}, [new Error('a'), new Error('b'), 'fine'], 3, 1],
    [{ classify: () => failing }, ['poor', 'poor', 'poor'], 3, 0],
    [{ retryWhen: ({ ok }) => ok }, ['poor', 'poor', 'poor'], 3, 0],
    [{ classify: () => verdicts.failureForGood }, ['poor'], 1, 0],
  ];
  for (const listening of [false, true]) {
    for (const [options, ends, sends, succeeded] of cases) {
      const { runtime } = listening ? testRuntime({ random: 0 }) : unheard();
      const budget = new Ledger();
      const steps = ends.map((end) => (end instanceof Error ? { fail: end } : { answer: end }));
      const peer = scripted<unknown>(steps, runtime);
      assert.equal(await retry({ ...options, budget }, runtime).execute(peer), ends.at(-1));
      assert.equal(peer.sends(), sends);
      assert.equal(budget.lines.filter((line) => line.startsWith('succeeded')).length, succeeded);
    }
  }
});

test('an answer that comes although the caller has left is returned, wanted or not', async () => {
  for (const verdict of [verdicts.success, failing, verdicts.failureForGood]) {
    const { runtime } = testRuntime();
    const caller = new AbortController();
    const budget = new Ledger();
    const answered = retry({ classify: () => verdict, budget }, runtime).execute(
      async () => {
        caller.abort('left');
        return 'here';
      },
      { signal: caller.signal },
    );
    assert.equal(await answered, 'here');
    assert.deepEqual(budget.lines.slice(1), [verdict.kind === 'success' ? 'succeeded undefined' : 'failed failure']);
  }
});

test('the budget hears of throttling as of failures, and of nothing else', async () => {
  const { runtime } = unheard();
  const budget = new Ledger();
  const kinds = ['failure', 'throttled', 'ignored', 'success'] as const;
  for (const kind of kinds) {
    const error = new JudgedError({ kind, retry: 'never' });
    assert.equal(await caught(retry({ budget }, runtime).execute(() => Promise.reject(error))), error);
  }
  assert.deepEqual(budget.lines, [
    ...['deposit', 'failed failure'],
    ...['deposit', 'failed throttled'],
    'deposit',
    ...['deposit', 'succeeded undefined'],
  ]);
});

test('a first attempt that is refused gives nothing back, because nothing was lent for it', async () => {
  const { runtime } = unheard();
  const budget = new Ledger();
  await caught(retry({ budget }, runtime).execute(() => Promise.reject(refused())));
  assert.deepEqual(
    budget.lines.filter((line) => line.startsWith('give back')),
    [],
  );
});

test('draws chance once for a wait, twice where a Retry-After is spread, and never for a wait that is not to be', async () => {
  const cases: readonly [ends: readonly unknown[], options: RetryOptions, draws: number][] = [
    [[new JudgedError(failing), 'fine'], {}, 1],
    [[new JudgedError({ ...failing, retryAfterMs: 10 }), 'fine'], {}, 2],
    [[new JudgedError({ kind: 'failure', retry: 'never' })], {}, 0],
    [[new JudgedError(failing)], { maxRetries: 0 }, 0],
    [[new JudgedError({ kind: 'failure', retry: 'now' }), 'fine'], {}, 0],
  ];
  for (const [ends, options, expected] of cases) {
    let draws = 0;
    const clock = new ManualClock();
    const runtime: Runtime = { clock, random: () => 0.5 * Math.sign(++draws) };
    const peer = scripted<unknown>(
      ends.map((end) => (end instanceof Error ? { fail: end } : { answer: end })),
      runtime,
    );
    const ended = retry(options, runtime)
      .execute(peer)
      .catch(() => {});
    await clock.advance(10_000);
    await ended;
    assert.equal(draws, expected);
  }
});

test('honours a Retry-After up to the longest that is allowed, and gives up beyond', async () => {
  for (const [retryAfterMs, sends] of [
    [500, 2],
    [501, 1],
  ] as const) {
    const { clock, runtime } = unheard();
    const peer = scripted([{ fail: new JudgedError({ ...failing, retryAfterMs }), times: 2 }], runtime);
    const failed = caught(retry({ maxRetries: 1, maxRetryAfterMs: 500 }, runtime).execute(peer));
    await clock.advance(10_000);
    await failed;
    assert.equal(peer.sends(), sends);
  }
});

test('gives up at once when the wait would end after the time that retries have', async () => {
  const { runtime } = testRuntime({ random: 1, startMs: 1_000_000 });
  const error = new JudgedError(failing);
  const policy = retry({ maxElapsedMs: 50, baseMs: 50 }, runtime);
  assert.equal(await caught(policy.execute(() => Promise.reject(error))), error);
  assert.equal(error.stopped, 'elapsed-too-long');
});

test('tells the real error when it slept through the deadline after a refusal, budget or none', async () => {
  for (const budget of [undefined, new Ledger()]) {
    const { runtime, clock } = testRuntime({ random: 1 });
    const real = new JudgedError(failing);
    const waitable = Object.assign(refused(), {});
    const peer = scripted([{ fail: real }, { fail: waitable }], runtime);
    const options: RetryOptions = {
      ...(budget === undefined ? {} : { budget }),
      classify: () => failing,
      backoff: 'constant',
    };
    const failed = caught(retry(options, runtime).execute(peer, { deadline: 1_000 }));
    await clock.advance(50);
    clock.freeze(5_000);
    await clock.advance(0);
    assert.equal(await failed, real);
    assert.equal(real.stopped, 'deadline-too-near');
  }
});

test('without anyone to release values, gives up with the last one when it slept through the deadline', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const answered = retry({ classify: () => failing }, runtime).execute(async () => 'poor', { deadline: 1_000 });
  await settle();
  clock.freeze(5_000);
  await clock.advance(0);
  assert.equal(await answered, 'poor');
});

test('says when the deadline had passed', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const early = await caught(retry({}, runtime).execute(() => assert.fail('sent'), { deadline: 0 }));
  assert.ok(early instanceof DeadlineExceededError);
  assert.equal(early.message, 'the deadline had passed before the first attempt');
  assert.deepEqual([early.sent, early.phase, early.attempts], ['never', 'call', 0]);

  const options: RetryOptions = { classify: () => failing, dispose: () => {} };
  const late = caught(retry(options, runtime).execute(async () => 'poor', { deadline: 1_000 }));
  await settle();
  clock.freeze(5_000);
  await clock.advance(0);
  const error = await late;
  assert.ok(error instanceof DeadlineExceededError);
  assert.equal(error.message, 'the deadline had passed while waiting to send again');
});

test('half of what is left of the deadline is reckoned from now, not from the zero of the clock', async () => {
  const { runtime, clock } = testRuntime({ random: 0, startMs: 1_000_000 });
  const peer = scripted([{ fail: new JudgedError(failing) }, { answer: 'fine' }], runtime);
  const policy = retry({ onRetry: () => new Promise(() => {}), maxMs: 1_000 }, runtime);
  const answered = policy.execute(peer, { deadline: 1_000_200 });
  await clock.advance(200);
  assert.equal(await answered, 'fine');
  assert.deepEqual(peer.begunAt(), [1_000_000, 1_000_100]);
});

test('a hook that answers no promise is not waited for', async () => {
  for (const said of [undefined, null, 5, 'later', true]) {
    const { runtime, clock } = unheard();
    const peer = scripted([{ fail: new JudgedError({ kind: 'failure', retry: 'now' }) }, { answer: 'fine' }], runtime);
    const onRetry = (() => said) as RetryOptions['onRetry'];
    const answered = retry({ ...(onRetry && { onRetry }) }, runtime).execute(peer);
    await settle();
    assert.equal(clock.pending, 0, String(said));
    assert.equal(await answered, 'fine');
  }
});

test('a value of what must not be done twice is not asked for again, however poor', async () => {
  const { runtime } = unheard();
  const peer = scripted([{ answer: 'poor', times: 3 }], runtime);
  await retry({ retryWhen: () => true }, runtime).execute(peer, { idempotent: false });
  assert.equal(peer.sends(), 1);
});

test('what a rule asks to repeat is repeated as its verdict says, and after a wait where that says nothing', async () => {
  const seen: unknown[] = [];
  for (const retryKind of ['now', 'backoff', 'never'] as const) {
    const { runtime, clock } = unheard();
    const verdict: Verdict = { kind: 'failure', retry: retryKind };
    const options: RetryOptions = {
      maxRetries: 1,
      retryWhen: () => true,
      onRetry: (info) => void seen.push([info.verdict.retry, info.verdict.kind]),
    };
    const ended = caught(retry(options, runtime).execute(() => Promise.reject(new JudgedError(verdict))));
    await clock.advance(1_000);
    await ended;
  }
  assert.deepEqual(seen, [
    ['now', 'failure'],
    ['backoff', 'failure'],
    ['backoff', 'failure'],
  ]);
});

test('a rule is not asked of what a caller has left, while a classifier is', async () => {
  for (const verdict of [failing, verdicts.failureForGood]) {
    const { runtime } = testRuntime();
    let asked = 0;
    const caller = new AbortController();
    const options: RetryOptions = { classify: () => verdict, retryWhen: () => ++asked > 0 };
    await retry(options, runtime).execute(
      async () => {
        caller.abort('left');
        return 'here';
      },
      { signal: caller.signal },
    );
    assert.equal(asked, 0);
  }
});
