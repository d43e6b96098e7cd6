import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CountWindow } from './count-window.ts';

test('holds nothing at first', () => {
  const window = new CountWindow(3);

  assert.deepEqual([window.calls, window.failures], [0, 0]);
});

test('forgets the oldest outcome when a new one comes', () => {
  const window = new CountWindow(3);
  for (const failed of [true, true, false]) window.record(failed);
  assert.deepEqual([window.calls, window.failures], [3, 2]);

  window.record(false);

  assert.deepEqual([window.calls, window.failures], [3, 1]);
});

test('holds one outcome when its size is one', () => {
  const window = new CountWindow(1);
  window.record(true);
  window.record(false);

  assert.deepEqual([window.calls, window.failures], [1, 0]);
});

test('says what counting the last outcomes one by one says', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.boolean(), { maxLength: 60, size: 'max' }),
      (size, outcomes) => {
        const window = new CountWindow(size);
        for (const [i, failed] of outcomes.entries()) {
          window.record(failed);
          const last = outcomes.slice(0, i + 1).slice(-size);
          assert.deepEqual([window.calls, window.failures], [last.length, last.filter(Boolean).length]);
        }
      },
    ),
    { numRuns: 300 },
  );
});
