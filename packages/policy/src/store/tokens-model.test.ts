import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import type { SharedRate } from '../contract/state-store.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { memoryStateStore } from './memory-state-store.ts';

const everyMs = 10;
const rate: SharedRate = { limit: 100, intervalMs: 1_000, burst: 5 };

const passes = fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 45 }) });
const takes = fc
  .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 5 }))
  .map(([tokens, least]) => ({ do: 'take' as const, tokens, atLeast: Math.min(tokens, least) }));
const comesAgain = fc.record({ do: fc.constant('again' as const), which: fc.nat({ max: 30 }) });

interface Gone {
  readonly at: number;
  readonly tokens: number;
}

/**
 * How many whole tokens may go, by the rule itself: no stretch of time, back to any that went, has more than its due.
 * Counted in milliseconds, of which a token is ten, so that no sum is rounded.
 */
function mayGo(gone: readonly Gone[], now: number): number {
  let mostMs = rate.burst * everyMs;
  let sinceMs = 0;
  for (const { at, tokens } of gone.toReversed()) {
    sinceMs += tokens * everyMs;
    mostMs = Math.min(mostMs, rate.burst * everyMs + now - at - sinceMs);
  }
  return Math.floor(mostMs / everyMs);
}

function storeAt(clock: ManualClock) {
  return memoryStateStore({}, { clock, random: () => 0 });
}

test('agrees on every take with a list of all that went', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(takes, takes, passes, comesAgain), { maxLength: 30 }), async (steps) => {
      const clock = new ManualClock();
      const store = storeAt(clock);
      const gone: Gone[] = [];
      const granted: { op: string; tokens: number; atLeast: number; answer: unknown }[] = [];
      for (const [i, step] of steps.entries()) {
        if (step.do === 'pass') clock.freeze(step.ms);
        else if (step.do === 'again') {
          const before = granted[step.which];
          if (before === undefined) continue;
          const { answer, ...ask } = before;
          assert.deepEqual(await store.takeTokens('k', rate, ask), answer);
        } else {
          const now = clock.now();
          const ask = { op: `${i}`, tokens: step.tokens, atLeast: step.atLeast };
          const answer = await store.takeTokens('k', rate, ask);
          const there = mayGo(gone, now);
          const expected = there < ask.atLeast ? 0 : Math.min(ask.tokens, there);
          assert.equal(answer.granted, expected);
          assert.equal(answer.remaining, there - expected);
          if (expected > 0) {
            gone.push({ at: now, tokens: expected });
            granted.push({ ...ask, answer });
          }
          let waitMs = 0;
          while (expected === 0 && mayGo(gone, now + waitMs) < ask.atLeast) waitMs++;
          assert.equal(answer.retryAfterMs, waitMs);
        }
      }
    }),
    runs(t),
  );
});

const givesBack = fc.record({
  do: fc.constant('give' as const),
  which: fc.nat({ max: 20 }),
  tokens: fc.integer({ min: 1, max: 6 }),
});

test('lets no more go in any stretch of time than the rate and a burst, whatever is given back', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(takes, takes, passes, givesBack), { maxLength: 40 }), async (steps) => {
      const clock = new ManualClock();
      const store = storeAt(clock);
      const gone: { op: string; at: number; tokens: number; settled: boolean }[] = [];
      for (const [i, step] of steps.entries()) {
        if (step.do === 'pass') clock.freeze(step.ms);
        else if (step.do === 'give') {
          const one = gone[step.which];
          if (one === undefined) continue;
          await store.giveBackTokens('k', rate, { op: one.op, tokens: step.tokens });
          if (!one.settled) one.tokens -= Math.min(one.tokens, step.tokens);
          one.settled = true;
        } else {
          const op = `${i}`;
          const { granted } = await store.takeTokens('k', rate, { op, tokens: step.tokens, atLeast: step.atLeast });
          if (granted > 0) gone.push({ op, at: clock.now(), tokens: granted, settled: false });
        }
      }
      for (const [i, first] of gone.entries()) {
        let used = 0;
        for (const last of gone.slice(i)) {
          used += last.tokens;
          const most = rate.burst + (last.at - first.at) / everyMs;
          assert.ok(used <= most + 1e-6, `${used} between ${first.at} and ${last.at}, where ${most} may go`);
        }
      }
    }),
    runs(t),
  );
});

test('lets no more go than the larger rate and the larger burst, where two are stated', async (t) => {
  const other: SharedRate = { limit: 40, intervalMs: 1_000, burst: 8 };
  const asks = fc.record({
    do: fc.constant('take' as const),
    tokens: fc.integer({ min: 1, max: 8 }),
    first: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(asks, passes), { maxLength: 40 }), async (steps) => {
      const clock = new ManualClock();
      const store = storeAt(clock);
      const gone: Gone[] = [];
      for (const [i, step] of steps.entries()) {
        if (step.do === 'pass') clock.freeze(step.ms);
        else {
          const ask = { op: `${i}`, tokens: step.tokens, atLeast: 1 };
          const { granted } = await store.takeTokens('k', step.first ? rate : other, ask);
          gone.push({ at: clock.now(), tokens: granted });
        }
      }
      for (const [i, first] of gone.entries()) {
        let used = 0;
        for (const last of gone.slice(i)) {
          used += last.tokens;
          assert.ok(used <= other.burst + (last.at - first.at) / everyMs + 1e-6);
        }
      }
    }),
    runs(t),
  );
});
