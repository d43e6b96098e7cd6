import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chunksOf } from './chunks.ts';

test('deals every key out once, in order, into as few requests as hold them', () => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      fc.uniqueArray(text, { maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 24, max: 80 }),
      (texts, maxKeys, maxKeyBytes) => {
        const chunks = chunksOf(new Map(texts.map((one) => [one, one])), maxKeys, maxKeyBytes);
        const fits = (keys: readonly unknown[]): boolean =>
          keys.length <= maxKeys && Buffer.byteLength(keys.join(',')) <= maxKeyBytes;

        assert.deepEqual(
          chunks.flatMap(({ keys }) => keys),
          texts,
        );
        for (const [i, { texts: own, keys }] of chunks.entries()) {
          assert.ok(keys.length > 0 && fits(keys));
          assert.deepEqual(own, keys);
          const next = chunks[i + 1]?.keys[0];
          assert.ok(next === undefined || !fits([...keys, next]), 'the next key would have fitted in');
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test('splits 250 keys into 100, 100 and 50', () => {
  const keys = new Map(Array.from({ length: 250 }, (_, id) => [String(id), id]));
  assert.deepEqual(
    chunksOf(keys, 100, 65_536).map((chunk) => chunk.keys.length),
    [100, 100, 50],
  );
});
