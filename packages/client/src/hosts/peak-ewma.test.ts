import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeakEwma } from './peak-ewma.ts';

test('believes a longer latency at once and a shorter one by the time that has passed', () => {
  const ewma = new PeakEwma(1_000, 0);
  ewma.add(10, 0);
  assert.equal(ewma.at(0), 10);
  ewma.add(200, 5);
  assert.equal(ewma.at(5), 200);
  ewma.add(10, 5);
  assert.equal(ewma.at(5), 200);
  ewma.add(10, 1_005);
  const share = Math.exp(-1);
  assert.ok(Math.abs(ewma.at(1_005) - (200 * share + 10 * (1 - share))) < 1e-9);
});

test('fades while nothing is measured', () => {
  const ewma = new PeakEwma(1_000, 0);
  ewma.add(100, 0);
  assert.ok(Math.abs(ewma.at(1_000) - 100 / Math.E) < 1e-9);
  assert.ok(ewma.at(20_000) < 1e-6);
});

test('what is quicker never takes more off than time does by itself', () => {
  const ewma = new PeakEwma(1_000, 0);
  const fading = new PeakEwma(1_000, 0);
  for (const each of [ewma, fading]) each.add(100, 0);
  for (let at = 100; at <= 2_000; at += 100) {
    ewma.add(at % 3, at);
    assert.ok(ewma.at(at) >= fading.at(at) - 1e-9);
  }
});

test('a clock that stands still, or is asked about the past, makes nothing of it', () => {
  const ewma = new PeakEwma(1_000, 10);
  ewma.add(100, 10);
  assert.equal(ewma.at(10), 100);
  assert.equal(ewma.at(5), 100);
});
