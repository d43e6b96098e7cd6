import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  toClientOptions,
  USER_SERVICE_DEFAULTS,
  type UserServiceClientConfig,
  UserServiceConfigError,
} from './user-service-config.ts';

const BASE: UserServiceClientConfig = { baseUrl: 'http://127.0.0.1:8081', ...USER_SERVICE_DEFAULTS };
/** What the service client that this one replaces was set to. */
const CUSTOMARY: Partial<UserServiceClientConfig> = {
  timeout: 5_000,
  retryAttempts: 3,
  retryDelay: 1_000,
  circuitBreakerThreshold: 50,
  circuitBreakerTimeout: 30_000,
};

const MAPPINGS: readonly (readonly [claim: string, given: Partial<UserServiceClientConfig>, mapped: object])[] = [
  [
    'the defaults',
    {},
    {
      baseUrl: 'http://127.0.0.1:8081',
      attemptTimeoutMs: 1_000,
      deadlineMs: 3_150,
      retry: { maxRetries: 2, baseMs: 50, maxMs: 100 },
      breaker: { failureRatio: 0.9, openMs: 1_000, maxOpenMs: 10_000, windowMs: 10_000, probeLeaseMs: 5_000 },
    },
  ],
  [
    'customary settings',
    CUSTOMARY,
    {
      baseUrl: 'http://127.0.0.1:8081',
      attemptTimeoutMs: 5_000,
      // Four attempts of 5 s, and waits of at most 1, 2 and 4 s.
      deadlineMs: 27_000,
      retry: { maxRetries: 3, baseMs: 1_000, maxMs: 4_000 },
      breaker: { failureRatio: 0.5, openMs: 30_000, maxOpenMs: 30_000, windowMs: 10_000, probeLeaseMs: 10_000 },
    },
  ],
  [
    'no retries: the deadline is one attempt',
    { retryAttempts: 0 },
    { ...toClientOptions(BASE), deadlineMs: 1_000, retry: { maxRetries: 0, baseMs: 50, maxMs: 50 } },
  ],
  [
    'long delays: no wait is bounded above 30 s',
    { retryAttempts: 3, retryDelay: 20_000 },
    {
      ...toClientOptions(BASE),
      deadlineMs: 4_000 + 20_000 + 30_000 + 30_000,
      retry: { maxRetries: 3, baseMs: 20_000, maxMs: 30_000 },
    },
  ],
  [
    'a timeout above 10 s: the window and the probe lease outlast it',
    { timeout: 15_000, retryAttempts: 0 },
    {
      baseUrl: 'http://127.0.0.1:8081',
      attemptTimeoutMs: 15_000,
      deadlineMs: 15_000,
      retry: { maxRetries: 0, baseMs: 50, maxMs: 50 },
      breaker: { failureRatio: 0.9, openMs: 1_000, maxOpenMs: 10_000, windowMs: 15_000, probeLeaseMs: 30_000 },
    },
  ],
];

for (const [claim, given, mapped] of MAPPINGS) {
  test(`maps ${claim}`, () => {
    assert.deepEqual(toClientOptions({ ...BASE, ...given }), mapped);
  });
}

const REFUSED: readonly (readonly [name: string, value: unknown, message: RegExp])[] = [
  ['baseUrl', undefined, /baseUrl: expected an http or https URL .*, got nothing/],
  ['baseUrl', '/users', /baseUrl: expected .*, got another text \(hidden\)/],
  ['baseUrl', 'ftp://127.0.0.1', /baseUrl: expected/],
  ['baseUrl', 'http://127.0.0.1/?tenant=7', /baseUrl: expected/],
  ['timeout', 0, /timeout: expected milliseconds, an integer from 1 to 60000, got 0/],
  ['timeout', -1, /timeout: .* got -1/],
  ['timeout', Number.NaN, /timeout: .* got NaN/],
  ['timeout', Number.POSITIVE_INFINITY, /timeout: .* got Infinity/],
  ['timeout', 1.5, /timeout: .* got 1\.5/],
  ['timeout', '1000', /timeout: .* got "1000"/],
  ['retryAttempts', -1, /retryAttempts: expected an integer from 0 to 5, got -1/],
  ['retryAttempts', 6, /retryAttempts: .* got 6/],
  ['retryDelay', 0, /retryDelay: .* got 0/],
  ['circuitBreakerThreshold', 0.5, /circuitBreakerThreshold: expected a percentage from 1 to 100, got 0\.5/],
  ['circuitBreakerThreshold', 101, /circuitBreakerThreshold: .* got 101/],
  ['circuitBreakerTimeout', null, /circuitBreakerTimeout: .* got a value of type object/],
  ['monitoringPeriod', 10_000, /monitoringPeriod: expected one of .*, got an unknown setting/],
];

for (const [name, value, message] of REFUSED) {
  test(`refuses ${name} ${String(value)} by name`, () => {
    assert.throws(() => toClientOptions({ ...BASE, [name]: value }), { name: 'UserServiceConfigError', message });
  });
}

test('names every wrong setting at once', () => {
  const wrong = { ...BASE, timeout: 0, retryAttempts: -1, circuitBreakerThreshold: 500 };

  assert.throws(
    () => toClientOptions(wrong),
    (error: unknown) => {
      assert.ok(error instanceof UserServiceConfigError);
      assert.deepEqual(
        error.problems.map(({ name }) => name),
        ['timeout', 'retryAttempts', 'circuitBreakerThreshold'],
      );
      return true;
    },
  );
});

test('shows no password that was put into the URL', () => {
  assert.throws(
    () => toClientOptions({ ...BASE, baseUrl: 'http://shop:hunter2@127.0.0.1:8081' }),
    (error: unknown) => error instanceof UserServiceConfigError && !error.message.includes('hunter2'),
  );
});
