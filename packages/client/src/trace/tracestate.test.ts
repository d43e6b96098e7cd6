import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTracestate } from './tracestate.ts';

const members = (count: number): string => Array.from({ length: count }, (_, i) => `v${i}=1`).join(',');

test('takes what the standard allows, as it came', () => {
  for (const state of [
    'vendor=1',
    'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
    ' rojo=1 , congo=2\t',
    'tenant@vendor=a b/c;d',
    '1a-b*c/d_e=x',
    'a=1,,b=2',
    members(32),
  ]) {
    assert.equal(readTracestate(state), state, state);
  }
});

test('takes nothing that is malformed or too long, and no part of it', () => {
  for (const state of [
    undefined,
    '',
    ',',
    'vendor',
    '=1',
    'vendor=',
    'Vendor=1',
    'vendor=a=b',
    'a=1,b',
    'a=1,a=2',
    'a=1\r\nx: y',
    'a=é',
    `a=${'x'.repeat(257)}`,
    members(33),
    'a='.padEnd(513, 'x'),
    ' '.repeat(65_536),
  ]) {
    assert.equal(readTracestate(state), undefined, String(state).slice(0, 40));
  }
});
