import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, orderServiceForTest } from '../order-service-for-tests.ts';
import { circuitOpen, FakeUserServiceClient } from '../users/fake-user-service-client.ts';

function awayUsers(): FakeUserServiceClient {
  const users = new FakeUserServiceClient([], 'open');
  users.failure = circuitOpen();
  return users;
}

test('is alive and ready while the circuit is open, and shows that it is', async (t) => {
  const shop = orderServiceForTest(t, { users: awayUsers() });

  const live = await shop.get('/healthz');
  const ready = await shop.get('/readyz');

  assert.deepEqual([live.statusCode, live.json()], [200, { status: 'ok' }]);
  assert.deepEqual([ready.statusCode, ready.json()], [200, { status: 'ready', userService: { circuit: 'open' } }]);
});

test('asks the user-service nothing to find out whether it is well itself', async (t) => {
  const shop = orderServiceForTest(t);

  await shop.get('/healthz');
  await shop.get('/readyz');

  assert.deepEqual(shop.users.asked, []);
});

test('is alive and not ready when the database does not answer, and does not say why', async (t) => {
  const shop = orderServiceForTest(t, {
    around: (orders) =>
      Object.assign(orders, { ping: () => Promise.reject(new Error('disk I/O error at /srv/orders')) }),
  });

  const ready = await shop.get('/readyz');

  assert.equal((await shop.get('/healthz')).statusCode, 200);
  assert.equal(ready.statusCode, 503);
  assert.equal(codeOf(ready), 'NOT_READY');
  assert.doesNotMatch(ready.body, /disk|srv/);
});

test('is not ready any more once it is stopping', async (t) => {
  const shop = orderServiceForTest(t);
  shop.readiness.stop();

  assert.equal((await shop.get('/readyz')).statusCode, 503);
  assert.equal((await shop.get('/healthz')).statusCode, 200);
});
