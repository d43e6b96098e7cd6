import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { userServiceForTests } from '../user-service-for-tests.ts';

test('has no fault routes unless they are allowed', async (t) => {
  const { app } = userServiceForTests(t);
  for (const method of ['PUT', 'GET', 'DELETE'] as const) {
    assert.equal((await app.inject({ method, url: '/faults', payload: {} })).statusCode, 404);
  }
});

test('fails users routes without the envelope, and nothing else', async (t) => {
  const { app, send } = userServiceForTests(t, { faults: true });
  for (const failure of ['503', '500'] as const) {
    const set = await app.inject({ method: 'PUT', url: '/faults', payload: { failureRatio: 1, failures: [failure] } });
    assert.equal(set.statusCode, 200);
    const response = await send({ url: '/users' });
    assert.equal(response.statusCode, Number(failure));
    assert.doesNotMatch(String(response.headers['content-type']), /json/);
    assert.equal((await app.inject({ url: '/healthz' })).statusCode, 200);
    assert.equal((await app.inject({ url: '/readyz' })).statusCode, 200);
    assert.notEqual((await app.inject({ method: 'POST', url: '/oauth/token' })).statusCode, Number(failure));
  }
});

test('is well again when the faults are cleared', async (t) => {
  const { app, send } = userServiceForTests(t, { faults: true });
  await app.inject({ method: 'PUT', url: '/faults', payload: { failureRatio: 1, failures: ['500'] } });
  assert.equal((await app.inject({ url: '/faults' })).json().data.failureRatio, 1);
  await app.inject({ method: 'DELETE', url: '/faults' });
  assert.equal((await app.inject({ url: '/faults' })).json().data, null);
  assert.equal((await send({ url: '/users' })).statusCode, 200);
});

test('fails the same requests again under the same seed', async (t) => {
  const { app, send } = userServiceForTests(t, { faults: true });
  const run = async (seed: number): Promise<readonly number[]> => {
    const payload = { failureRatio: 0.5, seed, failures: ['503', '500'] };
    await app.inject({ method: 'PUT', url: '/faults', payload });
    const statuses: number[] = [];
    for (let index = 0; index < 30; index += 1) statuses.push((await send({ url: '/users' })).statusCode);
    return statuses;
  };
  const once = await run(7);
  assert.deepEqual(await run(7), once);
  assert.deepEqual(new Set(once), new Set([200, 500, 503]));
});

test('delays by the latency, and refuses what is late by then', async (t) => {
  const slept: number[] = [];
  const service = userServiceForTests(t, {
    faults: true,
    sleep: async (ms) => {
      slept.push(ms);
      service.clock.freeze(ms);
    },
  });
  await service.app.inject({ method: 'PUT', url: '/faults', payload: { latencyMs: 250 } });
  assert.equal((await service.send({ url: '/users' })).statusCode, 200);
  const late = await service.send({ url: '/users', headers: { 'x-request-deadline-ms': '250' } });
  assert.equal(late.statusCode, 504);
  assert.deepEqual(slept, [250, 250]);
});

test('stops waiting when the caller hangs up', async (t) => {
  const asleep = Promise.withResolvers<AbortSignal>();
  const woken = Promise.withResolvers<void>();
  const { app } = userServiceForTests(t, {
    faults: true,
    sleep: (_ms, signal) => {
      assert.ok(signal);
      signal.addEventListener('abort', () => woken.resolve());
      asleep.resolve(signal);
      return woken.promise;
    },
  });
  await app.inject({ method: 'PUT', url: '/faults', payload: { latencyMs: 60_000 } });
  const caller = request(`${await app.listen({ host: '127.0.0.1', port: 0 })}/users`);
  caller.on('error', () => {});
  caller.end();
  assert.equal((await asleep.promise).aborted, false);
  caller.destroy();
  await woken.promise;
});

test('resets the connection when told to', async (t) => {
  const { app } = userServiceForTests(t, { faults: true });
  await app.inject({ method: 'PUT', url: '/faults', payload: { failureRatio: 1, failures: ['reset'] } });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const failure = new Promise((resolve, reject) => {
    request(`${url}/users`, reject).on('error', resolve).end();
  });
  assert.equal(((await failure) as NodeJS.ErrnoException).code, 'ECONNRESET');
});

test('takes faults from this machine only', async (t) => {
  const { app } = userServiceForTests(t, { faults: true });
  const from = (remoteAddress: string) => app.inject({ method: 'DELETE', url: '/faults', remoteAddress });
  for (const near of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) {
    assert.equal((await from(near)).statusCode, 200, near);
  }
  for (const far of ['10.0.0.1', '::ffff:10.0.0.1', 'fe80::1']) assert.equal((await from(far)).statusCode, 403, far);
});

test('refuses settings that make no sense', async (t) => {
  const { app } = userServiceForTests(t, { faults: true });
  const response = await app.inject({ method: 'PUT', url: '/faults', payload: { failureRatio: 2, latency: 5 } });
  assert.equal(response.statusCode, 400);
  assert.deepEqual(
    response.json().error.details.map((detail: { field: string }) => detail.field),
    ['failureRatio', 'body'],
  );
});
