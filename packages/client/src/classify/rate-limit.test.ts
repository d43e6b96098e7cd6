import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readQuotas, untilQuotaMs } from './rate-limit.ts';
import { readStructuredList } from './structured-list.ts';

test('reads what is left of each quota, and what its policy says of it', () => {
  assert.deepEqual(
    readQuotas('"burst";r=50;t=30, "daily";r=0', '"burst";q=100;w=60, "hourly";q=1;w=3600;qu="bytes";pk=:cHNlZA==:'),
    [
      { name: 'burst', remaining: 50, resetMs: 30_000, limit: 100, windowMs: 60_000 },
      { name: 'daily', remaining: 0, resetMs: undefined, limit: undefined, windowMs: undefined },
    ],
  );
  assert.deepEqual(readQuotas(undefined, '"burst";q=100'), []);
  assert.equal(readQuotas(['"a";r=1', '"b";r=2'], undefined).length, 2);
});

test('takes a malformed field for not sent, and no part of it', () => {
  for (const field of [
    '',
    'default;r=1;t=1',
    'limit=100, remaining=50, reset=30',
    '"a"',
    '"a";t=5',
    '"a";r=-1',
    '"a";r=0;t=-1',
    '"a";r=1.5',
    '"a";r=1e9',
    '"a";r="1"',
    '"a";r',
    '"a";r=1, "b"',
    '"a";r=1,',
    '"a";r=1;;',
    '"a;r=1',
    '"a" ;r=1',
    '"a";R=1',
    '"a";r=1234567890123456',
    '("a");r=1',
    '"é";r=1',
  ]) {
    assert.deepEqual(readQuotas(field, undefined), [], field);
  }
  assert.equal(readQuotas('"a";r=1', 'nonsense')[0]?.limit, undefined);
});

test('waits for the last of the quotas that are used up', () => {
  assert.equal(untilQuotaMs(readQuotas('"a";r=0;t=5, "b";r=0;t=9, "c";r=1;t=99', undefined)), 9_000);
  assert.equal(untilQuotaMs([]), undefined);
});

test('reads lists as RFC 9651 writes them', () => {
  const read = (text: string) =>
    readStructuredList(text)?.map(({ text: name, integers }) => [name, Object.fromEntries(integers)]);
  assert.deepEqual(read('  "a\\"b\\\\";x=1;y;z=?0;t=tok/en:1;d=1.5;b=:YQ==:;at=@5;u=%"x"  '), [['a"b\\', { x: 1 }]]);
  assert.deepEqual(read('"a";x=1;x="2"\t,\t"b";x=-5'), [
    ['a', {}],
    ['b', { x: -5 }],
  ]);
  assert.equal(read(`"${'x'.repeat(4_095)}"`), undefined);
});

test('reads any text at all without a mistake of its own', () => {
  const pieces = fc.constantFrom(
    '"',
    '\\',
    ';',
    ',',
    '=',
    ' ',
    '\t',
    'r',
    't',
    '0',
    '9',
    '-',
    '.',
    ':',
    '?',
    '@',
    '%',
    'é',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      for (const { remaining, resetMs } of readQuotas(parts.join(''), undefined)) {
        assert.ok(remaining >= 0 && (resetMs ?? 0) >= 0);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('looks at a hostile header once', () => {
  // Each of these would take minutes if it were tried again from every place; the longest that is read at all is 4 KB.
  for (const piece of [',', ' ', '"', '"\\', '"a";r=1,', '"a";', ';r=', '"a";r=1;b=:']) {
    const hostile = piece.repeat(65_536 / piece.length);
    assert.equal(readStructuredList(hostile), undefined);
    readStructuredList(hostile.slice(0, 4_096));
    readStructuredList(`"${hostile.slice(0, 4_000)}`);
  }
});
