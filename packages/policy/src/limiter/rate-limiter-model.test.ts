import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { CallContext } from '../contract/call.ts';
import { DeadlineExceededError } from '../contract/errors.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { rateLimiter } from './rate-limiter.ts';

/** What a caller of the real one lives through, and what the model says they should. */
interface Caller {
  readonly abort: AbortController;
  readonly weight: number;
  readonly deadline: number;
  readonly waitEndsAt: number;
  fate: string;
  expected: string;
}

interface Gone {
  readonly at: number;
  readonly weight: number;
}

// A power of two, so that neither side rounds.
const everyMs = 8;
const settings = { limit: 1_000 / everyMs, burst: 4, maxWaitMs: 100, maxQueue: 4 };

const weight = fc.integer({ min: 1, max: 4 });
const step = fc.oneof(
  fc.record({
    do: fc.constant('arrive' as const),
    weight,
    leftMs: fc.constantFrom(25, 60, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
  }),
  fc.record({ do: fc.constant('try' as const), weight }),
  fc.record({ do: fc.constant('abort' as const), who: fc.nat({ max: 30 }) }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ do: fc.constant('freeze' as const), ms: fc.integer({ min: 1, max: 50 }) }),
);

/** The rule itself, from a list of all that went: bursts back to any of them, or the spacing from the last one. */
function mayGo(gone: readonly Gone[], weight: number, now: number, pacing: 'bursty' | 'smooth'): boolean {
  const last = gone.at(-1);
  if (pacing === 'smooth') return last === undefined || now >= last.at + last.weight * everyMs;
  let sum = weight;
  for (const one of gone.toReversed()) {
    sum += one.weight;
    if (sum > settings.burst + (now - one.at) / everyMs) return false;
  }
  return true;
}

/** When a newcomer's turn comes, found by living through it a millisecond at a time. */
function turnOf(
  newcomer: number,
  ahead: readonly number[],
  gone: readonly Gone[],
  now: number,
  pacing: Pacing,
): number {
  const line = [...ahead, newcomer];
  const lived = [...gone];
  for (let at = now; ; at++) {
    for (let first = line[0]; first !== undefined && mayGo(lived, first, at, pacing); first = line[0]) {
      lived.push({ at, weight: first });
      line.shift();
      if (line.length === 0) return at;
    }
  }
}

type Pacing = 'bursty' | 'smooth';

for (const algorithm of ['token-bucket', 'gcra'] as const) {
  for (const pacing of ['bursty', 'smooth'] as const) {
    test(`agrees with a naive model on any arrivals, aborts and waits (${algorithm}, ${pacing})`, async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const clock = new ManualClock();
          const world = { clock, random: () => 0, events: { wants: () => false, publish: () => {} } };
          const real = rateLimiter({ ...settings, pacing, algorithm }, world);
          const callers: Caller[] = [];
          // The model: who waits, in order, and all that went.
          const waiting: Caller[] = [];
          const gone: Gone[] = [];

          const admitWaiters = (now: number): void => {
            for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
              if (!mayGo(gone, first.weight, now, pacing)) return;
              waiting.shift();
              if (first.deadline <= now) first.expected = 'deadline';
              else {
                first.expected = 'went';
                gone.push({ at: now, weight: first.weight });
              }
            }
          };
          const expire = (now: number): void => {
            const endOf = (caller: Caller): number => Math.min(caller.deadline, caller.waitEndsAt);
            // The wheel fires the soonest first, and of several at the same moment the youngest.
            const over = waiting.filter((caller) => endOf(caller) <= now).toReversed();
            for (const caller of over.toSorted((a, b) => endOf(a) - endOf(b))) {
              admitWaiters(now);
              const at = waiting.indexOf(caller);
              if (at < 0) continue;
              waiting.splice(at, 1);
              caller.expected = caller.deadline <= now ? 'deadline' : 'refused';
            }
            admitWaiters(now);
          };
          const hear = (caller: Caller, admission: Permit | Refusal): void => {
            caller.fate = admission.admitted ? 'went' : 'refused';
          };

          for (const todo of steps) {
            const now = clock.now();
            switch (todo.do) {
              case 'try':
              case 'arrive': {
                const caller: Caller = {
                  abort: new AbortController(),
                  weight: todo.weight,
                  deadline: todo.do === 'try' ? Number.POSITIVE_INFINITY : now + todo.leftMs,
                  waitEndsAt: now + settings.maxWaitMs,
                  fate: 'waiting',
                  expected: 'waiting',
                };
                callers.push(caller);
                const ahead = waiting.map((one) => one.weight);
                const turn = turnOf(caller.weight, ahead, gone, now, pacing);
                if (turn === now) {
                  caller.expected = 'went';
                  gone.push({ at: now, weight: caller.weight });
                } else if (
                  todo.do === 'try' ||
                  waiting.length >= settings.maxQueue ||
                  turn > caller.waitEndsAt ||
                  turn >= caller.deadline
                ) {
                  caller.expected = 'refused';
                } else waiting.push(caller);
                if (todo.do === 'try') {
                  const admission = real.tryAcquire(caller.weight);
                  hear(caller, admission);
                  if (!admission.admitted) assert.equal(admission.retryAfterMs, turn - now);
                  break;
                }
                real
                  .acquire(CallContext.of({ signal: caller.abort.signal, deadline: caller.deadline }), caller.weight)
                  .then(
                    (admission) => hear(caller, admission),
                    (error) => {
                      caller.fate = error instanceof DeadlineExceededError ? 'deadline' : String(error);
                    },
                  );
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
                admitWaiters(clock.now());
                break;
              }
              case 'advance':
                await clock.advance(todo.ms);
                for (let at = now; at <= clock.now(); at++) expire(at);
                break;
              case 'freeze':
                clock.freeze(todo.ms);
                admitWaiters(clock.now());
                break;
            }
            assert.equal(real.snapshot().queued, waiting.length);
            await settle();
            assert.equal(callers.map(({ fate }) => fate).join(), callers.map(({ expected }) => expected).join());
          }

          for (const caller of callers) caller.abort.abort('left');
          assert.deepEqual([real.snapshot().queued, wheelOf(clock).size], [0, 0]);
        }),
        runs(t, 10_000 / 4), // The same rule in four ways to keep it.
      );
    });
  }
}
