import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRetryAfter } from './retry-after.ts';

const now = Date.UTC(2026, 0, 1, 12, 0, 0);

test('reads seconds and dates, and takes nothing else for either', () => {
  const table: [header: string | string[] | undefined, ms: number | undefined][] = [
    ['0', 0],
    ['2', 2_000],
    [' 3 ', 3_000],
    ['9999999999', 86_400_000],
    ['Thu, 01 Jan 2026 12:00:05 GMT', 5_000],
    ['Thursday, 01-Jan-26 12:00:05 GMT', 5_000],
    ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['Fri, 31 Dec 2999 23:59:59 GMT', 86_400_000],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e9', undefined],
    ['abc', undefined],
    ['', undefined],
    ['Thu, nonsense', undefined],
    [undefined, undefined],
    [['1', '2'], undefined],
  ];
  for (const [header, ms] of table) assert.equal(readRetryAfter(header, now), ms, String(header));
});

test('gives up on a hostile header at once', () => {
  assert.equal(readRetryAfter(' '.repeat(65_536), now), undefined);
  assert.equal(readRetryAfter('9'.repeat(65_536), now), undefined);
});
