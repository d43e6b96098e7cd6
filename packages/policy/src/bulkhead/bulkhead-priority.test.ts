import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Call, CallContext } from '../contract/call.ts';
import { BulkheadFullError, ConfigError } from '../contract/errors.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { type Bulkhead, bulkhead } from './bulkhead.ts';
import { type Criticality, criticalities, queueLimits } from './criticality.ts';
import { type BulkheadOptions, bulkheadDefaults } from './options.ts';

const byOperation = ({ operation }: Call): Criticality => operation as Criticality;

const runtime = (): { clock: ManualClock; random: () => number } => ({ clock: new ManualClock(), random: () => 0 });

/** One place, which is taken. */
function busyPlace(options: BulkheadOptions = {}): { places: Bulkhead; free: () => void } {
  const places = bulkhead({ maxConcurrent: 1, priority: byOperation, ...options }, runtime());
  const place = places.tryAcquire();
  assert.ok(place.admitted);
  return { places, free: () => place.success() };
}

const ask = (places: Bulkhead, operation: string): Promise<Permit | Refusal> =>
  places.acquire(CallContext.of({ operation }));

test('serves the most critical first, and each class in the order of arrival', async () => {
  const { places, free } = busyPlace();
  const served: string[] = [];
  const arrivals = [
    'sheddable',
    'critical',
    'sheddable-plus',
    'critical-plus',
    'critical',
    'sheddable',
    'critical-plus',
  ];
  const calls = arrivals.map((operation, i) =>
    places.execute(async () => void served.push(`${operation} ${i}`), { operation }),
  );
  free();
  await Promise.all(calls);
  assert.deepEqual(served, [
    'critical-plus 3',
    'critical-plus 6',
    'critical 1',
    'critical 4',
    'sheddable-plus 2',
    'sheddable 0',
    'sheddable 5',
  ]);
});

test('keeps a share of the queue free for those that are more critical', async () => {
  const { places } = busyPlace({ maxQueue: 8 });
  const admitted = async (operation: Criticality): Promise<number> => {
    let queued = 0;
    for (;;) {
      const before = places.snapshot().queued;
      const answer = ask(places, operation);
      if (places.snapshot().queued === before) {
        const refused = await answer;
        assert.ok(!refused.admitted && refused.reason === 'bulkhead-full');
        return queued;
      }
      queued++;
    }
  };
  const queued = [];
  for (const operation of [...criticalities].reverse()) queued.push(await admitted(operation));
  assert.deepEqual(queued, [2, 2, 2, 2]);
  assert.deepEqual(places.snapshot().queuedByClass, {
    'critical-plus': 2,
    critical: 2,
    'sheddable-plus': 2,
    sheddable: 2,
  });
});

test('shows no one out whom it let in, whoever comes later', async () => {
  const { places, free } = busyPlace({ maxQueue: 4 });
  const shed = ask(places, 'sheddable');
  const newcomers = ['critical-plus', 'critical-plus', 'critical-plus'].map((operation) => ask(places, operation));
  const refused = await ask(places, 'critical-plus');
  assert.equal(refused.admitted, false);
  free();
  for (const newcomer of newcomers) {
    const place = await newcomer;
    assert.ok(place.admitted);
    place.success();
  }
  assert.equal((await shed).admitted, true);
});

test('says which class has no room', async () => {
  const { places } = busyPlace({ maxQueue: 3 });
  const failed = places.execute(async () => assert.fail('ran'), { operation: 'sheddable' });
  await assert.rejects(
    failed,
    (error) =>
      error instanceof BulkheadFullError &&
      error.message === 'all 1 places are taken, and the queue of 3, or what it has for sheddable calls',
  );
});

test('gives a free place to anybody, and asks no one how much it matters', async () => {
  const places = bulkhead({ priority: () => assert.fail('asked') }, runtime());
  assert.equal(await places.execute(async () => 'done'), 'done');
});

test('takes a call for critical when nobody can say what it is', async () => {
  const nonsense: unknown[] = [undefined, null, 'CRITICAL', 0, {}, Promise.reject(new Error('later'))];
  const rules = nonsense.map((answer) => (): unknown => answer);
  rules.push(() => assert.fail('a function that throws'));
  for (const priority of rules) {
    const { places } = busyPlace({ priority } as BulkheadOptions);
    void ask(places, '');
    assert.equal(places.snapshot().queuedByClass?.critical, 1);
  }
});

test('gives a place away that became free while it asked', async () => {
  const { places, free } = busyPlace({
    priority: () => {
      free();
      return 'sheddable';
    },
  });
  assert.equal((await ask(places, '')).admitted, true);
});

test('frees the slot of the class whose call leaves or waits too long', async () => {
  const clock = new ManualClock();
  const places = bulkhead({ maxConcurrent: 1, priority: byOperation }, { clock, random: () => 0 });
  places.tryAcquire();
  const caller = new AbortController();
  const left = assert.rejects(
    places.acquire(CallContext.of({ operation: 'sheddable', signal: caller.signal })),
    (reason) => reason === 'left',
  );
  const late = ask(places, 'critical');
  caller.abort('left');
  await left;
  assert.deepEqual([places.snapshot().queued, places.snapshot().queuedByClass?.sheddable], [1, 0]);
  await clock.advance(1_000);
  assert.equal((await late).admitted, false);
  assert.deepEqual([places.snapshot().queued, places.snapshot().queuedByClass?.critical], [0, 0]);
});

test('has all of the queue for everybody, and no classes, without a priority', () => {
  const places = bulkhead({ maxConcurrent: 1, maxQueue: 4 }, runtime());
  places.tryAcquire();
  for (let i = 0; i < 4; i++) void ask(places, 'sheddable');
  assert.equal(places.snapshot().queued, 4);
  assert.equal('queuedByClass' in places.snapshot(), false);
});

test('rounds the share of a class down, so that what is kept free is free', () => {
  const of = (maxQueue: number): number[] => queueLimits(maxQueue, bulkheadDefaults.queueShares);
  assert.deepEqual(
    [of(64), of(3), of(1), of(0)],
    [
      [64, 48, 32, 16],
      [3, 2, 1, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  );
});

test('takes shares of its own', async () => {
  const queueShares = { 'critical-plus': 1, critical: 1, 'sheddable-plus': 0, sheddable: 0 };
  const { places } = busyPlace({ maxQueue: 1, queueShares });
  assert.equal((await ask(places, 'sheddable')).admitted, false);
  void ask(places, 'critical');
  assert.equal(places.snapshot().queued, 1);
});

test('refuses shares that cannot be', () => {
  const shares = bulkheadDefaults.queueShares;
  const wrong: unknown[] = [null, 5, [], {}, { critical: 1 }, { ...shares, other: 1 }];
  for (const value of [-0.1, 1.1, Number.NaN, '1', null, undefined]) wrong.push({ ...shares, critical: value });
  for (const queueShares of wrong) {
    assert.throws(
      () => bulkhead({ queueShares } as BulkheadOptions),
      (error) => error instanceof ConfigError && error.path === 'bulkhead.queueShares',
    );
  }
  assert.throws(
    () => bulkhead({ queueShares: { ...shares, sheddable: 0.6 } }),
    /bulkhead\.queueShares\.sheddable: expected at most 0\.5, as above it, got 0\.6/,
  );
  assert.throws(() => bulkhead({ priority: 'critical' } as never), /bulkhead\.priority/);
});

test('says that it has an order', () => {
  assert.equal(
    bulkhead({ priority: byOperation }).describe(),
    'bulkhead: 64 at once, 64 queued for at most 1000 ms, the most critical first',
  );
});
