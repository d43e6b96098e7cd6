import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttemptTimeoutError, ConfigError } from '../contract/errors.ts';
import type { Permit } from '../contract/gate.ts';
import { type Classify, verdicts } from '../contract/outcome.ts';
import { settle } from '../testing/manual-clock.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { adaptiveLimiter } from './adaptive-limiter.ts';
import { aimdLimit } from './aimd.ts';
import { correlationLimit } from './correlation.ts';
import { gradient2Limit } from './gradient2.ts';
import type { LimitSample } from './limit.ts';
import type { AdaptiveLimiterOptions } from './options.ts';
import { SampleWindow } from './sample-window.ts';
import { vegasLimit } from './vegas.ts';

const refuses = (make: () => unknown, path: string, expected: string): void =>
  assert.throws(
    make,
    (error) =>
      error instanceof ConfigError &&
      error.path === path &&
      error.message.startsWith(`${path}: expected ${expected}, got `),
    path,
  );

function world(options: AdaptiveLimiterOptions = {}) {
  const { runtime, clock, log } = testRuntime({ startMs: 1_000_000 });
  const gate = adaptiveLimiter(options, runtime);
  const acquire = (): Permit => {
    const admission = gate.tryAcquire();
    assert.ok(admission.admitted);
    return admission;
  };
  return { clock, log, gate, acquire };
}

/** A limiter whose windows end with the second call, and what its algorithm is told. */
function watched(options: AdaptiveLimiterOptions = {}) {
  const samples: LimitSample[] = [];
  const algorithm = () => ({
    name: 'watched',
    onSample: (limit: number, sample: LimitSample) => {
      samples.push(sample);
      return limit;
    },
  });
  return { samples, ...world({ algorithm, windowMs: 1, minimumSamples: 2, ...options }) };
}

test('says what it expected', () => {
  const limiter = (options: unknown) => () => adaptiveLimiter(options as AdaptiveLimiterOptions);
  const algorithms = "one of 'vegas', 'gradient2', 'aimd', 'correlation', or a function that makes one";
  for (const algorithm of ['fast', 5, null, ['vegas'], 'toString'])
    refuses(limiter({ algorithm }), 'adaptiveLimiter.algorithm', algorithms);
  refuses(limiter({ minLimit: 5, maxLimit: 4 }), 'adaptiveLimiter.maxLimit', 'at least minLimit, which is 5');
  for (const initialLimit of [1, 9]) {
    const expected = 'a whole number from minLimit to maxLimit, 2 to 8';
    refuses(limiter({ minLimit: 2, maxLimit: 8, initialLimit }), 'adaptiveLimiter.initialLimit', expected);
  }
  for (const made of [undefined, null, 'x', {}, { onSample: 1 }, { onSample: () => 1, quantile: 0 }]) {
    const algorithm = () => made;
    refuses(limiter({ algorithm }), 'adaptiveLimiter.algorithm', 'a function that makes an object with `onSample`');
  }
  refuses(() => aimdLimit({ backoffRatio: 1 }), 'aimd.backoffRatio', 'a number below 1');
  for (const [name, limit] of Object.entries({
    aimd: aimdLimit,
    correlation: correlationLimit,
    gradient2: gradient2Limit,
    vegas: vegasLimit,
  }))
    assert.throws(() => limit({ odd: 1 } as object), { path: `${name}.odd` });
});

test('takes settings at the very edge of what may be', () => {
  for (const options of [
    { minLimit: 4, maxLimit: 4 },
    { minLimit: 2, maxLimit: 8, initialLimit: 2 },
    { minLimit: 2, maxLimit: 8, initialLimit: 8 },
    { algorithm: () => ({ name: 'own', quantile: 1, onSample: (limit: number) => limit }) },
  ])
    assert.doesNotThrow(() => adaptiveLimiter(options));
});

test('has seen nothing at first', () => {
  const { latencyMs, dropped, inFlight, samples } = world().gate.snapshot();
  assert.deepEqual(
    { latencyMs, dropped, inFlight, samples },
    { latencyMs: null, dropped: false, inFlight: 0, samples: 0 },
  );
});

test('tells the algorithm whether every place was taken when the window ended', () => {
  for (const [initialLimit, full] of [
    [2, true],
    [3, false],
  ] as const) {
    const { samples, clock, acquire } = watched({ initialLimit });
    const [first, second] = [acquire(), acquire()];
    clock.freeze(10);
    first.success();
    acquire();
    clock.freeze(10);
    second.success();
    assert.deepEqual(
      samples.map((sample) => sample.full),
      [full],
    );
  }
});

test('running out of time is being turned away, unless somebody judges it otherwise', async () => {
  const cases: readonly [Classify | undefined, dropped: boolean[]][] = [
    [undefined, [true]],
    [() => verdicts.failure, [true]],
    [() => verdicts.ignored, []],
    [() => verdicts.success, [false]],
  ];
  for (const [classify, dropped] of cases) {
    for (const error of [
      new AttemptTimeoutError('slow', { phase: 'wait' }),
      new DOMException('slow', 'TimeoutError'),
    ]) {
      const { samples, clock, gate } = watched(classify === undefined ? {} : { classify });
      for (let i = 0; i < 2; i++) {
        await assert.rejects(
          gate.execute(async () => {
            clock.freeze(10);
            throw error;
          }),
        );
      }
      assert.deepEqual(
        samples.map((sample) => sample.dropped),
        dropped,
      );
    }
  }
});

test('an answer that is judged a failure is no call that was turned away', async () => {
  const { samples, clock, gate } = watched({ classify: () => verdicts.failure });
  for (let i = 0; i < 2; i++) await gate.execute(async () => clock.freeze(10));
  assert.deepEqual(samples, []);
});

test('an algorithm that answers with a promise moves nothing, and what that rejects with ends here', async () => {
  const algorithm = () => ({ name: 'own', onSample: async () => assert.fail('mine') });
  const { clock, gate, acquire } = world({ algorithm: algorithm as never, windowMs: 1, minimumSamples: 2 });
  for (let i = 0; i < 2; i++) {
    const permit = acquire();
    clock.freeze(10);
    permit.success();
  }
  await settle();
  assert.equal(gate.limit, 20);
});

test('tells a latency to a tenth of a millisecond below ten, and to a whole one above', () => {
  for (const [ms, told] of [
    [9.94, '9.9 ms'],
    [10, '10 ms'],
    [12.34, '12 ms'],
  ] as const) {
    const { clock, gate, acquire } = watched();
    for (let i = 0; i < 2; i++) {
      const permit = acquire();
      clock.freeze(ms);
      permit.success();
    }
    assert.match(gate.explain(), new RegExp(`calls took ${told.replace('.', '\\.')},`));
  }
});

test('an answer in a tenth of a millisecond counts, and a quicker one never left the machine', () => {
  for (const [latencyMs, counted] of [
    [0.1, 1],
    [0.099, 0],
  ] as const) {
    const window = new SampleWindow({ windowMs: 10, minimumSamples: 1, dropRatio: 1, quantile: undefined });
    window.answered(latencyMs, 0, 1);
    assert.equal(window.samples, counted);
  }
});

test('a window begins with its first sample, a drop as well as an answer', () => {
  for (const drop of [true, false]) {
    const window = new SampleWindow({ windowMs: 10, minimumSamples: 1, dropRatio: 1, quantile: undefined });
    const tell = (now: number): void => (drop ? window.dropped(now, 1) : window.answered(1, now, 1));
    tell(1_000);
    assert.equal(window.take(1_005, 1, false), undefined);
    assert.ok(window.take(1_010, 0, false));
    // Nothing for a second: the next window does not begin where the last one ended.
    tell(2_000);
    assert.equal(window.take(2_005, 1, false), undefined);
    assert.ok(window.take(2_010, 1, false));
  }
});
