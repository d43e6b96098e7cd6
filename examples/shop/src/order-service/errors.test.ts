import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidOrderError, retryAfterSeconds, TemporaryOrderError } from './errors.ts';
import { circuitOpen } from './users/fake-user-service-client.ts';

const WAITS: readonly (readonly [ms: number | undefined, seconds: number])[] = [
  [undefined, 1],
  [0, 1],
  [1, 1],
  [1_000, 1],
  [1_001, 2],
  [2_500, 3],
];

for (const [ms, seconds] of WAITS) {
  test(`asks to come back in ${seconds} s when the client says ${ms} ms`, () => {
    assert.equal(retryAfterSeconds(ms), seconds);
    assert.equal(new TemporaryOrderError(circuitOpen(ms)).headers['retry-after'], String(seconds));
  });
}

test('asks to come back in a second when the cause gives no hint at all', () => {
  assert.equal(new TemporaryOrderError(new Error('away')).headers['retry-after'], '1');
});

test('keeps what went wrong for the log and out of the answer', () => {
  const error = new TemporaryOrderError(new Error('connect ECONNREFUSED 10.0.0.7:8081'));

  assert.match(String(error.cause), /ECONNREFUSED/);
  assert.doesNotMatch(JSON.stringify(error.body('en')), /ECONNREFUSED|10\.0\.0\.7/);
});

test('describes itself as RFC 9457 asks, in the language of the reader', () => {
  assert.deepEqual(new InvalidOrderError('unknown-user').body('ko'), {
    type: 'urn:problem-type:order-service:unknown-user',
    title: '주문할 수 없습니다',
    status: 422,
    detail: '존재하지 않는 사용자입니다',
    code: 'UNKNOWN_USER',
  });
});
