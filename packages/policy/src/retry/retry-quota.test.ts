import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { ConfigError } from '../contract/errors.ts';
import { type Verdict, verdicts } from '../contract/outcome.ts';
import { type RetryQuota, type RetryQuotaOptions, retryQuota, retryQuotaDefaults } from './retry-quota.ts';

const throttled: Verdict = { kind: 'throttled', retry: 'backoff' };

/** How many retries are granted before one is refused. */
function drain(quota: RetryQuota, verdict: Verdict = verdicts.failure): number {
  let granted = 0;
  while (quota.tryWithdraw(verdict)) granted++;
  return granted;
}

test('pays for 35 retries after failures, and for 100 after throttling', () => {
  assert.deepEqual([drain(retryQuota()), drain(retryQuota(), throttled)], [35, 100]);
});

test('takes the price of a failure when it is not told what a send is for', () => {
  const quota = retryQuota();
  quota.tryWithdraw();
  assert.equal(quota.snapshot().units, 500 - 14);
  quota.giveBack();
  assert.equal(quota.snapshot().units, 500);
});

test('gets the price of the last retry back when that leads to success', () => {
  const quota = retryQuota();
  quota.tryWithdraw(verdicts.failure);
  quota.tryWithdraw(throttled);
  quota.succeeded(throttled);
  assert.deepEqual(quota.snapshot(), { units: 486, capacity: 500, available: 34 });
});

test('gets one unit for a call that needed no retry, and never holds more than its capacity', () => {
  const quota = retryQuota();
  quota.succeeded();
  assert.equal(quota.snapshot().units, 500);
  quota.tryWithdraw(throttled);
  for (let call = 0; call < 3; call++) quota.succeeded();
  assert.equal(quota.snapshot().units, 498);
});

test('lends again only when the price is there', () => {
  const quota = retryQuota({ capacity: 20, cost: 10, throttledCost: 2, refund: 4 });
  assert.equal(drain(quota), 2);
  quota.succeeded();
  quota.succeeded();
  assert.equal(quota.tryWithdraw(verdicts.failure), false);
  assert.equal(quota.tryWithdraw(throttled), true);
  quota.succeeded();
  assert.equal(quota.tryWithdraw(verdicts.failure), true);
});

test('earns nothing by calls that begin or fail', () => {
  const quota = retryQuota();
  drain(quota);
  for (let call = 0; call < 100; call++) quota.deposit();
  assert.equal(quota.tryWithdraw(), false);
});

test('keeps to its bound, and between nothing and its capacity, over any calls', (t) => {
  const call = fc.record({
    /** What each attempt but the last ends with. */
    throttledAt: fc.array(fc.boolean(), { maxLength: 4 }),
    succeeds: fc.boolean(),
    sent: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 3 }),
      fc.array(call, { maxLength: 150 }),
      (room, cost, throttledCost, refund, calls) => {
        const capacity = room + Math.max(cost, throttledCost);
        const quota = retryQuota({ capacity, cost, throttledCost, refund });
        let successes = 0;
        let inVain = 0;
        for (const { throttledAt, succeeds, sent } of calls) {
          let paidFor: Verdict | undefined;
          let retries = 0;
          for (const slow of throttledAt) {
            const verdict = slow ? throttled : verdicts.failure;
            const { units } = quota.snapshot();
            const granted = quota.tryWithdraw(verdict);
            assert.equal(granted, units >= (slow ? throttledCost : cost));
            if (!granted) break;
            if (!sent) {
              quota.giveBack(verdict);
              assert.equal(quota.snapshot().units, units);
              break;
            }
            paidFor = verdict;
            retries++;
          }
          if (succeeds) {
            quota.succeeded(paidFor);
            successes++;
          }
          inVain += succeeds ? Math.max(0, retries - 1) : retries;
          const { units } = quota.snapshot();
          assert.ok(units >= 0 && units <= capacity);
          assert.ok(inVain <= (capacity + refund * successes) / Math.min(cost, throttledCost));
        }
      },
    ),
    runs(t),
  );
});

test('refuses numbers that cannot be, naming the option', () => {
  for (const name of ['capacity', 'cost', 'throttledCost', 'refund']) {
    for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null]) {
      assert.throws(
        () => retryQuota({ [name]: value } as RetryQuotaOptions),
        (error) => error instanceof ConfigError && error.path === `retryQuota.${name}`,
      );
    }
  }
  assert.throws(() => retryQuota({ costs: 1 } as RetryQuotaOptions), /retryQuota\.costs/);
});

test('refuses to be a quota that never lends', () => {
  assert.throws(() => retryQuota({ capacity: 10 }), /retryQuota\.cost: expected at most capacity \(10\), got 14/);
  assert.throws(() => retryQuota({ capacity: 10, cost: 5, throttledCost: 11 }), /retryQuota\.throttledCost/);
});

test('says its settings in a few words', () => {
  assert.equal(retryQuota(retryQuotaDefaults).describe(), '500 units, 14 a retry, 5 when throttled');
});
