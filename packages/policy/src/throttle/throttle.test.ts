import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallContext } from '../contract/call.ts';
import { ConfigError, ShedError } from '../contract/errors.ts';
import type { Permit } from '../contract/gate.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import type { ThrottleOptions } from './options.ts';
import { type Throttle, throttle } from './throttle.ts';

function throttleWith(options: ThrottleOptions = {}, random: () => number = () => 0.5) {
  const clock = new ManualClock();
  const events = new EventLog();
  return { gate: throttle(options, { clock, random, events }), clock, events };
}

function take(gate: Throttle): Permit {
  const admission = gate.tryAcquire();
  assert.ok(admission.admitted);
  return admission;
}

function end(gate: Throttle, count: number, kind: 'success' | 'failure' | 'throttled' | 'ignored'): void {
  const permits = Array.from({ length: count }, () => take(gate));
  for (const permit of permits) permit[kind]();
}

const numbers = (gate: Throttle): [number, number] => [gate.snapshot().requests, gate.snapshot().accepts];

const down = async (): Promise<never> => {
  throw new Error('down');
};

test('lets everything through while more than half is accepted', () => {
  const { gate } = throttleWith({}, () => 0);
  end(gate, 50, 'success');
  end(gate, 50, 'failure');
  assert.equal(gate.snapshot().shedRatio, 0);
  assert.equal(gate.tryAcquire().admitted, true);
});

test('sheds by chance, in proportion to what was not accepted', () => {
  let chance = 0;
  const { gate } = throttleWith({}, () => chance);
  const permits = Array.from({ length: 99 }, () => take(gate));
  for (const [i, permit] of permits.entries()) permit[i < 24 ? 'success' : 'failure']();
  assert.equal(gate.snapshot().shedRatio, 0.51);
  chance = 0.509;
  assert.equal(gate.tryAcquire().admitted, false);
  chance = 0.511;
  assert.equal(gate.tryAcquire().admitted, true);
});

test('never sheds on fewer than the minimum of calls', () => {
  const { gate } = throttleWith({ minimumCalls: 20 }, () => 0);
  end(gate, 19, 'failure');
  assert.equal(gate.snapshot().shedRatio, 0);
  end(gate, 1, 'failure');
  assert.equal(gate.tryAcquire().admitted, false);
});

test('never sheds more than it may, so that a part always finds out', () => {
  const { gate } = throttleWith({ maxRejectRatio: 0.8 }, () => 0.8);
  end(gate, 1_000, 'failure');
  assert.equal(gate.snapshot().shedRatio, 0.8);
  assert.equal(gate.tryAcquire().admitted, true);
});

test('asks for a chance only when it has a say', () => {
  const { gate } = throttleWith({}, () => assert.fail('asked'));
  end(gate, 100, 'success');
  assert.equal(gate.tryAcquire().admitted, true);
});

test('counts being throttled as not accepted, and what says nothing not at all', () => {
  const { gate } = throttleWith();
  end(gate, 5, 'throttled');
  end(gate, 7, 'ignored');
  end(gate, 2, 'success');
  assert.deepEqual(numbers(gate), [7, 2]);
});

test('an ending counts once', () => {
  const { gate } = throttleWith();
  const permit = take(gate);
  permit.success();
  permit.failure();
  permit.ignored();
  assert.deepEqual(numbers(gate), [1, 1]);
});

test('a refusal is an error that names the target, was never sent and has no stack', async () => {
  const { gate, events } = throttleWith({ minimumCalls: 1, name: 'reports' }, () => 0);
  await assert.rejects(gate.execute(down), /down/);
  const error = await gate.execute(down, { operation: 'get' }).then(
    () => assert.fail('was not refused'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ShedError);
  const { code, reason, target, operation, sent, attempts } = error;
  assert.deepEqual(
    [code, reason, target, operation, sent, attempts],
    ['SWITCHGEAR_SHED', 'shed', 'reports', 'get', 'never', 0],
  );
  assert.doesNotMatch(error.stack ?? '', /\n {4}at /);
  assert.deepEqual(
    events.of('call.refused').map((event) => [event.reason, event.retryAfterMs]),
    [['shed', undefined]],
  );
});

test('a shed call, a refusal from beneath and a caller who leaves are no failures of the other side', async () => {
  const { gate } = throttleWith({ minimumCalls: 1 }, () => 0);
  await assert.rejects(gate.execute(async () => Promise.reject(new ShedError('no', 'shed', {}))));
  const caller = new AbortController();
  const left = gate.execute((call) => new Promise((_, reject) => call.onCancel(reject)), { signal: caller.signal });
  caller.abort(new Error('left'));
  await assert.rejects(left, /left/);
  assert.deepEqual(numbers(gate), [0, 0]);
});

test('judges by the classifier it is given', async () => {
  const { gate } = throttleWith({ classify: () => ({ kind: 'failure', retry: 'never' }) });
  await gate.execute(async () => 'an answer that will not do');
  assert.deepEqual(numbers(gate), [1, 0]);
});

test('a sudden rise in calls that are not answered yet is no outage', () => {
  const { gate, clock } = throttleWith({}, () => 0);
  end(gate, 20, 'success');
  clock.freeze(999);
  for (let i = 0; i < 10_000; i++) take(gate);
  clock.freeze(999);
  assert.equal(gate.snapshot().shedRatio, 0);
});

test('says why it sheds', () => {
  const { gate } = throttleWith({ name: 'users' });
  assert.match(gate.explain(), /^sheds nothing: 0 of 0 calls accepted .* fewer than 20/);
  end(gate, 24, 'success');
  assert.match(gate.explain(), /^sheds nothing: 24 of 24 calls accepted in the last 10000 ms, and 50 % are enough$/);
  end(gate, 75, 'failure');
  assert.equal(
    gate.explain(),
    'sheds 51 % of calls: 24 of 99 calls accepted in the last 10000 ms, where 50 % are expected',
  );
  assert.equal(
    gate.describe(),
    "throttle 'users': sheds when more than 50 % of at least 20 calls fail, over 10000 ms, at most 90 %",
  );
});

test('says so of a single call, and without a name', () => {
  const { gate } = throttleWith();
  end(gate, 1, 'success');
  assert.match(gate.explain(), /^sheds nothing: 1 of 1 call accepted/);
  assert.match(gate.describe(), /^throttle: /);
});

test('a call that names its target keeps it in the error', () => {
  const { gate } = throttleWith({ minimumCalls: 1, name: 'reports' }, () => 0);
  end(gate, 1, 'failure');
  const refused = gate.tryAcquire();
  assert.ok(!refused.admitted);
  const call = CallContext.of({ target: 'users' });
  assert.equal(refused.toError(call).target, 'users');
});

test('chance that is no number sheds nothing', () => {
  const { gate } = throttleWith({ minimumCalls: 1 }, () => Number.NaN);
  end(gate, 50, 'failure');
  assert.equal(gate.tryAcquire().admitted, true);
});

for (const [option, value] of [
  ['failureRatio', 1],
  ['failureRatio', -0.1],
  ['failureRatio', Number.NaN],
  ['windowMs', 0],
  ['minimumCalls', 0],
  ['minimumCalls', 1.5],
  ['maxRejectRatio', 0],
  ['maxRejectRatio', 1.1],
  ['k', 2],
] as const) {
  test(`refuses ${option} of ${value} when it is made`, () => {
    assert.throws(
      () => throttle({ [option]: value }),
      (error) => error instanceof ConfigError && error.path === `throttle.${option}`,
    );
  });
}
