import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SampleWindow } from './sample-window.ts';

const windowWith = (more: { minimumSamples?: number; dropRatio?: number; quantile?: number } = {}): SampleWindow =>
  new SampleWindow({ windowMs: 1_000, minimumSamples: 4, dropRatio: 0.01, quantile: undefined, ...more });

function answer(window: SampleWindow, latencies: readonly number[], now: number, inFlight = 1): void {
  for (const ms of latencies) window.answered(ms, now, inFlight);
}

test('tells the mean once both the time and the calls are enough', () => {
  const window = windowWith();
  answer(window, [10, 20, 30], 0);
  assert.equal(window.take(5_000, 0, false), undefined);
  answer(window, [40], 5_000);
  assert.equal(window.take(5_000, 0, false)?.latencyMs, 25);
  answer(window, [1, 1, 1, 1], 5_500);
  assert.equal(window.take(5_999, 0, false), undefined);
  assert.equal(window.take(6_000, 0, false)?.latencyMs, 1);
});

test('tells a quantile where that is wanted', () => {
  const window = windowWith({ quantile: 0.9 });
  answer(
    window,
    Array.from({ length: 100 }, (_, i) => i + 1),
    0,
  );
  const { latencyMs } = window.take(1_000, 0, false) ?? {};
  assert.ok(latencyMs !== undefined && Math.abs(latencyMs - 90) < 2, `${latencyMs}`);
});

test('lasts twice as long as its fastest call took, up to half a minute', () => {
  const window = windowWith();
  answer(window, [2_000, 3_000, 4_000, 9_000], 0);
  assert.ok(window.take(1_000, 0, false));
  answer(window, [50_000, 50_000, 50_000, 50_000], 1_000);
  assert.equal(window.take(4_999, 0, false), undefined);
  assert.ok(window.take(5_000, 0, false));
  answer(window, [1, 1, 1, 1], 5_000);
  assert.equal(window.take(34_999, 0, false), undefined);
  assert.ok(window.take(35_000, 0, false));
});

test('leaves out answers so fast that they came from this machine, and what is no time', () => {
  const window = windowWith({ minimumSamples: 1 });
  answer(window, [0, 0.09, -5, Number.NaN, Number.POSITIVE_INFINITY], 0);
  assert.deepEqual([window.samples, window.take(1_000, 0, false)], [0, undefined]);
});

test('counts drops from a share of them on, and gives them no latency', () => {
  for (const [answers, drops, dropped] of [
    [100, 0, false],
    [100, 1, false],
    [99, 1, true],
    [198, 2, true],
    [199, 1, false],
    [0, 4, true],
  ] as const) {
    const window = windowWith();
    answer(window, new Array<number>(answers).fill(10), 0);
    for (let i = 0; i < drops; i++) window.dropped(0, 1);
    const sample = window.take(1_000, 0, false);
    assert.deepEqual([sample?.dropped, sample?.latencyMs], [dropped, answers === 0 ? undefined : 10]);
  }
});

test('knows the most calls that were under way, also those that began in the window before', () => {
  const window = windowWith();
  answer(window, [1], 0, 3);
  for (const inFlight of [4, 7, 5]) window.began(inFlight);
  answer(window, [1, 1, 1], 10, 5);
  assert.equal(window.take(1_000, 5, false)?.inFlight, 7);
  answer(window, [1, 1, 1, 1], 1_000, 5);
  assert.equal(window.take(2_000, 1, true)?.inFlight, 5);
});

test('begins anew when it has not filled in half a minute', () => {
  const window = windowWith();
  answer(window, [10_000, 10_000, 10_000], 0, 9);
  answer(window, [1], 31_001, 2);
  assert.equal(window.samples, 1);
  answer(window, [1, 1, 1], 31_002, 2);
  assert.deepEqual(window.take(32_001, 0, false), { latencyMs: 1, inFlight: 2, full: false, dropped: false });
});

test('a pause does not make the next window a short one', () => {
  const window = windowWith();
  answer(window, [1, 1, 1, 1], 0);
  assert.ok(window.take(1_000, 0, false));
  answer(window, [1, 1, 1, 1], 60_000);
  assert.equal(window.take(60_999, 0, false), undefined);
  assert.ok(window.take(61_000, 0, false));
});
