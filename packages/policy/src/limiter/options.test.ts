import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { type RateLimiterOptions, rateLimiterDefaults } from './options.ts';
import { rateLimiter } from './rate-limiter.ts';

const refusedAt =
  (path: string) =>
  (error: unknown): boolean =>
    error instanceof ConfigError && error.path === path;

test('refuses numbers that cannot be, naming the option', () => {
  const nonsense = [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, {}];
  for (const name of ['limit', 'intervalMs', 'burst', 'maxWaitMs', 'maxQueue', 'weight']) {
    for (const value of nonsense) {
      const options = { limit: 5, [name]: value } as RateLimiterOptions;
      assert.throws(() => rateLimiter(options), refusedAt(`rateLimiter.${name}`), `${name}: ${String(value)}`);
    }
  }
  for (const name of ['limit', 'intervalMs', 'burst', 'weight']) {
    const options = { limit: 5, [name]: 0 } as RateLimiterOptions;
    assert.throws(() => rateLimiter(options), refusedAt(`rateLimiter.${name}`));
  }
  assert.throws(() => rateLimiter({ limit: 0.5 }), /rateLimiter\.limit: expected a whole number from 1/);
});

test('refuses to be made without a limit, and with an option it does not know', () => {
  assert.throws(() => rateLimiter({} as RateLimiterOptions), refusedAt('rateLimiter.limit'));
  assert.throws(() => rateLimiter({ limit: 5, rate: 3 } as RateLimiterOptions), refusedAt('rateLimiter.rate'));
  for (const [name, value] of Object.entries({ pacing: 'even', algorithm: 'log', drainWhenThrottled: 1, name: 3 })) {
    const options = { limit: 5, [name]: value } as unknown as RateLimiterOptions;
    assert.throws(() => rateLimiter(options), refusedAt(`rateLimiter.${name}`));
  }
});

test('refuses a weight that no burst could let go', () => {
  assert.throws(() => rateLimiter({ limit: 5, weight: 6 }), /at most burst \(5\): no call could go, got 6/);
  assert.throws(() => rateLimiter({ limit: 50, burst: 2, weight: 3 }), refusedAt('rateLimiter.weight'));
  assert.equal(rateLimiter({ limit: 5, weight: 5 }).tryAcquire().admitted, true);
});

test('lets as much go at once as in an interval when nothing is said of bursts', () => {
  assert.equal(rateLimiter({ limit: 7 }).snapshot().burst, 7);
  assert.equal(rateLimiter({ limit: 7, burst: 2 }).snapshot().burst, 2);
});

test('has defaults that are options', () => {
  assert.equal(
    rateLimiter({ ...rateLimiterDefaults, limit: 10 }).describe(),
    'rate limiter: 10 per 1000 ms, bursts of 10, no waiting',
  );
});

test('describes its settings in a line', () => {
  assert.equal(
    rateLimiter({ limit: 5, burst: 2, maxWaitMs: 300, maxQueue: 9, name: 'mail' }).describe(),
    "rate limiter 'mail': 5 per 1000 ms, bursts of 2, 9 waiting for at most 300 ms",
  );
  assert.equal(
    rateLimiter({ limit: 5, intervalMs: 250, pacing: 'smooth' }).describe(),
    'rate limiter: 5 per 250 ms, evenly spaced, no waiting',
  );
});
