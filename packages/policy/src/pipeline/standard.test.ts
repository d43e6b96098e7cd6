import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, DeadlineExceededError } from '../contract/errors.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { orderMistakes } from './order.ts';
import { standard } from './standard.ts';

const world = () => {
  const clock = new ManualClock();
  return { clock, runtime: { clock, random: () => 0.5 } };
};

test('is the usual order, and says so', () => {
  const stack = standard({ name: 'prices' });
  assert.deepEqual(
    stack.policies.map((policy) => policy.name),
    ['deadline', 'bulkhead', 'retry', 'breaker', 'attempt-timeout'],
  );
  assert.deepEqual(orderMistakes(stack.policies), []);
  assert.match(stack.describe(), /^1\. deadline: 3000 ms.*\n2\. .*\n3\. retry.*\n4\. .*\n5\. attempt timeout: 1000 ms/);
});

test('retries what fails, within one deadline, and shows its parts', async () => {
  const { clock, runtime } = world();
  const stack = standard({ retry: { maxRetries: 2 } }, runtime);
  let sends = 0;
  const answered = stack.execute(async () => {
    sends++;
    if (sends < 3) throw new Error('down');
    return 'up';
  });
  await clock.advance(1_000);
  assert.equal(await answered, 'up');
  assert.equal(stack.breaker.snapshot().failures, 2);
  assert.equal(stack.budget.snapshot().retriesInWindow, 2);
  assert.equal(stack.bulkhead.snapshot().active, 0);

  const hung = assert.rejects(
    stack.execute(() => new Promise(() => {})),
    (error) => error instanceof DeadlineExceededError || (error as { attempts: number }).attempts === 3,
  );
  await clock.advance(3_000);
  await hung;
});

test('hands one classifier to all who judge', async () => {
  const { runtime } = world();
  const stack = standard({ classify: () => ({ kind: 'ignored', retry: 'never' }) }, runtime);
  await assert.rejects(stack.execute(() => Promise.reject(new Error('mine'))));
  assert.deepEqual([stack.breaker.snapshot().failures, stack.budget.snapshot().retriesInWindow], [0, 0]);
});

test('refuses settings that contradict each other, and says why', () => {
  const cases: [object, string, RegExp][] = [
    [{ attemptTimeoutMs: 5_000 }, 'standard.attemptTimeoutMs', /at most deadlineMs, which is 3000/],
    [{ breaker: { windowMs: 500 } }, 'standard.breaker.windowMs', /leave the window as it enters/],
    [{ breaker: { probeLeaseMs: 1_000 } }, 'standard.breaker.probeLeaseMs', /on the way/],
    [{ breaker: { slowMs: 1_000 } }, 'standard.breaker.slowMs', /before it is slow/],
    [{ retry: { baseMs: 4_000, maxMs: 5_000 } }, 'standard.retry.baseMs', /hardly ever fit/],
    [{ bulkhead: { queueTimeoutMs: 3_000 } }, 'standard.bulkhead.queueTimeoutMs', /in the queue/],
    [{ timeout: 1 }, 'standard.timeout', /one of the options/],
    [{ retry: [] }, 'standard.retry', /an object/],
  ];
  for (const [options, path, why] of cases) {
    assert.throws(
      () => standard(options),
      (error) => error instanceof ConfigError && error.path === path && why.test(error.message),
      path,
    );
  }
  assert.throws(() => standard({ breaker: { failureRatio: 2 } }), { path: 'breaker.failureRatio' });
});

test('lengthens the lease of a probe with the attempt it has to outlast', () => {
  assert.doesNotThrow(() => standard({ attemptTimeoutMs: 8_000, deadlineMs: 20_000 }));
});
