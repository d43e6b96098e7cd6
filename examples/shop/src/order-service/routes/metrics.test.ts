import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aFinishedCall } from '../a-finished-call.ts';
import { codeOf, orderServiceForTest } from '../order-service-for-tests.ts';

test('tells Prometheus how the user-service is called, under our names and those of the client before', async (t) => {
  const shop = orderServiceForTest(t);
  shop.users.say(aFinishedCall());
  shop.users.say(aFinishedCall({ operation: 'createUser' }));
  shop.users.say(aFinishedCall({ operation: 'createUser', fate: 'answered' }));

  const response = await shop.get('/metrics');

  assert.equal(response.statusCode, 200);
  assert.match(response.headers['content-type'] as string, /^text\/plain; version=0\.0\.4/);
  const lines = response.body.split('\n');
  for (const line of [
    'switchgear_operation_duration_seconds_count{target="user-service",operation="getUserById",fate="ok"} 1',
    'switchgear_breaker_state{target="user-service",breaker="user-service",state="closed"} 1',
    'users_created_total{source="order-service"} 1',
    '# TYPE http_requests_total counter',
    '# TYPE circuit_breaker_opened counter',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test('answers nothing to another machine', async (t) => {
  const shop = orderServiceForTest(t);

  const response = await shop.app.inject({ url: '/metrics', remoteAddress: '10.1.2.3' });

  assert.equal(response.statusCode, 403);
  assert.equal(codeOf(response), 'LOOPBACK_ONLY');
});
