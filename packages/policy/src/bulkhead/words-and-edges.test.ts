import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallContext } from '../contract/call.ts';
import { DeadlineExceededError } from '../contract/errors.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import { caught } from '../testing/caught.ts';
import { settle } from '../testing/manual-clock.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { bulkhead } from './bulkhead.ts';
import type { BulkheadOptions } from './options.ts';

function world(options: BulkheadOptions = {}) {
  const { runtime, clock, log } = testRuntime({ startMs: 1_000_000 });
  return { clock, log, gate: bulkhead({ maxConcurrent: 1, maxQueue: 5, ...options }, runtime) };
}

function admitted(admission: Permit | Refusal): Permit {
  assert.ok(admission.admitted);
  return admission;
}

test('a resize changes what it names and nothing else', () => {
  const { gate } = world({ maxConcurrent: 3, maxQueue: 4 });
  const bounds = (): number[] => [gate.snapshot().maxConcurrent, gate.snapshot().maxQueue];
  gate.resize({ maxConcurrent: 7 });
  assert.deepEqual(bounds(), [7, 4]);
  gate.resize({ maxQueue: 8 });
  assert.deepEqual(bounds(), [7, 8]);
});

test('is closed once it was closed, and has ended when the last call has', async () => {
  const { gate } = world({ maxConcurrent: 2 });
  const [one, other] = [admitted(gate.tryAcquire()), admitted(gate.tryAcquire())];
  assert.equal(gate.snapshot().closed, false);
  let ended = false;
  const closing = gate.close().then(() => {
    ended = true;
  });
  assert.equal(gate.snapshot().closed, true);
  one.success();
  await settle();
  assert.equal(ended, false);
  other.success();
  await closing;
});

test('a queued call is of its own target, and of the bulkhead where it names none', async () => {
  const { log, gate } = world({ name: 'users-pool' });
  const permit = admitted(gate.tryAcquire());
  const calls = [{}, { target: 'users' }].map((call) => gate.execute(async () => {}, call));
  await settle();
  permit.success();
  await Promise.all(calls);
  assert.deepEqual(
    log.of('bulkhead.queued').map(({ target, queued }) => [target, queued]),
    [
      ['users-pool', 1],
      ['users', 2],
    ],
  );
});

test('a place that comes in the very moment of the deadline comes too late', async () => {
  for (const begins of [false, true]) {
    const { clock, gate } = world();
    const permit = admitted(gate.tryAcquire());
    const call = CallContext.of({ deadline: clock.now() + 150 });
    if (begins) call.begin();
    const waiting = caught(gate.acquire(call));
    clock.freeze(150);
    permit.success();
    const error = await waiting;
    assert.ok(error instanceof DeadlineExceededError);
    assert.equal(error.message, 'the deadline passed while waiting for a place');
    assert.deepEqual([error.phase, error.sent], [begins ? 'queue' : 'call', 'never']);
    assert.equal(gate.snapshot().active, 0);
  }
});

test('whoever waited outside an attempt has still sent nothing when a place comes', async () => {
  for (const begins of [false, true]) {
    const { gate } = world();
    const permit = admitted(gate.tryAcquire());
    const call = CallContext.of({});
    if (begins) call.begin();
    const waiting = gate.acquire(call);
    assert.deepEqual([call.phase, call.sent], [begins ? 'queue' : 'call', 'never']);
    permit.success();
    admitted(await waiting);
    assert.deepEqual([call.phase, call.sent], begins ? ['wait', 'maybe'] : ['call', 'never']);
  }
});

test('a place that was given back is not orphaned afterwards', () => {
  const { gate } = world();
  const permit = admitted(gate.tryAcquire());
  permit.success();
  permit.orphaned?.();
  assert.deepEqual([gate.snapshot().active, gate.snapshot().orphaned], [0, 0]);
});

test('says what the shares of a queue have to be', () => {
  for (const queueShares of ['all', 1, null, {}, () => 1]) {
    assert.throws(() => world({ queueShares: queueShares as never }), {
      path: 'bulkhead.queueShares',
      message:
        /expected an object with a number from 0 to 1 for each of critical-plus, critical, sheddable-plus, sheddable, /,
    });
  }
});
