import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '@switchgear/policy/testing';
import fc from 'fast-check';
import { lookUpInChunks } from './batch.ts';

interface Found {
  readonly id: number;
}

const find = (id: number): Found => ({ id });
const OPTIONS = { chunkSize: 100, concurrency: 2 };

/** Ids with duplicates, and a world in which some of them do not exist. */
const lookUps = fc.record({
  ids: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 120 }),
  missing: fc.uniqueArray(fc.integer({ min: 1, max: 60 })),
  chunkSize: fc.integer({ min: 1, max: 25 }),
  concurrency: fc.integer({ min: 1, max: 6 }),
});

test('finds each id once, in the order asked, and reports those that do not exist', async () => {
  await fc.assert(
    fc.asyncProperty(lookUps, async ({ ids, missing, ...options }) => {
      const exists = (id: number): boolean => !missing.includes(id);
      // The other side may answer in any order.
      const lookUp = async (chunk: readonly number[]) => chunk.filter(exists).reverse().map(find);

      const result = await lookUpInChunks(ids, lookUp, options);

      const asked = [...new Set(ids)];
      assert.deepEqual(
        result.found.map(({ id }) => id),
        asked.filter(exists),
      );
      assert.deepEqual(
        result.missing,
        asked.filter((id) => !exists(id)),
      );
      assert.deepEqual(result.failures, []);
    }),
  );
});

test('asks for no id twice and for no more at once than a chunk holds', async () => {
  await fc.assert(
    fc.asyncProperty(lookUps, async ({ ids, chunkSize, concurrency }) => {
      const chunks: (readonly number[])[] = [];
      const lookUp = async (chunk: readonly number[]) => {
        chunks.push(chunk);
        return chunk.map(find);
      };

      await lookUpInChunks(ids, lookUp, { chunkSize, concurrency });

      assert.deepEqual(chunks.flat(), [...new Set(ids)]);
      assert.ok(chunks.every((chunk) => chunk.length > 0 && chunk.length <= chunkSize));
    }),
  );
});

test('keeps as many requests under way as it may, and never more', async () => {
  await fc.assert(
    fc.asyncProperty(lookUps, async ({ ids, chunkSize, concurrency }) => {
      const waiting: (() => void)[] = [];
      let most = 0;
      const lookUp = (chunk: readonly number[]) =>
        new Promise<readonly Found[]>((resolve) => {
          waiting.push(() => resolve(chunk.map(find)));
          most = Math.max(most, waiting.length);
        });

      const result = lookUpInChunks(ids, lookUp, { chunkSize, concurrency });
      for (await settle(); waiting.length > 0; await settle()) waiting.pop()?.();
      await result;

      const chunks = Math.ceil(new Set(ids).size / chunkSize);
      assert.equal(most, Math.min(concurrency, chunks));
    }),
    { numRuns: 30 },
  );
});

test('loses no finished chunk when another fails, and accounts for every id', async () => {
  await fc.assert(
    fc.asyncProperty(lookUps, fc.func(fc.boolean()), async ({ ids, missing, ...options }, fails) => {
      const lookUp = async (chunk: readonly number[]) => {
        if (fails(chunk[0])) throw new Error(`no ${chunk[0]}`);
        return chunk.filter((id) => !missing.includes(id)).map(find);
      };

      const { found, missing: unknown, failures } = await lookUpInChunks(ids, lookUp, options);

      const failedIds = failures.flatMap((failure) => failure.ids);
      const accounted = [...found.map(({ id }) => id), ...unknown, ...failedIds].sort((a, b) => a - b);
      assert.deepEqual(
        accounted,
        [...new Set(ids)].sort((a, b) => a - b),
      );
      for (const { ids: chunk, error } of failures) assert.equal((error as Error).message, `no ${chunk[0]}`);
    }),
  );
});

test('sends nothing for an empty list', async () => {
  const result = await lookUpInChunks([], () => assert.fail('sent'), OPTIONS);

  assert.deepEqual(result, { found: [], missing: [], failures: [] });
});

test('splits 250 ids into chunks of 100, 100 and 50', async () => {
  const sizes: number[] = [];
  const ids = Array.from({ length: 250 }, (_, index) => index + 1);

  await lookUpInChunks(
    ids,
    async (chunk) => {
      sizes.push(chunk.length);
      return [];
    },
    OPTIONS,
  );

  assert.deepEqual(sizes, [100, 100, 50]);
});

test('ignores an answer about an id that was not asked for', async () => {
  const result = await lookUpInChunks([1], async () => [find(1), find(2)], OPTIONS);

  assert.deepEqual(result.found, [find(1)]);
});
