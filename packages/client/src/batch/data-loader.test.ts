import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataLoaderValues } from './data-loader.ts';

test('gives a value, null or an error for each key, in the order asked', () => {
  const error = new Error('no');
  const values = dataLoaderValues([
    { outcome: 'found', key: 1, value: 'Ada' },
    { outcome: 'missing', key: 2 },
    { outcome: 'failed', key: 3, error },
    { outcome: 'failed', key: 4, error: 'thrown' },
  ]);
  assert.deepEqual(values.slice(0, 3), ['Ada', null, error]);
  // A DataLoader takes for an error what is one, and for a value everything else.
  assert.ok(values[3] instanceof Error);
  assert.equal(values[3].cause, 'thrown');
});
