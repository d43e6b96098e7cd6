import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthenticationError } from '@switchgear/client';
import { ADDRESS, anOrderRequest, codeOf, orderServiceForTest } from '../order-service-for-tests.ts';
import { circuitOpen, FakeUserServiceClient } from '../users/fake-user-service-client.ts';

const MINUTE_MS = 60_000;

test('places an order of a live user: 201, a location, and the whole order', async (t) => {
  const shop = orderServiceForTest(t);

  const response = await shop.post(anOrderRequest());

  assert.equal(response.statusCode, 201);
  assert.equal(response.headers.location, '/orders/order-1');
  assert.equal(response.headers['idempotent-replayed'], undefined);
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.deepEqual(response.json(), {
    id: 'order-1',
    user: { id: 1, name: '김민준', provenance: 'live' },
    items: [{ sku: 'TEA-100', quantity: 2, unitPrice: 1_250 }],
    shippingAddress: ADDRESS,
    total: 2_500,
    createdAt: '2025-03-01T09:00:00.000Z',
  });
});

test('has stored the order when it answers', async (t) => {
  const shop = orderServiceForTest(t);

  const { id } = (await shop.post(anOrderRequest())).json();

  assert.equal((await shop.orders.find(id))?.total, 2_500);
});

test('answers a repeated order with the first one, marked as replayed', async (t) => {
  const shop = orderServiceForTest(t);
  const first = await shop.post(anOrderRequest());
  await shop.clock.advance(MINUTE_MS);

  const again = await shop.post(anOrderRequest());

  assert.equal(again.statusCode, 200);
  assert.equal(again.headers['idempotent-replayed'], 'true');
  assert.equal(again.headers.location, first.headers.location);
  assert.equal(again.body, first.body);
  assert.equal((await shop.orders.list(10)).length, 1);
});

test('answers a repeated order without asking the user-service', async (t) => {
  const shop = orderServiceForTest(t);
  await shop.post(anOrderRequest());
  shop.users.failure = circuitOpen();
  shop.users.asked.length = 0;

  const again = await shop.post(anOrderRequest());

  assert.equal(again.statusCode, 200);
  assert.deepEqual(shop.users.asked, []);
});

test('refuses a key that was used for another order, without asking the user-service', async (t) => {
  const shop = orderServiceForTest(t);
  await shop.post(anOrderRequest());
  shop.users.asked.length = 0;

  const other = await shop.post(anOrderRequest({ userId: 2 }));

  assert.equal(other.statusCode, 422);
  assert.equal(codeOf(other), 'IDEMPOTENCY_KEY_REUSED');
  assert.deepEqual(shop.users.asked, []);
  assert.equal((await shop.orders.list(10)).length, 1);
});

test('stores one order when the same one is sent many times at once', async (t) => {
  const shop = orderServiceForTest(t);

  const responses = await Promise.all(Array.from({ length: 20 }, () => shop.post(anOrderRequest())));

  const stored = await shop.orders.list(100);
  assert.equal(stored.length, 1);
  assert.equal(responses.filter(({ statusCode }) => statusCode === 201).length, 1);
  assert.equal(responses.filter(({ statusCode }) => statusCode === 200).length, 19);
  for (const response of responses) assert.equal(response.json().id, stored[0]?.id);
});

test('lets one of two different orders win that race for one key', async (t) => {
  const shop = orderServiceForTest(t);

  const responses = await Promise.all([shop.post(anOrderRequest()), shop.post(anOrderRequest({ userId: 2 }))]);

  assert.deepEqual(responses.map(({ statusCode }) => statusCode).sort(), [201, 422]);
  assert.equal((await shop.orders.list(10)).length, 1);
});

test('places two equal orders under two keys', async (t) => {
  const shop = orderServiceForTest(t);

  await shop.post(anOrderRequest(), { 'idempotency-key': 'key-1' });
  const second = await shop.post(anOrderRequest(), { 'idempotency-key': 'key-2' });

  assert.equal(second.statusCode, 201);
  assert.equal((await shop.orders.list(10)).length, 2);
});

test('does not take a refusal for a use of the key', async (t) => {
  const shop = orderServiceForTest(t);
  shop.users.failure = circuitOpen();
  assert.equal((await shop.post(anOrderRequest())).statusCode, 503);
  shop.users.failure = undefined;

  assert.equal((await shop.post(anOrderRequest())).statusCode, 201);
});

const KEYS: readonly (readonly [what: string, key: string | undefined, code: string])[] = [
  ['no key', undefined, 'IDEMPOTENCY_KEY_MISSING'],
  ['an empty key', '', 'IDEMPOTENCY_KEY_MALFORMED'],
  ['a key with a space', 'key 1', 'IDEMPOTENCY_KEY_MALFORMED'],
  ['a key beyond ASCII', 'schlüssel', 'IDEMPOTENCY_KEY_MALFORMED'],
  ['a key of 201 characters', 'k'.repeat(201), 'IDEMPOTENCY_KEY_MALFORMED'],
];

for (const [what, key, code] of KEYS) {
  test(`refuses an order with ${what}`, async (t) => {
    const shop = orderServiceForTest(t);

    const response = await shop.post(anOrderRequest(), { 'idempotency-key': key });

    assert.equal(response.statusCode, 400);
    assert.equal(codeOf(response), code);
    assert.deepEqual(shop.users.asked, []);
  });
}

test('takes a key of 200 characters, and every visible ASCII one', async (t) => {
  const shop = orderServiceForTest(t);
  const visible = String.fromCharCode(...Array.from({ length: 94 }, (_, index) => 0x21 + index));

  assert.equal((await shop.post(anOrderRequest(), { 'idempotency-key': 'k'.repeat(200) })).statusCode, 201);
  assert.equal((await shop.post(anOrderRequest(), { 'idempotency-key': visible })).statusCode, 201);
});

test('refuses an order of an unknown user: 422, in the words of the reader', async (t) => {
  const shop = orderServiceForTest(t);

  const response = await shop.post(anOrderRequest({ userId: 99 }), { 'accept-language': 'ko-KR,ko;q=0.9' });

  assert.equal(response.statusCode, 422);
  assert.equal(codeOf(response), 'UNKNOWN_USER');
  assert.equal(response.json().detail, '존재하지 않는 사용자입니다');
  assert.equal(response.headers['content-language'], 'ko');
  assert.deepEqual(await shop.orders.list(10), []);
});

test('refuses an order of a suspended user', async (t) => {
  const shop = orderServiceForTest(t);

  const response = await shop.post(anOrderRequest({ userId: 3 }));

  assert.equal(response.statusCode, 422);
  assert.equal(codeOf(response), 'SUSPENDED_USER');
  assert.deepEqual(await shop.orders.list(10), []);
});

test('refuses an order whose total is too large', async (t) => {
  const shop = orderServiceForTest(t);
  const items = [{ sku: 'GOLD', quantity: 10_000, unitPrice: 1_000_000_000 }];

  const response = await shop.post(anOrderRequest({ items }));

  assert.equal(response.statusCode, 422);
  assert.equal(codeOf(response), 'TOTAL_TOO_LARGE');
});

test('refuses politely while the user-service is away: 503, and when to come back', async (t) => {
  const shop = orderServiceForTest(t);
  shop.users.failure = circuitOpen(2_300);

  const response = await shop.post(anOrderRequest(), { 'accept-language': 'ko' });

  assert.equal(response.statusCode, 503);
  assert.equal(response.headers['retry-after'], '3');
  assert.equal(codeOf(response), 'USER_SERVICE_AWAY');
  assert.equal(response.json().detail, '일시적으로 주문을 처리할 수 없습니다. 잠시 후 다시 시도해주세요');
  assert.deepEqual(await shop.orders.list(10), []);
});

test('places an order of a fresh user while the user-service is away, and says how fresh', async (t) => {
  const shop = orderServiceForTest(t);
  await shop.post(anOrderRequest());
  await shop.clock.advance(4 * MINUTE_MS);
  shop.users.failure = circuitOpen();

  const response = await shop.post(anOrderRequest(), { 'idempotency-key': 'key-2' });

  assert.equal(response.statusCode, 201);
  assert.deepEqual(response.json().user, { id: 1, name: '김민준', provenance: 'fresh', ageMs: 4 * MINUTE_MS });
});

test('places no order of a stale user', async (t) => {
  const shop = orderServiceForTest(t);
  await shop.post(anOrderRequest());
  await shop.clock.advance(5 * MINUTE_MS + 1);
  shop.users.failure = circuitOpen();

  const response = await shop.post(anOrderRequest(), { 'idempotency-key': 'key-2' });

  assert.equal(response.statusCode, 503);
  assert.equal((await shop.orders.list(10)).length, 1);
});

test('does not call a fault of ours an outage', async (t) => {
  const shop = orderServiceForTest(t);
  shop.users.failure = new AuthenticationError('the token server refuses: invalid_client', { target: 'user-service' });

  const response = await shop.post(anOrderRequest());

  assert.equal(response.statusCode, 500);
  assert.equal(codeOf(response), 'INTERNAL');
  assert.doesNotMatch(response.body, /token|invalid_client/);
});

const BODIES: readonly (readonly [what: string, change: Record<string, unknown>, field: string])[] = [
  ['no user', { userId: undefined }, 'userId'],
  ['a user id in text', { userId: '1' }, 'userId'],
  ['user 0', { userId: 0 }, 'userId'],
  ['no items', { items: [] }, 'items'],
  ['101 items', { items: Array.from({ length: 101 }, () => ({ sku: 'A', quantity: 1, unitPrice: 1 })) }, 'items'],
  ['half an item', { items: [{ sku: 'A', quantity: 0.5, unitPrice: 1 }] }, 'items.0.quantity'],
  ['no quantity', { items: [{ sku: 'A', unitPrice: 1 }] }, 'items.0.quantity'],
  ['a fraction of a minor unit', { items: [{ sku: 'A', quantity: 1, unitPrice: 9.99 }] }, 'items.0.unitPrice'],
  ['a negative price', { items: [{ sku: 'A', quantity: 1, unitPrice: -1 }] }, 'items.0.unitPrice'],
  ['a sku with a line break', { items: [{ sku: 'A\nB', quantity: 1, unitPrice: 1 }] }, 'items.0.sku'],
  ['no address', { shippingAddress: undefined }, 'shippingAddress'],
  ['an address with a NUL', { shippingAddress: { ...ADDRESS, city: 'a\u0000b' } }, 'shippingAddress.city'],
  ['half a surrogate pair', { shippingAddress: { ...ADDRESS, city: '\ud83d' } }, 'shippingAddress.city'],
  ['a country in words', { shippingAddress: { ...ADDRESS, country: 'Korea' } }, 'shippingAddress.country'],
  ['a total of its own', { total: 1 }, 'total'],
];

for (const [what, change, field] of BODIES) {
  test(`refuses an order with ${what}, naming ${field}`, async (t) => {
    const shop = orderServiceForTest(t);

    const response = await shop.post(anOrderRequest(change));

    assert.equal(response.statusCode, 400);
    assert.equal(codeOf(response), 'INVALID_REQUEST');
    assert.deepEqual(
      response.json().errors.map((problem: { field: string }) => problem.field),
      [field],
    );
    assert.deepEqual(shop.users.asked, []);
  });
}

test('names fields in the language of the reader', async (t) => {
  const shop = orderServiceForTest(t);

  const response = await shop.post(anOrderRequest({ items: [] }), { 'accept-language': 'ko' });

  assert.deepEqual(response.json().errors, [{ field: 'items', detail: '1~100개의 상품 목록이어야 합니다' }]);
});

test('shows an order with the live name of its user', async (t) => {
  const shop = orderServiceForTest(t);
  await shop.post(anOrderRequest());
  const user = shop.users.known.get(1);
  assert.ok(user);
  shop.users.known.set(1, { ...user, name: '김서연' });

  const response = await shop.get('/orders/order-1');

  assert.equal(response.statusCode, 200);
  assert.deepEqual(response.json().user, { id: 1, name: '김서연', provenance: 'live' });
  assert.deepEqual(response.json().shippingAddress, ADDRESS);
});

test('shows an order with an ever older name while the user-service is away', async (t) => {
  const shop = orderServiceForTest(t);
  await shop.post(anOrderRequest());
  shop.users.failure = circuitOpen();
  const shown = async () => (await shop.get('/orders/order-1', { 'accept-language': 'ko' })).json().user;

  assert.deepEqual(await shown(), { id: 1, name: '김민준', provenance: 'fresh', ageMs: 0 });
  await shop.clock.advance(30 * MINUTE_MS);
  assert.deepEqual(await shown(), { id: 1, name: '김민준', provenance: 'stale', ageMs: 30 * MINUTE_MS });
  await shop.clock.advance(31 * MINUTE_MS);
  assert.deepEqual(await shown(), { id: 1, name: '이름을 확인할 수 없는 사용자', provenance: 'made-up' });
});

test('shows the name an order recorded, as stale, after a restart without the user-service', async (t) => {
  const before = orderServiceForTest(t);
  await before.post(anOrderRequest());
  const away = new FakeUserServiceClient();
  away.failure = circuitOpen();
  const after = orderServiceForTest(t, { users: away, around: () => before.orders });
  await after.clock.advance(MINUTE_MS);

  const response = await after.get('/orders/order-1');

  assert.deepEqual(response.json().user, { id: 1, name: '김민준', provenance: 'stale', ageMs: MINUTE_MS });
});

test('says that a user is deleted, and does not show the name', async (t) => {
  const shop = orderServiceForTest(t);
  await shop.post(anOrderRequest());
  shop.users.known.delete(1);

  const response = await shop.get('/orders/order-1');

  assert.deepEqual(response.json().user, { id: 1, name: 'Deleted user', provenance: 'made-up' });
});

for (const id of ['order-2', '..%2Fetc', '%00', 'x'.repeat(65)]) {
  test(`knows no order ${id.slice(0, 12)}`, async (t) => {
    const shop = orderServiceForTest(t);

    const response = await shop.get(`/orders/${id}`);

    assert.equal(response.statusCode, 404);
    assert.equal(codeOf(response), 'ORDER_NOT_FOUND');
  });
}

test('lists the newest orders first, their users by one question, without addresses', async (t) => {
  const shop = orderServiceForTest(t);
  for (const [key, userId] of [
    ['a', 1],
    ['b', 2],
    ['c', 1],
  ] as const) {
    await shop.post(anOrderRequest({ userId }), { 'idempotency-key': key });
  }
  shop.users.asked.length = 0;

  const response = await shop.get('/orders?limit=2');

  const { orders } = response.json();
  assert.deepEqual(
    orders.map((order: { id: string; user: { name: string } }) => [order.id, order.user.name]),
    [
      ['order-3', '김민준'],
      ['order-2', 'Iris Reed'],
    ],
  );
  assert.ok(!('shippingAddress' in orders[0]));
  assert.deepEqual(shop.users.asked, ['batch 1,2']);
});

test('lists orders while the user-service is away, each name as good as it can be', async (t) => {
  const shop = orderServiceForTest(t);
  await shop.post(anOrderRequest(), { 'idempotency-key': 'a' });
  await shop.post(anOrderRequest({ userId: 2 }), { 'idempotency-key': 'b' });
  await shop.clock.advance(6 * MINUTE_MS);
  await shop.get('/orders/order-2');
  shop.users.failure = circuitOpen();

  const { orders } = (await shop.get('/orders')).json();

  assert.deepEqual(
    orders.map((order: { user: { provenance: string } }) => order.user.provenance),
    ['fresh', 'stale'],
  );
});

test('lists nothing, and asks nobody, when there is no order', async (t) => {
  const shop = orderServiceForTest(t);

  assert.deepEqual((await shop.get('/orders')).json(), { orders: [] });
  assert.deepEqual(shop.users.asked, []);
});

for (const query of ['limit=0', 'limit=101', 'limit=1e1', 'limit=', 'limit=5&limit=6', 'page=2']) {
  test(`refuses to list orders by ${query}`, async (t) => {
    const shop = orderServiceForTest(t);

    const response = await shop.get(`/orders?${query}`);

    assert.equal(response.statusCode, 400);
    assert.equal(codeOf(response), 'INVALID_REQUEST');
  });
}
