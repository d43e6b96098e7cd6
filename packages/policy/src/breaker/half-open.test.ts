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

/** A breaker whose open time has just passed. */
const due = (options: BreakerOptions = {}) => {
  const clock = new ManualClock();
  const events = new EventLog();
  const gate = breaker(
    { consecutiveFailures: 2, openMs: 1_000, probes: 5, probeLeaseMs: 5_000, ...options },
    { clock, random: () => 1, events },
  );
  admit(gate).failure();
  admit(gate).failure();
  assert.equal(gate.state, 'open');
  clock.freeze(1_000);
  events.clear();
  return { clock, events, gate };
};

test('admits as many probes at once as it was told, and refuses the rest at once', () => {
  const { gate } = due({ probes: 3 });

  const answers = Array.from({ length: 100 }, () => gate.tryAcquire());

  assert.equal(answers.filter(({ admitted }) => admitted).length, 3);
  const refusal = answers.at(-1);
  assert.ok(refusal !== undefined && !refusal.admitted);
  assert.equal(refusal.reason, 'circuit-open');
  assert.equal(refusal.retryAfterMs, undefined);
});

test('counts no more probes than it was told, one after the other', () => {
  const { gate } = due({ probes: 4, failureRatio: 0.5 });
  admit(gate).failure();
  admit(gate).success();
  admit(gate).success();
  assert.equal(gate.state, 'half-open');
  const last = admit(gate);

  assert.equal(gate.tryAcquire().admitted, false);

  last.success();
  assert.equal(gate.state, 'closed');
});

test('closes as soon as the ratio has become impossible', () => {
  const { gate, events } = due({ probes: 5, failureRatio: 0.9 });
  admit(gate).failure();
  assert.equal(gate.state, 'half-open');
  admit(gate).success();

  assert.equal(gate.state, 'closed');
  assert.deepEqual(events.types, ['breaker.half-opened', 'breaker.closed']);
  assert.deepEqual(events.of('breaker.closed')[0]?.evidence, { calls: 2, failures: 1, consecutiveFailures: 0 });
});

test('opens again as soon as the ratio is certain', () => {
  const { gate, events } = due({ probes: 5, failureRatio: 0.5 });
  const probes = Array.from({ length: 5 }, () => admit(gate));
  probes[0]?.failure();
  probes[1]?.failure();
  assert.equal(gate.state, 'half-open');
  probes[2]?.failure();

  assert.equal(gate.state, 'open');
  const opened = events.of('breaker.opened')[0];
  assert.equal(opened?.cause, 'probes-failed');
  assert.equal(opened?.openMs, 2_000);
  assert.deepEqual(opened?.evidence, { calls: 3, failures: 3, consecutiveFailures: 3 });
});

test('hears no probe after it has decided', () => {
  const { gate } = due({ probes: 5, failureRatio: 0.5 });
  const probes = Array.from({ length: 5 }, () => admit(gate));
  for (const probe of probes.slice(0, 3)) probe.failure();
  const before = gate.snapshot();

  for (const probe of probes.slice(3)) probe.success();

  assert.deepEqual(gate.snapshot(), before);
});

test('a probe that says nothing gives its slot back and counts as nothing', () => {
  for (const ending of ['ignored', 'throttled'] as const) {
    const { gate } = due({ probes: 1 });
    for (let i = 0; i < 10; i++) admit(gate)[ending]();

    assert.equal(gate.state, 'half-open', ending);
    assert.deepEqual([gate.snapshot().calls, gate.snapshot().probesRunning], [0, 0], ending);
    admit(gate).success();
    assert.equal(gate.state, 'closed', ending);
  }
});

test('a probe whose caller leaves frees its slot and counts as nothing', async () => {
  const { gate } = due({ probes: 1 });
  const caller = new AbortController();
  const probe = gate.execute((call) => new Promise<never>((_, reject) => call.onCancel(reject)), {
    signal: caller.signal,
  });
  assert.equal(gate.tryAcquire().admitted, false);

  caller.abort(new Error('the caller left'));

  await assert.rejects(probe, /the caller left/);
  assert.equal(gate.state, 'half-open');
  assert.equal(gate.snapshot().calls, 0);
  assert.equal(await gate.execute(async () => 'well'), 'well');
  assert.equal(gate.state, 'closed');
});

test('a call that was cancelled before it began takes no slot', async () => {
  const { gate } = due({ probes: 1 });

  await assert.rejects(
    gate.execute(async () => 'never', { signal: AbortSignal.abort(new Error('gone')) }),
    /gone/,
  );

  assert.equal(gate.snapshot().probesRunning, 0);
  admit(gate).success();
});

test('opens again when every probe hangs past its lease, as soon as someone asks', () => {
  const { clock, events, gate } = due({ probes: 5, probeLeaseMs: 5_000 });
  for (let i = 0; i < 5; i++) admit(gate);
  clock.freeze(4_999);
  assert.equal(gate.state, 'half-open');
  clock.freeze(1);

  const answer = gate.tryAcquire();

  assert.equal(answer.admitted, false);
  assert.equal(gate.state, 'open');
  assert.equal(events.of('breaker.opened')[0]?.cause, 'probes-failed');
});

test('a hung probe counts as one failure, and the others still decide', () => {
  const { clock, gate } = due({ probes: 2, failureRatio: 0.9, probeLeaseMs: 100 });
  admit(gate);
  clock.freeze(100);
  assert.deepEqual([gate.state, gate.snapshot().failures], ['half-open', 1]);

  admit(gate).success();

  assert.equal(gate.state, 'closed');
});

test('a probe that answers after its lease has failed, although nobody asked in between', () => {
  const { clock, gate } = due({ probes: 1, probeLeaseMs: 100 });
  const probe = admit(gate);
  clock.freeze(100);

  probe.success();

  assert.equal(gate.state, 'open');
});

test('the late answer of a probe that was counted changes nothing', () => {
  const { clock, gate } = due({ probes: 3, probeLeaseMs: 100 });
  const hung = admit(gate);
  clock.freeze(100);
  assert.equal(gate.snapshot().failures, 1);
  const before = gate.snapshot();

  hung.success();

  assert.deepEqual(gate.snapshot(), before);
});

test('stays half-open without traffic', () => {
  const { clock, gate } = due();
  assert.equal(gate.state, 'half-open');
  clock.freeze(3_600_000);

  assert.equal(gate.state, 'half-open');
  admit(gate).success();
});

test('asks for its own quota of probes in every half-open time', () => {
  const { clock, gate } = due({ probes: 2, maxOpenMs: 1_000 });
  for (let round = 0; round < 5; round++) {
    const probes = [admit(gate), admit(gate)];
    assert.equal(gate.tryAcquire().admitted, false);
    for (const probe of probes) probe.failure();
    assert.equal(gate.state, 'open');
    clock.freeze(1_000);
  }
});

test('leases that ran out decide before an answer that comes after them', () => {
  const { clock, events, gate } = due({ probes: 3, failureRatio: 0.3, probeLeaseMs: 100 });
  admit(gate);
  clock.freeze(50);
  const second = admit(gate);
  clock.freeze(50);

  second.failure();

  assert.deepEqual(events.of('breaker.opened')[0]?.evidence, { calls: 1, failures: 1, consecutiveFailures: 1 });
});

test('probes have a ratio of their own when they are given one', () => {
  const { gate } = due({ probes: 4, failureRatio: 0.9, probeFailureRatio: 0.5 });
  admit(gate).success();
  admit(gate).success();
  admit(gate).failure();
  assert.equal(gate.state, 'half-open');
  admit(gate).failure();

  assert.equal(gate.state, 'open');
});

test('probes that nobody answers for too long open it again', () => {
  const { clock, events, gate } = due({ halfOpenMs: 3_000 });
  for (let ms = 0; ms < 3_000; ms += 500) {
    assert.equal(gate.state, 'half-open');
    const probe = admit(gate);
    clock.freeze(500);
    probe.ignored();
  }

  assert.equal(gate.state, 'open');
  const opened = events.of('breaker.opened')[0];
  assert.deepEqual([opened?.cause, opened?.openMs], ['probes-unanswered', 2_000]);
  assert.equal(gate.explain().split(';')[0], 'open: its probes were not answered in time (0 of 5 were)');
});

test('or close it, where that was asked for', () => {
  const { clock, events, gate } = due({ halfOpenMs: 3_000, whenUnanswered: 'close', rampMs: 2_000 });
  admit(gate).ignored();
  clock.freeze(3_000);

  assert.equal(gate.state, 'closed');
  assert.deepEqual([events.of('breaker.closed')[0]?.cause, gate.snapshot().admittedShare], ['probes-unanswered', 0]);
});

test('the time without an answer begins with the first probe, so that silence alone opens nothing again', () => {
  const { clock, gate } = due({ halfOpenMs: 3_000 });
  assert.equal(gate.state, 'half-open');
  clock.freeze(3_600_000);

  admit(gate).success();
  assert.equal(gate.state, 'closed');
});

test('answers that decide nothing do not put the end off', () => {
  const { clock, gate } = due({ halfOpenMs: 3_000, failureRatio: 0.5 });
  admit(gate).success();
  clock.freeze(2_999);
  admit(gate).success();
  assert.equal(gate.state, 'half-open');
  clock.freeze(1);

  assert.equal(gate.state, 'open');
});
