import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import type { RetryOptions } from './options.ts';
import { retryDefaults } from './options.ts';
import { retry } from './retry.ts';
import { tokenThrottle } from './token-throttle.ts';

const refuses = (options: unknown, path: string): void =>
  assert.throws(
    () => retry(options as RetryOptions),
    (error) => error instanceof ConfigError && error.path === path,
    path,
  );

test('refuses numbers that cannot be, naming the option', () => {
  const nonsense = [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, {}];
  for (const name of ['maxRetries', 'baseMs', 'maxMs', 'throttledBaseMs', 'maxRetryAfterMs', 'maxElapsedMs']) {
    for (const value of nonsense) refuses({ [name]: value }, `retry.${name}`);
  }
});

test('refuses a wait of zero, which would be a tight loop', () => {
  for (const name of ['baseMs', 'maxMs', 'throttledBaseMs', 'maxElapsedMs']) refuses({ [name]: 0 }, `retry.${name}`);
});

test('refuses half a retry', () => refuses({ maxRetries: 1.5 }, 'retry.maxRetries'));

test('refuses a base above the cap', () => {
  assert.throws(
    () => retry({ baseMs: 2_000 }),
    /retry\.baseMs: expected milliseconds of at most maxMs \(1000\), got 2000/,
  );
});

test('takes a base above the cap where the cap holds nothing back', () => {
  assert.ok(retry({ backoff: 'constant', baseMs: 2_000 }));
  assert.ok(retry({ backoff: () => 5, maxMs: 20 }));
  refuses({ backoff: 'linear', baseMs: 2_000 }, 'retry.baseMs');
});

test('refuses ways to wait that it does not know', () => {
  for (const backoff of ['fibonacci', '', 5, true, null, {}]) refuses({ backoff }, 'retry.backoff');
  for (const jitter of ['half', true, 0.5, null]) refuses({ jitter }, 'retry.jitter');
});

test('refuses to draw a second time what is drawn already', () => {
  for (const jitter of ['none', 'equal']) refuses({ backoff: 'decorrelated', jitter }, 'retry.jitter');
  assert.ok(retry({ backoff: 'decorrelated', jitter: 'full' }));
});

test('refuses hooks that cannot be called', () => {
  for (const name of ['retryWhen', 'onRetry', 'dispose']) refuses({ [name]: true }, `retry.${name}`);
});

test('refuses a budget that is none', () => refuses({ budget: { ratio: 0.2 } }, 'retry.budget'));

test('refuses a classifier that cannot be called', () => refuses({ classify: true }, 'retry.classify'));

test('refuses an option that it does not know', () => refuses({ retries: 3 }, 'retry.retries'));

test('takes undefined for the default', () => {
  const policy = retry({ maxRetries: undefined } as unknown as RetryOptions);
  assert.equal(policy.describe(), retry(retryDefaults).describe());
});

test('describes its settings in a line', () => {
  assert.equal(retry().describe(), 'retry: at most 2, full jitter from 50 ms up to 1000 ms, no budget');
  const waits = (options: RetryOptions): string => retry(options).describe().slice('retry: at most 2, '.length);
  assert.equal(
    waits({ backoff: 'linear', jitter: 'equal' }),
    'equal jitter in steps of 50 ms up to 1000 ms, no budget',
  );
  assert.equal(waits({ backoff: 'constant', jitter: 'none' }), 'always 50 ms, no budget');
  assert.equal(waits({ backoff: 'constant' }), 'full jitter of 50 ms, no budget');
  assert.equal(waits({ backoff: 'decorrelated' }), 'decorrelated jitter from 50 ms up to 1000 ms, no budget');
  assert.equal(
    waits({ backoff: () => 5, maxElapsedMs: 4_000 }),
    'full jitter up to what a function says and 1000 ms, for at most 4000 ms, no budget',
  );
  assert.equal(
    waits({ budget: tokenThrottle() }),
    'full jitter from 50 ms up to 1000 ms, budget while more than 5 of 10 tokens are left',
  );
});
