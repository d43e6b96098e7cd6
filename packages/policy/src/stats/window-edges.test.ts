import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CorrelationWindow } from './correlation-window.ts';
import { CountWindow } from './count-window.ts';
import { LatencyHistogram, WindowedHistogram } from './latency-histogram.ts';
import { Lru } from './lru.ts';
import { RollingSum } from './rolling-sum.ts';
import { TimeWindow } from './time-window.ts';

/* What the windows say at the very edge of what they hold. */

function correlationOf(pairs: readonly (readonly [x: number, y: number])[], size = pairs.length): CorrelationWindow {
  const window = new CorrelationWindow(size, size);
  for (const [x, y] of pairs) window.add(x, y);
  return window;
}

test('a correlation is told as its coefficient, not only as a direction', () => {
  const window = correlationOf([
    [1, 1],
    [2, 3],
    [3, 2],
  ]);
  assert.ok(Math.abs(window.correlation - 0.5) < 1e-12, String(window.correlation));
  assert.ok(Math.abs(window.variationOfY - Math.sqrt(2 / 3) / 2) < 1e-12, String(window.variationOfY));
});

test('values that vary by just the least share do not count as constant', () => {
  const window = correlationOf([
    [99, 99],
    [101, 101],
  ]);
  assert.equal(window.variationOfY, 0.01);
  assert.ok(Math.abs(window.correlation - 1) < 1e-12, String(window.correlation));
});

test('a slow call whose place is another one’s by now is counted anew when it ends', () => {
  for (const failed of [false, true]) {
    const window = new CountWindow(3);
    const mark = window.recordUnfinished();
    for (const other of [true, false, false]) window.record(other, 0);
    assert.deepEqual([window.failures, window.slow], [1, 0]);
    window.settle(mark, failed);
    // The failure was the oldest, and has left for it.
    assert.deepEqual([window.calls, window.failures, window.slow], [3, failed ? 1 : 0, 1]);
    window.record(false, 0);
    window.record(false, 0);
    assert.deepEqual([window.failures, window.slow], [failed ? 1 : 0, 1]);
  }
});

test('all that one histogram holds is added to another', () => {
  const [sum, other] = [new LatencyHistogram(), new LatencyHistogram()];
  for (const ms of [1, 1, 1]) sum.record(ms);
  for (const ms of [1, 1_000, 1_000, 1_000, 1_000]) other.record(ms);
  sum.add(other);
  assert.equal(sum.count, 8);
  assert.ok((sum.quantile(0.5) ?? 0) < 2);
  assert.ok((sum.quantile(0.51) ?? 0) > 900);
});

test('a quantile forgets what is too old, though nobody counts first', () => {
  const window = new WindowedHistogram(1_000, 0);
  window.record(10, 0);
  assert.equal(window.quantile(0.5, 1_000), undefined);
});

test('after a clock that seems to step back, a histogram keeps what is inside the window', () => {
  const window = new WindowedHistogram(1_000, 5_000);
  window.record(10, 5_000);
  window.count(4_000);
  assert.equal(window.count(5_999), 1);
});

test('after a clock that seems to step back, a sum keeps what is inside the window', () => {
  const sum = new RollingSum(1_000);
  sum.add(1_000);
  assert.equal(sum.sum(500), 1);
  assert.equal(sum.sum(1_999), 1);
  assert.equal(sum.sum(2_000), 0);
});

test('an entry as heavy as all together may be is kept', () => {
  const entries = new Lru<string>(10, 5);
  entries.set('other', 'light', 1);
  assert.equal(entries.set('all', 'heavy', 5)?.value, 'heavy');
  assert.deepEqual([entries.size, entries.weight], [1, 5]);
});

test('what had left a window does not come back when it is made longer', () => {
  const window = new TimeWindow(1_000, 0);
  window.record(true, 0);
  assert.equal(window.resized(10_000, 5_000).calls, 0);
});

test('what is just too old for a shorter window is not taken for new', () => {
  const window = new TimeWindow(1_000, 0);
  window.record(true, 500);
  assert.equal(window.resized(500, 1_000).calls, 0);
  window.record(true, 650);
  assert.equal(window.resized(500, 1_000).calls, 1);
});

test('slow calls that were counted elsewhere leave with their bucket', () => {
  const window = new TimeWindow(1_000, 0, { countsSlow: true });
  window.take({ calls: 4, failures: 2, slow: 3, slowFailures: 1 }, 0);
  window.record(false, 500);
  assert.deepEqual([window.calls, window.failures, window.slow, window.slowFailures], [5, 2, 3, 1]);
  window.expire(1_000);
  assert.deepEqual([window.calls, window.failures, window.slow, window.slowFailures], [1, 0, 0, 0]);
});
