import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { breaker } from '../breaker/breaker.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import type { Call } from '../contract/call.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { retry } from '../retry/retry.ts';
import { retryBudget } from '../retry/retry-budget.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { deadline } from '../timeout/deadline.ts';
import { hedge } from './hedge.ts';

/** What becomes of one send. */
interface Fate {
  readonly ms: number;
  readonly end: 'value' | 'error' | 'nothing';
  /** Whether it hears of being cancelled. */
  readonly deaf: boolean;
}

const fate: fc.Arbitrary<Fate> = fc.record({
  ms: fc.constantFrom(0, 1, 15, 20, 25, 90, 150),
  end: fc.constantFrom('value', 'error', 'error', 'nothing'),
  deaf: fc.boolean(),
});

const arrival = fc.record({
  gapMs: fc.constantFrom(0, 0, 1, 20, 300),
  idempotent: fc.constantFrom(true, true, true, false),
  leavesAfterMs: fc.constantFrom(0, 20, 60, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
  fates: fc.array(fate, { minLength: 1, maxLength: 5 }),
});

const settings = fc.record({
  ratio: fc.constantFrom(0, 0.1, 0.5),
  minPerSecond: fc.constantFrom(1, 3),
  maxRetries: fc.nat({ max: 2 }),
  maxHedges: fc.nat({ max: 3 }),
  delayMs: fc.constantFrom<number | 'on-failure'>(0, 20, 'on-failure'),
  outermost: fc.boolean(),
});

test('retries and hedges together stay within one budget, whatever fails, and leave nothing behind', async (t) => {
  await fc.assert(
    fc.asyncProperty(settings, fc.array(arrival, { minLength: 1, maxLength: 12 }), async (how, arrivals) => {
      const clock = new ManualClock();
      const events = new EventLog();
      const runtime = { clock, random: seededRandom(7), events };
      const budget = retryBudget({ ratio: how.ratio, minPerSecond: how.minPerSecond }, runtime);
      const places = bulkhead({ maxConcurrent: 50, maxQueue: 0 }, runtime);
      const circuit = breaker({ consecutiveFailures: 1_000, minimumCalls: 1_000 }, runtime);
      const hedged = hedge({ delayMs: how.delayMs, maxHedges: how.maxHedges, budget }, runtime);
      const policy = pipeline(
        deadline({ deadlineMs: 400 }, runtime),
        ...(how.outermost ? [] : [retry({ maxRetries: how.maxRetries, budget }, runtime)]),
        hedged,
        places,
        circuit,
        attemptTimeout({ attemptTimeoutMs: 100 }, runtime),
      );

      let calls = 0;
      let sends = 0;
      const settled: Promise<unknown>[] = [];
      const callers: AbortController[] = [];
      const send = (attempts: number[], fates: readonly Fate[]) => (call: Call) => {
        sends++;
        attempts.push(call.attempt);
        const { ms, end, deaf } = fates[(attempts.length - 1) % fates.length] as Fate;
        return new Promise<string>((resolve, reject) => {
          if (end !== 'nothing') {
            clock.setTimer(ms, () => (end === 'value' ? resolve('value') : reject(new Error('down'))));
          }
          if (!deaf) call.onCancel(reject);
        });
      };
      const withinBudget = (): void => {
        const bound = calls + how.ratio * calls + how.minPerSecond * (clock.now() / 1_000 + 1);
        assert.ok(sends <= bound, `${sends} sends of ${calls} calls, at most ${bound}`);
      };

      const lists: { readonly attempts: number[]; readonly idempotent: boolean }[] = [];
      for (const { gapMs, idempotent, leavesAfterMs, fates } of arrivals) {
        await clock.advance(gapMs);
        withinBudget();
        const attempts: number[] = [];
        lists.push({ attempts, idempotent });
        const caller = new AbortController();
        callers.push(caller);
        calls++;
        if (leavesAfterMs !== Number.POSITIVE_INFINITY) clock.setTimer(leavesAfterMs, () => caller.abort('left'));
        settled.push(
          policy.execute(send(attempts, fates), { idempotent, signal: caller.signal }).then(
            () => 'answered',
            () => 'failed',
          ),
        );
      }
      await clock.advance(1_000);
      withinBudget();

      // Each call has settled, once; nothing holds a place, a timer or a listener for those whose work has ended.
      assert.equal((await Promise.all(settled)).length, calls);
      assert.equal(wheelOf(clock).size, 0);
      for (const caller of callers) assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
      const hedges = events.of('hedge.started').length;
      const retries = events.of('retry.scheduled').length;
      // Every send is a first one, a retry or a hedge; a retry that was scheduled may not have been made.
      assert.ok(sends <= calls + hedges + retries);
      assert.equal(circuit.snapshot().state, 'closed');
      for (const { attempts, idempotent } of lists) {
        assert.equal(new Set(attempts).size, attempts.length, 'an attempt number twice');
        const most = (how.outermost ? 1 : 1 + how.maxRetries) * (idempotent ? 1 + how.maxHedges : 1);
        assert.ok(attempts.length <= (idempotent ? most : 1));
      }
      for (const race of events.of('hedge.finished')) {
        assert.ok(race.copies <= 1 + how.maxHedges && race.winner <= race.copies);
      }
    }),
    runs(t),
  );
});

test('hedges stay within their budget when every call is slow', async () => {
  const clock = new ManualClock();
  const runtime = { clock, random: () => 0, events: new EventLog() };
  const budget = retryBudget({ ratio: 0.1, minPerSecond: 1 }, runtime);
  const policy = hedge({ delayMs: 10, maxHedges: 2, budget }, runtime);
  let sends = 0;
  const answers: Promise<void>[] = [];
  for (let call = 0; call < 1_000; call++) {
    answers.push(
      policy.execute(async () => {
        sends++;
        await new Promise<void>((resolve) => clock.setTimer(100, resolve));
      }),
    );
    if (call % 10 === 9) await clock.advance(1);
  }
  await clock.advance(200);
  await Promise.all(answers);
  assert.ok(sends > 1_050 && sends <= 1_000 * 1.1 + 1 * (clock.now() / 1_000 + 1), String(sends));
});
