import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import {
  adaptiveLimiter,
  adaptiveLimiterDefaults,
  aimdDefaults,
  aimdLimit,
  attemptTimeout,
  attemptTimeoutDefaults,
  type BreakerChanges,
  type BulkheadBounds,
  breaker,
  breakerDefaults,
  bulkhead,
  bulkheadDefaults,
  ConfigError,
  cache,
  cacheDefaults,
  chaos,
  chaosDefaults,
  coalesce,
  coalesceDefaults,
  correlationDefaults,
  correlationLimit,
  deadline,
  deadlineDefaults,
  gradient2Defaults,
  gradient2Limit,
  hedge,
  hedgeDefaults,
  type RateChange,
  rateLimiter,
  rateLimiterDefaults,
  registry,
  registryDefaults,
  retry,
  retryBudget,
  retryBudgetDefaults,
  retryDefaults,
  retryQuota,
  retryQuotaDefaults,
  standard,
  standardDefaults,
  throttle,
  throttleDefaults,
  tokenThrottle,
  tokenThrottleDefaults,
  vegasDefaults,
  vegasLimit,
} from '../src/index.ts';
import { ManualClock } from '../src/testing/index.ts';
import { runs } from './property-runs.ts';

const key = (): string => 'k';

interface Made {
  readonly make: (options: never) => unknown;
  readonly defaults: object;
  /** What must be given besides. */
  readonly given?: object;
  /** Numbers that have no default. */
  readonly also?: readonly string[];
}

const everything: Record<string, Made> = {
  retry: { make: retry, defaults: retryDefaults, also: ['maxElapsedMs'] },
  retryBudget: { make: retryBudget, defaults: retryBudgetDefaults },
  retryQuota: { make: retryQuota, defaults: retryQuotaDefaults },
  tokenThrottle: { make: tokenThrottle, defaults: tokenThrottleDefaults },
  breaker: {
    make: breaker,
    defaults: breakerDefaults,
    also: ['slowMs', 'badRatio', 'probeFailureRatio', 'halfOpenMs'],
  },
  attemptTimeout: { make: attemptTimeout, defaults: attemptTimeoutDefaults },
  deadline: { make: deadline, defaults: deadlineDefaults },
  bulkhead: { make: bulkhead, defaults: bulkheadDefaults },
  rateLimiter: { make: rateLimiter, defaults: rateLimiterDefaults, given: { limit: 10 }, also: ['limit', 'burst'] },
  adaptiveLimiter: { make: adaptiveLimiter, defaults: adaptiveLimiterDefaults, also: ['minimumSamples'] },
  throttle: { make: throttle, defaults: throttleDefaults },
  hedge: { make: hedge, defaults: hedgeDefaults, also: ['delayMs', 'warmUpDelayMs'] },
  coalesce: { make: coalesce, defaults: coalesceDefaults, given: { key } },
  cache: { make: cache, defaults: cacheDefaults, given: { key, freshMs: 10 }, also: ['freshMs', 'maxBytes'] },
  chaos: { make: chaos, defaults: chaosDefaults, given: { behaviour: key }, also: ['latencyMs'] },
  registry: { make: (options) => registry(() => bulkhead(), options), defaults: registryDefaults },
  standard: { make: standard, defaults: standardDefaults },
  vegas: { make: vegasLimit, defaults: vegasDefaults },
  gradient2: { make: gradient2Limit, defaults: gradient2Defaults },
  aimd: { make: aimdLimit, defaults: aimdDefaults, also: ['slowMs'] },
  correlation: { make: correlationLimit, defaults: correlationDefaults },
};

/** Where no end is a setting like another. */
const endless: readonly string[] = ['deadline.deadlineMs'];

for (const [name, { make, defaults, given = {}, also = [] }] of Object.entries(everything)) {
  const numbers = Object.entries(defaults).flatMap(([option, value]) => (typeof value === 'number' ? [option] : []));
  test(`${name} refuses every number that cannot be, and what it does not know, where it is made`, () => {
    const build = (options: unknown): unknown => make(options as never);
    const refuses = (options: unknown, path: RegExp): void => {
      const refused = (error: unknown): boolean => error instanceof ConfigError && path.test(error.path);
      assert.throws(() => build(options), refused, inspect(options));
    };
    for (const option of [...numbers, ...also]) {
      const path = new RegExp(`(?:^|\\.)${option}$`);
      for (const wrong of [-1, Number.NaN, '5', null, {}, [], true, 5n]) {
        refuses({ ...given, [option]: wrong }, path);
      }
      if (!endless.includes(`${name}.${option}`)) refuses({ ...given, [option]: Number.POSITIVE_INFINITY }, path);
      // Zero is for some what turns them off. It is taken, or it is refused by name: it is not found out later.
      try {
        build({ ...given, [option]: 0 });
      } catch (error) {
        assert.ok(error instanceof ConfigError && path.test(error.path), String(error));
      }
      if (!Object.hasOwn(given, option)) assert.doesNotThrow(() => build({ ...given, [option]: undefined }));
    }
    refuses({ ...given, noSuchOption: 1 }, /noSuchOption$/);
    refuses({ ...given, ...JSON.parse('{ "constructor": 1 }') }, /constructor$/);
    for (const wrong of [null, 5, 'x', [], true]) assert.throws(() => build(wrong), ConfigError, String(wrong));
  });
}

/** Right and wrong values alike. */
const value = fc.constantFrom<unknown>(
  1,
  2,
  3,
  5,
  20,
  0.5,
  0,
  -1,
  Number.NaN,
  '5',
  null,
  undefined,
  Number.POSITIVE_INFINITY,
);

test('a change of settings is taken whole or refused whole', (t) => {
  const changes = fc.record(
    {
      maxConcurrent: value,
      maxQueue: value,
      limit: value,
      burst: value,
      intervalMs: value,
      probes: value,
      failureRatio: value,
      openMs: value,
      windowMs: value,
      noSuchOption: value,
    },
    { requiredKeys: [] },
  );
  let [taken, refused] = [0, 0];
  fc.assert(
    fc.property(fc.array(changes, { minLength: 1, maxLength: 4 }), (all) => {
      const clock = new ManualClock();
      const runtime = { clock, random: () => 0.5, events: { wants: () => false, publish: () => {} } };
      const room = bulkhead({}, runtime);
      const rate = rateLimiter({ limit: 10 }, runtime);
      const circuit = breaker({}, runtime);
      const changeable: readonly [string[], (change: object) => void, () => unknown][] = [
        [
          ['maxConcurrent', 'maxQueue'],
          (change) => room.resize(change as BulkheadBounds),
          () => [room.snapshot(), room.describe()],
        ],
        [
          ['limit', 'burst', 'intervalMs'],
          (change) => rate.change(change as RateChange),
          () => [rate.snapshot(), rate.describe()],
        ],
        [
          ['probes', 'failureRatio', 'openMs', 'windowMs'],
          (change) => circuit.configure(change as BreakerChanges),
          () => [circuit.snapshot(), circuit.describe(), circuit.explain()],
        ],
      ];
      for (const change of all) {
        for (const [own, apply, shown] of changeable) {
          const named = Object.entries(change).filter(([name]) => own.includes(name) || name === 'noSuchOption');
          const before = JSON.stringify(shown());
          try {
            apply(Object.fromEntries(named));
            taken++;
            for (const [name, given] of named) {
              if (given === undefined || !(name in room.snapshot() || name in rate.snapshot())) continue;
              assert.equal(Reflect.get({ ...room.snapshot(), ...rate.snapshot() }, name), given);
            }
          } catch (error) {
            assert.ok(error instanceof ConfigError, String(error));
            assert.equal(JSON.stringify(shown()), before, 'half a change');
            refused++;
          }
        }
      }
    }),
    runs(t),
  );
  assert.ok(taken > 0 && refused > 0);
});
