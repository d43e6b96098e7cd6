import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { CallContext } from '../contract/call.ts';
import type { Permit } from '../contract/gate.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { rateLimiter } from './rate-limiter.ts';
import type { Reservation } from './reservation.ts';

/*
 * The bound itself, over whole traces of everything that can be done to a limiter, checked against every pair of
 * moments at which something went: between the two, no more weight than the rate brings in that time and one burst.
 */

/** Something that went, for good unless it turns out unused. */
interface Gone {
  readonly at: number;
  /** The same, but for a reservation that came due between two looks: then the first of them. */
  readonly earliest: number;
  readonly weight: number;
  /** The burst that was in force then. */
  readonly burst: number;
  readonly permit: Permit | undefined;
  used: boolean;
}

/** A rate that was in force from a moment on. */
interface Regime {
  readonly from: number;
  readonly everyMs: number;
}

const weight = fc.constantFrom(0.5, 1, 1, 1, 2, 3, 5);
const who = fc.nat({ max: 40 });
const ms = fc.integer({ min: 1, max: 45 });

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('try' as const), weight }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), weight }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reserve' as const), weight }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unused' as const), who }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance' as const), ms }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('freeze' as const), ms }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const), ms: fc.constantFrom(0, 0, 15) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      limit: fc.constantFrom(50, 100, 300),
      burst: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wall' as const), ms: fc.constantFrom(-3_600_000, 3_600_000) }) },
);

/** What the rates in force between two moments bring. */
function inflow(regimes: readonly Regime[], from: number, to: number): number {
  let tokens = 0;
  for (const [i, regime] of regimes.entries()) {
    const begins = Math.max(from, regime.from);
    const ends = Math.min(to, regimes[i + 1]?.from ?? to);
    if (ends > begins) tokens += (ends - begins) / regime.everyMs;
  }
  return tokens;
}

function assertBound(gone: readonly Gone[], regimes: readonly Regime[]): void {
  const used = gone.filter((one) => one.used).toSorted((a, b) => a.at - b.at);
  for (const [i, first] of used.entries()) {
    let sum = 0;
    for (const last of used.slice(i)) {
      sum += last.weight;
      // Whoever was let into the line under a larger burst goes under a smaller one too, and is paid for afterwards.
      const bound = Math.max(last.burst, last.weight) + inflow(regimes, first.earliest, last.at);
      assert.ok(sum <= bound + 1e-6, `${sum} between ${first.at} and ${last.at}, where ${bound} may go`);
    }
  }
}

for (const algorithm of ['token-bucket', 'gcra'] as const) {
  for (const pacing of ['bursty', 'smooth'] as const) {
    test(`lets no more go in any stretch of time than the rate and a burst (${algorithm}, ${pacing})`, async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
          const clock = new ManualClock();
          // What went under smooth pacing is paid for before the next goes: there is no burst but its own weight.
          const burstOf = (given: number): number => (pacing === 'smooth' ? 0 : given);
          let burst = burstOf(5);
          const real = rateLimiter(
            { limit: 100, burst: 5, pacing, algorithm, maxWaitMs: 200, maxQueue: 8 },
            { clock, random: () => 0, events: { wants: () => false, publish: () => {} } },
          );
          const regimes: Regime[] = [{ from: 0, everyMs: 10 }];
          const gone: Gone[] = [];
          const callers: AbortController[] = [];
          const reservations: { reservation: Reservation; due: Gone | undefined }[] = [];
          let lookedAt = 0;
          const went = (weight: number, permit?: Permit, earliest: number = clock.now()): Gone => {
            const one = { at: clock.now(), earliest, weight, burst, permit, used: true };
            gone.push(one);
            return one;
          };
          const lookAtReservations = (): void => {
            for (const held of reservations) {
              if (held.due !== undefined || !held.reservation.due) continue;
              held.due = went(held.reservation.weight, undefined, lookedAt);
            }
            lookedAt = clock.now();
          };

          for (const todo of steps) {
            switch (todo.do) {
              case 'try': {
                const permit = real.tryAcquire(todo.weight);
                if (permit.admitted) went(todo.weight, permit);
                break;
              }
              case 'wait': {
                const caller = new AbortController();
                callers.push(caller);
                const call = CallContext.of({ signal: caller.signal });
                void real.acquire(call, todo.weight).then(
                  (permit) => permit.admitted && went(todo.weight, permit),
                  (reason) => assert.equal(reason, 'left'),
                );
                break;
              }
              case 'reserve': {
                const reservation = real.reserve(todo.weight);
                if (reservation.admitted) reservations.push({ reservation, due: undefined });
                break;
              }
              case 'abort':
                callers[todo.who]?.abort('left');
                break;
              case 'cancel': {
                const [held] = reservations.splice(todo.who, 1);
                held?.reservation.cancel();
                if (held?.due !== undefined) held.due.used = false;
                break;
              }
              case 'unused': {
                const one = gone[todo.who];
                if (!one?.used || one.permit === undefined) break;
                one.permit.unused?.();
                one.used = false;
                break;
              }
              case 'advance':
                for (let i = 0; i < todo.ms; i++) {
                  await clock.advance(1);
                  lookAtReservations();
                }
                break;
              case 'freeze':
                clock.freeze(todo.ms);
                lookedAt = clock.now();
                break;
              case 'drain':
                real.drain(todo.ms);
                break;
              case 'change':
                // Those who were due go before the change does, so they are heard first.
                lookAtReservations();
                await settle();
                real.change({ limit: todo.limit, burst: todo.burst });
                regimes.push({ from: clock.now(), everyMs: 1_000 / todo.limit });
                burst = burstOf(todo.burst);
                break;
              case 'wall':
                clock.jumpWall(todo.ms);
                break;
            }
            lookAtReservations();
            const { queued, tokens } = real.snapshot();
            await settle();
            assert.ok(queued <= 8);
            assert.ok(tokens <= burst + 1e-9);
          }

          assertBound(gone, regimes);
          for (const caller of callers) caller.abort('left');
          for (const { reservation } of reservations) reservation.cancel();
          assert.deepEqual([real.snapshot().queued, wheelOf(clock).size], [0, 0]);
        }),
        runs(t, 10_000 / 4), // The same rule in four ways to keep it.
      );
    });
  }
}
