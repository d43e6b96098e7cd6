import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import type { Permit } from '../contract/gate.ts';
import { caught } from '../testing/caught.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { breaker, type CircuitBreaker } from './breaker.ts';
import type { BreakerOptions } from './options.ts';
import { Ramp } from './ramp.ts';

const admit = (gate: CircuitBreaker): Permit => {
  const admission = gate.tryAcquire();
  assert.ok(admission.admitted, gate.explain());
  return admission;
};

const refuses = (run: () => unknown, path: string, words: string): void =>
  assert.throws(
    run,
    (error) => error instanceof ConfigError && error.path === path && error.message === `${path}: expected ${words}`,
    path,
  );

test('says what it expected', () => {
  const gate = breaker();
  const wrong = (value: unknown): never => value as never;
  refuses(() => gate.isolate(wrong({})), 'breaker.isolate', 'a handle made by isolation(), got an object');
  const once = 'to be left alone, for it is set once and for all, got "a change of it"';
  refuses(() => gate.configure(wrong({ name: 'other' })), 'breaker.name', once);
  refuses(() => gate.configure(wrong({ classify: undefined })), 'breaker.classify', once);
  for (const changes of [undefined, null, 5, 'x']) {
    assert.throws(() => gate.configure(wrong(changes)), { path: 'breaker' });
  }
  assert.throws(() => gate.configure(wrong({ odd: 1 })), { path: 'breaker.odd' });
  refuses(
    () => gate.configure({ slowRatio: 0.5 }),
    'breaker.slowRatio',
    'slowMs beside it, or no call is ever slow, got 0.5',
  );
  assert.doesNotThrow(() => breaker({ slowRatio: undefined } as unknown as BreakerOptions));
  assert.doesNotThrow(() => breaker({ rampMs: 0 }));
  assert.doesNotThrow(() => breaker({ openMs: () => 20_000, maxOpenMs: 10_000 }));
});

test('says of a snapshot which field cannot be', () => {
  const gate = breaker();
  const snapshot = gate.snapshot();
  const restore = (changes: object) => () => gate.restore({ ...snapshot, ...changes } as typeof snapshot);
  refuses(restore({ beneath: 'open' }), 'snapshot.beneath', 'the same as state, which is \'closed\', got "open"');
  refuses(restore({ isolatedBy: [1] }), 'snapshot.isolatedBy', 'an array of strings, got an array');
  refuses(restore({ failures: 1 }), 'snapshot.failures', 'at most calls, which is 0, got 1');
  refuses(restore({ slow: 1 }), 'snapshot.slow', 'at most calls, which is 0, got 1');
  assert.throws(restore({ cause: 'boredom' }), {
    path: 'snapshot.cause',
    message: /expected null or one of 'failure-ratio', .*, got "boredom"$/,
  });
  for (const mode of ['on', 'shadow', 'disabled']) assert.doesNotThrow(restore({ mode }));
});

test('a refusal names the circuit it is of, or else the target that was called', async () => {
  for (const [name, target, words] of [
    ['', '', 'the circuit'],
    ['', 'users', 'the circuit of users'],
    ['users-circuit', '', 'the circuit of users-circuit'],
    ['users-circuit', 'users', 'the circuit of users-circuit'],
  ] as const) {
    const { runtime } = testRuntime();
    const gate = breaker({ name }, runtime);
    gate.isolate();
    const error = (await caught(gate.execute(() => assert.fail('sent'), { target }))) as Error;
    assert.equal(error.message, `${words} is isolated: it refuses every call until it is released`);
  }
});

test('an ending that counts as nothing in a time in which slow calls are watched for leaves no trace', () => {
  for (const ending of ['throttled', 'ignored'] as const) {
    const { runtime } = testRuntime();
    const gate = breaker({ slowMs: 100, minimumCalls: 1 }, runtime);
    admit(gate)[ending]();
    const { calls, failures, slow } = gate.snapshot();
    assert.deepEqual([calls, failures, slow], [0, 0, 0]);
  }
});

test('says when a ramp lets the next call in, reckoned with that call among those offered', () => {
  const ramp = new Ramp(0, 1_000, 1, 1);
  assert.equal(ramp.admits(0), true);
  assert.equal(ramp.admits(0), false);
  assert.equal(ramp.waitMs(0), 0);
  for (let i = 0; i < 3; i++) assert.equal(ramp.admits(500), true);
  assert.equal(ramp.admits(500), false);
  // Four are in, one of them free: of the seven that will have been offered, three must be let in.
  assert.ok(Math.abs(ramp.waitMs(300) - ((3 / 7) * 1_000 - 300)) < 1e-9, String(ramp.waitMs(300)));
});

test('transitions that nobody wants to hear of are not told, and those that follow are told in order', () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const told: string[] = [];
  const events = {
    wants: (type: string) => type === 'breaker.closed',
    publish: ({ type }: { type: string }) => told.push(type),
  };
  const gate = breaker({ consecutiveFailures: 1, openMs: 100, probes: 1 }, { ...runtime, events } as typeof runtime);
  admit(gate).failure();
  clock.freeze(100);
  admit(gate).success();
  assert.deepEqual(told, ['breaker.closed']);
});

test('changed while it is isolated, it goes on by the new settings once released', () => {
  const gate = breaker({ window: 'count', windowCalls: 50, rampMs: 0 }, testRuntime().runtime);
  for (let i = 0; i < 40; i++) admit(gate).success();
  const handle = gate.isolate();
  gate.configure({ windowCalls: 20 });
  handle.release();
  assert.equal(gate.snapshot().calls, 20);
  for (let i = 0; i < 30; i++) admit(gate).success();
  assert.equal(gate.snapshot().calls, 20);
});

test('goes on being open after a release or a restore, though nobody listens', () => {
  const { clock } = testRuntime();
  const gate = breaker({ consecutiveFailures: 1, openMs: 1_000 }, { clock, random: () => 1 });
  admit(gate).failure();
  const open = gate.snapshot();
  gate.isolate().release();
  assert.deepEqual([gate.state, gate.snapshot().openForMs], ['open', 1_000]);
  gate.reset();
  gate.restore(open);
  assert.deepEqual([gate.state, gate.snapshot().openForMs], ['open', 1_000]);
});

test('restored half-open, it sends probes at once, whatever else the snapshot says', () => {
  const gate = breaker({}, testRuntime().runtime);
  gate.restore({ ...gate.snapshot(), state: 'half-open', beneath: 'half-open', openings: 1, openForMs: 500 });
  assert.equal(gate.state, 'half-open');
});

test('restored closed, it says so with what it holds', () => {
  const { runtime, log } = testRuntime();
  const gate = breaker({ name: 'users' }, runtime);
  gate.restore({ ...gate.snapshot(), calls: 5, failures: 2, failureRatio: 0.4, bad: 2, consecutiveFailures: 1 });
  log.about('breaker').expect([
    {
      type: 'breaker.closed',
      cause: 'restored',
      breaker: 'users',
      evidence: { calls: 5, failures: 2, consecutiveFailures: 1 },
    },
  ]);
});
