import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import type { Call, Operation } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import type { Policy } from '../contract/policy.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { chaos } from './chaos.ts';
import { type ChaosOptions, chaosDefaults } from './options.ts';

const always = { enabled: true, rate: 1 };

function chaosWith<F = never>(
  options: ChaosOptions<F>,
  random: () => number = () => 0,
): { policy: Policy<F>; clock: ManualClock; events: EventLog } {
  const clock = new ManualClock();
  const events = new EventLog();
  return { policy: chaos(options, { clock, random, events }), clock, events };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error: unknown) => error,
  );
const live: Operation<string> = async () => 'live';
const notRun: Operation<never> = () => assert.fail('ran');
const throwing = (): never => {
  throw new Error('broken chaos');
};
const outage = new Error('outage');

// What goes wrong

test('a fault fails the call in place of making it', async () => {
  const { policy, events } = chaosWith({ ...always, fault: () => outage });
  assert.equal(await caught(policy.execute(notRun, { target: 'users', operation: 'get' })), outage);
  assert.deepEqual(events.events, [
    { type: 'chaos.injected', at: 0, target: 'users', operation: 'get', attempt: 1, kind: 'fault' },
  ]);
});

test('a fault is made for the call that it fails, and undefined lets the call be', async () => {
  const fault = ({ operation }: Call) => (operation === 'get' ? new Error(`no ${operation}`) : undefined);
  const { policy, events } = chaosWith({ ...always, fault });
  assert.equal(String(await caught(policy.execute(live, { operation: 'get' }))), 'Error: no get');
  assert.equal(await policy.execute(live, { operation: 'list' }), 'live');
  assert.equal(events.events.length, 1);
});

test('latency holds a call up by the clock, and then makes it', async () => {
  const { policy, clock, events } = chaosWith({ ...always, latencyMs: 200 });
  const begun: number[] = [];
  const answered = policy.execute(async () => {
    begun.push(clock.now());
    return 'live';
  });
  await clock.advance(199);
  assert.deepEqual([begun, events.of('chaos.injected')[0]?.kind], [[], 'latency']);
  await clock.advance(1);
  assert.deepEqual([await answered, begun, clock.pending], ['live', [200], 0]);
});

test('latency may differ per call, and what is no time at all lets the call be', async () => {
  for (const ms of [Number.NaN, -1, 0, '200', undefined]) {
    const { policy, events } = chaosWith({ ...always, latencyMs: () => ms as number });
    assert.equal(await policy.execute(live), 'live');
    assert.equal(events.events.length, 0);
  }
  const { policy, clock } = chaosWith({ ...always, latencyMs: (call) => call.attempt * 50 });
  const answered = policy.execute(live);
  await clock.advance(50);
  assert.equal(await answered, 'live');
});

test('latency without end is as long as a timer can hold, not a timer that fires at once', async () => {
  const { policy, clock } = chaosWith({ ...always, latencyMs: () => Number.POSITIVE_INFINITY });
  const caller = new AbortController();
  const failed = caught(policy.execute(notRun, { signal: caller.signal }));
  await clock.advance(2 ** 31 - 2);
  caller.abort('enough');
  assert.equal(await failed, 'enough');
});

test('a result answers in place of the call', async () => {
  for (const result of [() => 'made up', async () => 'made up']) {
    const { policy, events } = chaosWith({ ...always, result });
    assert.equal(await policy.execute(notRun), 'made up');
    assert.equal(events.of('chaos.injected')[0]?.kind, 'result');
  }
  const { policy } = chaosWith<undefined>({ ...always, result: () => undefined });
  assert.equal(await policy.execute(notRun), undefined);
});

test('behaviour is over before the call is made', async () => {
  const { policy, events } = chaosWith({
    ...always,
    behaviour: async (call) => {
      await settle();
      seen.push(`behaviour for ${call.operation}`);
    },
  });
  const seen: string[] = [];
  await policy.execute(
    async () => {
      seen.push('call');
    },
    { operation: 'get' },
  );
  assert.deepEqual(seen, ['behaviour for get', 'call']);
  assert.equal(events.of('chaos.injected')[0]?.kind, 'behaviour');
});

test('chaos that is itself broken lets the call be', async () => {
  const rejecting = (): Promise<never> => Promise.reject(new Error('broken chaos'));
  const breakages: ChaosOptions<unknown>[] = [
    { fault: throwing },
    { latencyMs: throwing },
    { result: throwing },
    { result: rejecting },
    { behaviour: throwing },
    { behaviour: rejecting },
    { enabled: throwing, fault: () => outage },
    { rate: throwing, fault: () => outage },
  ];
  for (const broken of breakages) assert.equal(await chaosWith({ ...always, ...broken }).policy.execute(live), 'live');
});

// Whether and how often

test('is off unless it is switched on', async () => {
  const { policy, events } = chaosWith({ rate: 1, fault: () => outage }, () => assert.fail('drawn'));
  assert.equal(await policy.execute(live), 'live');
  assert.deepEqual([events.events, chaosDefaults.enabled], [[], false]);
});

test('is switched per call by a function, and only true is on', async () => {
  const { policy } = chaosWith({ ...always, enabled: (call) => call.operation === 'get', fault: () => outage });
  assert.equal(await caught(policy.execute(notRun, { operation: 'get' })), outage);
  assert.equal(await policy.execute(live, { operation: 'list' }), 'live');
  for (const nonsense of [1, 'true', {}, Promise.resolve(true)]) {
    const enabled = (): boolean => nonsense as boolean;
    assert.equal(await chaosWith({ ...always, enabled, fault: () => outage }).policy.execute(live), 'live');
  }
});

test('hits the share of calls that it is told to', async () => {
  for (const rate of [0, 0.1, 0.5, 1]) {
    const { policy, events } = chaosWith({ enabled: true, rate, result: () => 0 }, seededRandom(11));
    for (let i = 0; i < 4_000; i++) await policy.execute(async () => 1);
    assert.ok(Math.abs(events.events.length / 4_000 - rate) < 0.03, `${events.events.length} at ${rate}`);
    if (rate === 0 || rate === 1) assert.equal(events.events.length, 4_000 * rate);
  }
});

test('takes a rate from a function, held to what a share can be', async () => {
  const hits = async (share: unknown, drawn: number): Promise<boolean> => {
    const rate = (): number => share as number;
    return (await chaosWith({ enabled: true, rate, result: () => 'hit' }, () => drawn).policy.execute(live)) === 'hit';
  };
  assert.deepEqual([await hits(0.5, 0.49), await hits(0.5, 0.5)], [true, false]);
  assert.deepEqual(
    [await hits(7, 0.999), await hits(-1, 0), await hits(Number.NaN, 0), await hits('1', 0)],
    [true, false, false, false],
  );
});

test('does the same again with the same seed', async () => {
  const run = async (): Promise<string[]> => {
    const { policy } = chaosWith({ enabled: true, rate: 0.3, result: () => 'hit' }, seededRandom(3));
    return Promise.all(Array.from({ length: 50 }, () => policy.execute(live)));
  };
  assert.deepEqual(await run(), await run());
});

// Leaving

test('a caller who leaves is let go at once, whatever goes wrong just then', async () => {
  const never = (): Promise<never> => new Promise(() => {});
  for (const trouble of [{ latencyMs: 60_000 }, { result: never }, { behaviour: never }]) {
    const { policy, clock } = chaosWith<unknown>({ ...always, ...trouble });
    const caller = new AbortController();
    const failed = caught(policy.execute(notRun, { signal: caller.signal }));
    await settle();
    caller.abort('left');
    assert.equal(await failed, 'left');
    assert.deepEqual([clock.pending, getEventListeners(caller.signal, 'abort').length], [0, 0]);
  }
});

test('does nothing for a caller who has left, and makes no call for one whom its behaviour drives away', async () => {
  const { policy, events } = chaosWith({ ...always, fault: () => outage });
  assert.equal(await caught(policy.execute(notRun, { signal: AbortSignal.abort('gone') })), 'gone');
  assert.equal(events.events.length, 0);
  const caller = new AbortController();
  const driving = chaosWith({ ...always, behaviour: () => caller.abort('driven away') }).policy;
  assert.equal(await caught(driving.execute(notRun, { signal: caller.signal })), 'driven away');
  assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
});

test('one signal that lives through 10,000 disturbed calls keeps no listener', async () => {
  const { signal } = new AbortController();
  const { policy } = chaosWith({ ...always, result: () => 'hit' });
  for (let i = 0; i < 10_000; i++) await policy.execute(live, { signal });
  const slow = chaosWith({ ...always, latencyMs: 10 });
  const answers = Array.from({ length: 5 }, () => slow.policy.execute(live, { signal }));
  await slow.clock.advance(10);
  await Promise.all(answers);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('latency runs into the timeout around it as real slowness would', async () => {
  const clock = new ManualClock();
  const runtime = { clock, random: () => 0, events: new EventLog() };
  const policy = pipeline(
    attemptTimeout({ attemptTimeoutMs: 100 }, runtime),
    chaos({ ...always, latencyMs: 5_000 }, runtime),
  );
  const failed = caught(policy.execute(notRun));
  await clock.advance(100);
  assert.equal(((await failed) as Error).name, 'AttemptTimeoutError');
  assert.equal(clock.pending, 0);
});

// The rest

test('a call that throws at once rejects', async () => {
  const { policy } = chaosWith({ fault: () => outage });
  assert.equal(
    await caught(
      policy.execute(() => {
        throw outage;
      }),
    ),
    outage,
  );
});

test('refuses options that make no sense, with the path', () => {
  const table: [options: unknown, path: string][] = [
    [{}, 'chaos'],
    [{ enabled: true }, 'chaos'],
    [{ fault: () => outage, result: () => 1 }, 'chaos'],
    [{ fault: outage }, 'chaos.fault'],
    [{ result: 'text' }, 'chaos.result'],
    [{ behaviour: {} }, 'chaos.behaviour'],
    [{ fault: () => outage, enabled: 'yes' }, 'chaos.enabled'],
    [{ fault: () => outage, faults: 1 }, 'chaos.faults'],
    ...[-0.1, 1.1, Number.NaN, '5', null].map((rate): [unknown, string] => [
      { fault: () => outage, rate },
      'chaos.rate',
    ]),
    ...[0, -1, Number.NaN, 2 ** 31, '5'].map((latencyMs): [unknown, string] => [{ latencyMs }, 'chaos.latencyMs']),
  ];
  for (const [options, path] of table) {
    assert.throws(
      () => chaos(options as ChaosOptions),
      (error) => error instanceof ConfigError && error.path === path,
    );
  }
});

test('says what it does in a line', () => {
  assert.equal(chaos({ fault: () => outage }).describe(), 'chaos: fault, 0.1 % of calls, off');
  assert.equal(chaos({ ...always, latencyMs: 1 }).describe(), 'chaos: latency, 100 % of calls, on');
  assert.equal(
    chaos({ enabled: () => true, rate: () => 1, result: () => 1 }).describe(),
    'chaos: result, as often as its function says, when its function says so',
  );
});
