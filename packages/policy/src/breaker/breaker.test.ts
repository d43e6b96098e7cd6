import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BulkheadFullError, CircuitOpenError } from '../contract/errors.ts';
import type { Permit } from '../contract/gate.ts';
import { type Verdict, verdicts } from '../contract/outcome.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { breaker, type CircuitBreaker } from './breaker.ts';
import { isolation } from './isolation.ts';
import type { BreakerOptions } from './options.ts';

const admit = (gate: CircuitBreaker): Permit => {
  const answer = gate.tryAcquire();
  assert.ok(answer.admitted, gate.explain());
  return answer;
};

const scene = (options: BreakerOptions = {}) => {
  const clock = new ManualClock();
  const events = new EventLog();
  const gate = breaker(options, { clock, random: () => 1, events });
  const run = (outcomes: string): void => {
    for (const outcome of outcomes) {
      if (outcome === '.') admit(gate).success();
      else admit(gate).failure();
    }
  };
  return { clock, events, gate, run };
};

test('begins closed', () => {
  const { gate } = scene();

  assert.deepEqual([gate.state, gate.epoch], ['closed', 0]);
});

test('does not open on the first failure', () => {
  const { gate, run } = scene();
  run('x');

  assert.equal(gate.state, 'closed');
});

test('opens when the ratio is met exactly', () => {
  const { events, gate, run } = scene({ minimumCalls: 10, failureRatio: 0.5, consecutiveFailures: 0 });
  run('.....xxxx');
  assert.equal(gate.state, 'closed');
  run('x');

  assert.equal(gate.state, 'open');
  const opened = events.of('breaker.opened')[0];
  assert.equal(opened?.cause, 'failure-ratio');
  assert.deepEqual(opened?.evidence, { calls: 10, failures: 5, consecutiveFailures: 5 });
});

test('can open at a ratio of 1', () => {
  const { gate, run } = scene({ minimumCalls: 3, failureRatio: 1, consecutiveFailures: 0 });
  run('xxx');

  assert.equal(gate.state, 'open');
});

test('judges on failures only: a success never opens', () => {
  const { gate, run } = scene({ minimumCalls: 10, failureRatio: 0.5, consecutiveFailures: 0 });
  run('xxxxxxxxx.');
  assert.equal(gate.state, 'closed');
  run('x');

  assert.equal(gate.state, 'open');
});

test('opens after enough failures in a row, whatever the ratio', () => {
  const { events, gate, run } = scene({ consecutiveFailures: 5, failureRatio: 1 });
  run('....................xxxx');
  assert.equal(gate.state, 'closed');
  run('x');

  assert.equal(gate.state, 'open');
  assert.equal(events.of('breaker.opened')[0]?.cause, 'consecutive-failures');
});

test('a success ends the row of failures', () => {
  const { gate, run } = scene({ consecutiveFailures: 3 });
  run('xx.xx.xx');

  assert.equal(gate.state, 'closed');
});

test('failures that are too old no longer count, although no call came since', () => {
  const { clock, gate, run } = scene({ minimumCalls: 20, consecutiveFailures: 0 });
  run('x'.repeat(19));
  clock.freeze(3_600_000);
  run('x');

  assert.equal(gate.state, 'closed');
  assert.equal(gate.snapshot().calls, 1);
});

test('a count window remembers however long it takes', () => {
  const { clock, gate, run } = scene({ window: 'count', windowCalls: 4, minimumCalls: 4, failureRatio: 0.75 });
  run('xx.');
  clock.freeze(3_600_000);
  run('x');

  assert.equal(gate.state, 'open');
});

test('a count window holds the latest calls only', () => {
  const { gate, run } = scene({ window: 'count', windowCalls: 4, minimumCalls: 4, failureRatio: 0.75 });
  run('xx..x.');
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().failures], [4, 1]);

  assert.equal(gate.state, 'closed');
});

test('throttled and ignored calls count as nothing, not even as calls', () => {
  const { gate, run } = scene({ consecutiveFailures: 3 });
  run('xx');
  admit(gate).throttled();
  admit(gate).ignored();
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().consecutiveFailures], [2, 2]);
  run('x');

  assert.equal(gate.state, 'open');
});

test('admits nobody before the open time is over, and the next asker after it', () => {
  const { clock, gate, run } = scene({ consecutiveFailures: 1, openMs: 1_000 });
  run('x');
  clock.freeze(999.999);
  assert.equal(gate.tryAcquire().admitted, false);
  clock.freeze(0.001);

  assert.equal(gate.tryAcquire().admitted, true);
});

test('a reader sees the open time pass', () => {
  const { clock, events, gate, run } = scene({ consecutiveFailures: 1, openMs: 1_000 });
  run('x');
  clock.freeze(1_000);

  assert.equal(gate.state, 'half-open');
  assert.deepEqual(events.types, ['breaker.opened', 'breaker.half-opened']);
});

test('a closed time begins with a fresh window', () => {
  const { clock, gate, run } = scene({
    consecutiveFailures: 0,
    minimumCalls: 4,
    failureRatio: 0.5,
    probes: 1,
    rampMs: 0,
  });
  run('..xx');
  clock.freeze(1_000);
  run('.');
  assert.deepEqual([gate.state, gate.snapshot().calls], ['closed', 0]);
  run('xxx');

  assert.equal(gate.state, 'closed');
});

test('stays open for a time that differs by chance', () => {
  const openTimes = new Set<number>();
  for (let seed = 1; seed <= 20; seed++) {
    const gate = breaker({ consecutiveFailures: 1 }, { clock: new ManualClock(), random: seededRandom(seed) });
    admit(gate).failure();
    openTimes.add(gate.snapshot().openForMs);
  }

  assert.equal(openTimes.size, 20);
  for (const ms of openTimes) assert.ok(ms >= 500 && ms < 1_000, `${ms}`);
});

test('the wall clock has no say', () => {
  for (const jumpMs of [-3_600_000, 3_600_000]) {
    const { clock, gate, run } = scene({ consecutiveFailures: 3, openMs: 1_000, probes: 1, rampMs: 2_000 });
    run('xx');
    clock.jumpWall(jumpMs);
    assert.equal(gate.snapshot().calls, 2);
    run('x');
    clock.jumpWall(jumpMs);
    assert.equal(gate.state, 'open');
    assert.equal(gate.snapshot().openForMs, 1_000);
    clock.freeze(999);
    assert.equal(gate.state, 'open');
    clock.freeze(1);
    const probe = admit(gate);
    clock.jumpWall(jumpMs);
    assert.equal(gate.state, 'half-open');
    probe.success();
    clock.jumpWall(jumpMs);
    assert.equal(gate.snapshot().admittedShare, 0);
  }
});

test('a process that was stopped lets in its quota of probes, not its backlog', () => {
  const { clock, gate, run } = scene({ consecutiveFailures: 1, probes: 5 });
  run('x');
  clock.freeze(5_000);

  const answers = Array.from({ length: 1_000 }, () => gate.tryAcquire());

  assert.equal(answers.filter(({ admitted }) => admitted).length, 5);
});

test('sets no timer in any state', () => {
  const { clock, gate, run } = scene({ consecutiveFailures: 1, probes: 1 });
  run('x');
  assert.equal(clock.pending, 0);
  clock.freeze(1_000);
  const probe = admit(gate);
  assert.equal(clock.pending, 0);
  probe.success();

  assert.equal(clock.pending, 0);
});

test('execute counts what it runs and refuses without running it', async () => {
  const { gate } = scene({ name: 'users', consecutiveFailures: 2 });
  let runs = 0;
  const fails = (): Promise<never> => {
    runs++;
    return Promise.reject(new Error('down'));
  };
  await assert.rejects(gate.execute(fails), /down/);
  await assert.rejects(gate.execute(fails), /down/);

  await assert.rejects(
    gate.execute(fails),
    (error) => error instanceof CircuitOpenError && error.retryAfterMs === 1_000,
  );
  assert.equal(runs, 2);
});

test('execute hands the value through, undefined included', async () => {
  const { gate } = scene();

  assert.equal(await gate.execute(async () => 42), 42);
  assert.equal(await gate.execute(async () => undefined), undefined);
  assert.deepEqual([gate.snapshot().calls, gate.snapshot().failures], [2, 0]);
});

test('a refusal by something local is not held against the other side', async () => {
  const { gate } = scene({ consecutiveFailures: 1 });
  const full = new BulkheadFullError('full', 'bulkhead-full', {});

  await assert.rejects(
    gate.execute(() => Promise.reject(full)),
    full,
  );

  assert.deepEqual([gate.state, gate.snapshot().calls], ['closed', 0]);
});

test('a classifier of its own judges, values included', async () => {
  const { gate } = scene({
    consecutiveFailures: 2,
    classify: (outcome): Verdict => (outcome.ok && outcome.value === 'busy' ? verdicts.failure : verdicts.success),
  });
  await gate.execute(async () => 'busy');
  await assert.rejects(gate.execute(() => Promise.reject(new Error('fine by us'))));
  assert.equal(gate.snapshot().consecutiveFailures, 0);
  await gate.execute(async () => 'busy');
  await gate.execute(async () => 'busy');

  assert.equal(gate.state, 'open');
});

test('stands in a pipeline as a gate, and a refusal is told as an event', async () => {
  const { events, gate } = scene({ name: 'users', consecutiveFailures: 1 });
  const calls = pipeline(gate);
  await assert.rejects(calls.execute(() => Promise.reject(new Error('down'))));
  await assert.rejects(
    calls.execute(async () => 1, { target: 'users', operation: 'getUserById' }),
    CircuitOpenError,
  );

  const refusal = events.of('call.refused')[0];
  assert.deepEqual(
    [refusal?.reason, refusal?.retryAfterMs, refusal?.operation],
    ['circuit-open', 1_000, 'getUserById'],
  );
});

test('a snapshot survives JSON', () => {
  const { clock, gate, run } = scene({ name: 'users', consecutiveFailures: 2, probes: 1 });
  const seen = [gate.snapshot()];
  run('.xx');
  clock.freeze(250);
  seen.push(gate.snapshot());
  clock.freeze(750);
  const probe = admit(gate);
  seen.push(gate.snapshot());
  probe.success();
  clock.freeze(500);
  seen.push(gate.snapshot());

  assert.deepEqual(JSON.parse(JSON.stringify(seen)), seen);
  const usual = { name: 'users', mode: 'on', isolatedBy: [], refusedInShadow: 0 };
  const zero = { calls: 0, failures: 0, failureRatio: 0, slow: 0, bad: 0, consecutiveFailures: 0 };
  const idle = { openForMs: 0, probesRunning: 0 };
  assert.deepEqual(seen, [
    {
      ...usual,
      state: 'closed',
      beneath: 'closed',
      epoch: 0,
      cause: null,
      ...zero,
      openings: 0,
      ...idle,
      admittedShare: 1,
    },
    {
      ...usual,
      state: 'open',
      beneath: 'open',
      epoch: 1,
      cause: 'consecutive-failures',
      calls: 3,
      failures: 2,
      failureRatio: 2 / 3,
      slow: 0,
      bad: 2,
      consecutiveFailures: 2,
      openings: 1,
      openForMs: 750,
      probesRunning: 0,
      admittedShare: 0,
    },
    {
      ...usual,
      state: 'half-open',
      beneath: 'half-open',
      epoch: 2,
      cause: 'open-time-over',
      ...zero,
      openings: 1,
      openForMs: 0,
      probesRunning: 1,
      admittedShare: 0,
    },
    {
      ...usual,
      state: 'closed',
      beneath: 'closed',
      epoch: 3,
      cause: 'probes-succeeded',
      ...zero,
      openings: 1,
      ...idle,
      admittedShare: 0.25,
    },
  ]);
});

test('explains each state with its arithmetic', () => {
  const { clock, gate, run } = scene({ probes: 2, openMs: 1_000 });
  assert.equal(
    gate.explain(),
    'closed: no calls in the last 10 s; opens at 90 % of at least 20, or after 20 failures in a row (now 0)',
  );
  run(`x.x.x${'.'.repeat(36)}`);
  assert.equal(
    gate.explain(),
    'closed: 3 of 41 calls failed in the last 10 s (7 %); opens at 90 % of at least 20, or after 20 failures in a row (now 0)',
  );
  run('x'.repeat(20));
  assert.equal(gate.explain(), 'open: 20 calls in a row failed; admits 2 probes in 1 s');
  clock.freeze(1_000);
  admit(gate).failure();
  assert.equal(
    gate.explain(),
    'half-open: 1 of 2 probes answered, 1 of them failed, 0 running; opens again at 90 % failures of 2',
  );
  admit(gate).failure();
  assert.equal(
    gate.explain(),
    'open: 2 of 2 probes failed (the limit is 90 % of 2); admits 2 probes in 2 s (opened 2 times in a row)',
  );
  clock.freeze(2_000);
  admit(gate).success();
  clock.freeze(800);
  assert.match(gate.explain(), /^closed: no calls in the last 10 s; has just closed and lets in 40 % of its calls/);
});

test('explains a count window and a ratio that was reached', () => {
  const { gate, run } = scene({ window: 'count', minimumCalls: 4, failureRatio: 0.5, consecutiveFailures: 0 });
  assert.equal(gate.explain(), 'closed: no calls yet; opens at 50 % of at least 4');
  run('..x');
  assert.equal(gate.explain(), 'closed: 1 of the last 3 calls failed (33 %); opens at 50 % of at least 4');
  run('x');

  assert.equal(gate.explain(), 'open: 2 of 4 calls failed (50 %; the limit is 50 %); admits 5 probes in 1 s');
});

test('describes its settings in a line', () => {
  assert.equal(
    breaker({ name: 'users' }).describe(),
    'breaker users: opens at 90 % of at least 20, or after 20 failures in a row, over 10 s; open 1 s growing to 10 s; 5 probes; ramp 2 s',
  );
  assert.equal(
    breaker({ window: 'count', consecutiveFailures: 0, openMs: 500, maxOpenMs: 500, probes: 1, rampMs: 0 }).describe(),
    'breaker: opens at 90 % of at least 20, over 100 calls; open 500 ms; 1 probe; no ramp',
  );
});

test('explains slow calls with their arithmetic', () => {
  const { clock, gate } = scene({ slowMs: 800, slowRatio: 0.8, minimumCalls: 4, consecutiveFailures: 0 });
  const rules = 'opens at 90 % failed or 80 % slow (over 800 ms) of at least 4';
  assert.equal(gate.explain(), `closed: no calls in the last 10 s; ${rules}`);
  admit(gate).failure();
  admit(gate);
  clock.freeze(801);
  assert.equal(gate.explain(), `closed: 1 of 2 calls failed and 1 was slow in the last 10 s (50 % and 50 %); ${rules}`);
  for (let i = 0; i < 3; i++) admit(gate);
  clock.freeze(801);
  assert.equal(gate.explain(), 'open: 4 of 5 calls were slow (80 %; the limit is 80 %); admits 5 probes in 1 s');
});

test('explains slow and failed calls together', () => {
  const { clock, gate } = scene({
    window: 'count',
    slowMs: 800,
    slowRatio: 1,
    badRatio: 0.6,
    minimumCalls: 3,
    consecutiveFailures: 0,
  });
  admit(gate).success();
  admit(gate).failure();
  assert.equal(
    gate.explain(),
    'closed: 1 of the last 2 calls failed and 0 were slow (50 %, 0 %, together 50 %); ' +
      'opens at 90 % failed or 100 % slow (over 800 ms) or 60 % failed or slow of at least 3',
  );
  admit(gate);
  clock.freeze(801);
  assert.equal(
    gate.explain(),
    'open: 2 of 3 calls failed or were slow (66 %; the limit is 60 %); admits 5 probes in 1 s',
  );
});

test('explains what was done by hand, by whom, and what follows', () => {
  const { gate } = scene();
  const unnamed = gate.isolate();
  assert.equal(gate.explain(), 'isolated: refuses every call until it is released; then it lets calls in step by step');
  gate.isolate();
  assert.match(gate.explain(), /^isolated by 2: /);
  const ann = gate.isolate(isolation('ann'));
  gate.isolate(isolation('the night shift'));
  assert.match(gate.explain(), /^isolated by ann, the night shift and 2 more: /);
  unnamed.release();
  ann.release();
  const other = scene({ consecutiveFailures: 1, rampMs: 0 });
  const handle = other.gate.isolate(isolation('ann'));
  assert.equal(other.gate.explain(), 'isolated by ann: refuses every call until it is released; then it lets calls in');
  handle.release();
  other.run('x');
  other.gate.isolate(handle);
  assert.match(other.gate.explain(), /; then it is open, for 1 s more from now$/);
  other.clock.freeze(1_000);
  assert.match(other.gate.explain(), /; then it sends probes$/);
  handle.release();
  other.gate.reset();
  other.run('x');
  other.clock.freeze(200);
  other.gate.isolate(handle).release();
  assert.equal(other.gate.explain(), 'open: it was before it was isolated; admits 5 probes in 800 ms');
});

test('explains modes, and an opening that was asked for', () => {
  const { gate, run } = scene({ consecutiveFailures: 0, mode: 'shadow' });
  admit(gate).throttled(30_000);
  run('...');
  assert.equal(
    gate.explain(),
    'in shadow, admits every call (3 would have been refused): open: a result asked for it; admits 5 probes in 30 s',
  );
  gate.configure({ mode: 'disabled' });
  assert.match(gate.explain(), /^disabled, admits every call and records none: closed: no calls in the last 10 s; /);
});

test('explains probes by their own ratio', () => {
  const { clock, gate, run } = scene({ consecutiveFailures: 1, probes: 2, probeFailureRatio: 0.5 });
  run('x');
  clock.freeze(1_000);
  assert.match(gate.explain(), /; opens again at 50 % failures of 2$/);
  run('x');

  assert.match(gate.explain(), /^open: 1 of 1 probe failed \(the limit is 50 % of 2\); /);
});

test('describes every setting that was asked for', () => {
  const settings: BreakerOptions = {
    slowMs: 500,
    badRatio: 0.95,
    consecutiveFailures: 0,
    openMs: () => 1,
    probeFailureRatio: 0.4,
    halfOpenMs: 30_000,
    mode: 'shadow',
  };
  assert.equal(
    breaker(settings).describe(),
    'breaker: opens at 90 % failed or 90 % slow (over 500 ms) or 95 % failed or slow of at least 20, over 10 s; ' +
      'open for as long as a function says, at most 10 s; ' +
      '5 probes, opens again at 40 %, opens again without an answer for 30 s; ramp 2 s; in shadow',
  );
  assert.match(
    breaker({ halfOpenMs: 2_000, whenUnanswered: 'close', mode: 'disabled' }).describe(),
    /; 5 probes, closes without an answer for 2 s; ramp 2 s; disabled$/,
  );
});
