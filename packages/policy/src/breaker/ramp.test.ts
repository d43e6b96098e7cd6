import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Permit } from '../contract/gate.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { breaker, type CircuitBreaker } from './breaker.ts';
import type { BreakerOptions } from './options.ts';

const admit = (gate: CircuitBreaker): Permit => {
  const answer = gate.tryAcquire();
  assert.ok(answer.admitted, gate.explain());
  return answer;
};

/** A breaker that has just closed after being open once. */
const justClosed = (options: BreakerOptions = {}) => {
  const clock = new ManualClock();
  const events = new EventLog();
  const gate = breaker(
    { consecutiveFailures: 3, openMs: 1_000, maxOpenMs: 8_000, probes: 5, rampMs: 2_000, ...options },
    { clock, random: () => 1, events },
  );
  const trip = (): void => {
    for (let i = 0; i < 3; i++) admit(gate).failure();
    assert.equal(gate.state, 'open');
  };
  const close = (): void => {
    admit(gate).success();
    assert.equal(gate.state, 'closed');
  };
  trip();
  clock.freeze(1_000);
  close();
  return { clock, events, gate, trip, close };
};

test('never refuses a trickle', () => {
  const { clock, gate } = justClosed();

  for (let i = 0; i < 20; i++) {
    admit(gate).success();
    clock.freeze(100);
  }
});

test('admits a few of a herd that waited for the close, and refuses the rest', () => {
  const { gate } = justClosed();

  const answers = Array.from({ length: 1_000 }, () => gate.tryAcquire());

  assert.equal(answers.filter(({ admitted }) => admitted).length, 5);
  const refusal = answers.at(-1);
  assert.ok(refusal !== undefined && !refusal.admitted);
  assert.equal(refusal.reason, 'circuit-ramping');
});

test('never admits more than a few and the share that time has brought', () => {
  const { clock, gate } = justClosed();
  let offered = 0;
  let admitted = 0;
  for (let ms = 0; ms < 2_000; ms += 10) {
    for (let i = 0; i < 10; i++) {
      offered++;
      if (gate.tryAcquire().admitted) admitted++;
      assert.ok(admitted < 1 + 5 + (ms / 2_000) * offered, `${admitted} of ${offered} at ${ms} ms`);
    }
    clock.freeze(10);
  }
  assert.ok(admitted > offered / 2);
});

test('admits all once the ramp is over', () => {
  const { clock, gate } = justClosed();
  for (let i = 0; i < 100; i++) gate.tryAcquire();
  clock.freeze(2_000);

  for (let i = 0; i < 1_000; i++) admit(gate).success();
  assert.equal(gate.snapshot().admittedShare, 1);
});

test('admits all at once when the ramp is off', () => {
  const { gate } = justClosed({ rampMs: 0 });

  for (let i = 0; i < 1_000; i++) admit(gate);
});

test('says when asking again will help, and it does then', () => {
  const { clock, gate } = justClosed();
  for (let i = 0; i < 6; i++) gate.tryAcquire();
  clock.freeze(500);
  let answer = gate.tryAcquire();
  while (answer.admitted) answer = gate.tryAcquire();
  const waitMs = answer.retryAfterMs;
  assert.ok(waitMs !== undefined && waitMs > 0 && waitMs < 1_500, `${waitMs}`);

  clock.freeze(waitMs + 0.001);

  admit(gate);
});

test('waits longer when it opens again during the ramp', () => {
  const { events, gate, clock, trip, close } = justClosed({ rampMs: 2_000 });
  clock.freeze(1_999);
  trip();
  clock.freeze(2_000);
  close();
  trip();

  assert.deepEqual(
    events.of('breaker.opened').map(({ openMs }) => openMs),
    [1_000, 2_000, 4_000],
  );
  assert.equal(gate.snapshot().openings, 3);
});

test('forgets earlier openings once a ramp has passed whole', () => {
  const { events, clock, trip } = justClosed({ rampMs: 2_000 });
  clock.freeze(2_000);
  trip();

  assert.deepEqual(
    events.of('breaker.opened').map(({ openMs }) => openMs),
    [1_000, 1_000],
  );
});

test('forgets earlier openings at the close when the ramp is off', () => {
  const { events, trip } = justClosed({ rampMs: 0 });
  trip();

  assert.deepEqual(
    events.of('breaker.opened').map(({ openMs }) => openMs),
    [1_000, 1_000],
  );
});

test('a ramp that ended while nobody asked is over for a failure that comes later', () => {
  const { events, gate, clock } = justClosed({ rampMs: 2_000 });
  const permits = [admit(gate), admit(gate), admit(gate)];
  clock.freeze(2_000);
  for (const permit of permits) permit.failure();

  assert.equal(events.of('breaker.opened').at(-1)?.openMs, 1_000);
});
