import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  adaptiveLimiter,
  breaker,
  bulkhead,
  type Gate,
  isolation,
  type Policy,
  pipeline,
  RefusedError,
  type Runtime,
  rateLimiter,
  retry,
  retryBudget,
  throttle,
} from '../src/index.ts';
import { ManualClock } from '../src/testing/index.ts';

/** What refuses the next call, whatever it is. */
const refusing: Record<string, (runtime: Runtime) => Policy> = {
  'an isolated breaker': (runtime) => {
    const policy = breaker({}, runtime);
    policy.isolate(isolation('somebody'));
    return policy;
  },
  'a breaker that is open': (runtime) => {
    const policy = breaker({ consecutiveFailures: 1 }, runtime);
    full(policy).failure();
    return policy;
  },
  'a bulkhead': (runtime) => filled(bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime)),
  'a closed bulkhead': (runtime) => {
    const policy = bulkhead({}, runtime);
    void policy.close();
    return policy;
  },
  'a rate limiter': (runtime) => filled(rateLimiter({ limit: 1 }, runtime)),
  'an adaptive limiter': (runtime) => filled(adaptiveLimiter({ initialLimit: 1, minLimit: 1, maxLimit: 1 }, runtime)),
  'a throttle': (runtime) => {
    const policy = throttle({ minimumCalls: 1 }, runtime);
    full(policy).failure();
    return policy;
  },
};

const world = (): Runtime => ({ clock: new ManualClock(), random: () => 0 });
const listening = (runtime: Runtime) => breaker({ consecutiveFailures: 1, minimumCalls: 1 }, runtime);

for (const [name, make] of Object.entries(refusing)) {
  test(`a refusal by ${name} is no failure of the other side, and is not waited out`, async () => {
    const runtime = world();
    const circuit = listening(runtime);
    const shedding = throttle({ minimumCalls: 1 }, runtime);
    const policy = pipeline(retry({}, runtime), shedding, circuit, retry({}, runtime), make(runtime));
    let sends = 0;
    const send = async (): Promise<void> => {
      sends++;
    };
    await assert.rejects(policy.execute(send), RefusedError);
    const { state, calls } = circuit.snapshot();
    assert.deepEqual([state, calls, shedding.snapshot().requests, sends], ['closed', 0, 0, 0]);
  });
}

test('a retry that its budget refuses is no failure: the breaker beneath hears what was sent, and no more', async () => {
  const runtime = world();
  const budget = retryBudget({ ratio: 0, minPerSecond: 1 }, runtime);
  assert.ok(budget.tryWithdraw());
  const circuit = breaker({}, runtime);
  const policy = pipeline(retry({ budget }, runtime), circuit);
  await assert.rejects(
    policy.execute(() => Promise.reject(new Error('down'))),
    /down/,
  );
  assert.deepEqual([circuit.snapshot().calls, circuit.snapshot().failures], [1, 1]);
});

test('a caller who leaves is no failure, whatever the work makes of that', async () => {
  const runtime = world();
  const circuit = listening(runtime);
  const caller = new AbortController();
  const call = circuit.execute(
    async () => {
      caller.abort('left');
      throw new Error('socket closed');
    },
    { signal: caller.signal },
  );
  await assert.rejects(call);
  assert.deepEqual([circuit.snapshot().state, circuit.snapshot().calls], ['closed', 0]);
});

function full(gate: Gate): { failure(): void } {
  const admission = gate.tryAcquire();
  assert.ok(admission.admitted);
  return admission;
}

function filled<G extends Gate>(gate: G): G {
  full(gate);
  return gate;
}
