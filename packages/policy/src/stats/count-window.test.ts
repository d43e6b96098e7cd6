import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
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

test('says what counting the last outcomes one by one says', (t) => {
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
    runs(t),
  );
});

test('counts slow outcomes beside failed ones, and those that were both', () => {
  const window = new CountWindow(3);
  window.record(true, 0, true);
  window.record(false, 0, true);
  window.record(true, 0);
  assert.deepEqual([window.failures, window.slow, window.slowFailures], [2, 2, 1]);
  for (let i = 0; i < 3; i++) window.record(false);

  assert.deepEqual([window.calls, window.failures, window.slow, window.slowFailures], [3, 0, 0, 0]);
});

test("settles an unfinished outcome in its place, until that place is another one's", () => {
  for (let others = 0; others < 10; others++) {
    const window = new CountWindow(4);
    window.record(false);
    const mark = window.recordUnfinished();
    for (let i = 0; i < others; i++) window.record(false);
    const { calls } = window;
    window.settle(mark, true);
    assert.deepEqual([window.failures, window.slow, window.slowFailures], [1, 1, 1], `${others} in between`);
    assert.equal(window.calls, others < 4 ? calls : 4);
    // In its own place it is forgotten when its turn comes; as a new one it has four to go.
    for (let i = 0; i < (others < 4 ? 4 - others : 4); i++) window.record(false);
    assert.deepEqual([window.failures, window.slow], [0, 0], `${others} in between`);
  }
});

test('an outcome that was settled well stays slow', () => {
  const window = new CountWindow(4);
  window.settle(window.recordUnfinished(), false);

  assert.deepEqual([window.calls, window.failures, window.slow], [1, 0, 1]);
});

test('keeps the latest in their order when it is made smaller, and all when larger', () => {
  const window = new CountWindow(5);
  for (const failed of [true, true, false, true, false, false, true]) window.record(failed, 0, failed);

  const smaller = window.resized(3, { countsSlow: true });
  assert.deepEqual([smaller.size, smaller.calls, smaller.failures, smaller.slowFailures], [3, 3, 1, 1]);
  smaller.record(false);
  smaller.record(false);
  assert.equal(smaller.failures, 1);
  smaller.record(false);
  assert.equal(smaller.failures, 0);
  const larger = window.resized(9, { countsSlow: false });
  assert.deepEqual([larger.calls, larger.failures, larger.slow], [5, 2, 0]);
});

test('takes in what was counted elsewhere, in proportion when it is too much', () => {
  const roomy = new CountWindow(100);
  roomy.take({ calls: 10, failures: 4, slow: 3, slowFailures: 1 });
  assert.deepEqual([roomy.calls, roomy.failures, roomy.slow, roomy.slowFailures], [10, 4, 3, 1]);
  const narrow = new CountWindow(10);
  narrow.take({ calls: 1_000, failures: 300, slow: 400, slowFailures: 200 });
  assert.deepEqual([narrow.calls, narrow.failures, narrow.slow, narrow.slowFailures], [10, 3, 4, 2]);
  narrow.take({ calls: 0, failures: 0, slow: 0, slowFailures: 0 });

  assert.equal(narrow.calls, 10);
});
