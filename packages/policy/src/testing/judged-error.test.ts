import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SwitchgearError } from '../contract/errors.ts';
import { JudgedError, throttled } from './judged-error.ts';

test('is judged as it is told, whatever the call', () => {
  const verdict = { kind: 'failure', retry: 'now', openForMs: 50 } as const;
  const error = new JudgedError(verdict, { sent: 'never', target: 'users' });
  assert.equal(error.verdict(), verdict);
  assert.deepEqual([error.sent, error.target, error.message], ['never', 'users', 'judged as failure']);
  assert.ok(error instanceof SwitchgearError);
});

test('takes a kind for the usual verdict of that kind', () => {
  const kinds = ['success', 'failure', 'throttled', 'ignored'] as const;
  assert.deepEqual(
    kinds.map((kind) => new JudgedError(kind).verdict().retry),
    ['never', 'backoff', 'backoff', 'never'],
  );
});

test('throttled says when to come back, or does not', () => {
  const error = throttled(250);
  assert.deepEqual(error.verdict(), { kind: 'throttled', retry: 'backoff', retryAfterMs: 250 });
  assert.deepEqual([error.retryAfterMs, error.sent], [250, 'answered']);
  assert.deepEqual(throttled().verdict(), { kind: 'throttled', retry: 'backoff' });
  assert.equal(throttled().retryAfterMs, undefined);
});
