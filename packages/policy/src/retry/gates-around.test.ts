import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breaker } from '../breaker/breaker.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import type { Runtime } from '../contract/runtime.ts';
import { rateLimiter } from '../limiter/rate-limiter.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { caught } from '../testing/caught.ts';
import { JudgedError } from '../testing/judged-error.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { retry } from './retry.ts';

/** What the gates around a retry, and those of each attempt, have counted: calls, failures, places still taken. */
async function counted(ends: readonly (() => unknown)[], listening: boolean): Promise<number[][]> {
  const clock = new ManualClock();
  const runtime: Runtime = listening ? { ...testRuntime().runtime, clock } : { clock, random: () => 0 };
  const [outer, inner] = [breaker({}, runtime), breaker({}, runtime)];
  const [around, within] = [bulkhead({}, runtime), bulkhead({}, runtime)];
  let sends = 0;
  const ended = pipeline(outer, around, retry({}, runtime), inner, within)
    .execute(async () => (ends[sends++] as () => unknown)())
    .catch(() => {});
  await clock.advance(5_000);
  await ended;
  return [
    [outer, around],
    [inner, within],
  ].map(([gate, places]) => {
    const { calls, failures } = (gate as typeof outer).snapshot();
    return [calls, failures, (places as typeof around).snapshot().active];
  });
}

const fails = (kind: 'failure' | 'ignored' | 'success') => (): never => {
  throw new JudgedError(kind);
};
const fine = (): string => 'fine';

test('the gates around hear of the call once, those within of each attempt, and each as it ended', async () => {
  const cases: readonly [ends: (() => unknown)[], around: number[], within: number[]][] = [
    [[fine], [1, 0, 0], [1, 0, 0]],
    [
      [fails('failure'), fine],
      [1, 0, 0],
      [2, 1, 0],
    ],
    [
      [fails('failure'), fails('failure'), fails('failure')],
      [1, 1, 0],
      [3, 3, 0],
    ],
    [[fails('ignored')], [0, 0, 0], [0, 0, 0]],
    [[fails('success')], [1, 0, 0], [1, 0, 0]],
    [
      [fails('failure'), fails('ignored')],
      [0, 0, 0],
      [1, 1, 0],
    ],
  ];
  for (const listening of [false, true]) {
    for (const [ends, around, within] of cases) assert.deepEqual(await counted(ends, listening), [around, within]);
  }
});

test('a caller who leaves in the turn in which their own comes gives it back unused, around the retry and within', async () => {
  for (const around of [true, false]) {
    const { runtime, clock } = testRuntime();
    const gate = rateLimiter({ limit: 1, intervalMs: 100, maxWaitMs: 1_000 }, runtime);
    const policies = [gate, retry({}, runtime)];
    const caller = new AbortController();
    assert.ok(gate.tryAcquire().admitted);
    let sends = 0;
    const left = caught(
      pipeline(...(around ? policies : policies.reverse())).execute(async () => ++sends, { signal: caller.signal }),
    );
    await settle();
    // To look is what lets the turn come; nobody has heard of it yet.
    clock.freeze(100);
    gate.snapshot();
    caller.abort('left');
    assert.equal(await left, 'left');
    assert.deepEqual([sends, gate.snapshot().tokens], [0, 1]);
  }
});

test('a value that was got without sending anything is not asked for again where work must not be done twice', async () => {
  let sends = 0;
  await retry({ retryWhen: () => true }, testRuntime().runtime).execute(
    async (call) => {
      sends++;
      call.progress('call', 'never');
      return 'poor';
    },
    { idempotent: false },
  );
  assert.equal(sends, 1);
});
