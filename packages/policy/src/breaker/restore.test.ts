import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { ConfigError } from '../contract/errors.ts';
import type { Permit } from '../contract/gate.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { breaker, type CircuitBreaker } from './breaker.ts';
import type { BreakerOptions } from './options.ts';
import type { BreakerSnapshot } from './snapshot.ts';

const admit = (gate: CircuitBreaker): Permit => {
  const answer = gate.tryAcquire();
  assert.ok(answer.admitted, gate.explain());
  return answer;
};

const settings = { consecutiveFailures: 3, openMs: 1_000, maxOpenMs: 8_000, probes: 2, rampMs: 2_000 };

/** One process, with a clock of its own that began at another time than any other's. */
const life = (options: BreakerOptions = {}, start = 0) => {
  const clock = new ManualClock(start);
  const events = new EventLog();
  const gate = breaker({ ...settings, ...options }, { clock, random: () => 1, events });
  return { clock, events, gate };
};

const stored = (gate: CircuitBreaker): BreakerSnapshot => JSON.parse(JSON.stringify(gate.snapshot()));

test('an open one stays open for the time that was left, on a clock that began anew', () => {
  const before = life({}, 5_000_000);
  for (let i = 0; i < 3; i++) admit(before.gate).failure();
  before.clock.freeze(400);
  const { clock, events, gate } = life({}, 7);
  gate.restore(stored(before.gate));

  assert.deepEqual([gate.state, gate.snapshot().openForMs, gate.snapshot().failures], ['open', 600, 3]);
  assert.equal(gate.explain(), 'open: it was when its snapshot was taken; admits 2 probes in 600 ms');
  const opened = events.of('breaker.opened')[0];
  assert.deepEqual([opened?.cause, opened?.openMs, opened?.epoch], ['restored', 600, 1]);
  clock.freeze(600);
  admit(gate).failure();
  admit(gate).failure();
  assert.equal(events.of('breaker.opened')[1]?.openMs, 2_000, 'the row of openings goes on');
});

test('stays open no longer than it could have chosen itself', () => {
  const { gate } = life({ maxOpenForMs: 20_000 });
  const open = { ...stored(gate), state: 'open', beneath: 'open', openings: 1, openForMs: 1e12 } as const;
  gate.restore(open);

  assert.equal(gate.snapshot().openForMs, 20_000);
});

test('a half-open one sends its probes anew', () => {
  const before = life();
  for (let i = 0; i < 3; i++) admit(before.gate).failure();
  before.clock.freeze(1_000);
  admit(before.gate);
  const { events, gate } = life();
  gate.restore(stored(before.gate));

  const { state, calls, probesRunning, openings } = gate.snapshot();
  assert.deepEqual([state, calls, probesRunning, openings], ['half-open', 0, 0, 1]);
  assert.equal(events.of('breaker.half-opened')[0]?.cause, 'restored');
});

test('a closed one goes on counting, whatever the kind of window', () => {
  for (const window of ['time', 'count'] as const) {
    const before = life({ window, minimumCalls: 10, failureRatio: 0.5, consecutiveFailures: 0 });
    for (const failed of [true, true, false, true, true]) admit(before.gate)[failed ? 'failure' : 'success']();
    const { gate } = life({ window, minimumCalls: 6, failureRatio: 0.8, consecutiveFailures: 0 });
    gate.restore(stored(before.gate));
    assert.deepEqual([gate.state, gate.snapshot().calls, gate.snapshot().failures], ['closed', 5, 4], window);
    assert.equal(gate.snapshot().consecutiveFailures, 2, window);
    admit(gate).failure();

    assert.equal(gate.state, 'open', window);
  }
});

test('a closed one goes on ramping, and with its row of openings', () => {
  const before = life();
  for (let i = 0; i < 3; i++) admit(before.gate).failure();
  before.clock.freeze(1_000);
  admit(before.gate).success();
  before.clock.freeze(500);
  const { clock, gate } = life({ rampMs: 4_000 });
  gate.restore(stored(before.gate));

  assert.deepEqual([gate.snapshot().admittedShare, gate.snapshot().openings], [0.25, 1]);
  clock.freeze(3_000);
  assert.deepEqual([gate.snapshot().admittedShare, gate.snapshot().openings], [1, 0]);
});

test('slow calls come back to a breaker that watches for them, and to no other', () => {
  const before = life({ slowMs: 100, minimumCalls: 100 });
  for (const how of ['success', 'failure'] as const) {
    const permit = admit(before.gate);
    before.clock.freeze(101);
    permit[how]();
  }
  admit(before.gate).failure();
  const saved = stored(before.gate);
  assert.deepEqual([saved.calls, saved.failures, saved.slow, saved.bad], [3, 2, 2, 3]);
  for (const window of ['time', 'count'] as const) {
    const watching = life({ window, slowMs: 50 });
    watching.gate.restore(saved);
    const { calls, failures, slow, bad } = watching.gate.snapshot();
    assert.deepEqual([calls, failures, slow, bad], [3, 2, 2, 3], window);
    const not = life({ window });
    not.gate.restore(saved);
    assert.deepEqual([not.gate.snapshot().slow, not.gate.snapshot().bad], [0, 2], window);
  }
});

test('a count window takes in proportion what it has no room for', () => {
  const { gate } = life({ window: 'count', windowCalls: 20, minimumCalls: 20 });
  gate.restore({ ...stored(gate), calls: 1_000_000_000, failures: 500_000_000, bad: 500_000_000, failureRatio: 0.5 });

  assert.deepEqual([gate.snapshot().calls, gate.snapshot().failures], [20, 10]);
});

test('an isolated one comes back as what lay beneath: who isolated it is gone', () => {
  for (const [beneath, wait] of [
    ['closed', 0],
    ['open', 0],
    ['half-open', 1_000],
  ] as const) {
    const before = life();
    if (beneath !== 'closed') for (let i = 0; i < 3; i++) admit(before.gate).failure();
    before.clock.freeze(wait);
    before.gate.isolate();
    const { gate } = life();
    gate.restore(stored(before.gate));

    assert.equal(gate.state, beneath);
  }
});

test('calls that were under way when it was restored count no longer', () => {
  const { gate } = life({ consecutiveFailures: 1 });
  const permit = admit(gate);
  gate.restore(stored(gate));
  permit.failure();

  assert.deepEqual([gate.state, gate.snapshot().calls], ['closed', 0]);
});

test('what is no snapshot is refused by name, and nothing has changed', () => {
  const { events, gate } = life();
  for (let i = 0; i < 2; i++) admit(gate).failure();
  const good = stored(gate);
  const bad: [change: unknown, path: string][] = [
    [null, 'snapshot'],
    ['{}', 'snapshot'],
    [[], 'snapshot'],
    [{}, 'snapshot.name'],
    [{ ...good, state: 'forced' }, 'snapshot.state'],
    [{ ...good, state: 'open' }, 'snapshot.beneath'],
    [{ ...good, cause: 'bad luck' }, 'snapshot.cause'],
    [{ ...good, calls: -1 }, 'snapshot.calls'],
    [{ ...good, calls: 1 }, 'snapshot.failures'],
    [{ ...good, slow: 3 }, 'snapshot.slow'],
    [{ ...good, bad: 3 }, 'snapshot.bad'],
    [{ ...good, bad: 1 }, 'snapshot.bad'],
    [{ ...good, calls: 5, bad: 3 }, 'snapshot.bad'],
    [{ ...good, slow: 1, bad: 3 }, 'snapshot.bad'],
    [{ ...good, failures: Number.NaN }, 'snapshot.failures'],
    [{ ...good, openForMs: Number.POSITIVE_INFINITY }, 'snapshot.openForMs'],
    [{ ...good, admittedShare: 1.5 }, 'snapshot.admittedShare'],
    [{ ...good, isolatedBy: [7] }, 'snapshot.isolatedBy'],
    [{ ...good, isolatedBy: 'ann' }, 'snapshot.isolatedBy'],
    [{ ...good, consecutiveFailures: 2.5 }, 'snapshot.consecutiveFailures'],
    [{ ...good, extra: 1 }, 'snapshot.extra'],
  ];
  for (const [snapshot, path] of bad) {
    assert.throws(
      () => gate.restore(snapshot as BreakerSnapshot),
      (error) => error instanceof ConfigError && error.path === path,
      path,
    );
  }
  assert.deepEqual(stored(gate), good);
  assert.deepEqual(events.types, []);
});

test('says what it expected of a snapshot', () => {
  const { gate } = life();
  const refuses = (change: Partial<BreakerSnapshot>, message: RegExp): void =>
    assert.throws(() => gate.restore({ ...stored(gate), ...change }), { message });

  refuses({ calls: 5, failures: 6, bad: 6 }, /^snapshot.failures: expected at most calls, which is 5, got 6$/);
  refuses({ calls: 5, failures: 3, slow: 1, bad: 2 }, /^snapshot.bad: expected at least 3, .*, got 2$/);
  refuses(
    { calls: 9, failures: 3, slow: 1, bad: 5 },
    /^snapshot.bad: expected at most .* together, which is 4, got 5$/,
  );
});

test('whatever it is fed, it restores or refuses, and works afterwards', (t) => {
  const values = fc.oneof(fc.constantFrom(0, 1, 2, 5, -1, 0.5, 'open', 'closed', 'isolated', null, []), fc.anything());
  const { gate: model } = life();
  const fields = Object.keys(stored(model));
  fc.assert(
    fc.property(fc.constantFrom(...fields), values, fc.constantFrom(...fields), values, (one, a, other, b) => {
      const { clock, gate } = life();
      admit(gate).failure();
      const before = stored(gate);
      try {
        gate.restore({ ...before, [one]: a, [other]: b } as BreakerSnapshot);
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
        assert.deepEqual(stored(gate), before);
      }
      assert.doesNotThrow(() => gate.explain());
      clock.freeze(100_000);
      admit(gate).success();
    }),
    runs(t),
  );
});
