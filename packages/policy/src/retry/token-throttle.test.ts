import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { ConfigError } from '../contract/errors.ts';
import { type TokenThrottleOptions, tokenThrottle, tokenThrottleDefaults } from './token-throttle.ts';

test('lends while more than half of the tokens are left: with 10, five failures end it', () => {
  const throttle = tokenThrottle({ maxTokens: 10, tokenRatio: 0.1 });
  const lent = Array.from({ length: 6 }, () => {
    throttle.failed();
    return throttle.tryWithdraw();
  });
  assert.deepEqual(lent, [true, true, true, true, false, false]);
});

test('lends again after as many successes as bring it above the half', () => {
  const throttle = tokenThrottle({ maxTokens: 10, tokenRatio: 0.1 });
  for (let failure = 0; failure < 6; failure++) throttle.failed();
  for (let success = 0; success < 10; success++) throttle.succeeded();
  assert.deepEqual(throttle.snapshot(), { tokens: 5, maxTokens: 10, lends: false });
  throttle.succeeded();
  assert.deepEqual(throttle.snapshot(), { tokens: 5.1, maxTokens: 10, lends: true });
});

test('bears one failure in eleven attempts for ever, and one in ten not', () => {
  const lastsWith = (successes: number): boolean => {
    const throttle = tokenThrottle({ maxTokens: 10, tokenRatio: 0.1 });
    for (let round = 0; round < 1_000; round++) {
      throttle.failed();
      for (let i = 0; i < successes; i++) throttle.succeeded();
    }
    return throttle.tryWithdraw();
  };
  assert.deepEqual([lastsWith(10), lastsWith(9)], [true, false]);
});

test('ignores what is beyond thousandths, and loses none of them', () => {
  const earnedBy = (tokenRatio: number): number => {
    const throttle = tokenThrottle({ tokenRatio });
    for (let failure = 0; failure < 5; failure++) throttle.failed();
    throttle.succeeded();
    return throttle.snapshot().tokens - 5;
  };
  // 0.5466 is the example of the gRPC proposal; 0.057 times 1,000 is not 57 in floating point.
  for (const [ratio, earned] of [
    [0.5466, 0.546],
    [0.057, 0.057],
    [0.001, 0.001],
    [1, 1],
  ] as const) {
    assert.ok(Math.abs(earnedBy(ratio) - earned) < 1e-9, String(ratio));
  }
});

test('takes nothing for asking, so there is nothing to give back', () => {
  const throttle = tokenThrottle();
  for (let i = 0; i < 100; i++) assert.ok(throttle.tryWithdraw());
  throttle.deposit();
  throttle.giveBack();
  assert.equal(throttle.snapshot().tokens, 10);
});

test('holds between no token and all of them, whatever happens, in whole thousandths', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 5_000 }),
      fc.array(fc.boolean(), { maxLength: 200 }),
      (maxTokens, thousandths, ends) => {
        const throttle = tokenThrottle({ maxTokens, tokenRatio: thousandths / 1_000 });
        let model = maxTokens * 1_000;
        for (const ok of ends) {
          if (ok) throttle.succeeded();
          else throttle.failed();
          model = Math.min(maxTokens * 1_000, Math.max(0, model + (ok ? thousandths : -1_000)));
          assert.deepEqual(throttle.snapshot(), { tokens: model / 1_000, maxTokens, lends: model > maxTokens * 500 });
          assert.equal(throttle.tryWithdraw(), throttle.snapshot().lends);
        }
      },
    ),
    runs(t),
  );
});

test('refuses numbers that cannot be, naming the option', () => {
  for (const name of ['maxTokens', 'tokenRatio']) {
    for (const value of [0, -1, 1_001, Number.NaN, Number.POSITIVE_INFINITY, '5', null]) {
      assert.throws(
        () => tokenThrottle({ [name]: value } as TokenThrottleOptions),
        (error) => error instanceof ConfigError && error.path === `tokenThrottle.${name}`,
      );
    }
  }
  assert.throws(() => tokenThrottle({ maxTokens: 1.5 }), /tokenThrottle\.maxTokens/);
  assert.throws(() => tokenThrottle({ ratio: 1 } as TokenThrottleOptions), /tokenThrottle\.ratio/);
});

test('says its settings in a few words', () => {
  assert.equal(tokenThrottle(tokenThrottleDefaults).describe(), 'while more than 5 of 10 tokens are left');
});
