import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { breaker, type CircuitBreaker } from '../breaker/breaker.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { CallContext, type Operation } from '../contract/call.ts';
import { CircuitOpenError, ConfigError } from '../contract/errors.ts';
import { fallback } from '../fallback/fallback.ts';
import { retry } from '../retry/retry.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { type Pipeline, pipeline } from './pipeline.ts';
import { type Lease, type Registry, type RegistryOptions, registry } from './registry.ts';

interface Numbered {
  readonly name: string;
  readonly number: number;
  execute<T>(operation: Operation<T>): Promise<T>;
  describe(): string;
}

/** A registry whose policies are numbered in the order of their making. */
function numbered(options: RegistryOptions = {}): { policies: Registry<Numbered>; clock: ManualClock; made: string[] } {
  const clock = new ManualClock();
  const made: string[] = [];
  const policies = registry(
    (key): Numbered => {
      made.push(key);
      return {
        name: 'numbered',
        number: made.length,
        execute: (operation) => operation(CallContext.of({})),
        describe: () => 'numbered',
      };
    },
    options,
    { clock, random: () => 0 },
  );
  return { policies, clock, made };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error: unknown) => error,
  );

test('makes a policy when its key is first asked for, and gives the same one from then on', async () => {
  const { policies, made } = numbered();
  assert.equal(policies.size, 0);
  const first = policies.get('a');
  assert.equal(policies.get('a'), first);
  await policies.execute('a', async () => 1);
  assert.notEqual(policies.get('b'), first);
  assert.deepEqual(
    [made, policies.keys().sort()],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  );
});

test('one sick host opens its own circuit and no other', async () => {
  const hosts = registry(() => breaker({ consecutiveFailures: 1 }));
  await caught(hosts.execute('sick', () => Promise.reject(new Error('down'))));
  assert.ok((await caught(hosts.execute('sick', async () => 1))) instanceof CircuitOpenError);
  assert.equal(await hosts.execute('well', async () => 1), 1);
  const states = hosts.entries().map(([key, policy]: [string, CircuitBreaker]) => [key, policy.state]);
  assert.deepEqual(states.sort(), [
    ['sick', 'open'],
    ['well', 'closed'],
  ]);
});

test('forgets the key that was not used for longest when there are too many', async () => {
  const { policies } = numbered({ maxKeys: 2 });
  const a = policies.get('a');
  const b = policies.get('b');
  await policies.execute('a', async () => 1);
  policies.get('c');
  assert.deepEqual(policies.keys().sort(), ['a', 'c']);
  assert.equal(policies.get('a'), a);
  assert.notEqual(policies.get('b'), b);
});

test('forgets a key that nobody used for long, without a timer', async () => {
  const { policies, clock } = numbered({ idleMs: 100 });
  const a = policies.get('a');
  await clock.advance(60);
  policies.get('b');
  await clock.advance(39);
  assert.deepEqual([policies.get('a') === a, policies.size, clock.pending], [true, 2, 0]);
  await clock.advance(61);
  assert.deepEqual([policies.keys(), policies.size], [['a'], 1]);
  await clock.advance(39);
  assert.notEqual(policies.get('a'), a);
});

test('looking at what is kept keeps nothing', async () => {
  const { policies, clock } = numbered({ idleMs: 100 });
  policies.get('a');
  await clock.advance(99);
  assert.deepEqual([policies.entries().length, policies.keys().length, policies.size], [1, 1, 1]);
  await clock.advance(1);
  assert.deepEqual([policies.entries(), policies.size], [[], 0]);
});

test('hears nothing of a wall clock that jumps', () => {
  const { policies, clock } = numbered({ idleMs: 100 });
  const a = policies.get('a');
  clock.jumpWall(3_600_000);
  assert.equal(policies.get('a'), a);
});

// In use

test('never forgets a key with a call under way, however many come and however long it takes', async () => {
  const { policies, clock } = numbered({ maxKeys: 2, idleMs: 100 });
  const work = Promise.withResolvers<number>();
  const policy = policies.get('a');
  const running = policies.execute('a', () => work.promise);
  for (let i = 0; i < 100; i++) policies.get(`key ${i}`);
  await clock.advance(1_000);
  assert.equal(policies.get('a'), policy);
  work.resolve(1);
  await running;
  // Its time without use begins when the call has ended.
  await clock.advance(99);
  assert.deepEqual([policies.keys(), policies.get('a') === policy], [['a'], true]);
});

test('holds more keys than it may only while more are in use, and two callers of one never hold two policies', async () => {
  const places = registry(() => bulkhead({ maxConcurrent: 1, maxQueue: 0 }), { maxKeys: 2 });
  const work = Promise.withResolvers<void>();
  const running = Array.from({ length: 10 }, (_, i) => places.execute(`key ${i}`, () => work.promise));
  assert.equal(places.size, 10);
  for (let i = 0; i < 10; i++) {
    const refused = await caught(places.execute(`key ${i}`, async () => 1));
    assert.equal((refused as { reason?: string }).reason, 'bulkhead-full');
  }
  work.resolve();
  await Promise.all(running);
  assert.equal(places.size, 2);
});

test('keeps a key until work that was given up in it has ended', async () => {
  const clock = new ManualClock();
  const runtime = { clock, random: () => 0 };
  const attempts = registry(
    (): Pipeline<never> =>
      pipeline(bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime), attemptTimeout({ attemptTimeoutMs: 50 }, runtime)),
    { idleMs: 100 },
    runtime,
  );
  const work = Promise.withResolvers<void>();
  const timedOut = caught(attempts.execute('a', () => work.promise));
  await clock.advance(50);
  await timedOut;
  await clock.advance(1_000);
  assert.equal(attempts.size, 1);
  assert.equal(((await caught(attempts.execute('a', async () => 1))) as { reason?: string }).reason, 'bulkhead-full');
  work.resolve();
  await settle();
  assert.equal(await attempts.execute('a', async () => 1), 1);
  await clock.advance(100);
  assert.equal(attempts.size, 0);
});

test('lets go of a key however its call ends', async () => {
  const { policies, clock } = numbered({ idleMs: 100 });
  await caught(policies.execute('a', () => Promise.reject(new Error('down'))));
  await caught(
    policies.execute('b', () => {
      throw new Error('at once');
    }),
  );
  await clock.advance(100);
  assert.equal(policies.size, 0);
});

test('a lease keeps its key until it is released, once', async () => {
  const { policies, clock } = numbered({ idleMs: 100 });
  const [one, other] = [policies.lease('a'), policies.lease('a')];
  assert.equal(one.policy, other.policy);
  one.release();
  one.release();
  one[Symbol.dispose]();
  await clock.advance(1_000);
  assert.deepEqual([policies.size, policies.get('a') === other.policy], [1, true]);
  other.release();
  await clock.advance(100);
  assert.equal(policies.size, 0);
});

// Keys

test('takes any string for a key, and nothing else', async () => {
  const { policies } = numbered();
  const keys = ['__proto__', 'constructor', 'hasOwnProperty', '', '{}', '[object Object]', 'x'.repeat(10_000)];
  const made = keys.map((key) => policies.get(key));
  assert.equal(new Set(made).size, keys.length);
  assert.deepEqual(
    keys.map((key) => policies.get(key)),
    made,
  );
  for (const key of [undefined, null, 1, {}, Symbol.iterator]) {
    assert.throws(() => policies.get(key as string), ConfigError);
    assert.ok((await caught(policies.execute(key as string, async () => 1))) instanceof ConfigError);
  }
  assert.equal(policies.size, keys.length);
});

test('stays as small as it may be over 100,000 keys', () => {
  const { policies, made } = numbered({ maxKeys: 100 });
  for (let i = 0; i < 100_000; i++) {
    policies.get(`key ${i}`);
    if (policies.size > 100) assert.fail(`${policies.size} keys`);
  }
  assert.deepEqual([policies.size, made.length], [100, 100_000]);
});

test('agrees with a naive model on which keys it keeps, and never changes the policy of one in use', (t) => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', '__proto__');
  const step = fc.oneof(
    fc.record({ do: fc.constant('get' as const), key }),
    fc.record({ do: fc.constant('lease' as const), key }),
    fc.record({ do: fc.constant('release' as const), which: fc.nat({ max: 5 }) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 60 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [maxKeys, idleMs] = [2, 100];
      const { policies, clock } = numbered({ maxKeys, idleMs });
      let model: { key: string; policy: Numbered; usedAt: number; leases: number }[] = []; // Least used first.
      const leases: { key: string; lease: Lease<Numbered> }[] = [];
      const forgetIdle = (): void => {
        model = model.filter(({ usedAt, leases: held }) => held > 0 || clock.now() - usedAt < idleMs);
      };
      const makeRoom = (except?: string): void => {
        while (model.length > maxKeys) {
          const least = model.find(({ key: own, leases: held }) => held === 0 && own !== except);
          if (least === undefined) return;
          model = model.filter((one) => one !== least);
        }
      };
      const use = (own: string, policy: Numbered, leased: number): void => {
        forgetIdle();
        const known = model.find((one) => one.key === own);
        if (known !== undefined) assert.equal(policy, known.policy);
        const now = known ?? { key: own, policy, usedAt: 0, leases: 0 };
        now.usedAt = clock.now();
        now.leases += leased;
        model = [...model.filter((one) => one !== known), now];
        if (known === undefined) makeRoom(own);
      };
      for (const at of steps) {
        if (at.do === 'wait') clock.freeze(at.ms);
        else if (at.do === 'get') use(at.key, policies.get(at.key), 0);
        else if (at.do === 'lease') {
          const lease = policies.lease(at.key);
          use(at.key, lease.policy, 1);
          leases.push({ key: at.key, lease });
        } else {
          const [held] = leases.splice(at.which, 1);
          if (held === undefined) continue;
          held.lease.release();
          const slot = model.find((one) => one.key === held.key);
          assert.ok(slot !== undefined);
          slot.usedAt = clock.now();
          slot.leases--;
          if (slot.leases === 0) {
            model = [...model.filter((one) => one !== slot), slot];
            makeRoom();
          }
        }
        forgetIdle();
        assert.deepEqual(policies.keys().sort(), model.map((one) => one.key).sort());
        const inUse = model.filter(({ leases: held }) => held > 0).length;
        assert.ok(policies.size <= Math.max(maxKeys, inUse + 1));
      }
    }),
    runs(t),
  );
});

// As a policy

test('stands in a pipeline as one policy, each call under the policy of its key', async () => {
  const hosts = registry(() => breaker({ consecutiveFailures: 1 }));
  const policy = pipeline(
    retry({ maxRetries: 0 }),
    hosts.by((call) => call.target),
  );
  await caught(policy.execute(() => Promise.reject(new Error('down')), { target: 'sick' }));
  assert.ok((await caught(policy.execute(async () => 1, { target: 'sick' }))) instanceof CircuitOpenError);
  assert.equal(await policy.execute(async () => 1, { target: 'well' }), 1);
});

test('lets a call without a key pass by', async () => {
  const { policies } = numbered();
  const strange = [
    () => undefined,
    () => 1 as unknown as string,
    () => {
      throw new Error('no key');
    },
  ];
  for (const keyOf of strange) {
    assert.equal(await policies.by(keyOf).execute(async () => 1), 1);
    const failed = policies.by(keyOf).execute(() => {
      throw new Error('at once');
    });
    assert.match(String(await caught(failed)), /at once/);
  }
  assert.equal(policies.size, 0);
});

test('what its policies answer in the stead of a call is in its type', async () => {
  const made = registry((key) => fallback(() => `nothing from ${key}`));
  const answer: number | string = await made.execute('a', async (): Promise<number> => {
    throw new Error('down');
  });
  assert.equal(answer, 'nothing from a');
});

// Makers that do not work

test('a maker that throws, or makes no policy, fails the call and leaves nothing behind', async () => {
  const makers = [
    () => {
      throw new Error('no policy');
    },
    () => undefined,
    () => ({ name: 'no policy' }),
  ];
  for (const make of makers) {
    const policies = registry(make as unknown as () => CircuitBreaker);
    for (let i = 0; i < 2; i++) {
      assert.match(String(await caught(policies.execute('a', async () => 1))), /policy/);
      assert.throws(() => policies.get('a'), /policy/);
    }
    assert.equal(policies.size, 0);
  }
});

test('a maker may ask for another key, and is told when it asks for its own', () => {
  const policies: Registry<CircuitBreaker> = registry((key): CircuitBreaker => {
    if (key === 'mine') return policies.get('mine');
    return key === 'a' ? policies.get('b') : breaker();
  });
  assert.equal(policies.get('a'), policies.get('b'));
  assert.throws(() => policies.get('mine'), ConfigError);
  assert.deepEqual(policies.keys().sort(), ['a', 'b']);
});

test('refuses options that make no sense, with the path', () => {
  const make = (): CircuitBreaker => breaker();
  const table: [run: () => unknown, path: string][] = [
    [() => registry(undefined as unknown as typeof make), 'registry.make'],
    [() => registry(make).by('target' as unknown as () => string), 'registry.by'],
    [() => registry(make, { max: 1 } as RegistryOptions), 'registry.max'],
    ...[0, -1, 1.5, Number.NaN, '5', null].map((value): [() => unknown, string] => [
      () => registry(make, { maxKeys: value as number }),
      'registry.maxKeys',
    ]),
    ...[0, -1, Number.POSITIVE_INFINITY, '5'].map((value): [() => unknown, string] => [
      () => registry(make, { idleMs: value as number }),
      'registry.idleMs',
    ]),
  ];
  for (const [run, path] of table) {
    assert.throws(run, (error) => error instanceof ConfigError && error.path === path);
  }
});

test('says its settings in a line', () => {
  const { policies } = numbered();
  const line = 'registry: a policy per key, at most 1000, forgotten when idle for 600000 ms';
  assert.deepEqual([policies.describe(), policies.by(() => 'a').describe()], [line, line]);
});
