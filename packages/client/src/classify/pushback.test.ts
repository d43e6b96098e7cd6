import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyAnswer, type StatusRules } from './answer.ts';
import type { ProblemDetails } from './problem.ts';
import { type AnswerHeaders, readPushback } from './pushback.ts';

const now = Date.UTC(2026, 0, 1, 12, 0, 0);
const day = 86_400_000;
const noRules: StatusRules = { errors: undefined, retryStatuses: undefined };

const afterMs = (headers: AnswerHeaders, status = 503) => readPushback(status, headers, now).retryAfterMs;

function verdictOf(
  status: number,
  headers: AnswerHeaders,
  idempotent = true,
  rules: StatusRules = noRules,
  problem?: ProblemDetails,
) {
  const answer = { status, headers, unwrapped: undefined, problem };
  return classifyAnswer(answer, rules, {}, now).verdict(idempotent);
}

function problemOf(kind: string): ProblemDetails {
  const type = `https://iana.org/assignments/http-problem-types#${kind}`;
  return { type, title: undefined, status: undefined, detail: undefined, instance: undefined, extensions: {} };
}

test('takes the finer form of a wish where both forms say the same, and else the later one', () => {
  const table: [coarse: string | undefined, fine: string | undefined, ms: number | undefined][] = [
    [undefined, '250', 250],
    ['1', '250', 250],
    ['1', '1', 1],
    ['2', '250', 2_000],
    ['30', '0', 30_000],
    ['1', '5000', 5_000],
    ['1', 'soon', 1_000],
    ['soon', '250', 250],
    ['soon', 'soon', undefined],
    [undefined, '9999999999', day],
  ];
  for (const [coarse, fine, ms] of table) {
    assert.equal(afterMs({ 'retry-after': coarse, 'retry-after-ms': fine }), ms, `${coarse}, ${fine}`);
  }
});

test('takes malformed wishes for not sent, however large they are', () => {
  const hostile = ['', ' ', '-1', '1.5', '1e9', '12345678901', 'NaN', '1, 2', ','.repeat(65_536), '9'.repeat(65_536)];
  for (const text of hostile) {
    assert.equal(afterMs({ 'retry-after-ms': text }), undefined, text.slice(0, 20));
    assert.equal(afterMs({ ratelimit: text }), undefined, text.slice(0, 20));
    assert.equal(readPushback(503, { 'x-should-retry': text }, now).again, undefined, text.slice(0, 20));
  }
  assert.equal(afterMs({ 'retry-after-ms': ['1', '2'] }), undefined);
});

test('waits for what is left of a quota only where no time is named', () => {
  const used = '"burst";r=0;t=30, "daily";r=9;t=3600';
  assert.equal(afterMs({ ratelimit: used }), 30_000);
  assert.equal(afterMs({ ratelimit: used, 'retry-after': '2' }), 2_000);
  assert.equal(afterMs({ ratelimit: used, 'retry-after': 'soon' }), 30_000);
  assert.equal(afterMs({ ratelimit: used, 'retry-after-ms': '20' }), 20);
  assert.equal(afterMs({ ratelimit: used, 'grpc-retry-pushback-ms': '20' }), 20);
  assert.equal(afterMs({ ratelimit: '"burst";r=0;t=30, "daily";r=0;t=90' }), 90_000);
  assert.equal(afterMs({ ratelimit: '"burst";r=0;t=9999999999' }), day);
  assert.equal(afterMs({ ratelimit: '"burst";r=1;t=30' }), undefined);
  assert.equal(afterMs({ ratelimit: '"burst";r=0' }), undefined);
  // A failure that is nobody's quota has nothing to do with one.
  assert.equal(afterMs({ ratelimit: used }, 500), undefined);
  assert.equal(afterMs({ ratelimit: used }, 429), 30_000);
});

test('reads the pushback of gRPC, for which what is no time means never', () => {
  const table: [text: string | string[], afterMs: number | undefined, again: false | undefined][] = [
    ['0', 0, undefined],
    ['1500', 1_500, undefined],
    ['9999999999', day, undefined],
    ['-1', undefined, false],
    ['', undefined, false],
    ['1.5', undefined, false],
    ['1e3', undefined, false],
    ['soon', undefined, false],
    ['9'.repeat(65_536), undefined, false],
    [['1', '2'], undefined, false],
  ];
  for (const [text, ms, again] of table) {
    const { retryAfterMs, again: said } = readPushback(503, { 'grpc-retry-pushback-ms': text }, now);
    assert.deepEqual([retryAfterMs, said], [ms, again], String(text).slice(0, 20));
  }
  assert.equal(afterMs({ 'grpc-retry-pushback-ms': '10', 'retry-after': '2' }), 2_000);
});

test('"do not retry" holds whatever the status, the operation and the other headers say', () => {
  const rules: StatusRules = { errors: undefined, retryStatuses: [500, 404] };
  const noes: AnswerHeaders[] = [
    { 'x-should-retry': 'false' },
    { 'x-should-retry': ' False ' },
    { 'x-should-retry': 'false', 'retry-after': '1' },
    { 'grpc-retry-pushback-ms': '-1' },
    { 'grpc-retry-pushback-ms': '-1', 'x-should-retry': 'true' },
    { 'x-should-retry': 'false', 'grpc-retry-pushback-ms': '5' },
  ];
  for (const headers of noes) {
    for (const status of [404, 408, 409, 421, 425, 429, 500, 502, 503, 504]) {
      assert.equal(verdictOf(status, headers, true, rules).retry, 'never', `${status} ${JSON.stringify(headers)}`);
    }
  }
  // It does not change what the breaker hears.
  assert.equal(verdictOf(503, { 'x-should-retry': 'false' }).kind, 'failure');
  assert.equal(verdictOf(429, { 'x-should-retry': 'false' }).kind, 'throttled');
});

test('"retry" makes what is safe to repeat be tried again, and nothing else', () => {
  const yes = { 'x-should-retry': 'true' };
  for (const status of [409, 500, 503]) {
    assert.equal(verdictOf(status, yes, true).retry, 'backoff', String(status));
    assert.equal(verdictOf(status, yes, false).retry, 'never', String(status));
  }
  assert.equal(verdictOf(429, yes, false).retry, 'never');
  // What will never be served is not served the second time.
  assert.equal(verdictOf(501, yes, true).retry, 'never');
  assert.equal(verdictOf(500, yes, true, { ...noRules, once: true }).retry, 'never');
  assert.equal(verdictOf(500, {}, true).retry, 'never');
});

test('a nack is no sickness, and may be for good', () => {
  for (const name of ['finagle-http-nack', 'x-envoy-overloaded']) {
    assert.deepEqual(verdictOf(503, { [name]: 'true' }), { kind: 'throttled', retry: 'backoff' });
    assert.equal(verdictOf(503, { [name]: 'true' }, false).retry, 'never');
    assert.equal(verdictOf(500, { [name]: 'true' }).kind, 'failure');
  }
  assert.deepEqual(verdictOf(503, { 'finagle-http-nonretryable-nack': '' }), { kind: 'throttled', retry: 'never' });
});

test('knows the problems of rate limits', () => {
  for (const kind of ['quota-exceeded', 'temporary-reduced-capacity']) {
    assert.deepEqual(verdictOf(503, {}, true, noRules, problemOf(kind)), { kind: 'throttled', retry: 'backoff' });
  }
  assert.deepEqual(verdictOf(429, {}, true, noRules, problemOf('abnormal-usage-detected')), {
    kind: 'throttled',
    retry: 'never',
  });
  assert.equal(verdictOf(503, {}, true, noRules, problemOf('something-else')).kind, 'failure');
});

test('says in words that it was asked not to come back', () => {
  const answer = (status: number) => ({ status, headers: { 'x-should-retry': 'false' }, unwrapped: undefined });
  const said = (status: number) => classifyAnswer(answer(status), noRules, {}, now).message;
  assert.equal(said(500), 'answered 500, and asks not to be asked again');
  assert.equal(said(429), 'answered 429: asks for less, and asks not to be asked again');
});
