import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpectationError } from './expectation-error.ts';

test('is known to any runner as a failed assertion, without importing one', () => {
  const error = new ExpectationError('not so', 'this', 'that');
  assert.deepEqual([error.name, error.actual, error.expected], ['AssertionError', 'this', 'that']);
  assert.ok(error instanceof Error);
});

test('has a stack that begins where the kit was called', () => {
  function expectation(): never {
    throw new ExpectationError('not so', 'this', 'that', expectation);
  }
  try {
    expectation();
  } catch (error) {
    assert.ok(error instanceof ExpectationError);
    assert.match(error.stack ?? '', /^AssertionError: not so\n/);
    assert.doesNotMatch(error.stack ?? '', /at expectation\b/);
    return;
  }
  assert.fail('did not throw');
});
