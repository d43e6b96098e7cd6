import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../testing/seeded-random.ts';
import { openTimeMs } from './open-time.ts';

test('doubles with each opening in a row, up to the cap', () => {
  const nominal = [1, 2, 3, 4, 5, 6].map((opening) => openTimeMs(opening, 1_000, 10_000, 1));

  assert.deepEqual(nominal, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

test('lies between half of the nominal time and all of it', () => {
  const random = seededRandom(7);
  for (const [opening, nominalMs] of [
    [1, 1_000],
    [2, 2_000],
    [9, 10_000],
  ] as const) {
    for (let i = 0; i < 200; i++) {
      const ms = openTimeMs(opening, 1_000, 10_000, random());
      assert.ok(ms >= nominalMs / 2 && ms < nominalMs, `${ms} for opening ${opening}`);
    }
  }
});

test('still differs from breaker to breaker once the cap is reached', () => {
  const random = seededRandom(7);
  const times = Array.from({ length: 100 }, () => openTimeMs(50, 1_000, 10_000, random()));

  assert.equal(new Set(times).size, 100);
  assert.ok(Math.max(...times) - Math.min(...times) > 4_000);
});

test('stays at the cap however long the row of openings is', () => {
  assert.equal(openTimeMs(100_000, 1_000, 10_000, 1), 10_000);
});
