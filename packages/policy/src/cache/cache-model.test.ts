import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { SwitchgearError } from '../contract/errors.ts';
import { type Verdict, verdicts } from '../contract/outcome.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { cache } from './cache.ts';

class NoSuchUserError extends SwitchgearError {
  override readonly code = 'TEST_NO_SUCH_USER';

  override verdict(): Verdict {
    return verdicts.success;
  }
}

const silent = { wants: () => false, publish: () => {} };

// One call after the other: what is found, and what is left.

interface Remembered {
  readonly value: number | undefined;
  readonly since: number;
  refreshFrom: number;
}

const settings = { freshMs: 100, staleMs: 50, staleIfErrorMs: 300, negativeMs: 40, refreshPauseMs: 20 };

const sequentialStep = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      key: fc.constantFrom('alice 1', 'bob 1', '__proto__'),
      comes: fc.constantFrom('value' as const, 'down' as const, 'no such user' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 120 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('forget' as const), key: fc.constantFrom('alice 1', '__proto__') }),
  },
);

test('agrees with a naive model on any sequence of calls, failures and waits', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(sequentialStep, { maxLength: 25 }), async (steps) => {
      const clock = new ManualClock();
      const real = cache(
        { key: (call) => call.key, ttlJitterRatio: 0, ...settings },
        { clock, random: () => 0, events: silent },
      );
      const model = new Map<string, Remembered>();
      let [loads, expectedLoads, values] = [0, 0, 0];

      for (const step of steps) {
        const now = clock.now();
        if (step.do === 'wait') clock.freeze(step.ms);
        else if (step.do === 'forget') {
          real.invalidate(step.key);
          model.delete(step.key);
        } else {
          const { key, comes } = step;
          const held = model.get(key);
          const age = held === undefined ? Number.POSITIVE_INFINITY : now - held.since;
          const next = values + 1;
          const load = (): void => {
            expectedLoads++;
            if (comes === 'value') {
              values = next;
              model.set(key, { value: next, since: now, refreshFrom: 0 });
            } else if (comes === 'no such user') model.set(key, { value: undefined, since: now, refreshFrom: 0 });
            const after = model.get(key);
            if (comes !== 'value' && after !== undefined) after.refreshFrom = now + settings.refreshPauseMs;
          };
          let expected: unknown;
          if (held?.value === undefined && age < settings.negativeMs) expected = 'no such user';
          else if (held?.value !== undefined && age < settings.freshMs) expected = held.value;
          else if (held?.value !== undefined && age < settings.freshMs + settings.staleMs) {
            expected = held.value;
            if (now >= held.refreshFrom) load();
          } else {
            load();
            const spare = held?.value !== undefined && age < settings.freshMs + settings.staleIfErrorMs;
            expected = comes === 'value' ? next : comes === 'down' && spare ? held.value : comes;
          }
          const got = await real
            .execute<number>(
              async () => {
                loads++;
                if (comes === 'value') return next;
                throw comes === 'down' ? new Error(comes) : new NoSuchUserError(comes);
              },
              { key },
            )
            .catch((error: Error) => error.message);
          for (let turn = 0; turn < 4; turn++) await null; // What was set off in the background is over by then.
          assert.equal(got, expected);
          assert.equal(loads, expectedLoads);
        }
      }
      assert.equal(real.snapshot().loading, 0);
      assert.equal(wheelOf(clock).size, 0);
    }),
    runs(t),
  );
});

// Many at once: who waits for whom.

interface Loading {
  readonly key: string;
  readonly resolve: (value: string) => void;
  readonly reject: (error: Error) => void;
  readonly waiting: Set<Caller>;
  cancelled: boolean;
  over: boolean;
}

interface Caller {
  readonly key: string;
  readonly abort: AbortController;
  fate: string;
  expected: string;
}

const concurrentStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('arrive' as const), key: fc.constantFrom('alice', 'bob') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), who: fc.nat({ max: 20 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat({ max: 10 }), well: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), key: fc.constantFrom('alice', 'bob') }) },
);

test('agrees with a naive model on any interleaving of arrivals, ends, leavings and forgettings', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(concurrentStep, { maxLength: 20 }), async (steps) => {
      const real = cache(
        { key: (call) => call.key, freshMs: 1_000 },
        { clock: new ManualClock(), random: () => 0, events: silent },
      );
      const callers: Caller[] = [];
      const loadings: Loading[] = [];
      // The model: the load of a key that newcomers join, and what is remembered.
      const current = new Map<string, Loading>();
      const remembered = new Map<string, string>();

      const leave = (caller: Caller): void => {
        for (const loading of loadings) {
          if (!loading.waiting.delete(caller)) continue;
          caller.expected = 'left';
          if (loading.waiting.size > 0) continue;
          loading.cancelled = true;
          if (current.get(loading.key) === loading) current.delete(loading.key);
        }
      };
      const end = (loading: Loading, well: boolean): void => {
        loading.over = true;
        const outcome = `${loading.key} ${loadings.indexOf(loading)} ${well ? 'value' : 'error'}`;
        for (const caller of loading.waiting) caller.expected = outcome;
        loading.waiting.clear();
        if (current.get(loading.key) === loading) {
          current.delete(loading.key);
          if (well) remembered.set(loading.key, outcome);
        }
        if (well) loading.resolve(outcome);
        else loading.reject(new Error(outcome));
      };

      for (const step of steps) {
        if (step.do === 'arrive') {
          const { key } = step;
          const caller: Caller = { key, abort: new AbortController(), fate: 'waiting', expected: 'waiting' };
          callers.push(caller);
          let ran: Loading | undefined;
          void real
            .execute<string>(
              (call) => {
                const { promise, resolve, reject } = Promise.withResolvers<string>();
                ran = { key, resolve, reject, waiting: new Set(), cancelled: false, over: false };
                const { waiting } = ran;
                call.onCancel(() => assert.equal(waiting.size, 0, 'cancelled although somebody waits'));
                return promise;
              },
              { key, signal: caller.abort.signal },
            )
            .then(
              (value) => {
                caller.fate = value;
              },
              (error: unknown) => {
                caller.fate = error instanceof Error ? error.message : String(error);
              },
            );
          const known = remembered.get(key);
          const joined = current.get(key);
          assert.equal(ran === undefined, known !== undefined || joined !== undefined, 'one load per key');
          if (known !== undefined) caller.expected = known;
          else if (ran !== undefined) {
            loadings.push(ran);
            current.set(key, ran);
            ran.waiting.add(caller);
          } else joined?.waiting.add(caller);
        } else if (step.do === 'leave') {
          const caller = callers[step.who];
          if (caller === undefined) continue;
          leave(caller);
          caller.abort.abort('left');
        } else if (step.do === 'end') {
          const open = loadings.filter(({ over }) => !over);
          const loading = open[step.which % Math.max(1, open.length)];
          if (loading !== undefined) end(loading, step.well);
        } else {
          real.invalidate(step.key);
          current.delete(step.key);
          remembered.delete(step.key);
        }
        for (let turn = 0; turn < 6; turn++) await null;
        assert.equal(callers.map(({ fate }) => fate).join(), callers.map(({ expected }) => expected).join());
        assert.equal(real.snapshot().loading, current.size);
        for (const { key, fate } of callers) assert.ok(['waiting', 'left'].includes(fate) || fate.startsWith(key));
      }
      for (const loading of loadings) if (!loading.over) end(loading, true);
      await settle();
      for (const { fate, expected, abort } of callers) {
        assert.equal(fate, expected);
        assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
      }
    }),
    runs(t),
  );
});

test('never answers one principal with what was loaded for another', async (t) => {
  const principal = fc.integer({ min: 0, max: 999 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(principal, fc.nat({ max: 2 }), fc.nat({ max: 60 })), { maxLength: 40 }),
      async (asks) => {
        const clock = new ManualClock();
        const real = cache(
          { key: (call) => call.key, freshMs: 50, staleMs: 50, maxEntries: 20 },
          { clock, random: () => 0.5, events: silent },
        );
        const answers = asks.map(([who, id, ms]) => {
          clock.freeze(ms);
          return real.execute(async () => ({ who, id }), { key: JSON.stringify([who, id]) });
        });
        assert.deepEqual(
          await Promise.all(answers),
          asks.map(([who, id]) => ({ who, id })),
        );
        assert.ok(real.snapshot().entries <= 20);
      },
    ),
    runs(t),
  );
});
