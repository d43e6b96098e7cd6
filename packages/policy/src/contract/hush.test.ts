import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hush } from './hush.ts';

/** What the process hears of rejections that nobody has taken, while something runs. */
async function unhandled(run: () => void): Promise<unknown[]> {
  const heard: unknown[] = [];
  const hears = (reason: unknown): void => void heard.push(reason);
  process.on('unhandledRejection', hears);
  run();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', hears);
  return heard;
}

test('takes the rejection of a promise that nobody waits for', async () => {
  assert.deepEqual(await unhandled(() => hush(Promise.reject(new Error('down')))), []);
});

test('looks at nothing that bites', async () => {
  const bites = Object.defineProperty({}, 'then', {
    get() {
      throw new Error('bitten');
    },
  });
  assert.deepEqual(await unhandled(() => hush(bites)), []);
});

test('leaves everything else alone', () => {
  for (const answer of [undefined, null, 5, 'text', {}, [], Promise.resolve(1)]) assert.equal(hush(answer), undefined);
});
