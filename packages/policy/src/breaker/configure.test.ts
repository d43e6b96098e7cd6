import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import type { Permit } from '../contract/gate.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { breaker, type CircuitBreaker } from './breaker.ts';
import type { BreakerChanges, BreakerOptions } from './options.ts';

const admit = (gate: CircuitBreaker): Permit => {
  const answer = gate.tryAcquire();
  assert.ok(answer.admitted, gate.explain());
  return answer;
};

const scene = (options: BreakerOptions = {}) => {
  const clock = new ManualClock();
  const events = new EventLog();
  const gate = breaker({ consecutiveFailures: 0, openMs: 1_000, ...options }, { clock, random: () => 1, events });
  const run = (outcomes: string): void => {
    for (const outcome of outcomes) {
      if (outcome === '.') admit(gate).success();
      else admit(gate).failure();
    }
  };
  return { clock, events, gate, run };
};

const off = (...names: (keyof BreakerChanges)[]): BreakerChanges =>
  Object.fromEntries(names.map((name) => [name, undefined]));

test('new rules hold from the next call on, over what was seen before', () => {
  const { gate, run } = scene({ minimumCalls: 100 });
  run('xxxx');
  gate.configure({ minimumCalls: 5, failureRatio: 0.5 });
  assert.equal(gate.state, 'closed');
  run('x');

  assert.equal(gate.state, 'open');
  assert.match(gate.describe(), /at 50 % of at least 5/);
});

test('what is wrong changes nothing', () => {
  const { gate } = scene();
  const before = gate.describe();
  assert.throws(() => gate.configure({ probes: 3, failureRatio: 2 }), ConfigError);
  assert.throws(() => gate.configure({ maxOpenMs: 10 }), ConfigError);

  assert.equal(gate.describe(), before);
});

test('nothing is told of a change, and calls under way go on to count', () => {
  const { events, gate } = scene();
  const permit = admit(gate);
  gate.configure({ probes: 3, windowMs: 5_000 });
  permit.failure();

  assert.deepEqual([events.types, gate.epoch, gate.snapshot().failures], [[], 0, 1]);
});

test('a window of another length keeps what is inside it', () => {
  const { clock, gate, run } = scene({ windowMs: 10_000 });
  run('xx');
  clock.freeze(6_000);
  run('x.');
  gate.configure({ windowMs: 20_000 });
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().failures], [4, 3]);
  gate.configure({ windowMs: 5_000 });
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().failures], [2, 1]);
  clock.freeze(5_000);

  assert.equal(gate.snapshot().calls, 0);
});

test('a window of fewer calls keeps the latest, and one of more keeps all', () => {
  const { gate, run } = scene({ window: 'count', windowCalls: 6, minimumCalls: 4 });
  run('xx..x.x.');
  gate.configure({ windowCalls: 4 });
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().failures], [4, 2]);
  gate.configure({ windowCalls: 10 });
  run('.');

  assert.deepEqual([gate.snapshot().calls, gate.snapshot().failures], [5, 2]);
});

test('a window of the other kind takes over the counts', () => {
  const { clock, gate, run } = scene({ windowCalls: 20 });
  run('xx.');
  gate.configure({ window: 'count' });
  clock.freeze(60_000);
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().failures], [3, 2]);
  gate.configure({ window: 'time' });
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().failures], [3, 2]);
  clock.freeze(10_000);

  assert.equal(gate.snapshot().calls, 0);
});

test('a window of the other kind takes over nothing that is too old', () => {
  const { clock, gate, run } = scene({ windowCalls: 20 });
  run('xx');
  clock.freeze(10_000);
  gate.configure({ window: 'count' });

  assert.equal(gate.snapshot().calls, 0);
});

test('an open time, a half-open time and a ramp end by the rules they began with', () => {
  const { clock, gate, run } = scene({ consecutiveFailures: 1, probes: 3, probeLeaseMs: 100, rampMs: 2_000 });
  run('x');
  gate.configure({ openMs: 10, maxOpenMs: 10, consecutiveFailures: 0 });
  assert.equal(gate.snapshot().openForMs, 1_000);
  clock.freeze(1_000);
  const probe = admit(gate);
  gate.configure({ probes: 1, probeLeaseMs: 10_000 });
  admit(gate);
  clock.freeze(100);
  assert.equal(gate.snapshot().failures, 2);
  probe.failure();
  admit(gate).success();
  assert.equal(gate.state, 'closed');
  gate.configure({ rampMs: 0 });
  clock.freeze(500);

  assert.equal(gate.snapshot().admittedShare, 0.25);
});

test('slow calls are watched for from the change on, and no longer after another', () => {
  const { clock, gate } = scene();
  const before = admit(gate);
  gate.configure({ slowMs: 100 });
  const after = admit(gate);
  clock.freeze(101);
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().slow], [1, 1]);
  before.success();
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().slow], [2, 1]);
  gate.configure(off('slowMs'));
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().slow], [2, 0]);
  after.failure();

  assert.deepEqual([gate.snapshot().slow, gate.snapshot().bad], [0, 1]);
});

test('a count window forgets which calls were slow when nobody asks any more', () => {
  const { clock, gate } = scene({ window: 'count', slowMs: 100 });
  const permit = admit(gate);
  clock.freeze(101);
  permit.failure();
  gate.configure(off('slowMs'));
  gate.configure({ slowMs: 100 });

  assert.deepEqual([gate.snapshot().failures, gate.snapshot().slow], [1, 0]);
});

test('a lower threshold makes calls under way slow at once, and not before', () => {
  const { clock, gate } = scene({ slowMs: 5_000, windowMs: 1_000 });
  admit(gate);
  clock.freeze(3_000);
  gate.configure({ slowMs: 500 });
  assert.equal(gate.snapshot().slow, 1);
  clock.freeze(800);

  assert.equal(gate.snapshot().slow, 1);
});

test('calls from before slow calls were watched for again are found slow when they end', () => {
  const { clock, gate } = scene({ slowMs: 100 });
  const [first, second] = [admit(gate), admit(gate)];
  gate.configure(off('slowMs'));
  gate.configure({ slowMs: 100 });
  const third = admit(gate);
  clock.freeze(101);
  assert.equal(gate.snapshot().slow, 1);
  for (const permit of [second, third, first]) permit.success();

  assert.deepEqual([gate.snapshot().calls, gate.snapshot().slow], [3, 3]);
});

test('can be changed while it is isolated', () => {
  const { gate, run } = scene({ minimumCalls: 100, rampMs: 0 });
  run('xx');
  const handle = gate.isolate();
  gate.configure({ minimumCalls: 3, windowMs: 20_000, slowMs: 100 });
  handle.release();
  assert.equal(gate.snapshot().calls, 2);
  run('x');

  assert.equal(gate.state, 'open');
});
