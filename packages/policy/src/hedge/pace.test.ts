import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LivePace } from './pace.ts';

const settings = { quantile: 0.9, minimumSamples: 10, windowMs: 10_000, warmUpDelayMs: undefined };

function learn(pace: LivePace, now: number): void {
  for (let ms = 10; ms <= 100; ms += 10) pace.took(ms, now);
}

function about(ms: number | undefined, expected: number): void {
  assert.ok(ms !== undefined && Math.abs(ms - expected) <= expected * 0.02, `${ms} is not about ${expected}`);
}

test('asks for no copy until enough latencies have been seen', () => {
  const pace = new LivePace(settings, 0);
  for (let i = 0; i < 9; i++) pace.took(50, 0);
  assert.equal(pace.delayMs(0), undefined);
  pace.took(50, 0);
  about(pace.delayMs(0), 50);
});

test('waits as it was told to while it warms up', () => {
  const pace = new LivePace({ ...settings, warmUpDelayMs: 0 }, 0);
  assert.equal(pace.delayMs(0), 0);
  learn(pace, 0);
  about(pace.delayMs(0), 90);
});

test('follows the quantile, looked up a hundred times per window', () => {
  const pace = new LivePace(settings, 0);
  learn(pace, 0);
  about(pace.delayMs(0), 90);
  for (let i = 0; i < 90; i++) pace.took(500, 50);
  about(pace.delayMs(99), 90);
  about(pace.delayMs(100), 500);
});

test('is cold again when the window has emptied', () => {
  const pace = new LivePace(settings, 0);
  learn(pace, 0);
  about(pace.delayMs(0), 90);
  assert.equal(pace.delayMs(10_000), undefined);
});
