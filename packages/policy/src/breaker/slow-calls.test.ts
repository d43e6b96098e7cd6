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

const watching = (options: BreakerOptions = {}) => {
  const clock = new ManualClock();
  const events = new EventLog();
  const gate = breaker(
    { slowMs: 100, slowRatio: 0.5, minimumCalls: 4, consecutiveFailures: 0, failureRatio: 1, ...options },
    { clock, random: () => 1, events },
  );
  const call = (tookMs: number, how: 'success' | 'failure' = 'success'): void => {
    const permit = admit(gate);
    clock.freeze(tookMs);
    permit[how]();
  };
  const seen = (): [calls: number, failures: number, slow: number, bad: number] => {
    const { calls, failures, slow, bad } = gate.snapshot();
    return [calls, failures, slow, bad];
  };
  return { clock, events, gate, call, seen };
};

test('a call is slow when it took longer than the threshold, not when it took as long', () => {
  const { call, seen } = watching();
  call(100);
  call(100.01);

  assert.deepEqual(seen(), [2, 0, 1, 1]);
});

test('opens when the share of slow calls is met exactly, with the numbers behind it', () => {
  const { call, events, gate } = watching();
  for (const tookMs of [1, 101, 1]) call(tookMs);
  assert.equal(gate.state, 'closed');
  call(101);

  assert.equal(gate.state, 'open');
  const opened = events.of('breaker.opened')[0];
  assert.equal(opened?.cause, 'slow-ratio');
  assert.deepEqual(opened?.evidence, { calls: 4, failures: 0, consecutiveFailures: 0, slow: 2, bad: 2 });
});

test('a quick success never opens, although it brings the calls to their minimum', () => {
  const { call, gate } = watching();
  for (const tookMs of [101, 101, 101, 1]) call(tookMs);

  assert.equal(gate.state, 'closed');
});

test('one ratio of slow and failed calls together counts a call once', () => {
  const { call, events, gate, seen } = watching({ slowRatio: 1, badRatio: 0.75 });
  call(101, 'failure');
  call(1, 'failure');
  call(1);
  call(1);
  assert.deepEqual(seen(), [4, 2, 1, 2]);
  for (let i = 0; i < 4; i++) call(101);
  assert.deepEqual([gate.state, ...seen()], ['open', 8, 2, 5, 6]);

  assert.equal(events.of('breaker.opened')[0]?.cause, 'bad-ratio');
});

test('a call under way counts from the moment it is slow, before it ends', () => {
  const { clock, gate, seen } = watching();
  admit(gate);
  clock.freeze(100);
  assert.deepEqual(seen(), [0, 0, 0, 0]);
  clock.freeze(0.01);

  assert.deepEqual(seen(), [1, 0, 1, 1]);
});

test('opens for calls that hang, as soon as the next one asks', () => {
  const { clock, events, gate } = watching();
  for (let i = 0; i < 4; i++) admit(gate);
  clock.freeze(101);

  const answer = gate.tryAcquire();

  assert.equal(answer.admitted, false);
  assert.equal(events.of('breaker.opened')[0]?.cause, 'slow-ratio');
  assert.equal(clock.pending, 0);
});

test('calls under way that are not slow yet dilute nothing', () => {
  const { clock, gate, call, seen } = watching({ failureRatio: 0.5, slowRatio: 1 });
  for (let i = 0; i < 1_000; i++) admit(gate);
  for (let i = 0; i < 3; i++) call(0, 'failure');
  assert.deepEqual(seen(), [3, 3, 0, 3]);
  clock.freeze(1);
  call(0, 'failure');

  assert.equal(gate.state, 'open');
});

test('a call that was counted while it ran is counted once, and its failure is heard', () => {
  for (const window of ['time', 'count'] as const) {
    const { clock, gate, seen } = watching({ window, minimumCalls: 10 });
    const permit = admit(gate);
    clock.freeze(101);
    assert.deepEqual(seen(), [1, 0, 1, 1], window);
    clock.freeze(500);
    permit.failure();

    assert.deepEqual(seen(), [1, 1, 1, 1], window);
    assert.equal(gate.snapshot().consecutiveFailures, 1, window);
  }
});

test('a call that ends counts from its end on, although it was slow long before', () => {
  const { clock, gate, seen } = watching({ windowMs: 1_000 });
  const permit = admit(gate);
  clock.freeze(101);
  assert.deepEqual(seen(), [1, 0, 1, 1]);
  clock.freeze(800);
  permit.success();
  clock.freeze(800);
  assert.deepEqual(seen(), [1, 0, 1, 1]);
  clock.freeze(200);

  assert.deepEqual(seen(), [0, 0, 0, 0]);
});

test('a call that outlives the window it was counted in counts anew when it ends', () => {
  for (const options of [{ windowMs: 1_000 }, { window: 'count', windowCalls: 4 }] as const) {
    const { clock, gate, call, seen } = watching({ ...options, slowRatio: 1 });
    const permit = admit(gate);
    clock.freeze(5_000);
    for (let i = 0; i < 4; i++) call(0);
    assert.deepEqual(seen(), [4, 0, 0, 0]);
    permit.failure();

    assert.deepEqual(seen(), 'window' in options ? [4, 1, 1, 1] : [5, 1, 1, 1]);
  }
});

test('a slow call stays one whatever becomes of it; a quick one that says nothing counts as nothing', () => {
  for (const ending of ['ignored', 'throttled'] as const) {
    for (const looksInBetween of [true, false]) {
      const { clock, gate, seen } = watching();
      admit(gate)[ending]();
      const permit = admit(gate);
      clock.freeze(101);
      if (looksInBetween) seen();
      permit[ending]();

      assert.deepEqual(seen(), [1, 0, 1, 1]);
    }
  }
});

test('hung calls of long ago do not open a circuit of now', () => {
  const { clock, gate, seen } = watching();
  for (let i = 0; i < 10; i++) admit(gate);
  clock.freeze(3_600_000);

  admit(gate);

  assert.deepEqual(seen(), [0, 0, 0, 0]);
});

test('calls of an earlier epoch are never found slow in a later one', () => {
  const { clock, gate, seen } = watching({ slowRatio: 1, consecutiveFailures: 1, rampMs: 0, probes: 1, openMs: 10 });
  const hung = [admit(gate), admit(gate)];
  admit(gate).failure();
  clock.freeze(10);
  admit(gate).success();
  assert.equal(gate.state, 'closed');
  clock.freeze(1_000);
  for (const permit of hung) permit.failure();

  assert.deepEqual(seen(), [0, 0, 0, 0]);
});

test('calls that were under way when it was isolated are not found slow after the release', () => {
  const { clock, gate, seen } = watching();
  for (let i = 0; i < 10; i++) admit(gate);
  const handle = gate.isolate();
  handle.release();
  clock.freeze(1_000);

  assert.deepEqual(seen(), [0, 0, 0, 0]);
});

test('a slow probe has failed, before it ends and as soon as it is slow', () => {
  const { clock, events, gate } = watching({ consecutiveFailures: 1, probes: 2, probeLeaseMs: 5_000 });
  admit(gate).failure();
  clock.freeze(1_000);
  const probes = [admit(gate), admit(gate)];
  clock.freeze(100);
  assert.equal(gate.state, 'half-open');
  clock.freeze(0.01);
  for (const probe of probes) probe.success();

  assert.equal(gate.state, 'open');
  assert.equal(events.of('breaker.opened').at(-1)?.cause, 'probes-failed');
});

test('ends calls in any order without losing count of those under way', () => {
  const { clock, gate, seen } = watching({ minimumCalls: 1_000 });
  const permits = Array.from({ length: 9 }, () => {
    clock.freeze(1);
    return admit(gate);
  });
  for (const which of [4, 0, 8, 3, 5]) permits[which]?.success();
  clock.freeze(100);
  assert.deepEqual(seen(), [9, 0, 4, 4]);
  for (const permit of permits) permit.success();

  assert.deepEqual(seen(), [9, 0, 4, 4]);
});
