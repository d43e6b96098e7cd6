import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '@switchgear/policy/testing';
import fc from 'fast-check';
import { sideBySide } from './side-by-side.ts';

test('keeps as much under way as it may, never more, and runs each once in order', async () => {
  const counts = fc.record({ count: fc.nat(40), most: fc.integer({ min: 1, max: 8 }) });
  await fc.assert(
    fc.asyncProperty(counts, async ({ count, most }) => {
      const waiting: (() => void)[] = [];
      const begun: number[] = [];
      let highest = 0;
      const all = Array.from({ length: count }, (_, i) => i);

      const done = sideBySide(all, most, (one, place) => {
        assert.equal(one, place);
        begun.push(one);
        return new Promise((resolve) => {
          waiting.push(resolve);
          highest = Math.max(highest, waiting.length);
        });
      });
      for (await settle(); waiting.length > 0; await settle()) waiting.pop()?.();
      await done;

      assert.equal(highest, Math.min(most, count));
      assert.deepEqual(begun, all);
    }),
    { numRuns: 100 },
  );
});

test('rejects with what one of them rejects with', async () => {
  const reason = new Error('left');
  await assert.rejects(
    sideBySide([1, 2, 3], 2, async (one) => {
      if (one === 2) throw reason;
    }),
    reason,
  );
});
