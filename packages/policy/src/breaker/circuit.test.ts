import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { EventBus, type EventSink, type PolicyEvent } from '../contract/events.ts';
import type { Permit } from '../contract/gate.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { breaker, type CircuitBreaker } from './breaker.ts';

const admit = (gate: CircuitBreaker): Permit => {
  const answer = gate.tryAcquire();
  assert.ok(answer.admitted, gate.explain());
  return answer;
};

test('publishes one event per transition, in order, with epoch, cause and evidence', () => {
  const clock = new ManualClock();
  const events = new EventLog();
  const gate = breaker(
    { name: 'users', consecutiveFailures: 2, openMs: 1_000, probes: 1 },
    { clock, random: () => 1, events },
  );
  admit(gate).success();
  clock.freeze(10);
  admit(gate).failure();
  admit(gate).failure();
  clock.freeze(1_000);
  admit(gate).failure();
  clock.freeze(2_500);
  admit(gate).success();

  const users = { target: 'users', breaker: 'users' };
  const tripped = { calls: 3, failures: 2, consecutiveFailures: 2 };
  const probed = { calls: 1, failures: 1, consecutiveFailures: 1 };
  assert.deepEqual(events.events, [
    {
      type: 'breaker.opened',
      at: 10,
      ...users,
      cause: 'consecutive-failures',
      epoch: 1,
      evidence: tripped,
      openMs: 1_000,
    },
    { type: 'breaker.half-opened', at: 1_010, ...users, cause: 'open-time-over', epoch: 2, evidence: tripped },
    { type: 'breaker.opened', at: 1_010, ...users, cause: 'probes-failed', epoch: 3, evidence: probed, openMs: 2_000 },
    { type: 'breaker.half-opened', at: 3_510, ...users, cause: 'open-time-over', epoch: 4, evidence: probed },
    {
      type: 'breaker.closed',
      at: 3_510,
      ...users,
      cause: 'probes-succeeded',
      epoch: 5,
      evidence: { calls: 1, failures: 0, consecutiveFailures: 0 },
    },
  ]);
});

test('makes no event that nobody wants', () => {
  const published: PolicyEvent[] = [];
  const deaf: EventSink = { wants: () => false, publish: (event) => void published.push(event) };
  const gate = breaker({ consecutiveFailures: 1 }, { clock: new ManualClock(), random: () => 1, events: deaf });
  admit(gate).failure();

  assert.equal(gate.state, 'open');
  assert.deepEqual(published, []);
});

test('publishes on diagnostics_channel when the runtime names no sink', () => {
  const heard: unknown[] = [];
  const hear = (event: unknown): void => void heard.push(event);
  channel('switchgear:breaker.opened').subscribe(hear);
  const gate = breaker({ name: 'loud', consecutiveFailures: 1 }, { clock: new ManualClock(), random: () => 1 });
  admit(gate).failure();
  channel('switchgear:breaker.opened').unsubscribe(hear);

  assert.deepEqual(
    heard.map((event) => (event as PolicyEvent).target),
    ['loud'],
  );
});

test('a listener that calls back finds the new state, and all listeners hear the epochs in order', () => {
  const clock = new ManualClock();
  const bus = new EventBus();
  const gate = breaker(
    { consecutiveFailures: 1, probes: 2, failureRatio: 0.5 },
    { clock, random: () => 1, events: bus },
  );
  const seenByFirst: string[] = [];
  const epochsOfSecond: number[] = [];
  bus.on((event) => {
    seenByFirst.push(`${event.type} ${gate.state}`);
    if (event.type === 'breaker.half-opened') {
      const answer = gate.tryAcquire();
      if (answer.admitted) answer.failure();
    }
  });
  bus.on((event) => {
    if ('epoch' in event) epochsOfSecond.push(event.epoch);
  });
  admit(gate).failure();
  clock.freeze(1_000);

  const probe = admit(gate);

  assert.deepEqual(seenByFirst, ['breaker.opened open', 'breaker.half-opened half-open', 'breaker.opened open']);
  assert.deepEqual(epochsOfSecond, [1, 2, 3]);
  assert.equal(probe.epoch, 2);
  probe.success();
  assert.equal(gate.state, 'open');
  assert.equal(bus.listenerErrors, 0);
});

test('a listener cannot take the slot of the caller whose asking made the circuit half-open', () => {
  const clock = new ManualClock();
  const bus = new EventBus();
  const gate = breaker({ consecutiveFailures: 1, probes: 1 }, { clock, random: () => 1, events: bus });
  let listenersTurn: boolean | undefined;
  bus.on(({ type }) => {
    if (type === 'breaker.half-opened') listenersTurn = gate.tryAcquire().admitted;
  });
  admit(gate).failure();
  clock.freeze(1_000);

  admit(gate).success();

  assert.equal(listenersTurn, false);
  assert.equal(gate.state, 'closed');
});

test('a listener or a sink that throws fails no call and stops no transition', () => {
  const bus = new EventBus();
  bus.on(() => {
    throw new Error('listener');
  });
  const broken = (in_: 'wants' | 'publish'): EventSink => ({
    wants: () => {
      if (in_ === 'wants') throw new Error('sink');
      return true;
    },
    publish: () => {
      throw new Error('sink');
    },
  });
  for (const events of [bus, broken('wants'), broken('publish')]) {
    const clock = new ManualClock();
    const gate = breaker({ consecutiveFailures: 1, probes: 1 }, { clock, random: () => 1, events });
    admit(gate).failure();
    assert.equal(gate.state, 'open');
    clock.freeze(1_000);
    admit(gate).success();
    assert.equal(gate.state, 'closed');
  }
  assert.equal(bus.listenerErrors, 3);
});
