import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import type { RetryOptions } from './options.ts';
import { retryDefaults } from './options.ts';
import { retry } from './retry.ts';

const refuses = (options: unknown, path: string): void =>
  assert.throws(
    () => retry(options as RetryOptions),
    (error) => error instanceof ConfigError && error.path === path,
    path,
  );

test('refuses numbers that cannot be, naming the option', () => {
  const nonsense = [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, {}];
  for (const name of ['maxRetries', 'baseMs', 'maxMs', 'throttledBaseMs', 'maxRetryAfterMs']) {
    for (const value of nonsense) refuses({ [name]: value }, `retry.${name}`);
  }
});

test('refuses a wait of zero, which would be a tight loop', () => {
  for (const name of ['baseMs', 'maxMs', 'throttledBaseMs']) refuses({ [name]: 0 }, `retry.${name}`);
});

test('refuses half a retry', () => refuses({ maxRetries: 1.5 }, 'retry.maxRetries'));

test('refuses a base above the cap', () => {
  assert.throws(
    () => retry({ baseMs: 2_000 }),
    /retry\.baseMs: expected milliseconds of at most maxMs \(1000\), got 2000/,
  );
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
});
