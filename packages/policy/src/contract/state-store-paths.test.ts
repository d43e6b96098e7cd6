import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from './errors.ts';
import {
  readBudget,
  readCircuitOpening,
  readEpoch,
  readHint,
  readKey,
  readLeaseAsk,
  readOutcomeReport,
  readOwner,
  readRate,
  readRetryDraw,
  readTokenAsk,
  readUnusedTokens,
} from './state-store-arguments.ts';

test('each argument is refused by its own name when it is not what it should be', () => {
  const rate = { limit: 1, intervalMs: 1, burst: 1 };
  const readers: readonly [path: string, read: (value: never) => unknown][] = [
    ['key', readKey],
    ['rate', readRate],
    ['ask', (ask) => readTokenAsk(ask, rate)],
    ['unused', readUnusedTokens],
    ['budget', readBudget],
    ['draw', readRetryDraw],
    ['report', readOutcomeReport],
    ['opening', readCircuitOpening],
    ['epoch', readEpoch],
    ['hint', readHint],
    ['lease', readLeaseAsk],
    ['owner', readOwner],
  ];
  for (const [path, read] of readers) {
    for (const value of [undefined, null, -1]) {
      assert.throws(
        () => read(value as never),
        (error) => error instanceof ConfigError && error.path === `stateStore.${path}`,
        path,
      );
    }
  }
});

test('hands on what is as it should be', () => {
  const hint = (): void => {};
  assert.equal(readKey(''), '');
  assert.equal(readOwner('a'), 'a');
  assert.equal(readEpoch(0), 0);
  assert.equal(readHint(hint), hint);
  assert.throws(() => readOwner(''), { path: 'stateStore.owner' });
  assert.throws(() => readEpoch(0.5), { path: 'stateStore.epoch' });
});
