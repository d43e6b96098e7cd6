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

const scene = (options: BreakerOptions) => {
  const clock = new ManualClock();
  const events = new EventLog();
  const gate = breaker(
    { consecutiveFailures: 2, openMs: 1_000, probes: 1, rampMs: 2_000, ...options },
    { clock, random: () => 1, events },
  );
  const trip = (): void => {
    admit(gate).failure();
    admit(gate).failure();
  };
  return { clock, events, gate, trip };
};

test('in shadow it opens, tells of it, and refuses nothing', () => {
  const { events, gate, trip } = scene({ mode: 'shadow' });
  trip();

  assert.deepEqual([gate.state, gate.mode, events.types], ['open', 'shadow', ['breaker.opened']]);
  for (let i = 0; i < 10; i++) admit(gate);
  assert.equal(gate.snapshot().refusedInShadow, 10);
});

test('in shadow it learns only from calls that it would have admitted', () => {
  const { clock, gate, trip } = scene({ mode: 'shadow', rampMs: 2_000 });
  trip();
  admit(gate).success();
  assert.equal(gate.state, 'open');
  clock.freeze(1_000);
  const [probe, noProbe] = [admit(gate), admit(gate)];
  noProbe.success();
  assert.equal(gate.state, 'half-open');
  probe.success();
  assert.equal(gate.state, 'closed');
  for (let i = 0; i < 10; i++) admit(gate).success();

  assert.equal(gate.snapshot().calls, 1);
  assert.equal(gate.snapshot().refusedInShadow, 1 + 1 + 9);
});

test('in shadow it does not refuse while it is isolated either', () => {
  const { events, gate } = scene({ mode: 'shadow' });
  const handle = gate.isolate();

  admit(gate).failure();

  assert.deepEqual([gate.state, gate.snapshot().refusedInShadow], ['isolated', 1]);
  handle.release();
  assert.deepEqual(events.types, ['breaker.isolated', 'breaker.closed']);
});

test('switched from shadow to on it refuses at once, in the state it has come to', () => {
  const { gate, trip } = scene({ mode: 'shadow' });
  trip();
  gate.configure({ mode: 'on' });

  assert.equal(gate.tryAcquire().admitted, false);
  gate.configure({ mode: 'shadow' });
  admit(gate);
});

test('disabled it admits all and records nothing', () => {
  const { events, gate, trip } = scene({ mode: 'disabled' });
  for (let i = 0; i < 10; i++) trip();

  assert.deepEqual([gate.state, gate.epoch, gate.snapshot().calls], ['closed', 0, 0]);
  assert.deepEqual(events.types, []);
});

test('disabled it refuses nothing while it is isolated either, and is isolated once it is on again', () => {
  const { gate } = scene({ mode: 'disabled' });
  const handle = gate.isolate();
  admit(gate);
  assert.equal(gate.snapshot().refusedInShadow, 0);
  gate.configure({ mode: 'on' });
  assert.equal(gate.tryAcquire().admitted, false);
  handle.release();

  admit(gate);
});

test('switching it off forgets, so that switching it on again begins anew', () => {
  const { clock, events, gate, trip } = scene({});
  const stale = admit(gate);
  trip();
  gate.configure({ mode: 'disabled' });
  assert.deepEqual([gate.state, events.of('breaker.closed')[0]?.cause], ['closed', 'reset']);
  const meanwhile = admit(gate);
  gate.configure({ mode: 'on' });
  stale.failure();
  meanwhile.failure();
  clock.freeze(10_000);

  assert.deepEqual([gate.state, gate.snapshot().calls, gate.snapshot().openings], ['closed', 0, 0]);
  trip();
  assert.equal(gate.state, 'open');
});

test('reset closes it at once, without a ramp, and forgets what it has seen', () => {
  const { clock, events, gate, trip } = scene({});
  trip();
  clock.freeze(1_000);
  admit(gate).failure();
  const before = gate.epoch;
  gate.reset();

  const { state, epoch, cause, calls, consecutiveFailures, openings, admittedShare } = gate.snapshot();
  assert.deepEqual([state, epoch, cause], ['closed', before + 1, 'reset']);
  assert.deepEqual([calls, consecutiveFailures, openings, admittedShare], [0, 0, 0, 1]);
  assert.deepEqual(events.events.at(-1), {
    type: 'breaker.closed',
    at: 1_000,
    target: '',
    breaker: '',
    cause: 'reset',
    epoch: before + 1,
    evidence: { calls: 1, failures: 1, consecutiveFailures: 1 },
  });
  trip();
  assert.equal(events.of('breaker.opened').at(-1)?.openMs, 1_000);
});

test('after a reset, a call from before it moves nothing', () => {
  const { gate } = scene({ consecutiveFailures: 1 });
  const permit = admit(gate);
  gate.reset();
  permit.failure();

  assert.deepEqual([gate.state, gate.snapshot().calls], ['closed', 0]);
});
