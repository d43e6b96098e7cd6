import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy } from '../contract/policy.ts';
import { orderMistakes } from './order.ts';

const named = (...names: string[]): Policy<unknown>[] =>
  names.map((name) => ({ name, execute: () => assert.fail('is not run'), describe: () => name }));

const usual = [
  'cache',
  'coalesce',
  'fallback',
  'deadline',
  'rate-limiter',
  'bulkhead',
  'retry',
  'hedge',
  'breaker',
  'attempt-timeout',
  'chaos',
];

test('finds nothing wrong with the usual order, nor with any part of it', () => {
  assert.deepEqual(orderMistakes(named(...usual)), []);
  for (const left of usual) assert.deepEqual(orderMistakes(named(...usual.filter((name) => name !== left))), []);
  assert.deepEqual(orderMistakes([]), []);
});

test('says of each swap what it costs', () => {
  const swaps: [outer: string, inner: string, cost: RegExp][] = [
    ['breaker', 'retry', /one failure for many/],
    ['attempt-timeout', 'retry', /no time for the second/],
    ['retry', 'deadline', /the whole call has none/],
    ['retry', 'bulkhead', /queue behind newcomers/],
    ['attempt-timeout', 'breaker', /attempts that hang/],
    ['retry', 'fallback', /nothing would be tried again/],
    ['bulkhead', 'cache', /a hit would take a place/],
    ['breaker', 'hedge', /past an open circuit/],
    ['chaos', 'retry', /not pass through them/],
  ];
  for (const [outer, inner, cost] of swaps) {
    const mistakes = orderMistakes(named(outer, inner));
    assert.equal(mistakes.length, 1, `${outer} around ${inner}: ${mistakes.join('; ')}`);
    assert.match(mistakes[0] as string, cost);
  }
});

test('says what stands twice and should stand once', () => {
  assert.match(
    orderMistakes(named('retry', 'breaker', 'retry')).join(),
    /retry stands twice: the attempts of both multiply/,
  );
  assert.deepEqual(orderMistakes(named('bulkhead', 'bulkhead')), []);
});
