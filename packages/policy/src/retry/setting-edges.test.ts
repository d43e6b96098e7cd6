import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallContext } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import type { RetryOptions } from './options.ts';
import { pauseFor } from './pause.ts';
import { retry } from './retry.ts';
import { retryBudget } from './retry-budget.ts';
import { retryQuota } from './retry-quota.ts';

test('takes settings at the very edge of what may be', () => {
  assert.doesNotThrow(() => retry({ baseMs: 500, maxMs: 500 }));
  assert.doesNotThrow(() => retry({ maxRetryAfterMs: 0 }));
  assert.doesNotThrow(() => retryQuota({ capacity: 5, cost: 5, throttledCost: 5 }));
});

test('says what it expected', () => {
  const refuses = (make: () => unknown, message: string): void =>
    assert.throws(make, (error) => error instanceof ConfigError && error.message.startsWith(message));
  refuses(
    () => retry({ backoff: 'cubic' } as unknown as RetryOptions),
    "retry.backoff: expected one of 'exponential', 'linear', 'constant', 'decorrelated', or a function, got ",
  );
  refuses(
    () => retry({ backoff: 'decorrelated', jitter: 'none' }),
    'retry.jitter: expected nothing when backoff is \'decorrelated\', got "none"',
  );
  refuses(
    () => retryBudget({ ratio: 0, minPerSecond: 0 }),
    'retryBudget.minPerSecond: expected a number above 0 when ratio is 0, got 0',
  );
});

test('describes waits without jitter, whatever they grow by', () => {
  const waits = (options: RetryOptions): string => retry({ jitter: 'none', ...options }).describe();
  assert.equal(waits({}), 'retry: at most 2, no jitter from 50 ms up to 1000 ms, no budget');
  assert.equal(waits({ backoff: 'linear' }), 'retry: at most 2, no jitter in steps of 50 ms up to 1000 ms, no budget');
});

test('a hook that may take no longer than the wait has no timer of its own', async () => {
  for (const [longestMs, timers] of [
    [100, 1],
    [99, 1],
    [101, 2],
  ] as const) {
    const clock = new ManualClock();
    let set = 0;
    const counting = {
      now: () => clock.now(),
      wallNow: () => clock.wallNow(),
      setTimer: (ms: number, run: () => void) => {
        set++;
        return clock.setTimer(ms, run);
      },
    };
    const over = pauseFor(new Promise(() => {}), 100, longestMs, CallContext.of({}), counting);
    await clock.advance(1_000);
    await over;
    assert.equal(set, timers, `${longestMs} ms`);
  }
});

test('a pause leaves neither a timer nor a listener behind, however it ends', async () => {
  for (const leaves of [false, true]) {
    const clock = new ManualClock();
    const caller = new AbortController();
    const call = CallContext.of({ signal: caller.signal });
    let heard = 0;
    const onCancel = call.onCancel.bind(call);
    call.onCancel = (run) => {
      heard++;
      const leave = onCancel(run);
      return () => {
        heard--;
        leave();
      };
    };
    const over = pauseFor(Promise.resolve(), 100, 200, call, clock);
    await settle();
    if (leaves) caller.abort('left');
    else await clock.advance(100);
    await over;
    assert.equal(clock.pending, 0);
    if (!leaves) assert.equal(heard, 0);
  }
});
