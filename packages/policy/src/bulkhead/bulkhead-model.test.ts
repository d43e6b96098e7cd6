import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CallContext } from '../contract/call.ts';
import { BulkheadFullError, DeadlineExceededError } from '../contract/errors.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { bulkhead } from './bulkhead.ts';

/** What a caller of the real one lives through, and what the model says they should. */
interface Caller {
  readonly abort: AbortController;
  readonly deadline: number;
  readonly queueEndsAt: number;
  permit: Permit | undefined;
  fate: string;
  expected: string;
}

const settings = { maxConcurrent: 2, maxQueue: 3, queueTimeoutMs: 100 };

const step = fc.oneof(
  fc.record({ do: fc.constant('arrive' as const), leftMs: fc.constantFrom(30, 70, Number.POSITIVE_INFINITY) }),
  fc.record({ do: fc.constant('try' as const) }),
  fc.record({ do: fc.constant('release' as const), who: fc.nat({ max: 30 }), times: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ do: fc.constant('abort' as const), who: fc.nat({ max: 30 }) }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ do: fc.constant('freeze' as const), ms: fc.integer({ min: 1, max: 60 }) }),
);

test('agrees with a naive model on any sequence of arrivals, releases, aborts and waits', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = new ManualClock();
      const real = bulkhead(settings, { clock, random: () => 0, events: { wants: () => false, publish: () => {} } });
      const callers: Caller[] = [];
      // The model: who runs, and who waits, in order.
      const running = new Set<Caller>();
      const waiting: Caller[] = [];

      const admitWaiters = (): void => {
        while (running.size < settings.maxConcurrent) {
          const next = waiting.shift();
          if (next === undefined) return;
          if (next.deadline <= clock.now()) next.expected = 'deadline';
          else {
            next.expected = 'running';
            running.add(next);
          }
        }
      };
      const expire = (): void => {
        for (const caller of [...waiting]) {
          if (Math.min(caller.deadline, caller.queueEndsAt) > clock.now()) continue;
          waiting.splice(waiting.indexOf(caller), 1);
          caller.expected = caller.deadline <= clock.now() ? 'deadline' : 'bulkhead-queue-timeout';
        }
      };
      const newCaller = (leftMs: number): Caller => {
        const caller: Caller = {
          abort: new AbortController(),
          deadline: clock.now() + leftMs,
          queueEndsAt: clock.now() + settings.queueTimeoutMs,
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
          assert.ok(admission.toError(CallContext.of({})) instanceof BulkheadFullError);
        }
      };

      for (const todo of steps) {
        switch (todo.do) {
          case 'arrive': {
            const caller = newCaller(todo.leftMs);
            real.acquire(CallContext.of({ signal: caller.abort.signal, deadline: caller.deadline })).then(
              (admission) => hear(caller, admission),
              (error) => {
                caller.fate = error instanceof DeadlineExceededError ? 'deadline' : String(error);
              },
            );
            if (running.size < settings.maxConcurrent) {
              running.add(caller);
              caller.expected = 'running';
            } else if (waiting.length < settings.maxQueue) waiting.push(caller);
            else caller.expected = 'bulkhead-full';
            break;
          }
          case 'try': {
            const caller = newCaller(Number.POSITIVE_INFINITY);
            hear(caller, real.tryAcquire());
            if (running.size < settings.maxConcurrent) {
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
          case 'advance':
            for (let ms = 0; ms < todo.ms; ms++) {
              await clock.advance(1);
              expire();
            }
            break;
          case 'freeze':
            clock.freeze(todo.ms);
            break;
        }
        const { active, queued } = real.snapshot();
        assert.ok(active <= settings.maxConcurrent && queued <= settings.maxQueue);
        assert.ok(queued === 0 || active === settings.maxConcurrent, 'a lost wake-up');
        assert.deepEqual([active, queued], [running.size, waiting.length]);
        await settle();
        assert.deepEqual(
          callers.map((caller) => caller.fate),
          callers.map((caller) => caller.expected),
        );
      }

      for (const caller of callers) caller.abort.abort('left');
      for (const caller of callers) caller.permit?.ignored();
      assert.deepEqual([real.snapshot().active, real.snapshot().queued, wheelOf(clock).size], [0, 0, 0]);
    }),
    { seed: 33, numRuns: 100 },
  );
});
