import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallContext } from '../contract/call.ts';
import { CircuitOpenError, ConfigError } from '../contract/errors.ts';
import { EventBus } from '../contract/events.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { breaker, type CircuitBreaker } from './breaker.ts';
import { type Isolation, isolation } from './isolation.ts';
import type { BreakerOptions } from './options.ts';

const admit = (gate: CircuitBreaker): Permit => {
  const answer = gate.tryAcquire();
  assert.ok(answer.admitted, gate.explain());
  return answer;
};

const refused = (gate: CircuitBreaker): Refusal => {
  const answer = gate.tryAcquire();
  assert.ok(!answer.admitted, gate.explain());
  return answer;
};

const scene = (options: BreakerOptions = {}) => {
  const clock = new ManualClock();
  const events = new EventLog();
  const gate = breaker(
    { name: 'users', consecutiveFailures: 2, openMs: 1_000, probes: 2, rampMs: 2_000, ...options },
    { clock, random: () => 1, events },
  );
  const trip = (): void => {
    admit(gate).failure();
    admit(gate).failure();
    assert.equal(gate.state, 'open');
  };
  return { clock, events, gate, trip };
};

test('refuses every call until it is released, however long that takes', () => {
  const { clock, gate } = scene();
  const handle = gate.isolate();
  clock.freeze(3_600_000);

  const refusal = refused(gate);

  assert.deepEqual([gate.state, refusal.reason, refusal.retryAfterMs], ['isolated', 'circuit-isolated', undefined]);
  const error = refusal.toError(CallContext.of({}));
  assert.ok(error instanceof CircuitOpenError);
  assert.equal(error.message, 'the circuit of users is isolated: it refuses every call until it is released');
  handle.release();
  admit(gate);
});

test('one handle isolates and releases many breakers at once', () => {
  const gates = [scene().gate, scene().gate, scene().gate];
  const maintenance = isolation('maintenance');
  for (const gate of gates) assert.equal(gate.isolate(maintenance), maintenance);
  assert.equal(maintenance.holds, 3);
  for (const gate of gates) refused(gate);
  maintenance.release();

  assert.equal(maintenance.holds, 0);
  for (const gate of gates) admit(gate);
});

test('is isolated while at least one handle holds it', () => {
  const { events, gate } = scene();
  const [first, second] = [gate.isolate(), gate.isolate()];
  first.release();
  first.release();
  refused(gate);
  second.release();

  admit(gate);
  assert.deepEqual(events.types, ['breaker.isolated', 'breaker.closed']);
});

test('one handle holds a breaker once, however often it is told to', () => {
  const { events, gate } = scene();
  const handle = gate.isolate();
  gate.isolate(handle);
  assert.equal(handle.holds, 1);
  handle.release();

  admit(gate);
  assert.equal(events.events.length, 2);
});

test('a handle may be used again after its release', () => {
  const { gate } = scene();
  const handle = gate.isolate();
  handle.release();
  gate.isolate(handle);
  refused(gate);
  handle.release();

  admit(gate);
});

test('a handle is released at the end of its block with `using`', () => {
  const { gate } = scene();
  const handle: Disposable = gate.isolate();
  refused(gate);
  handle[Symbol.dispose]();

  admit(gate);
});

test('tells of it with the epoch and the numbers of the state it leaves', () => {
  const { clock, events, gate } = scene();
  admit(gate).failure();
  const handle = gate.isolate(isolation('ann'));
  clock.freeze(5);
  handle.release();

  const evidence = { calls: 1, failures: 1, consecutiveFailures: 1 };
  const users = { target: 'users', breaker: 'users', evidence };
  assert.deepEqual(events.events, [
    { type: 'breaker.isolated', at: 0, ...users, cause: 'isolated', epoch: 1 },
    { type: 'breaker.closed', at: 5, ...users, cause: 'released', epoch: 2 },
  ]);
});

test('goes back to being closed with what it had counted, and ramps up', () => {
  const { clock, gate } = scene({ probes: 1 });
  admit(gate).failure();
  gate.isolate().release();

  const { state, calls, consecutiveFailures, admittedShare } = gate.snapshot();
  assert.deepEqual([state, calls, consecutiveFailures, admittedShare], ['closed', 1, 1, 0]);
  admit(gate);
  assert.equal(refused(gate).reason, 'circuit-ramping');
  clock.freeze(2_000);
  for (let i = 0; i < 10; i++) admit(gate);
});

test('goes back to being open for what is left of it', () => {
  const { clock, events, gate, trip } = scene();
  trip();
  clock.freeze(400);
  const handle = gate.isolate();
  assert.deepEqual([gate.snapshot().beneath, gate.snapshot().openForMs], ['open', 600]);
  clock.freeze(100);
  handle.release();

  assert.equal(refused(gate).retryAfterMs, 500);
  const opened = events.of('breaker.opened').at(-1);
  assert.deepEqual([opened?.cause, opened?.openMs, opened?.epoch], ['released', 500, 3]);
});

test('goes back to probing when the open time is over by then', () => {
  const { clock, events, gate, trip } = scene();
  trip();
  const handle = gate.isolate();
  clock.freeze(1_000);
  assert.equal(gate.snapshot().beneath, 'half-open');
  handle.release();

  assert.equal(gate.state, 'half-open');
  assert.equal(events.of('breaker.half-opened')[0]?.cause, 'released');
});

test('a half-open time begins anew after it, without the probes from before', () => {
  const { clock, gate, trip } = scene({ failureRatio: 0.5 });
  trip();
  clock.freeze(1_000);
  const before = admit(gate);
  gate.isolate().release();
  before.failure();

  const { state, calls, probesRunning } = gate.snapshot();
  assert.deepEqual([state, calls, probesRunning], ['half-open', 0, 0]);
  admit(gate);
  admit(gate);
  refused(gate);
});

test('a call that began before it changes nothing, during it and after', () => {
  const { gate } = scene({ consecutiveFailures: 1 });
  const [during, after] = [admit(gate), admit(gate)];
  const handle = gate.isolate();
  during.failure();
  handle.release();
  after.failure();

  assert.deepEqual([gate.state, gate.snapshot().calls], ['closed', 0]);
});

test('reset and restore act on what lies beneath, and release nothing', () => {
  const { clock, events, gate, trip } = scene();
  trip();
  const open = gate.snapshot();
  const handle = gate.isolate();
  events.clear();
  gate.reset();
  assert.deepEqual([gate.state, gate.snapshot().beneath], ['isolated', 'closed']);
  gate.restore(open);
  assert.deepEqual([gate.state, gate.snapshot().beneath, events.types], ['isolated', 'open', []]);
  clock.freeze(999);
  handle.release();

  assert.equal(refused(gate).reason, 'circuit-open');
});

test('a listener may release what it hears isolated, and use the handle again as it hears of that', () => {
  const clock = new ManualClock();
  const bus = new EventBus();
  const gate = breaker({ rampMs: 0 }, { clock, random: () => 1, events: bus });
  const handle = isolation();
  const heard: string[] = [];
  bus.on((event) => {
    heard.push(`${event.type} ${'epoch' in event ? event.epoch : ''}`);
    if (event.type === 'breaker.isolated' && event.epoch === 1) handle.release();
    if (event.type === 'breaker.closed') gate.isolate(handle);
  });
  gate.isolate(handle);

  assert.deepEqual(heard, ['breaker.isolated 1', 'breaker.closed 2', 'breaker.isolated 3']);
  assert.deepEqual([gate.state, handle.holds, bus.listenerErrors], ['isolated', 1, 0]);
});

test('takes no handle but its own kind', () => {
  const { gate } = scene();

  assert.throws(
    () => gate.isolate({ release: () => {} } as unknown as Isolation),
    (error) => error instanceof ConfigError && error.path === 'breaker.isolate',
  );
  admit(gate);
});
