import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventBus } from '../contract/events.ts';
import type { Permit } from '../contract/gate.ts';
import { verdicts } from '../contract/outcome.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { breaker, type CircuitBreaker } from './breaker.ts';
import { askedOpenMs, openTimeMs } from './open-time.ts';
import type { BreakerOptions, Opening } from './options.ts';

const admit = (gate: CircuitBreaker): Permit => {
  const answer = gate.tryAcquire();
  assert.ok(answer.admitted, gate.explain());
  return answer;
};

const scene = (options: BreakerOptions) => {
  const clock = new ManualClock();
  const events = new EventLog();
  const gate = breaker({ consecutiveFailures: 1, probes: 1, ...options }, { clock, random: () => 1, events });
  const openMs = (): (number | undefined)[] => events.of('breaker.opened').map((event) => event.openMs);
  return { clock, events, gate, openMs };
};

test('doubles with each opening in a row, up to the cap', () => {
  const nominal = [1, 2, 3, 4, 5, 6].map((opening) => openTimeMs(opening, 1_000, 10_000, 1));

  assert.deepEqual(nominal, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

test('lies between half of the nominal time and all of it', () => {
  const random = seededRandom(7);
  for (const [opening, nominalMs] of [
    [1, 1_000],
    [2, 2_000],
    [9, 10_000],
  ] as const) {
    for (let i = 0; i < 200; i++) {
      const ms = openTimeMs(opening, 1_000, 10_000, random());
      assert.ok(ms >= nominalMs / 2 && ms < nominalMs, `${ms} for opening ${opening}`);
    }
  }
});

test('still differs from breaker to breaker once the cap is reached', () => {
  const random = seededRandom(7);
  const times = Array.from({ length: 100 }, () => openTimeMs(50, 1_000, 10_000, random()));

  assert.equal(new Set(times).size, 100);
  assert.ok(Math.max(...times) - Math.min(...times) > 4_000);
});

test('stays at the cap however long the row of openings is', () => {
  assert.equal(openTimeMs(100_000, 1_000, 10_000, 1), 10_000);
});

test('a function chooses the time, and is told what for', () => {
  const told: Opening[] = [];
  const { clock, gate, openMs } = scene({
    openMs: (opening) => {
      told.push(opening);
      return 100 * opening.openings;
    },
  });
  admit(gate).failure();
  clock.freeze(100);
  admit(gate).failure();

  assert.deepEqual(openMs(), [100, 200]);
  assert.deepEqual(told, [
    { openings: 1, failureRatio: 1, cause: 'consecutive-failures' },
    { openings: 2, failureRatio: 1, cause: 'probes-failed' },
  ]);
});

test('a function never holds it open for longer than the longest time', () => {
  const { gate, openMs } = scene({ openMs: () => 1e9, maxOpenMs: 5_000 });
  admit(gate).failure();

  assert.deepEqual(openMs(), [5_000]);
});

test('a function that throws or answers nonsense is passed over: the usual growing time holds', async () => {
  const nonsense: unknown[] = [Number.NaN, 0, -1, Number.POSITIVE_INFINITY, '1000', undefined, null, {}, 10n];
  const functions: unknown[] = nonsense.map((answer) => () => answer);
  functions.push(
    () => {
      throw new Error('the function of the user');
    },
    () => Promise.reject(new Error('a promise that nobody waits for')),
  );
  for (const openMs of functions) {
    const seen = scene({ openMs: openMs as () => number, maxOpenMs: 1_500 });
    admit(seen.gate).failure();
    seen.clock.freeze(1_000);
    admit(seen.gate).failure();

    assert.deepEqual(seen.openMs(), [1_000, 1_500], String(openMs));
  }
  // Were its rejection unhandled, the process would hear of it by now.
  await new Promise((resolve) => setImmediate(resolve));
});

test('a function that calls back finds the circuit open, and events in order', () => {
  const clock = new ManualClock();
  const bus = new EventBus();
  const heard: string[] = [];
  bus.on((event) => {
    if (event.type === 'breaker.opened') heard.push(`opened ${event.epoch} for ${event.openMs}`);
    else heard.push(event.type);
  });
  const inside: string[] = [];
  const gate: CircuitBreaker = breaker(
    {
      consecutiveFailures: 1,
      openMs: () => {
        const { state, openForMs } = gate.snapshot();
        inside.push(state, gate.tryAcquire().admitted ? 'admitted' : 'refused', String(openForMs > 0));
        gate.reset();
        return 50;
      },
    },
    { clock, random: () => 1, events: bus },
  );
  admit(gate).failure();

  assert.deepEqual(inside, ['open', 'refused', 'true']);
  assert.deepEqual(heard, ['opened 1 for 50', 'breaker.closed']);
  assert.equal(gate.state, 'closed');
});

test('a result may ask for a time, and gets it to the millisecond', () => {
  for (const ending of ['failure', 'throttled'] as const) {
    const { clock, events, gate, openMs } = scene({ consecutiveFailures: 0 });
    admit(gate).success();
    admit(gate)[ending](30_000);

    assert.deepEqual([gate.state, openMs()], ['open', [30_000]]);
    const opened = events.of('breaker.opened')[0];
    const failures = ending === 'failure' ? 1 : 0;
    assert.equal(opened?.cause, 'asked-by-result');
    assert.deepEqual(opened?.evidence, { calls: 1 + failures, failures, consecutiveFailures: failures });
    clock.freeze(29_999);
    assert.equal(gate.tryAcquire().admitted, false);
    clock.freeze(1);
    admit(gate);
  }
});

test('a probe may ask for a time as well', () => {
  const { clock, events, gate, openMs } = scene({ probes: 5 });
  admit(gate).failure();
  clock.freeze(1_000);
  admit(gate).throttled(7_000);

  assert.deepEqual(openMs(), [1_000, 7_000]);
  assert.equal(events.of('breaker.opened')[1]?.cause, 'asked-by-result');
});

test('what is asked for too late, or makes no sense, opens nothing', () => {
  const { gate } = scene({ consecutiveFailures: 0 });
  for (const ms of [0, -5, Number.NaN, Number.POSITIVE_INFINITY, '30', {}, null, undefined]) {
    admit(gate).throttled(ms as number);
    assert.equal(askedOpenMs(ms, 60_000), undefined);
  }
  const stale = admit(gate);
  gate.reset();
  stale.failure(30_000);

  assert.equal(gate.state, 'closed');
});

test('nobody can ask for more than the longest time there is for asking', () => {
  const { gate, openMs } = scene({ maxOpenForMs: 20_000 });
  admit(gate).throttled(86_400_000);

  assert.deepEqual(openMs(), [20_000]);
});

test('a verdict carries the time that a result asks for', async () => {
  const { gate, openMs } = scene({
    consecutiveFailures: 0,
    classify: (outcome) =>
      outcome.ok ? verdicts.success : { kind: 'throttled', retry: 'never', retryAfterMs: 9_000, openForMs: 9_000 },
  });
  await gate.execute(async () => 'well');
  await assert.rejects(gate.execute(() => Promise.reject(new Error('busy'))));

  assert.deepEqual([gate.state, openMs()], ['open', [9_000]]);
});
