import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyEvent } from '../contract/events.ts';
import { EventLog } from './event-log.ts';
import { ExpectationError } from './expectation-error.ts';

const down = new Error('down');
const whose = { target: 'users', operation: 'get' };
const evidence = { calls: 20, failures: 18, consecutiveFailures: 3 };
const breaker = { target: 'users', breaker: 'users', evidence };

const events: readonly PolicyEvent[] = [
  { type: 'attempt.finished', at: 0, ...whose, attempt: 1, durationMs: 0, verdict: 'failure', error: down },
  { type: 'retry.scheduled', at: 0, ...whose, attempt: 1, waitMs: 25, error: down },
  { type: 'attempt.finished', at: 25, ...whose, attempt: 2, durationMs: 0, verdict: 'failure', error: down },
  { type: 'breaker.opened', at: 25, ...breaker, epoch: 1, cause: 'failure-ratio', openMs: 1_000 },
  { type: 'breaker.half-opened', at: 1_025, ...breaker, epoch: 2, cause: 'open-time-over' },
];

function logged(all: readonly PolicyEvent[] = events): EventLog {
  const log = new EventLog();
  for (const event of all) log.publish(event);
  return log;
}

/** The message of a failed expectation. */
function failing(expectation: () => unknown): string {
  try {
    expectation();
  } catch (error) {
    assert.ok(error instanceof ExpectationError, String(error));
    return error.message;
  }
  assert.fail('did not throw');
}

// What it answers

test('wants everything, and keeps it in order until it is cleared', () => {
  const log = logged();
  assert.equal(log.wants(), true);
  assert.deepEqual(log.events, events);
  assert.deepEqual(log.types.slice(-2), ['breaker.opened', 'breaker.half-opened']);
  log.clear();
  assert.deepEqual(log.events, []);
});

test('answers the events of a type, those with some fields, and how many they are', () => {
  const log = logged();
  assert.deepEqual(log.of('attempt.finished'), [events[0], events[2]]);
  assert.deepEqual(log.of('attempt.finished', { attempt: 2 }), [events[2]]);
  assert.deepEqual(
    [log.count('attempt.finished'), log.count('attempt.finished', { attempt: 2 }), log.count('hedge.started')],
    [2, 1, 0],
  );
  const waits: number[] = log.of('retry.scheduled').map(({ waitMs }) => waitMs);
  assert.deepEqual(waits, [25]);
});

test('answers what it has about a topic or a type, and about everything else', () => {
  const log = logged();
  assert.deepEqual(log.about('breaker').types, ['breaker.opened', 'breaker.half-opened']);
  assert.deepEqual(log.about('breaker.opened', 'retry').types, ['retry.scheduled', 'breaker.opened']);
  assert.deepEqual(log.without('attempt.finished', 'breaker').types, ['retry.scheduled']);
  // A topic ends at a dot.
  assert.deepEqual(log.about('break' as never).types, []);
  log.clear();
  assert.deepEqual(log.about('breaker').types, []);
});

// expect

test('expects exactly these events, by type or by those fields that matter', () => {
  logged().expect([
    'attempt.finished',
    { type: 'retry.scheduled', waitMs: 25, error: down },
    { type: 'attempt.finished', at: 25 },
    { type: 'breaker.opened', openMs: (ms) => ms >= 1_000, evidence: { failures: 18 } },
    'breaker.half-opened',
  ]);
  logged([]).expect([]);
  logged()
    .about('breaker')
    .expect(['breaker.opened', { type: 'breaker.half-opened', cause: 'open-time-over' }]);
});

test('shows what is missing, what is too much and which field is another, lined up', () => {
  const message = failing(() =>
    logged().expect([
      'attempt.finished',
      { type: 'retry.scheduled', waitMs: 50, error: down },
      'attempt.finished',
      { type: 'breaker.opened', evidence: { failures: 18 } },
      { type: 'breaker.closed', cause: (cause) => cause === 'reset' },
    ]),
  );
  assert.equal(
    message,
    [
      'the events are not those expected (- expected, + happened)',
      '  attempt.finished at 0 ms',
      '- retry.scheduled { waitMs: 50, error: Error: down }',
      '+ retry.scheduled { waitMs: 25, error: Error: down } at 0 ms',
      '  attempt.finished at 25 ms',
      '  breaker.opened { evidence: { calls: 20, failures: 18, consecutiveFailures: 3 } } at 25 ms',
      '- breaker.closed { cause: a function }',
      '+ breaker.half-opened at 1025 ms',
    ].join('\n'),
  );
});

test('shows of an event what the patterns of its type speak of, once each', () => {
  const message = failing(() =>
    logged(events.slice(1, 2)).expect([
      { type: 'retry.scheduled', at: 5, waitMs: 25 },
      { type: 'retry.scheduled', waitMs: 50 },
    ]),
  );
  assert.deepEqual(message.split('\n').slice(1).sort(), [
    '+ retry.scheduled { waitMs: 25 } at 0 ms',
    '- retry.scheduled { at: 5, waitMs: 25 }',
    '- retry.scheduled { waitMs: 50 }',
  ]);
});

test('shows one event too many, or too few, as one line', () => {
  const types = logged().types;
  const marked = (message: string): string[] => message.split('\n').filter((line) => /^[-+]/.test(line));
  for (let at = 0; at < types.length; at++) {
    const less = types.toSpliced(at, 1);
    assert.deepEqual(marked(failing(() => logged().expect(less))), [`+ ${types[at]} at ${events[at]?.at} ms`]);
    const more = types.toSpliced(at, 0, 'hedge.started');
    assert.deepEqual(marked(failing(() => logged().expect(more))), ['- hedge.started']);
  }
  assert.deepEqual(marked(failing(() => logged([]).expect(['hedge.started']))), ['- hedge.started']);
});

test('minds the order', () => {
  const message = failing(() => logged().about('breaker').expect(['breaker.half-opened', 'breaker.opened']));
  assert.equal(message.split('\n').filter((line) => line.startsWith('  ')).length, 1);
});

test('has both lists on its error, a line an event, for runners that show a difference of their own', () => {
  assert.throws(
    () =>
      logged()
        .about('breaker')
        .expect([{ type: 'breaker.opened', openMs: 500 }]),
    {
      name: 'AssertionError',
      actual: 'breaker.opened { openMs: 1000 } at 25 ms\nbreaker.half-opened at 1025 ms',
      expected: 'breaker.opened { openMs: 500 }',
    },
  );
});

test('does not flood the screen', () => {
  const many = logged(Array.from({ length: 500 }, () => events[1] as PolicyEvent));
  const lines = failing(() => many.expect([])).split('\n');
  assert.deepEqual([lines.length, lines.at(-1)], [62, '  ... and 440 lines more']);
});

test('compares lists whole, objects by the named fields, and everything else as it is', () => {
  interface Noted {
    readonly type: 'noted';
    readonly at: number;
    readonly target: string;
    readonly list: readonly number[];
    readonly when: Date;
    readonly nothing: undefined;
    readonly ratio: number;
  }
  const log = new EventLog<Noted>();
  const when = new Date(0);
  log.publish({ type: 'noted', at: 0, target: '', list: [1, 2], when, nothing: undefined, ratio: Number.NaN });
  log.expect([{ type: 'noted', list: [1, 2], when, nothing: undefined, ratio: Number.NaN }]);
  for (const fields of [{ list: [1] }, { list: [1, 2, 3] }, { list: [2, 1] }, { when: new Date(0) }, { ratio: 0 }]) {
    assert.equal(log.count('noted', fields), 0);
  }
  assert.equal(log.count('noted', { list: { length: 2 } as never }), 1);
  assert.equal(log.count('noted', { target: null as never }), 0);
  assert.equal(log.count('noted', { nothing: { within: 1 } as never }), 0);
  assert.equal(log.count('noted', { ratio: (() => 'yes') as never }), 0);
});

test('knows in its types which event has which field', () => {
  const log = logged();
  assert.throws(() => {
    // @ts-expect-error There is no such type.
    log.expect(['breaker.opend']);
    // @ts-expect-error A retry has no open time.
    log.expect([{ type: 'retry.scheduled', openMs: 5 }]);
    // @ts-expect-error There is no such topic.
    log.about('breakers');
  }, ExpectationError);
});

// expectAmong

test('expects these events among others', () => {
  logged().expectAmong(['attempt.finished', { type: 'attempt.finished', attempt: 2 }, 'breaker.half-opened']);
  logged().expectAmong([]);
});

test('says which event did not come, and after what', () => {
  const message = failing(() => logged().expectAmong(['breaker.opened', 'retry.scheduled']));
  assert.match(message, /^no retry\.scheduled after the 1 found in order \(- expected, \+ happened\)\n/);
  assert.match(
    failing(() => logged([]).expectAmong(['breaker.opened'])),
    /\n- breaker\.opened$/,
  );
});

// only, none

test('answers the one event that there is', () => {
  assert.equal(logged().only('breaker.opened').openMs, 1_000);
  assert.equal(logged().only('attempt.finished', { attempt: 2 }), events[2]);
});

test('says how many there were in place of one, and what came near', () => {
  assert.equal(
    failing(() => logged().only('attempt.finished')),
    [
      'expected one attempt.finished, got 2 (- expected, + happened)',
      '  attempt.finished at 0 ms',
      '+ attempt.finished at 25 ms',
    ].join('\n'),
  );
  assert.equal(
    failing(() => logged().only('breaker.opened', { openMs: 5 })),
    [
      'expected one breaker.opened { openMs: 5 }, got none (- expected, + happened)',
      '- breaker.opened { openMs: 5 }',
      '+ breaker.opened { openMs: 1000 } at 25 ms',
    ].join('\n'),
  );
  assert.match(
    failing(() => logged().only('hedge.started')),
    /got none .*\n- hedge\.started\n\+ attempt\.finished/,
  );
});

test('expects no event of a type, of some fields, or at all', () => {
  logged().none('hedge.started');
  logged().none('attempt.finished', { verdict: 'success' });
  logged([]).none();
  assert.equal(
    failing(() => logged().none('attempt.finished', { attempt: 2 })),
    'expected no attempt.finished { attempt: 2 }, got\nattempt.finished { attempt: 2 } at 25 ms',
  );
  assert.equal(
    failing(() => logged(events.slice(1, 2)).none()),
    'expected no event, got\nretry.scheduled at 0 ms',
  );
});

test('points at the line of the test, not at itself', () => {
  const expectations: (() => unknown)[] = [
    () => logged().expect([]),
    () => logged([]).expectAmong(['hedge.started']),
    () => logged().only('hedge.started'),
    () => logged().none(),
  ];
  for (const expectation of expectations) {
    assert.throws(
      expectation,
      (error: Error) =>
        /\n {4}at [^\n]*event-log\.test\.ts/.exec(error.stack ?? '')?.index === error.stack?.indexOf('\n    at '),
    );
  }
});
