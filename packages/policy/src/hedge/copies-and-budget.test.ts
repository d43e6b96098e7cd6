import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Budget } from '../contract/budget.ts';
import type { CallContext } from '../contract/call.ts';
import { BulkheadFullError, DeadlineExceededError, type ErrorFacts } from '../contract/errors.ts';
import { type Verdict, verdicts } from '../contract/outcome.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { caught } from '../testing/caught.ts';
import { JudgedError } from '../testing/judged-error.ts';
import { settle } from '../testing/manual-clock.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { deadline } from '../timeout/deadline.ts';
import { tellingFailure } from './failures.ts';
import { hedge } from './hedge.ts';
import type { HedgeOptions } from './options.ts';

/* What the budget, the wheel and the listeners are told of each copy, and what becomes of values that nobody gets. */

/** A budget that writes down what it is told. */
class Ledger implements Budget {
  readonly lines: string[] = [];
  readonly #lends: boolean;
  constructor(lends = true) {
    this.#lends = lends;
  }
  deposit(): void {
    this.lines.push('deposit');
  }
  tryWithdraw(verdict?: Verdict): boolean {
    this.lines.push(`withdraw ${verdict?.kind}`);
    return this.#lends;
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

const failing: Verdict = { kind: 'failure', retry: 'backoff' };
const refused = (facts: ErrorFacts = {}): BulkheadFullError => new BulkheadFullError('full', 'bulkhead-full', facts);

/** Runs a race in which copy n ends as `ends[n - 1]` says; an end may take its time. */
async function race(
  options: HedgeOptions,
  ends: readonly (() => unknown)[],
  call: { idempotent?: boolean; deadline?: number; signal?: AbortSignal } = {},
) {
  const { runtime, clock, log } = testRuntime({ startMs: 1_000 });
  let copies = 0;
  const ended = hedge(options, runtime)
    .execute(async () => (ends[copies++] ?? (() => assert.fail(`copy ${copies}`)))(), call)
    .then(
      (value: unknown) => ({ value }),
      (error: unknown) => ({ error }),
    );
  await settle();
  const armed = wheelOf(clock).size;
  await clock.advance(1_000);
  return { copies, armed, log, clock, ended };
}

const fails = (error: unknown) => (): never => {
  throw error;
};
const hangs = (): Promise<never> => new Promise(() => {});

test('of a call that must not be done twice the budget hears how it ended', async () => {
  const cases: readonly [HedgeOptions, () => unknown, line: string[]][] = [
    [{}, () => 'fine', ['succeeded undefined']],
    [{}, fails(new JudgedError('failure')), ['failed failure']],
    [{}, fails(new JudgedError('throttled')), ['failed throttled']],
    [{}, fails(new JudgedError('ignored')), []],
    [{ classify: () => ({ kind: 'throttled', retry: 'never' }) }, () => 'slow down', ['failed throttled']],
    [{ classify: () => failing }, () => 'poor', ['failed failure']],
    [{ classify: () => verdicts.ignored }, () => 'odd', []],
  ];
  for (const [options, end, lines] of cases) {
    const budget = new Ledger();
    await (await race({ ...options, budget, delayMs: 10 }, [end], { idempotent: false })).ended;
    assert.deepEqual(budget.lines, ['deposit', ...lines]);
  }
});

test('a budget that lends nothing is asked once, and the failure is told at once', async () => {
  const budget = new Ledger(false);
  const error = new JudgedError(failing);
  const { ended, copies } = await race({ delayMs: 'on-failure', maxHedges: 3, budget }, [fails(error)]);
  assert.deepEqual(await ended, { error });
  assert.equal(copies, 1);
  assert.deepEqual(budget.lines, ['deposit', 'failed failure', 'withdraw failure']);
});

test('a budget that lends nothing while a copy runs is not asked again when that fails', async () => {
  const budget = new Ledger(false);
  const error = new JudgedError(failing);
  const { runtime, clock } = testRuntime();
  const ended = caught(
    hedge({ delayMs: 10, maxHedges: 3, budget }, runtime).execute(async () => {
      await clock.sleep(50);
      throw error;
    }),
  );
  await clock.advance(100);
  assert.equal(await ended, error);
  assert.equal(budget.lines.filter((line) => line.startsWith('withdraw')).length, 1);
});

test('only a further copy that a gate turned away unsent is given back', async () => {
  const ends: readonly [error: unknown, back: number][] = [
    [refused(), 1],
    [refused({ sent: 'maybe' }), 0],
    [new JudgedError(failing, { sent: 'never' }), 0],
    [new Error('lost'), 0],
  ];
  for (const [error, back] of ends) {
    for (const late of [false, true]) {
      const budget = new Ledger();
      const options: HedgeOptions = {
        delayMs: 10,
        budget,
        classify: (outcome) => (outcome.ok ? verdicts.success : failing),
      };
      const { runtime, clock } = testRuntime();
      let copies = 0;
      const ended = hedge(options, runtime).execute(async () => {
        const first = ++copies === 1;
        await clock.sleep(first === late ? 60 : 30);
        if (first) return 'fine';
        throw error;
      });
      await clock.advance(1_000);
      assert.equal(await ended, 'fine');
      const given = budget.lines.filter((line) => line.startsWith('give back'));
      assert.equal(given.length, back, `${error}, ${late ? 'before' : 'after'} the answer`);
    }
  }
});

test('a first copy that a gate turned away gives nothing back, because nothing was lent for it', async () => {
  const budget = new Ledger();
  const { ended } = await race({ delayMs: 10, budget }, [fails(refused())]);
  assert.ok('error' in (await ended));
  assert.deepEqual(
    budget.lines.filter((line) => line.startsWith('give back')),
    [],
  );
  const { runtime, clock } = testRuntime();
  const late = new Ledger();
  let copies = 0;
  const answered = hedge({ delayMs: 10, budget: late }, runtime).execute(async () => {
    if (++copies === 2) return 'fine';
    await clock.sleep(50);
    throw refused();
  });
  await clock.advance(100);
  assert.equal(await answered, 'fine');
  assert.deepEqual(
    late.lines.filter((line) => line.startsWith('give back')),
    [],
  );
});

test('a failure whose other side asks to be left alone is not followed by a copy', async () => {
  const error = new JudgedError({ ...failing, retryAfterMs: 500 });
  const { copies, ended } = await race({ delayMs: 'on-failure' }, [fails(error)]);
  assert.deepEqual(await ended, { error });
  assert.equal(copies, 1);
});

test('the budget hears of failures and throttling, and of nothing else', async () => {
  for (const [verdict, lines] of [
    [{ kind: 'failure', retry: 'never' }, ['failed failure']],
    [{ kind: 'throttled', retry: 'never' }, ['failed throttled']],
    [{ kind: 'ignored', retry: 'never' }, []],
  ] as const) {
    const budget = new Ledger();
    await (await race({ delayMs: 10, budget }, [fails(new JudgedError(verdict))])).ended;
    assert.deepEqual(budget.lines, ['deposit', ...lines]);
  }
});

test('a value counts for the budget as it is judged, and its copy wins', async () => {
  for (const [verdict, lines] of [
    [verdicts.success, ['succeeded undefined']],
    [verdicts.ignored, []],
  ] as const) {
    const budget = new Ledger();
    const { runtime, clock, log } = testRuntime();
    let copies = 0;
    const answered = hedge({ delayMs: 10, budget, classify: () => verdict }, runtime).execute(async () => {
      if (++copies === 1) await clock.sleep(50);
      return copies;
    });
    await clock.advance(100);
    assert.equal(await answered, 2);
    assert.deepEqual(budget.lines, ['deposit', 'withdraw undefined', ...lines]);
    assert.equal(log.count('hedge.finished', { winner: 2, copies: 2 }), 1);
  }
});

test('of values that are all poor the caller gets that of the first copy, and the others are disposed of', async () => {
  const disposed: unknown[] = [];
  const options: HedgeOptions = {
    delayMs: 'on-failure',
    maxHedges: 2,
    classify: () => failing,
    dispose: (value) => void disposed.push(value),
  };
  const { ended } = await race(options, [() => 'a', () => 'b', () => 'c']);
  assert.deepEqual(await ended, { value: 'a' });
  assert.deepEqual(disposed, ['b', 'c']);
});

test('a poor value is disposed of when the caller leaves', async () => {
  const disposed: unknown[] = [];
  const caller = new AbortController();
  const options: HedgeOptions = {
    delayMs: 'on-failure',
    classify: () => failing,
    dispose: (value) => void disposed.push(value),
  };
  const { ended } = await race(options, [() => 'a', hangs], { signal: caller.signal });
  caller.abort('left');
  assert.deepEqual(await ended, { error: 'left' });
  assert.deepEqual(disposed, ['a']);
});

test('says why a copy is given up, and that a race of one copy was none', async () => {
  const reasons: unknown[] = [];
  const { runtime, clock, log } = testRuntime();
  let copies = 0;
  const answered = hedge({ delayMs: 10 }, runtime).execute((call) => {
    if (++copies === 2) return Promise.resolve('fine');
    return new Promise((_resolve, reject) => {
      call.onCancel((reason) => {
        reasons.push(reason);
        reject(reason);
      });
    });
  });
  await clock.advance(10);
  assert.equal(await answered, 'fine');
  assert.deepEqual(
    reasons.map((reason) => (reason as Error).message),
    ['another copy of this call was answered first'],
  );
  assert.equal(log.count('hedge.finished'), 1);

  for (const end of [() => 'fine', fails(new JudgedError({ kind: 'failure', retry: 'never' }))]) {
    const live: HedgeOptions = { minimumSamples: 20, warmUpDelayMs: 10 };
    const single = await race(live, [end]);
    await single.ended;
    assert.equal(single.log.count('hedge.finished'), 0);
  }
});

test('is in the wheel only while another copy is to come', async () => {
  const cases: readonly [HedgeOptions, armed: number][] = [
    [{ delayMs: 10 }, 1],
    [{ delayMs: 0 }, 0],
    [{ delayMs: 'on-failure' }, 0],
    [{ minimumSamples: 20 }, 0],
    [{ delayMs: 10, maxHedges: 0 }, 0],
  ];
  for (const [options, armed] of cases) {
    assert.equal((await race(options, [hangs, hangs])).armed, armed, JSON.stringify(options));
  }
  const { runtime, clock } = testRuntime();
  void hedge({ delayMs: 10 }, runtime).execute(hangs);
  await clock.advance(10);
  assert.equal(wheelOf(clock).size, 0);
});

test('before it knows a pace, a failure is not followed by a copy', async () => {
  const error = new JudgedError(failing);
  const { copies, ended } = await race({ minimumSamples: 20 }, [fails(error)]);
  assert.deepEqual([copies, await ended], [1, { error }]);
});

test('a copy under way has sent what may be sent, and a deadline around says so', async () => {
  const { runtime, clock } = testRuntime();
  const failed = caught(
    pipeline(deadline({ deadlineMs: 100 }, runtime), hedge({ delayMs: 10 }, runtime)).execute((call) => {
      call.progress('connect', 'never');
      return hangs();
    }),
  );
  await clock.advance(10);
  await clock.advance(100);
  const error = await failed;
  assert.ok(error instanceof DeadlineExceededError);
  assert.equal(error.phase, 'connect');
});

test('a deadline that had passed before the first copy says so', async () => {
  const { runtime } = testRuntime({ startMs: 1_000 });
  const named = { target: 'users', operation: 'get' };
  const error = await caught(hedge({}, runtime).execute(() => assert.fail('sent'), { ...named, deadline: 1_000 }));
  assert.ok(error instanceof DeadlineExceededError);
  const { message, target, operation, attempts, sent, phase } = error;
  assert.equal(message, 'the deadline had passed before the first copy');
  assert.deepEqual([target, operation, attempts, sent, phase], ['users', 'get', 0, 'never', 'call']);
});

test('a wish to be left alone for less than no time is no wish', () => {
  const failureOf = (copy: number, retryAfterMs?: number) => ({
    copy,
    outcome: { ok: false, error: new Error(`copy ${copy}`) } as const,
    verdict: { ...failing, ...(retryAfterMs !== undefined && { retryAfterMs }) },
  });
  assert.equal(tellingFailure([failureOf(1, -5), failureOf(2)]).copy, 1);
  assert.equal(tellingFailure([failureOf(1), failureOf(2, -5)]).copy, 1);
  assert.equal(tellingFailure([failureOf(1, 4), failureOf(2, 5)]).copy, 2);
});

test('says what it expected', () => {
  const refuses = (options: unknown, path: string, expected: string): void =>
    assert.throws(
      () => hedge(options as HedgeOptions),
      (error) => {
        const { path: at, message } = error as { path: string; message: string };
        return at === path && message.startsWith(`${path}: expected ${expected}`);
      },
    );
  refuses(
    { delayMs: 'later' },
    'hedge.delayMs',
    "milliseconds, 0 or more and at most 2147483647, or 'on-failure', got",
  );
  refuses({ delayMs: 1, quantile: 0.5 }, 'hedge.quantile', 'nothing when there is a delayMs, got 0.5');
  refuses(
    { quantile: 0.99, minimumSamples: 20 },
    'hedge.minimumSamples',
    'a whole number of at least 100, as quantile is 0.99, got 20',
  );
});

test('work that goes on for a millisecond after another copy has answered has ended late', async () => {
  for (const [lateMs, told] of [
    [0.5, 0],
    [1, 1],
  ] as const) {
    const { runtime, clock, log } = testRuntime();
    let copies = 0;
    const answered = hedge({ delayMs: 10 }, runtime).execute(async () => {
      await clock.sleep(++copies === 1 ? 20 + lateMs : 10);
      return copies;
    });
    await clock.advance(100);
    await answered;
    assert.equal(log.count('work.ended-late', { lateMs }), told);
  }
});

test('what a copy that failed has sent stays with the call while the next one waits', async () => {
  for (const [told, error, sent] of [
    ['never', new JudgedError(failing, { sent: 'answered' }), 'answered'],
    ['never', new JudgedError(failing, { sent: 'maybe' }), 'maybe'],
    ['never', new Error('could not connect'), 'never'],
    ['maybe', new Error('lost'), 'maybe'],
  ] as const) {
    const { runtime, clock } = testRuntime();
    let copies = 0;
    const failed = caught(
      pipeline(deadline({ deadlineMs: 100 }, runtime), hedge({ delayMs: 'on-failure' }, runtime)).execute((call) => {
        const first = ++copies === 1;
        call.progress('queue', first ? told : 'never');
        return first ? Promise.reject(error) : hangs();
      }),
    );
    await clock.advance(100);
    const ended = await failed;
    assert.ok(ended instanceof DeadlineExceededError);
    assert.equal(ended.sent, sent);
  }
});

test('a copy that waits in a queue of ours is given back only if it had sent nothing before', async () => {
  for (const [sentBefore, back] of [
    [false, 1],
    [true, 0],
  ] as const) {
    const budget = new Ledger();
    const { runtime, clock } = testRuntime();
    let copies = 0;
    const answered = hedge({ delayMs: 10, budget }, runtime).execute(async (call) => {
      const copy = call as CallContext;
      if (++copies === 1) return clock.sleep(50).then(() => 'fine');
      // A retry beneath: its first attempt went out, its second waits for a place.
      const attempt = sentBefore ? copy.forAttempt(copy.attempts + 1) : copy;
      if (sentBefore) attempt.begin();
      attempt.progress('queue', 'never');
      throw new Error('no place');
    });
    await clock.advance(100);
    assert.equal(await answered, 'fine');
    assert.equal(budget.lines.filter((line) => line.startsWith('give back')).length, back);
  }
});
