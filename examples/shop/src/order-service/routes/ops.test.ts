import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aFinishedCall } from '../a-finished-call.ts';
import { anOrderRequest, codeOf, orderServiceForTest } from '../order-service-for-tests.ts';
import type { OpsReport } from '../telemetry.ts';
import { circuitOpen } from '../users/fake-user-service-client.ts';

test('reports what it promises, what happened, and how things are', async (t) => {
  const shop = orderServiceForTest(t);
  await shop.post(anOrderRequest());
  await shop.post(anOrderRequest());
  await shop.post(anOrderRequest({ userId: 99 }), { 'idempotency-key': 'key-2' });
  await shop.post({}, { 'idempotency-key': 'key-3' });
  await shop.get('/orders/order-1');
  shop.users.failure = circuitOpen();
  await shop.post(anOrderRequest({ userId: 2 }), { 'idempotency-key': 'key-4' });
  await shop.get('/orders');
  shop.users.say(aFinishedCall({ durationMs: 4, attempts: 2 }));
  await shop.clock.advance(1_000);

  const response = await shop.get('/ops/user-service');

  const report: OpsReport = response.json();
  assert.equal(response.statusCode, 200);
  assert.equal(report.service, 'order-service');
  assert.deepEqual(report.promises, { maxAttempts: 3, deadlineMs: 3_150 });
  assert.deepEqual(report.totals.orders, { placed: 1, replayed: 1, invalid: 2, refused: 1, failed: 0 });
  assert.deepEqual(report.totals.names, { live: 1, fresh: 1, stale: 0, 'made-up': 0 });
  assert.deepEqual([report.totals.calls, report.totals.attempts, report.totals.mostAttempts], [1, 2, 2]);
  assert.equal(report.uptimeMs, 1_000);
  assert.deepEqual(
    report.seconds.map(({ second, calls, breaker }) => ({ second, calls, breaker })),
    [{ second: 0, calls: 1, breaker: 'closed' }],
  );
  assert.equal(report.gauges.breaker.state, 'closed');
  assert.equal(report.circuit, 'closed');
  assert.equal(report.policies, 'a user-service in memory');
});

for (const remoteAddress of ['10.1.2.3', '::ffff:192.168.0.9', '2001:db8::1']) {
  test(`answers nothing to ${remoteAddress}, whatever its headers say`, async (t) => {
    const shop = orderServiceForTest(t);

    const response = await shop.app.inject({
      url: '/ops/user-service',
      remoteAddress,
      headers: { 'x-forwarded-for': '127.0.0.1', host: 'localhost' },
    });

    assert.equal(response.statusCode, 403);
    assert.equal(codeOf(response), 'LOOPBACK_ONLY');
  });
}

test('stops listening to the client when it closes', async (t) => {
  const shop = orderServiceForTest(t);
  assert.ok(shop.users.listeners > 0);

  await shop.app.close();

  assert.equal(shop.users.listeners, 0);
});
