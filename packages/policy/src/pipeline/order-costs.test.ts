import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy } from '../contract/policy.ts';
import { orderMistakes } from './order.ts';

/* Every rule of order, and what is said of whoever breaks it. */

const named = (...names: string[]): Policy<unknown>[] =>
  names.map((name) => ({ name, execute: () => assert.fail('is not run'), describe: () => name }));

/** What each pair costs the wrong way round: the first stands inside the second. */
const costs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  deadline: {
    retry: 'a deadline inside is one for each attempt, and the whole call has none',
    bulkhead: 'a wait for a place would not count',
    'rate-limiter': 'a wait for a turn would not count',
  },
  cache: {
    bulkhead: 'a hit would take a place',
    'rate-limiter': 'a hit would cost a turn',
    breaker: 'what is known could not be served while the circuit is open',
  },
  coalesce: { retry: 'each caller would retry the one call by itself' },
  fallback: {
    retry: 'the fallback would answer the first failure, and nothing would be tried again',
    breaker: 'a refusal of the breaker would not be answered',
  },
  bulkhead: { retry: 'a retry would have to queue behind newcomers, who have waited less' },
  retry: {
    breaker: 'the breaker would hear one failure for many, and open late',
    hedge: 'every copy would be retried by itself',
    'attempt-timeout': 'one timeout for all attempts leaves no time for the second',
  },
  hedge: {
    breaker: 'a hedge would go past an open circuit',
    'attempt-timeout': 'one timeout for all copies ends them together',
  },
  breaker: { 'attempt-timeout': 'the breaker would not hear of attempts that hang' },
};

const all = [...new Set(Object.entries(costs).flatMap(([outer, inners]) => [outer, ...Object.keys(inners)]))];

test('says of each pair that stands the wrong way round what it costs, and nothing of the others', () => {
  for (const outer of all) {
    for (const inner of all.filter((name) => name !== outer)) {
      const cost = costs[outer]?.[inner];
      const expected = cost === undefined ? [] : [`${outer} stands inside ${inner}: ${cost}`];
      assert.deepEqual(orderMistakes(named(inner, outer)), expected, `${inner} around ${outer}`);
    }
  }
});

test('a policy that stands both outside and inside is told of the one inside', () => {
  const mistake = 'bulkhead stands inside retry: a retry would have to queue behind newcomers, who have waited less';
  assert.deepEqual(orderMistakes(named('bulkhead', 'retry', 'bulkhead')), [mistake]);
});

test('says what stands twice and should stand once, and what that costs', () => {
  assert.deepEqual(orderMistakes(named('retry', 'retry')), ['retry stands twice: the attempts of both multiply']);
  assert.deepEqual(orderMistakes(named('hedge', 'hedge')), ['hedge stands twice: the copies of both multiply']);
  assert.deepEqual(orderMistakes(named('deadline', 'deadline')), ['deadline stands twice: only the nearer one counts']);
  assert.deepEqual(orderMistakes(named('cache', 'cache', 'chaos', 'chaos')), []);
});

test('chaos may stand inside of chaos, and around nothing else', () => {
  assert.deepEqual(orderMistakes(named('retry', 'chaos', 'chaos', 'cache')), [
    'chaos stands around other policies: what it breaks would not pass through them',
  ]);
});
