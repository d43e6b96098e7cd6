import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caught } from './caught.ts';
import { ExpectationError } from './expectation-error.ts';

test('answers what a promise rejects with, an error or not', async () => {
  const down = new Error('down');
  assert.equal(await caught(Promise.reject(down)), down);
  assert.equal(await caught(Promise.reject(undefined)), undefined);
});

test('fails when the promise does not, and says what it answered', async () => {
  const asked = caught(Promise.resolve({ id: 42 }));
  await assert.rejects(
    asked,
    (error) => error instanceof ExpectationError && error.message === 'did not fail, answered { id: 42 }',
  );
});
