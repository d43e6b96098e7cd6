import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as z from 'zod';
import { DomainError, type ServiceAnswer } from '../contract/domain-error.ts';
import { chunksOf } from './chunks.ts';
import { type Matched, type MatchRules, matchAnswer } from './match-answer.ts';

interface Item {
  readonly id: unknown;
  readonly n: number;
}

const facts = { target: 'users', operation: 'batchGetUsers', attempts: 2 };
const byId: MatchRules = { keyOf: (item) => (item as Item).id };

function match(rules: MatchRules, texts: readonly string[], answer: unknown): Matched {
  const [chunk = { texts: [], keys: [] }] = chunksOf(new Map(texts.map((one) => [one, one])), 1_000, 65_536);
  const matched = matchAnswer(rules, chunk, answer, 200, facts);
  assert.ok(!(matched instanceof Promise));
  return matched;
}

const outcomes = ({ settled }: Matched): object =>
  Object.fromEntries([...settled].map(([key, it]) => [key, it.outcome]));

test('gives each key its own item in any order of the answer, and counts what is nobody’s and what comes twice', () => {
  const key = fc.oneof(
    fc.integer({ min: 0, max: 30 }).map(String),
    fc.constantFrom('__proto__', 'constructor', 'then'),
  );
  fc.assert(
    fc.property(fc.uniqueArray(key, { maxLength: 20 }), fc.array(key, { maxLength: 40 }), (asked, answered) => {
      const answer = answered.map((id, n) => ({ id, n }));
      const { settled, strangers, repeated } = match(byId, asked, answer);

      assert.deepEqual([...settled.keys()].sort(), [...asked].sort());
      for (const [id, it] of settled) {
        // The first item about a key stands.
        const value = answer.find((item) => item.id === id);
        assert.deepEqual(it, value === undefined ? { outcome: 'missing' } : { outcome: 'found', value });
      }
      const known = answered.filter((id) => asked.includes(id));
      assert.equal(strangers, answered.length - known.length);
      assert.equal(repeated, known.length - new Set(known).size);
    }),
    { numRuns: 5_000 },
  );
});

test('knows a key again that comes back as a number, and takes no item without one', () => {
  const answer = [{ id: 7, n: 0 }, { id: undefined, n: 1 }, { id: { 7: 7 }, n: 2 }, null];
  const { settled, strangers } = match(byId, ['7', '8'], answer);
  assert.deepEqual(outcomes({ settled, strangers, repeated: 0 }), { 7: 'found', 8: 'missing' });
  assert.equal(strangers, 3);
});

test('goes by the order where the contract says so, and only if there is one item for each key', () => {
  const rules: MatchRules = { keyOf: 'position' };
  const { settled } = match(rules, ['a', 'b', 'c'], ['A', null, 'C']);
  assert.deepEqual(
    [...settled],
    [
      ['a', { outcome: 'found', value: 'A' }],
      ['b', { outcome: 'missing' }],
      ['c', { outcome: 'found', value: 'C' }],
    ],
  );
  for (const items of [['A', 'B'], ['A', 'B', 'C', 'D'], []]) {
    assert.throws(() => match(rules, ['a', 'b', 'c'], items), { code: 'SWITCHGEAR_INVALID_RESPONSE' });
  }
});

test('fails the key of an item that does not hold to its schema, and no other', () => {
  const rules: MatchRules = { ...byId, item: z.object({ id: z.string(), n: z.number() }) };
  const answer = [
    { id: 'a', n: 1 },
    { id: 'b', n: 'secret' },
    { id: 'x', n: 'nobody’s' },
  ];
  const matched = match(rules, ['a', 'b', 'c'], answer);
  assert.deepEqual(outcomes(matched), { a: 'found', b: 'failed', c: 'missing' });
  assert.equal(matched.strangers, 1);
  const b = matched.settled.get('b');
  assert.ok(b?.outcome === 'failed');
  assert.match(String(b.error), /items\.1\.n/);
  assert.doesNotMatch(String(b.error), /secret/);
});

test('calls no key missing that an item may be about which cannot be read at all', () => {
  const rules: MatchRules = { ...byId, item: z.object({ id: z.string(), n: z.number() }) };
  const matched = match(rules, ['a', 'b'], [{ id: 'a', n: 1 }, 'garbage']);
  assert.deepEqual(outcomes(matched), { a: 'found', b: 'failed' });
});

test('waits for a schema that takes its time', async () => {
  const item = z.object({ id: z.string() }).refine(async ({ id }) => id !== 'b');
  const chunk = { texts: ['a', 'b'], keys: ['a', 'b'] };
  const matched = await matchAnswer({ ...byId, item }, chunk, [{ id: 'a' }, { id: 'b' }], 200, facts);
  assert.deepEqual(outcomes(matched), { a: 'found', b: 'failed' });
});

test('finds items, values and errors where the contract says they are', () => {
  class Forbidden extends DomainError {}
  type Result = { readonly id: string; readonly user?: object; readonly code?: string };
  const rules: MatchRules = {
    items: (answer) => (answer as { results: Result[] }).results,
    keyOf: (item) => (item as Result).id,
    valueIn: (item) => (item as Result).user,
    errorIn: (item, answer: ServiceAnswer) => {
      const { code } = item as Result;
      return code === undefined ? undefined : new Forbidden({ ...answer, status: 403, serviceCode: code });
    },
  };
  const results = [{ id: 'a', user: { name: 'Ada' } }, { id: 'b', code: 'NOT_YOURS' }, { id: 'c' }];
  const { settled } = match(rules, ['a', 'b', 'c'], { results });
  assert.deepEqual(settled.get('a'), { outcome: 'found', value: { name: 'Ada' } });
  assert.deepEqual(settled.get('c'), { outcome: 'missing' });
  const b = settled.get('b');
  assert.ok(b?.outcome === 'failed' && b.error instanceof Forbidden);
  assert.deepEqual(
    [b.error.status, b.error.serviceCode, b.error.operation, b.error.attempts],
    [403, 'NOT_YOURS', 'batchGetUsers', 2],
  );
});

test('fails one key alone when the contract’s own code fails on its item', () => {
  const valueIn = (item: unknown): unknown => {
    if ((item as Item).id === 'b') throw new Error('secret');
    return item;
  };
  const { settled } = match({ ...byId, valueIn }, ['a', 'b'], [{ id: 'a' }, { id: 'b' }]);
  assert.equal(settled.get('a')?.outcome, 'found');
  const b = settled.get('b');
  assert.ok(b?.outcome === 'failed');
  assert.doesNotMatch(String(b.error), /secret/);
});

test('refuses an answer that is no list of items', () => {
  for (const answer of [undefined, null, {}, 'text', { length: 2 }]) {
    assert.throws(() => match(byId, ['a'], answer), { code: 'SWITCHGEAR_INVALID_RESPONSE' });
  }
});
