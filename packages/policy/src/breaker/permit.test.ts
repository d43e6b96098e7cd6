import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallContext } from '../contract/call.ts';
import { CircuitOpenError } from '../contract/errors.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { breaker, type CircuitBreaker } from './breaker.ts';
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
    { consecutiveFailures: 2, openMs: 1_000, probes: 3, failureRatio: 0.5, rampMs: 0, ...options },
    { clock, random: () => 1, events },
  );
  const trip = (): void => {
    admit(gate).failure();
    admit(gate).failure();
    assert.equal(gate.state, 'open');
  };
  return { clock, events, gate, trip };
};

/** What must stay the same when a stale result comes in. */
const unmoved = (gate: CircuitBreaker, act: () => void): void => {
  const before = gate.snapshot();
  act();
  assert.deepEqual(gate.snapshot(), before);
};

for (const ending of ['success', 'failure', 'throttled', 'ignored'] as const) {
  test(`a call from before the opening that ends as ${ending} while open changes nothing`, () => {
    const { gate, trip } = scene();
    const stale = admit(gate);
    trip();

    unmoved(gate, () => stale[ending]());
    refused(gate);
  });

  test(`a call from before the opening that ends as ${ending} is no probe: it decides nothing and frees no slot`, () => {
    const { clock, gate, trip } = scene({ probes: 1 });
    const stale = admit(gate);
    trip();
    clock.freeze(1_000);
    const probe = admit(gate);

    unmoved(gate, () => stale[ending]());
    refused(gate);
    probe.success();
    assert.equal(gate.state, 'closed');
  });

  test(`a call of an earlier closed time that ends as ${ending} is not counted in the next`, () => {
    const { clock, gate, trip } = scene({ probes: 1 });
    const stale = admit(gate);
    trip();
    clock.freeze(1_000);
    admit(gate).success();
    assert.equal(gate.state, 'closed');

    unmoved(gate, () => stale[ending]());
  });

  test(`a probe of an earlier half-open time that ends as ${ending} changes nothing in the next`, () => {
    const { clock, gate, trip } = scene({ probes: 3 });
    trip();
    clock.freeze(1_000);
    const stale = admit(gate);
    admit(gate).failure();
    admit(gate).failure();
    clock.freeze(2_000);
    assert.equal(gate.state, 'half-open');

    unmoved(gate, () => stale[ending]());
  });
}

test('a permit ends once: what is said afterwards changes nothing', () => {
  const { gate } = scene({ consecutiveFailures: 0, minimumCalls: 10 });
  const permit = admit(gate);
  permit.success();

  unmoved(gate, () => {
    permit.failure();
    permit.success();
    permit.ignored();
  });
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().failures], [1, 0]);
});

test('a probe that ends twice frees one slot', () => {
  const { clock, gate, trip } = scene({ probes: 1 });
  trip();
  clock.freeze(1_000);
  const first = admit(gate);
  first.ignored();
  admit(gate);

  first.ignored();

  refused(gate);
});

test('a permit tells the epoch in which it was given', () => {
  const { clock, gate, trip } = scene();
  assert.equal(admit(gate).epoch, 0);
  trip();
  clock.freeze(1_000);

  assert.equal(admit(gate).epoch, 2);
  assert.equal(gate.epoch, 2);
});

test('a refusal says when to ask again, and the time runs down', () => {
  const { clock, gate, trip } = scene();
  trip();
  assert.equal(refused(gate).retryAfterMs, 1_000);
  clock.freeze(400);

  assert.equal(refused(gate).retryAfterMs, 600);
});

test('the error of a refusal carries what a caller needs, and no stack', () => {
  const { gate, trip } = scene({ name: 'user-service' });
  trip();
  const call = CallContext.of({ target: 'user-service', operation: 'getUserById' }).forAttempt(3);

  const error = refused(gate).toError(call);

  assert.ok(error instanceof CircuitOpenError);
  assert.equal(error.message, 'the circuit of user-service is open; it may be asked again in 1000 ms');
  assert.deepEqual(error.toJSON(), {
    name: 'CircuitOpenError',
    code: 'SWITCHGEAR_CIRCUIT_OPEN',
    message: error.message,
    target: 'user-service',
    operation: 'getUserById',
    attempts: 2,
    sent: 'never',
    phase: 'call',
    spentMs: undefined,
    retryAfterMs: 1_000,
    stopped: undefined,
  });
  assert.equal(error.reason, 'circuit-open');
  assert.doesNotMatch(error.stack ?? '', /\n\s+at /);
});

test('the message names whichever of breaker and call has a name', () => {
  const named = scene({ name: 'users' });
  named.trip();
  assert.match(refused(named.gate).toError(CallContext.of({})).message, /^the circuit of users is open/);
  assert.equal(refused(named.gate).toError(CallContext.of({})).target, 'users');

  const unnamed = scene();
  unnamed.trip();
  assert.match(refused(unnamed.gate).toError(CallContext.of({ target: 'x' })).message, /^the circuit of x is open/);
  assert.match(refused(unnamed.gate).toError(CallContext.of({})).message, /^the circuit is open/);
});

test('the message tells probing and ramping from being open', () => {
  const { clock, gate, trip } = scene({ probes: 1, rampMs: 2_000 });
  const call = CallContext.of({});
  trip();
  clock.freeze(1_000);
  const probe = admit(gate);
  assert.match(refused(gate).toError(call).message, /its probes have not been answered yet/);
  probe.success();
  admit(gate);

  assert.match(refused(gate).toError(call).message, /has just closed and lets calls in step by step/);
});
