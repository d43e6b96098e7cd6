import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { breaker } from '../breaker/breaker.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import type { Call } from '../contract/call.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { retryBudget } from '../retry/retry-budget.ts';
import { WheelEntry, wheelOf } from '../stats/deadline-wheel.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { hedge } from './hedge.ts';

function world() {
  const clock = new ManualClock(100);
  const events = new EventLog();
  return { clock, events, runtime: { clock, random: () => 0, events } };
}

const untilCancelled = (call: Call): Promise<never> => new Promise((_, reject) => call.onCancel(reject));
const deaf = (): Promise<never> => new Promise(() => {});

test("rejects with the caller's own reason, whatever it is and wherever the race stands, and leaves nothing behind", async () => {
  for (const reason of [new Error('gone'), 'gone', undefined, Object.freeze({ gone: true })]) {
    for (const afterMs of [0, 5, 10, 15, 20, 30]) {
      for (const work of [untilCancelled, deaf]) {
        const { clock, runtime } = world();
        const caller = new AbortController();
        const circuit = breaker({ consecutiveFailures: 1 }, runtime);
        const places = bulkhead({ maxConcurrent: 1, maxQueue: 5 }, runtime);
        const policy = pipeline(
          hedge({ delayMs: 10, maxHedges: 2 }, runtime),
          places,
          circuit,
          attemptTimeout({}, runtime),
        );
        const call = policy.execute(work, { signal: caller.signal });
        call.catch(() => {});
        await clock.advance(afterMs);
        caller.abort(reason);
        const expected = caller.signal.reason;
        await assert.rejects(call, (error) => error === expected);
        await settle();
        assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
        assert.equal(wheelOf(clock).size, 0);
        assert.deepEqual([circuit.state, circuit.snapshot().failures], ['closed', 0]);
        if (work === untilCancelled) assert.equal(places.snapshot().active, 0);
        assert.equal(places.snapshot().queued, 0);
      }
    }
  }
});

test('sends nothing for a caller who has left already, and earns nothing', async () => {
  const { runtime } = world();
  const budget = retryBudget({}, runtime);
  const policy = hedge({ delayMs: 0, budget }, runtime);
  for (const idempotent of [true, false]) {
    await assert.rejects(
      policy.execute(() => assert.fail('sent'), { signal: AbortSignal.abort('left'), idempotent }),
      (error) => error === 'left',
    );
  }
  assert.equal(budget.snapshot().callsInWindow, 0);
});

test('copies hear of an abort with the reason of the caller, at once', async () => {
  const { clock, events, runtime } = world();
  const caller = new AbortController();
  const heard: unknown[] = [];
  const call = hedge({ delayMs: 10, maxHedges: 2 }, runtime).execute(
    (copy) => {
      copy.onCancel((reason) => heard.push([copy.attempt, reason]));
      return deaf();
    },
    { signal: caller.signal },
  );
  await clock.advance(10);
  caller.abort('left');
  assert.deepEqual(heard, [
    [1, 'left'],
    [2, 'left'],
  ]);
  await assert.rejects(call, (error) => error === 'left');
  await clock.advance(100);
  assert.equal(heard.length, 2);
  assert.deepEqual(
    events.of('hedge.finished').map(({ winner, attempt, copies }) => [winner, attempt, copies]),
    [[0, 2, 2]],
  );
});

test('work that aborts its own caller is the only copy, and leaves nothing behind', async () => {
  for (const delayMs of [0, 10]) {
    const { clock, runtime } = world();
    const caller = new AbortController();
    let copies = 0;
    const call = hedge({ delayMs, maxHedges: 3 }, runtime).execute(
      () => {
        copies++;
        caller.abort('enough');
        return deaf();
      },
      { signal: caller.signal },
    );
    await assert.rejects(call, (error) => error === 'enough');
    assert.equal(wheelOf(clock).size, 0);
    await clock.advance(100);
    assert.equal(copies, 1);
  }
});

test('a caller who leaves in the turn in which a copy is due gets none', async () => {
  const { clock, runtime } = world();
  const caller = new AbortController();
  let copies = 0;
  const work = (): Promise<never> => {
    copies++;
    return deaf();
  };
  const left = assert.rejects(
    hedge({ delayMs: 10 }, runtime).execute(work, { signal: caller.signal }),
    (error) => error === 'left',
  );
  wheelOf(clock).add(
    new (class extends WheelEntry {
      // Runs after the race has been woken, and before what that sets in motion.
      override dueAt = clock.now() + 10.5;
      override expire(): void {
        caller.abort('left');
      }
    })(),
  );
  clock.freeze(11);
  await clock.advance(0);
  await left;
  assert.equal(copies, 1);
});

test('an answer that comes in the turn after the caller left settles nothing', async () => {
  const { clock, runtime } = world();
  const caller = new AbortController();
  let answer = (_: string): void => {};
  const released: unknown[] = [];
  const call = hedge({ delayMs: 10, dispose: (value) => void released.push(value) }, runtime).execute(
    () => new Promise<string>((resolve) => (answer = resolve)),
    { signal: caller.signal },
  );
  caller.abort('left');
  answer('late');
  await assert.rejects(call, (error) => error === 'left');
  await settle();
  assert.deepEqual(released, ['late']);
  assert.equal(wheelOf(clock).size, 0);
});

test('leaves no listener on a signal that outlives ten thousand calls', async () => {
  const { clock, runtime } = world();
  const { signal } = new AbortController();
  const policy = pipeline(hedge({ delayMs: 0 }, runtime), attemptTimeout({}, runtime));
  for (let i = 0; i < 10_000; i++) await policy.execute(async (call) => call.signal.aborted, { signal });
  await settle();
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.equal(wheelOf(clock).size, 0);
});

test('a wall clock that jumps changes nothing', async () => {
  const { clock, runtime } = world();
  let copies = 0;
  const call = hedge({ delayMs: 10 }, runtime).execute(async () => {
    if (++copies === 1) return deaf();
    return copies;
  });
  clock.jumpWall(-3_600_000);
  await clock.advance(9);
  assert.equal(copies, 1);
  clock.jumpWall(7_200_000);
  await clock.advance(1);
  assert.equal(await call, 2);
});
