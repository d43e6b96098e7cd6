import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from './seeded-random.ts';

test('repeats the same numbers for the same seed', () => {
  const drawn = (seed: number): number[] => Array.from({ length: 100 }, seededRandom(seed));
  assert.deepEqual(drawn(42), drawn(42));
  assert.notDeepEqual(drawn(42), drawn(43));
});

test('stays in [0, 1) and fills it evenly', () => {
  const random = seededRandom(1);
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const at = Math.floor(random() * 10);
    tenths[at] = (tenths[at] as number) + 1;
  }
  assert.equal(tenths.length, 10);
  for (const count of tenths) assert.ok(count > 900 && count < 1_100, String(tenths));
});
