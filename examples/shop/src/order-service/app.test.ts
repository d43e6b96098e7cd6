import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADDRESS, anOrderRequest, codeOf, orderServiceForTest } from './order-service-for-tests.ts';
import type { OrderRepository } from './orders/repository.ts';
import { circuitOpen } from './users/fake-user-service-client.ts';

function failingWith(error: Error): (orders: OrderRepository) => OrderRepository {
  return (orders) => Object.assign(orders, { findByKey: () => Promise.reject(error) });
}

test('answers every error as a problem, in the language of the reader', async (t) => {
  const shop = orderServiceForTest(t);

  const response = await shop.get('/nowhere', { 'accept-language': 'ko' });

  assert.equal(response.statusCode, 404);
  assert.match(String(response.headers['content-type']), /^application\/problem\+json/);
  assert.equal(response.headers.vary, 'accept-language');
  assert.deepEqual(response.json(), {
    type: 'urn:problem-type:order-service:route-not-found',
    title: '존재하지 않는 경로입니다',
    status: 404,
    detail: '이 경로와 메서드로 제공되는 기능이 없습니다',
    code: 'ROUTE_NOT_FOUND',
  });
});

const UNREADABLE: readonly (readonly [
  what: string,
  body: string,
  contentType: string,
  status: number,
  code: string,
])[] = [
  ['broken JSON', '{"userId":', 'application/json', 400, 'INVALID_REQUEST'],
  ['an empty body', '', 'application/json', 400, 'INVALID_REQUEST'],
  ['a list', '[]', 'application/json', 400, 'INVALID_REQUEST'],
  ['a poisoned prototype', '{"__proto__":{"admin":true}}', 'application/json', 400, 'INVALID_REQUEST'],
  ['a form', 'userId=1', 'application/x-www-form-urlencoded', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ['too much', JSON.stringify({ filler: 'x'.repeat(70_000) }), 'application/json', 413, 'BODY_TOO_LARGE'],
];

for (const [what, body, contentType, status, code] of UNREADABLE) {
  test(`answers ${status} to ${what}`, async (t) => {
    const shop = orderServiceForTest(t);

    const response = await shop.post(body, { 'content-type': contentType });

    assert.equal(response.statusCode, status);
    assert.equal(codeOf(response), code);
  });
}

test('answers 503 when the database is busy, for the same request may succeed later', async (t) => {
  const busy = Object.assign(new Error('database is locked'), { errcode: 5 });
  const shop = orderServiceForTest(t, { around: failingWith(busy) });

  const response = await shop.post(anOrderRequest());

  assert.equal(response.statusCode, 503);
  assert.equal(response.headers['retry-after'], '1');
  assert.equal(codeOf(response), 'STORAGE_UNAVAILABLE');
});

test('tells nothing of a defect but that there is one', async (t) => {
  const shop = orderServiceForTest(t, { around: failingWith(new Error('no such column: orders.secret')) });

  const response = await shop.post(anOrderRequest());

  assert.equal(response.statusCode, 500);
  assert.equal(codeOf(response), 'INTERNAL');
  assert.doesNotMatch(response.body, /column|secret/);
});

test('answers under the request id of its caller, and under one of its own otherwise', async (t) => {
  const shop = orderServiceForTest(t);

  const given = await shop.get('/healthz', { 'x-request-id': 'request-7' });
  const unusable = await shop.get('/healthz', { 'x-request-id': 'two words\u0001' });

  assert.equal(given.headers['x-request-id'], 'request-7');
  assert.match(String(unusable.headers['x-request-id']), /^[0-9a-f-]{36}$/);
});

test('writes one line per request, by the template of its route', async (t) => {
  const shop = orderServiceForTest(t);

  await shop.get('/orders/order-7', { 'x-request-id': 'checkout-42' });

  const line = JSON.parse(shop.log.at(-1) ?? '');
  assert.deepEqual([line.requestId, line.method, line.route, line.status], ['checkout-42', 'GET', '/orders/:id', 404]);
});

test('logs an outage in one line that explains it, without a stack', async (t) => {
  const shop = orderServiceForTest(t);
  shop.users.failure = circuitOpen(1_200);

  await shop.post(anOrderRequest());

  const [outage] = shop.log.map((line) => JSON.parse(line)).filter(({ level }) => level === 40);
  assert.equal(outage.code, 'SWITCHGEAR_CIRCUIT_OPEN');
  assert.match(outage.why, /the circuit is open.*1200 ms/);
  assert.ok(!('err' in outage));
});

test('writes no name, e-mail or address into the log, whatever happens', async (t) => {
  const shop = orderServiceForTest(t);
  await shop.post(anOrderRequest());
  await shop.post(anOrderRequest({ shippingAddress: { ...ADDRESS, country: 'Korea' } }));
  shop.users.failure = circuitOpen();
  await shop.post(anOrderRequest(), { 'idempotency-key': 'key-2' });
  await shop.get('/orders');
  shop.users.failure = new Error('a defect');
  await shop.post(anOrderRequest({ userId: 2 }), { 'idempotency-key': 'key-3' });

  const log = shop.log.join('');
  assert.match(log, /a defect/);
  assert.doesNotMatch(log, /김민준|Iris|example\.test|세종대로|04524/);
});
