import assert from 'node:assert/strict';
import { test } from 'node:test';
import { show } from './show.ts';

test('says in a few words what a value is', () => {
  class Door {
    readonly open = true;
  }
  const cases: [unknown, string][] = [
    ['down', '"down"'],
    [12.5, '12.5'],
    [7n, '7n'],
    [true, 'true'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Symbol('x'), 'Symbol(x)'],
    [() => 1, 'a function'],
    [new RangeError('too far'), 'RangeError: too far'],
    [[1, ['a']], '[1, ["a"]]'],
    [{ calls: 5, cause: { why: 'slow' } }, '{ calls: 5, cause: { why: "slow" } }'],
    [{}, '{}'],
    [Object.create(null), '{}'],
    [new Door(), 'a Door'],
    [new Map(), 'a Map'],
  ];
  for (const [value, words] of cases) assert.equal(show(value), words);
});

test('stays short for what is long or deep, and ends for what is in a circle', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  assert.equal(show(circle), '{ self: { self: {...} } }');
  assert.equal(show([[[1]]]), '[[[...]]]');
  assert.equal(show('x'.repeat(81)), `"${'x'.repeat(80)}..."`);
  assert.equal(show(new Error('x'.repeat(81))), `Error: ${'x'.repeat(80)}...`);
});
