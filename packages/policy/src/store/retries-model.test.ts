import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { memoryStateStore } from './memory-state-store.ts';

const few = fc.nat({ max: 12 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('draw' as const), calls: few, retries: few, unused: few }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(10, 100, 400, 1_000) }) },
);

test('grants no more than a share of all calls and the allowance, whatever is drawn and given back', async (t) => {
  const budgets = fc.record({
    ratio: fc.constantFrom(0, 0.2, 0.5, 1),
    minPerSecond: fc.constantFrom(0, 0.5, 3),
    windowMs: fc.constantFrom(500, 1_000),
  });
  await fc.assert(
    fc.asyncProperty(budgets, fc.array(step, { maxLength: 40 }), async (budget, steps) => {
      const clock = new ManualClock();
      const store = memoryStateStore({}, { clock, random: () => 0 });
      const allowance = (): number => {
        const { minPerSecond } = budget;
        return minPerSecond === 0 ? 0 : (minPerSecond * clock.now()) / 1_000 + Math.max(1, minPerSecond);
      };
      let calls = 0;
      let extra = 0;
      let last = { op: 'none', calls: 0, retries: 0, unused: 0 };
      for (const [i, todo] of steps.entries()) {
        if (todo.do === 'pass') {
          clock.freeze(todo.ms);
          continue;
        }
        if (todo.do === 'again') {
          await store.drawRetries('k', budget, last);
          continue;
        }
        // Whoever gives back has been granted it.
        const unused = Math.min(todo.unused, extra);
        last = { op: `${i}`, calls: todo.calls, retries: todo.retries, unused };
        const { granted, remaining } = await store.drawRetries('k', budget, last);
        calls += todo.calls;
        extra += granted - unused;
        assert.ok(granted <= todo.retries && remaining >= 0);
        const most = budget.ratio * calls + allowance();
        assert.ok(extra <= most + 1e-6, `${extra} more than were asked for, where ${most} may go`);
      }
    }),
    runs(t),
  );
});
