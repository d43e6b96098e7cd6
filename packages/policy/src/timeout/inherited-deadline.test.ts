import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { type Call, CallContext } from '../contract/call.ts';
import { ConfigError, DeadlineExceededError } from '../contract/errors.ts';
import type { Runtime } from '../contract/runtime.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { retry } from '../retry/retry.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { attemptTimeout } from './attempt-timeout.ts';
import { deadline } from './deadline.ts';
import { currentDeadline, withDeadline } from './inherited-deadline.ts';

function world(): { clock: ManualClock; events: EventLog; runtime: Runtime } {
  const clock = new ManualClock(1_000);
  const events = new EventLog();
  return { clock, events, runtime: { clock, random: () => 0, events } };
}

const never = (): Promise<never> => new Promise(() => {});
const deadlineOf = async (call: Call): Promise<number> => call.deadline;

test('looks nothing up until someone enters a deadline', () => {
  // First in this file: until here, no one has.
  assert.equal(currentDeadline(), Number.POSITIVE_INFINITY);
  const getStore = AsyncLocalStorage.prototype.getStore;
  AsyncLocalStorage.prototype.getStore = () => assert.fail('looked up');
  try {
    assert.equal(CallContext.of({}).deadline, Number.POSITIVE_INFINITY);
    assert.equal(currentDeadline(), Number.POSITIVE_INFINITY);
  } finally {
    AsyncLocalStorage.prototype.getStore = getStore;
  }
});

test('gives every call that begins inside its deadline, at once and later, and none outside', async () => {
  const { runtime } = world();
  const inside = withDeadline(
    250,
    async () => {
      const seen = [CallContext.of({}).deadline];
      await settle();
      seen.push(CallContext.of({ target: 'users' }).deadline);
      return seen;
    },
    runtime,
  );
  assert.equal(CallContext.of({}).deadline, Number.POSITIVE_INFINITY);
  assert.deepEqual(await inside, [1_250, 1_250]);
});

test('takes milliseconds from now, or a moment of the clock', () => {
  const { runtime } = world();
  const at = (given: number | { at: number }): number => withDeadline(given, () => currentDeadline(runtime), runtime);
  assert.deepEqual([at(250), at({ at: 1_250 }), at(0), at({ at: -5 })], [1_250, 1_250, 1_000, -5]);
  assert.deepEqual([at(Number.POSITIVE_INFINITY), at({ at: Number.POSITIVE_INFINITY })], [Infinity, Infinity]);
});

test('returns what runs inside returns, and throws what it throws', () => {
  const { runtime } = world();
  assert.equal(
    withDeadline(5, () => 'value', runtime),
    'value',
  );
  assert.throws(() => withDeadline(5, () => assert.fail('mine'), runtime), /mine/);
  assert.equal(currentDeadline(runtime), Number.POSITIVE_INFINITY);
});

test('only ever shrinks, however deep and in whichever order', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 12 }), (limits) => {
      const { runtime } = world();
      const nest = (depth: number): void => {
        const limit = limits[depth];
        if (limit === undefined) return;
        const expected = 1_000 + Math.min(...limits.slice(0, depth + 1));
        withDeadline(
          limit,
          () => {
            assert.equal(currentDeadline(runtime), expected);
            assert.equal(CallContext.of({}).deadline, expected);
            assert.equal(CallContext.of({ deadline: expected + 1 }).deadline, expected);
            assert.equal(CallContext.of({ deadline: expected - 1 }).deadline, expected - 1);
            nest(depth + 1);
            assert.equal(currentDeadline(runtime), expected);
          },
          runtime,
        );
      };
      nest(0);
    }),
    runs(t),
  );
});

test('keeps the deadlines of things that run side by side apart', async () => {
  const { runtime } = world();
  const handle = (ms: number): Promise<number[]> =>
    withDeadline(
      ms,
      async () => {
        const seen: number[] = [];
        for (let turn = 0; turn < 5; turn++) {
          await settle();
          seen.push(await retry({}, runtime).execute(deadlineOf));
        }
        return seen;
      },
      runtime,
    );
  const seen = await Promise.all([handle(100), handle(200), handle(300)]);
  assert.deepEqual(
    seen.map((own) => [...new Set(own)]),
    [[1_100], [1_200], [1_300]],
  );
});

test('reaches calls through every policy, with a pipeline or without', async () => {
  const { runtime } = world();
  const policies = [
    retry({}, runtime),
    deadline({}, runtime),
    attemptTimeout({}, runtime),
    bulkhead({}, runtime),
    pipeline(bulkhead({}, runtime), retry({}, runtime), attemptTimeout({}, runtime)),
    pipeline(),
  ];
  await withDeadline(
    40,
    async () => {
      for (const policy of policies) assert.equal(await policy.execute(deadlineOf), 1_040, policy.name);
    },
    runtime,
  );
});

test('ends a call at the deadline that surrounds it, and says so', async () => {
  const { clock, events, runtime } = world();
  const failed = withDeadline(
    80,
    () => assert.rejects(deadline({}, runtime).execute(never), DeadlineExceededError),
    runtime,
  );
  await clock.advance(80);
  await failed;
  assert.deepEqual(
    events.of('deadline.exceeded').map(({ afterMs }) => afterMs),
    [80],
  );
});

test('starts nothing inside a deadline that has passed', async () => {
  const { runtime } = world();
  await withDeadline(
    0,
    async () => {
      for (const policy of [deadline({}, runtime), attemptTimeout({}, runtime), retry({}, runtime)]) {
        await assert.rejects(
          policy.execute(() => assert.fail('started')),
          DeadlineExceededError,
        );
      }
    },
    runtime,
  );
});

test('makes a retry give up rather than wait past it', async () => {
  const { runtime } = world();
  let sends = 0;
  const policy = retry({ jitter: 'none', baseMs: 100 }, runtime);
  const operation = async (): Promise<never> => {
    sends++;
    throw new Error('down');
  };
  await withDeadline(100, () => assert.rejects(policy.execute(operation), /down/), runtime);
  assert.equal(sends, 1);
});

test('holds for a call that began outside and is handed on inside', async () => {
  const { runtime } = world();
  const outer = CallContext.of({ deadline: 5_000 });
  const policy = deadline({}, runtime);
  assert.equal(await withDeadline(30, () => policy.execute(deadlineOf, outer), runtime), 1_030);
});

test('is read on the clock it was set on: that of another runtime says nothing', () => {
  const one = world().runtime;
  const other = world().runtime;
  withDeadline(
    100,
    () => {
      assert.equal(currentDeadline(other), Number.POSITIVE_INFINITY);
      withDeadline(900, () => assert.deepEqual([currentDeadline(one), currentDeadline(other)], [1_100, 1_900]), other);
    },
    one,
  );
});

test('is not disturbed by a wall clock that jumps', () => {
  const { clock, runtime } = world();
  withDeadline(
    100,
    () => {
      clock.jumpWall(-3_600_000);
      assert.equal(currentDeadline(runtime), 1_100);
    },
    runtime,
  );
});

test('refuses what is no time', () => {
  const wrong: unknown[] = [-1, Number.NaN, '5', null, undefined, {}, { at: '5' }, { at: Number.NaN }, []];
  for (const given of wrong) {
    assert.throws(
      () => withDeadline(given as number, () => assert.fail('ran')),
      (error) => error instanceof ConfigError && error.path === 'withDeadline.deadline',
    );
  }
});

test('takes a deadline of a call that is no number for none', () => {
  for (const given of [Number.NaN, '5', null] as unknown[]) {
    assert.equal(CallContext.of({ deadline: given as number }).deadline, Number.POSITIVE_INFINITY);
  }
});
