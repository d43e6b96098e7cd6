import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { readKeys } from './asked-keys.ts';

const facts = { target: 'users', operation: 'batchGetUsers' };
const rules = { maxKeyBytes: 8 };

const textsOf = (asked: readonly object[]): unknown[] => asked.map((one) => ('text' in one ? one.text : undefined));

test('takes each key once, by the text it is sent as, and remembers every place', () => {
  const read = readKeys(rules, ['a', 7, '7', 7n, -0, 0, 'a'], facts);
  assert.ok(!(read instanceof Promise));
  assert.deepEqual(textsOf(read.asked), ['a', '7', '7', '7', '0', '0', 'a']);
  assert.deepEqual(
    [...read.distinct],
    [
      ['a', 'a'],
      ['7', 7],
      ['0', -0],
    ],
  );
});

test('takes the names of what every object has for keys like any other', () => {
  const names = ['__proto__', 'toString', 'hasOwn'];
  const read = readKeys({ maxKeyBytes: 100 }, names, facts);
  assert.ok(!(read instanceof Promise));
  assert.deepEqual([...read.distinct.keys()], names);
});

test('fails a key that is none by itself, naming its place and never the key', () => {
  // biome-ignore lint/suspicious/noSparseArray: A hole is what a list from elsewhere may have.
  const keys = ['a', Number.NaN, null, , {}, true, 'far too long'];
  const read = readKeys(rules, keys, facts);
  assert.ok(!(read instanceof Promise));
  assert.equal(read.asked.length, 7);
  assert.deepEqual([...read.distinct.keys()], ['a']);
  for (const [place, one] of read.asked.entries()) {
    if (place === 0) continue;
    assert.ok('error' in one);
    assert.equal(one.error.code, 'SWITCHGEAR_INVALID_REQUEST');
    assert.ok(one.error.issues[0]?.startsWith(`keys.${place}: `));
    assert.ok(!one.error.message.includes('far too'));
  }
});

test('sends what the schema of a key makes of it, and waits for one that takes its time', async () => {
  const key = z.coerce.number().int();
  const atOnce = readKeys({ key, maxKeyBytes: 8 }, ['42', 42, 'x'], facts);
  assert.ok(!(atOnce instanceof Promise));
  assert.deepEqual([...atOnce.distinct], [['42', 42]]);
  assert.deepEqual(textsOf(atOnce.asked), ['42', '42', undefined]);

  const later = await readKeys({ key: key.refine(async (id) => id !== 1), maxKeyBytes: 8 }, ['1', '2'], facts);
  assert.deepEqual(textsOf(later.asked), [undefined, '2']);
});

test('refuses what is no list, a text above all', () => {
  for (const keys of ['abc', undefined, null, 7, new Set(['a'])]) {
    assert.throws(() => readKeys(rules, keys, facts), {
      code: 'SWITCHGEAR_INVALID_REQUEST',
      operation: 'batchGetUsers',
    });
  }
});
