import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userServiceForTests } from '../user-service-for-tests.ts';

test('is alive and ready without a token', async (t) => {
  const { app } = userServiceForTests(t);
  for (const url of ['/healthz', '/readyz']) {
    const response = await app.inject({ url });
    assert.equal(response.statusCode, 200, url);
    assert.equal(response.json().success, true);
  }
});

test('is alive but not ready while it stops', async (t) => {
  const { app, readiness } = userServiceForTests(t);
  readiness.stop();
  assert.equal((await app.inject({ url: '/healthz' })).statusCode, 200);
  const response = await app.inject({ url: '/readyz' });
  assert.equal(response.statusCode, 503);
  assert.equal(response.json().error.code, 'NOT_READY');
});

test('is alive but not ready without its database', async (t) => {
  const { app, repository } = userServiceForTests(t, {
    repository: (real) => Object.assign(Object.create(real), { ping: () => Promise.reject(new Error('gone')) }),
  });
  await assert.rejects(repository.ping());
  assert.equal((await app.inject({ url: '/healthz' })).statusCode, 200);
  assert.equal((await app.inject({ url: '/readyz' })).statusCode, 503);
});
