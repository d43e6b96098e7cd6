import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallContext } from '../contract/call.ts';
import { BulkheadClosedError, BulkheadFullError, ConfigError } from '../contract/errors.ts';
import type { Permit } from '../contract/gate.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { retry } from '../retry/retry.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { type Bulkhead, bulkhead } from './bulkhead.ts';
import type { BulkheadBounds, BulkheadOptions } from './options.ts';

/*
 * What changes the places while they are in use: new bounds, closing, and work that outlives its caller.
 */

function bulkheadWith(options: BulkheadOptions): { places: Bulkhead; clock: ManualClock; events: EventLog } {
  const clock = new ManualClock();
  const events = new EventLog();
  return { places: bulkhead(options, { clock, random: () => 0, events }), clock, events };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error: unknown) => error,
  );

function take(places: Bulkhead): Permit {
  const admission = places.tryAcquire();
  assert.ok(admission.admitted);
  return admission;
}

/** Calls that wait, and what has become of each. */
function wait(places: Bulkhead, calls: number): string[] {
  const fates = new Array<string>(calls).fill('waits');
  for (let i = 0; i < calls; i++) {
    void places.acquire(CallContext.of({})).then((answer) => {
      fates[i] = answer.admitted ? 'runs' : answer.reason;
    });
  }
  return fates;
}

const busy = (places: Bulkhead): [number, number] => [places.snapshot().active, places.snapshot().queued];

// New bounds

test('admits the first of those who wait at once when there are more places', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  take(places);
  const fates = wait(places, 3);
  places.resize({ maxConcurrent: 3 });
  assert.deepEqual(busy(places), [3, 1]);
  await settle();
  assert.deepEqual(fates, ['runs', 'runs', 'waits']);
});

test('lets those who run go on and those who wait keep their turn when there are fewer places', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 3 });
  const permits = [take(places), take(places), take(places)];
  const fates = wait(places, 2);
  places.resize({ maxConcurrent: 1 });
  assert.deepEqual(busy(places), [3, 2]);
  permits[0]?.success();
  permits[1]?.success();
  assert.deepEqual(busy(places), [1, 2]);
  permits[2]?.success();
  await settle();
  assert.deepEqual(fates, ['runs', 'waits']);
  assert.deepEqual(busy(places), [1, 1]);
});

test('refuses by the new bounds from then on, naming them', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 4 });
  const permits = [take(places), take(places)];
  places.resize({ maxConcurrent: 2, maxQueue: 0 });
  const error = await caught(places.execute(async () => 1));
  assert.ok(error instanceof BulkheadFullError);
  assert.equal(error.message, 'all 2 places are taken');
  permits[0]?.success();
  assert.equal(places.tryAcquire().admitted, true);
});

test('lets nobody new into a queue that has become shorter, and shows nobody out', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1, maxQueue: 5 });
  const permit = take(places);
  const fates = wait(places, 3);
  places.resize({ maxQueue: 1 });
  assert.equal((await places.acquire(CallContext.of({}))).admitted, false);
  permit.success();
  await settle();
  assert.deepEqual(fates, ['runs', 'waits', 'waits']);
});

test('keeps the bound that is not named', () => {
  const { places } = bulkheadWith({ maxConcurrent: 3, maxQueue: 7 });
  places.resize({ maxConcurrent: 5 });
  places.resize({});
  const { maxConcurrent, maxQueue } = places.snapshot();
  assert.deepEqual([maxConcurrent, maxQueue], [5, 7]);
  assert.equal(places.describe(), 'bulkhead: 5 at once, 7 queued for at most 1000 ms');
});

test('changes nothing when one of the new bounds cannot be', () => {
  const { places } = bulkheadWith({});
  const wrong: unknown[] = [{ maxConcurrent: 0 }, { maxConcurrent: Number.NaN }, { maxQueue: -1 }, { limit: 5 }, null];
  for (const bounds of [...wrong, { maxConcurrent: 9, maxQueue: -1 }]) {
    assert.throws(
      () => places.resize(bounds as BulkheadBounds),
      (error) => error instanceof ConfigError && error.path.startsWith('bulkhead.resize'),
    );
  }
  const { maxConcurrent, maxQueue } = places.snapshot();
  assert.deepEqual([maxConcurrent, maxQueue], [64, 64]);
});

test('tells of new bounds when all is settled', () => {
  const { places, events } = bulkheadWith({ maxConcurrent: 1, name: 'reports' });
  take(places);
  wait(places, 1);
  events.clear();
  places.resize({ maxConcurrent: 2 });
  assert.deepEqual(events.events, [
    { type: 'bulkhead.changed', at: 0, target: 'reports', maxConcurrent: 2, maxQueue: 64 },
  ]);
});

// Closing

test('refuses those who wait when it is closed, and lets those who run end', async () => {
  const { places, clock, events } = bulkheadWith({ maxConcurrent: 1 });
  const work = Promise.withResolvers<string>();
  const running = places.execute(() => work.promise);
  const waiting = caught(places.execute(async () => assert.fail('ran'), { target: 'users' }));
  let over = false;
  const closed = places.close().then(() => {
    over = true;
  });
  const error = await waiting;
  assert.ok(error instanceof BulkheadClosedError);
  assert.deepEqual(
    [error.code, error.reason, error.target, error.sent, error.message],
    ['SWITCHGEAR_BULKHEAD_CLOSED', 'bulkhead-closed', 'users', 'never', 'the bulkhead is closed'],
  );
  assert.deepEqual(events.types, ['bulkhead.queued', 'call.refused']);
  assert.equal(wheelOf(clock).size, 0);
  assert.equal(over, false);
  work.resolve('done');
  assert.equal(await running, 'done');
  await closed;
  assert.deepEqual(busy(places), [0, 0]);
});

test('refuses later calls at once, with and without a wait', async () => {
  const { places } = bulkheadWith({ name: 'reports' });
  await places.close();
  const admission = places.tryAcquire();
  assert.ok(!admission.admitted && admission.reason === 'bulkhead-closed');
  const error = await caught(places.execute(async () => assert.fail('ran')));
  assert.ok(error instanceof BulkheadClosedError && error.target === 'reports');
  assert.deepEqual(error.verdict(), { kind: 'ignored', retry: 'never' });
  assert.equal(places.snapshot().closed, true);
});

test('closes once however often it is asked to', async () => {
  const { places } = bulkheadWith({});
  const permit = take(places);
  const first = places.close();
  assert.equal(places.close(), first);
  permit.success();
  permit.success();
  await first;
  await places.close();
  assert.deepEqual(busy(places), [0, 0]);
});

test('stays closed whatever bounds it is given', async () => {
  const { places } = bulkheadWith({ maxConcurrent: 1 });
  await places.close();
  places.resize({ maxConcurrent: 10 });
  const admission = places.tryAcquire();
  assert.ok(!admission.admitted && admission.reason === 'bulkhead-closed');
  assert.equal(places.snapshot().maxConcurrent, 10);
});

test('is closed at the end of a block', async () => {
  let places: Bulkhead;
  {
    await using inBlock = bulkhead();
    places = inBlock;
    assert.equal(await places.execute(async () => 'done'), 'done');
  }
  assert.equal(places.snapshot().closed, true);
});

// Work that outlives its caller

test('shows the places of work that was given up and goes on, until it ends', async () => {
  const { places, clock } = bulkheadWith({ maxConcurrent: 2 });
  const runtime = places.runtime;
  const policy = pipeline(places, retry({ maxRetries: 0 }, runtime), attemptTimeout({ attemptTimeoutMs: 10 }, runtime));
  const work = Promise.withResolvers<void>();
  const failed = caught(policy.execute(() => work.promise));
  const heeding = caught(policy.execute((call) => new Promise((_, reject) => call.onCancel(reject))));
  await clock.advance(10);
  await Promise.all([failed, heeding]);
  const held = places.snapshot();
  assert.deepEqual([held.active, held.orphaned], [1, 1]);
  work.resolve();
  await settle();
  const freed = places.snapshot();
  assert.deepEqual([freed.active, freed.orphaned], [0, 0]);
});

test('waits for such work when it is closed', async () => {
  const { places, clock } = bulkheadWith({});
  const policy = pipeline(places, attemptTimeout({ attemptTimeoutMs: 10 }, places.runtime));
  const work = Promise.withResolvers<void>();
  const failed = caught(policy.execute(() => work.promise));
  await clock.advance(10);
  await failed;
  let over = false;
  const closed = places.close().then(() => {
    over = true;
  });
  await settle();
  assert.equal(over, false);
  work.resolve();
  await closed;
});

test('counts such work once, however its place is ended', () => {
  const { places } = bulkheadWith({});
  const permit = take(places);
  permit.orphaned?.();
  permit.orphaned?.();
  assert.deepEqual([places.snapshot().active, places.snapshot().orphaned], [1, 1]);
  permit.failure();
  permit.orphaned?.();
  permit.failure();
  assert.deepEqual([places.snapshot().active, places.snapshot().orphaned], [0, 0]);
});
