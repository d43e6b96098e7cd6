import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { CallContext } from '../contract/call.ts';
import { BulkheadClosedError, BulkheadFullError, DeadlineExceededError } from '../contract/errors.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { bulkhead } from './bulkhead.ts';
import { type Criticality, criticalities } from './criticality.ts';

/** What a caller of the real one lives through, and what the model says they should. */
interface Caller {
  readonly abort: AbortController;
  readonly deadline: number;
  readonly queueEndsAt: number;
  readonly rank: number;
  permit: Permit | undefined;
  fate: string;
  expected: string;
}

const queueTimeoutMs = 100;
const queueShares = { 'critical-plus': 1, critical: 0.75, 'sheddable-plus': 0.5, sheddable: 0.25 };

const step = fc.oneof(
  fc.record({
    do: fc.constant('arrive' as const),
    leftMs: fc.constantFrom(30, 70, Number.POSITIVE_INFINITY),
    rank: fc.nat({ max: 3 }),
  }),
  fc.record({ do: fc.constant('try' as const) }),
  fc.record({ do: fc.constant('release' as const), who: fc.nat({ max: 30 }), times: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ do: fc.constant('abort' as const), who: fc.nat({ max: 30 }) }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ do: fc.constant('freeze' as const), ms: fc.integer({ min: 1, max: 60 }) }),
  fc.record({
    do: fc.constant('resize' as const),
    maxConcurrent: fc.integer({ min: 1, max: 4 }),
    maxQueue: fc.integer({ min: 0, max: 5 }),
  }),
);

/** Whether it has classes, its first bounds, what happens, and after how many steps it is closed. */
const story = fc.record({
  withClasses: fc.boolean(),
  maxConcurrent: fc.integer({ min: 1, max: 3 }),
  maxQueue: fc.integer({ min: 0, max: 4 }),
  steps: fc.array(step, { maxLength: 60 }),
  closedAfter: fc.nat({ max: 120 }),
});

test('agrees with a naive model on any sequence of arrivals, releases, aborts, waits and new bounds', async (t) => {
  await fc.assert(
    fc.asyncProperty(story, async ({ withClasses, maxConcurrent, maxQueue, steps, closedAfter }) => {
      const clock = new ManualClock();
      const bounds = { maxConcurrent, maxQueue };
      let closed = false;
      const real = bulkhead(
        {
          ...bounds,
          queueTimeoutMs,
          queueShares,
          ...(withClasses ? { priority: ({ operation }) => operation as Criticality } : {}),
        },
        { clock, random: () => 0, events: { wants: () => false, publish: () => {} } },
      );
      const callers: Caller[] = [];
      // The model: who runs, and who waits, in order.
      const running = new Set<Caller>();
      const waiting: Caller[] = [];

      const takeNext = (): Caller | undefined => {
        const rank = Math.min(...waiting.map((caller) => caller.rank));
        const at = waiting.findIndex((caller) => caller.rank === rank);
        return at < 0 ? undefined : waiting.splice(at, 1)[0];
      };
      const admitWaiters = (): void => {
        while (running.size < bounds.maxConcurrent) {
          const next = takeNext();
          if (next === undefined) return;
          if (next.deadline <= clock.now()) next.expected = 'deadline';
          else {
            next.expected = 'running';
            running.add(next);
          }
        }
      };
      const roomFor = (rank: number): number =>
        withClasses ? Math.floor(bounds.maxQueue * (Object.values(queueShares)[rank] as number)) : bounds.maxQueue;
      /** A wait ends at its end, or when a process that was stopped goes on. */
      const expire = (wentOnAt: number): void => {
        for (const caller of [...waiting]) {
          const endsAt = Math.max(wentOnAt, Math.min(caller.deadline, caller.queueEndsAt));
          if (endsAt > clock.now()) continue;
          waiting.splice(waiting.indexOf(caller), 1);
          caller.expected = caller.deadline <= endsAt ? 'deadline' : 'bulkhead-queue-timeout';
        }
      };
      const newCaller = (leftMs: number, rank = 0): Caller => {
        const caller: Caller = {
          abort: new AbortController(),
          deadline: clock.now() + leftMs,
          queueEndsAt: clock.now() + queueTimeoutMs,
          rank: withClasses ? rank : 0,
          permit: undefined,
          fate: 'waiting',
          expected: 'waiting',
        };
        callers.push(caller);
        return caller;
      };
      const hear = (caller: Caller, admission: Permit | Refusal): void => {
        if (admission.admitted) {
          caller.permit = admission;
          caller.fate = 'running';
        } else {
          caller.fate = admission.reason;
          const error = admission.toError(CallContext.of({}));
          assert.ok(error instanceof (closed ? BulkheadClosedError : BulkheadFullError));
        }
      };

      for (const [at, todo] of steps.entries()) {
        if (at === closedAfter) {
          closed = true;
          for (const caller of waiting.splice(0)) caller.expected = 'bulkhead-closed';
          void real.close();
        }
        switch (todo.do) {
          case 'arrive': {
            const caller = newCaller(todo.leftMs, todo.rank);
            const { deadline, rank } = caller;
            const operation = criticalities[rank];
            real.acquire(CallContext.of({ signal: caller.abort.signal, deadline, operation })).then(
              (admission) => hear(caller, admission),
              (error) => {
                caller.fate = error instanceof DeadlineExceededError ? 'deadline' : String(error);
              },
            );
            if (closed) caller.expected = 'bulkhead-closed';
            else if (running.size < bounds.maxConcurrent) {
              running.add(caller);
              caller.expected = 'running';
            } else if (waiting.length < roomFor(rank)) waiting.push(caller);
            else caller.expected = 'bulkhead-full';
            break;
          }
          case 'try': {
            const caller = newCaller(Number.POSITIVE_INFINITY);
            hear(caller, real.tryAcquire());
            if (closed) caller.expected = 'bulkhead-closed';
            else if (running.size < bounds.maxConcurrent) {
              running.add(caller);
              caller.expected = 'running';
            } else caller.expected = 'bulkhead-full';
            break;
          }
          case 'release': {
            const caller = callers[todo.who];
            if (caller?.permit === undefined) break;
            for (let i = 0; i < todo.times; i++) caller.permit.success();
            if (running.delete(caller)) admitWaiters();
            break;
          }
          case 'abort': {
            const caller = callers[todo.who];
            if (caller === undefined) break;
            caller.abort.abort('left');
            const at = waiting.indexOf(caller);
            if (at < 0) break;
            waiting.splice(at, 1);
            caller.expected = 'left';
            break;
          }
          case 'advance': {
            const wentOnAt = clock.now();
            await clock.advance(todo.ms);
            expire(wentOnAt);
            break;
          }
          case 'freeze':
            clock.freeze(todo.ms);
            break;
          case 'resize':
            bounds.maxConcurrent = todo.maxConcurrent;
            bounds.maxQueue = todo.maxQueue;
            real.resize(bounds);
            if (!closed) admitWaiters();
            break;
        }
        const { active, queued } = real.snapshot();
        assert.ok(queued === 0 || active >= bounds.maxConcurrent, 'a lost wake-up');
        assert.deepEqual([active, queued], [running.size, waiting.length]);
        await settle();
        assert.equal(callers.map(({ fate }) => fate).join(), callers.map(({ expected }) => expected).join());
      }

      for (const caller of callers) caller.abort.abort('left');
      for (const caller of callers) caller.permit?.ignored();
      assert.deepEqual([real.snapshot().active, real.snapshot().queued, wheelOf(clock).size], [0, 0, 0]);
    }),
    runs(t),
  );
});
