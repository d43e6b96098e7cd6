import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { verdicts } from '../contract/outcome.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { type StandardOptions, standard, standardDefaults } from './standard.ts';

test('refuses settings that contradict each other from where they do, and takes those just before', () => {
  const cases: readonly [fine: object, wrong: object, path: string, expected: string][] = [
    [
      { deadlineMs: 500, attemptTimeoutMs: 500 },
      { deadlineMs: 500, attemptTimeoutMs: 501 },
      'attemptTimeoutMs',
      'at most deadlineMs, which is 500: no attempt could ever use it up',
    ],
    [
      { breaker: { windowMs: 1_000 } },
      { breaker: { windowMs: 999 } },
      'breaker.windowMs',
      'at least attemptTimeoutMs, which is 1000: a timeout would leave the window as it enters',
    ],
    [
      { breaker: { probeLeaseMs: 1_001 } },
      { breaker: { probeLeaseMs: 1_000 } },
      'breaker.probeLeaseMs',
      'more than attemptTimeoutMs, which is 1000: a probe would fail while its answer is on the way',
    ],
    [
      { breaker: { slowMs: 999 } },
      { breaker: { slowMs: 1_000 } },
      'breaker.slowMs',
      'less than attemptTimeoutMs, which is 1000: an attempt would be given up before it is slow',
    ],
    [
      { retry: { baseMs: 2_999, maxMs: 5_000 } },
      { retry: { baseMs: 3_000, maxMs: 5_000 } },
      'retry.baseMs',
      'less than deadlineMs, which is 3000: a retry could hardly ever fit',
    ],
    [
      { retry: { maxRetries: 0, baseMs: 4_000, maxMs: 5_000 } },
      { retry: { maxRetries: 1, baseMs: 4_000, maxMs: 5_000 } },
      'retry.baseMs',
      'less than deadlineMs, which is 3000: a retry could hardly ever fit',
    ],
    [
      { bulkhead: { queueTimeoutMs: 2_999 } },
      { bulkhead: { queueTimeoutMs: 3_000 } },
      'bulkhead.queueTimeoutMs',
      'less than deadlineMs, which is 3000: a call would spend all of it in the queue',
    ],
  ];
  for (const [fine, wrong, path, expected] of cases) {
    assert.doesNotThrow(() => standard(fine), path);
    assert.throws(
      () => standard(wrong),
      (error) =>
        error instanceof ConfigError &&
        error.path === `standard.${path}` &&
        error.message.startsWith(`standard.${path}: expected ${expected}, got `),
      path,
    );
  }
});

test('refuses parts that are no objects of options', () => {
  for (const part of ['retry', 'budget', 'breaker', 'bulkhead']) {
    for (const value of [null, [], 1, 'x', true]) {
      assert.throws(() => standard({ [part]: value } as StandardOptions), {
        path: `standard.${part}`,
        message: new RegExp(`^standard\\.${part}: expected an object of options, got `),
      });
    }
  }
});

test('hands its parts the settings that are theirs, and its name', async () => {
  const { runtime } = testRuntime();
  const classify = () => verdicts.success;
  const stack = standard(
    {
      name: 'prices',
      deadlineMs: 700,
      attemptTimeoutMs: 70,
      budget: { ratio: 0.5, minPerSecond: 7 },
      bulkhead: { maxConcurrent: 3, maxQueue: 2 },
      breaker: { probes: 9 },
      retry: { maxRetries: 4 },
      classify,
    },
    runtime,
  );
  const [deadline, , retry, , attempt] = stack.policies.map((policy) => policy.describe());
  assert.match(deadline as string, /700 ms/);
  assert.match(retry as string, /at most 4.*budget 0\.5 of calls \+ 7\/s/);
  assert.match(attempt as string, /70 ms/);
  const { maxConcurrent, maxQueue } = stack.bulkhead.snapshot();
  assert.deepEqual([maxConcurrent, maxQueue], [3, 2]);
  assert.equal(stack.breaker.label, 'prices');
  assert.match(stack.bulkhead.describe(), /prices/);
  assert.deepEqual([stack.breaker.classify, stack.bulkhead.classify], [classify, classify]);
});

test('is nameless, and judges in the usual way, when it is told nothing', () => {
  assert.equal(standardDefaults.name, '');
  const stack = standard();
  assert.equal(stack.breaker.label, '');
  assert.deepEqual([stack.breaker.classify, stack.bulkhead.classify], [undefined, undefined]);
});

test('a probe has at least five seconds, or twice the attempt timeout', async () => {
  for (const [attemptTimeoutMs, leaseMs] of [
    [1_000, 5_000],
    [2_600, 5_200],
  ] as const) {
    const { runtime, clock } = testRuntime({ random: 1 });
    const { breaker } = standard(
      { deadlineMs: 10_000, attemptTimeoutMs, breaker: { consecutiveFailures: 1, openMs: 100, probes: 1 } },
      runtime,
    );
    const acquire = () => {
      const admission = breaker.tryAcquire();
      assert.ok(admission.admitted);
      return admission;
    };
    acquire().failure();
    clock.freeze(1_000);
    acquire();
    clock.freeze(leaseMs - 1);
    assert.equal(breaker.state, 'half-open');
    clock.freeze(1);
    assert.equal(breaker.state, 'open');
  }
});
