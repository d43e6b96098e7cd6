import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { CLIENT, SIGNING_SECRET, userServiceForTests } from './user-service-for-tests.ts';
import type { UserRepository } from './users/repository.ts';

/** The repository with a `find` that fails. */
function failingWith(error: Error): (real: UserRepository) => UserRepository {
  return (real) => Object.assign(Object.create(real), { find: () => Promise.reject(error) });
}

test('echoes an acceptable request id and binds it to the log', async (t) => {
  const { log, send } = userServiceForTests(t);
  const response = await send({ url: '/users', headers: { 'x-request-id': 'checkout-42' } });
  assert.equal(response.headers['x-request-id'], 'checkout-42');
  const line = JSON.parse(log.at(-1) ?? '');
  assert.equal(line.requestId, 'checkout-42');
  assert.equal(line.route, '/users');
  assert.equal(line.status, 200);
});

for (const [name, id] of [
  ['one with a line break', 'a\r\nset-cookie: b'],
  ['one with a space', 'a b'],
  ['one beyond ASCII', 'é'],
  ['an empty one', ''],
  ['one of 201 characters', 'x'.repeat(201)],
] as const) {
  test(`makes a request id of its own instead of ${name}`, async (t) => {
    const { app } = userServiceForTests(t);
    const response = await app.inject({ url: '/healthz', headers: { 'x-request-id': id } });
    assert.match(String(response.headers['x-request-id']), /^[0-9a-f-]{36}$/);
  });
}

test('gives every answer a request id, errors included', async (t) => {
  const { app } = userServiceForTests(t);
  for (const url of ['/nowhere', '/users/1', '/healthz']) {
    assert.ok((await app.inject({ url })).headers['x-request-id'], url);
  }
});

for (const remaining of ['0', '-1', '-250']) {
  test(`refuses at once with 504 when ${remaining} ms are left`, async (t) => {
    const { send } = userServiceForTests(t, { repository: failingWith(new Error('asked in vain')) });
    const response = await send({ url: '/users/1', headers: { 'x-request-deadline-ms': remaining } });
    assert.equal(response.statusCode, 504);
    assert.equal(response.json().error.code, 'DEADLINE_EXCEEDED');
  });
}

test('answers within the deadline, and without a readable one', async (t) => {
  const { send } = userServiceForTests(t);
  for (const remaining of ['1', '800', 'soon', '']) {
    assert.equal((await send({ url: '/users', headers: { 'x-request-deadline-ms': remaining } })).statusCode, 200);
  }
});

test('answers unreadable requests in the envelope', async (t) => {
  const { send } = userServiceForTests(t);
  const post = (payload: string, type: string) =>
    send({ method: 'POST', url: '/users', payload, headers: { 'content-type': type } });
  const answers = [
    [await post('{"name":', 'application/json'), 400, 'INVALID_REQUEST'],
    [await post('{"__proto__":{"name":"x"}}', 'application/json'), 400, 'INVALID_REQUEST'],
    [await post('', 'application/json'), 400, 'INVALID_REQUEST'],
    [await post('name=x', 'application/x-www-form-urlencoded'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [await post(JSON.stringify({ name: 'x'.repeat(70_000) }), 'application/json'), 413, 'BODY_TOO_LARGE'],
    [await send({ url: '/users/%zz' }), 400, 'INVALID_REQUEST'],
    [await send({ url: '/nowhere' }), 404, 'ROUTE_NOT_FOUND'],
  ] as const;
  for (const [response, status, code] of answers) {
    assert.equal(response.statusCode, status);
    assert.equal(response.json().success, false);
    assert.equal(response.json().error.code, code);
  }
});

test('answers 500 for a defect without telling what it was', async (t) => {
  const { log, send } = userServiceForTests(t, { repository: failingWith(new Error('canary in the SQL')) });
  const response = await send({ url: '/users/1' });
  assert.equal(response.statusCode, 500);
  assert.deepEqual(response.json().error, { code: 'INTERNAL', message: 'the request failed' });
  assert.match(log.join(''), /canary in the SQL/);
});

test('answers 503 when the database, not the request, is to blame', async (t) => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const { send } = userServiceForTests(t, { repository: failingWith(away) });
  const response = await send({ url: '/users/1' });
  assert.equal(response.statusCode, 503);
  assert.equal(response.json().error.code, 'STORAGE_UNAVAILABLE');
});

test('never writes a secret, a token or an e-mail into its log', async (t) => {
  const leaky = Object.assign(new Error(`no row for canary@example.test, ${CLIENT.clientSecret}`), {
    detail: 'Key (email)=(canary@example.test)',
  });
  const { app, bearer, log, send } = userServiceForTests(t, { faults: true, repository: failingWith(leaky) });
  const authorization = await bearer();
  const user = { name: 'Canary', email: 'canary@example.test' };
  await send({ method: 'POST', url: '/users', payload: user });
  await send({ method: 'POST', url: '/users', payload: user });
  await send({ method: 'POST', url: '/users', payload: { ...user, email: 'canary@example' } });
  await send({ url: '/users?email=canary@example.test', headers: { cookie: 'session=canary-cookie' } });
  await send({ url: '/canary@example.test' });
  await app.inject({ url: '/users/1', headers: { authorization } });
  await app.inject({ url: '/users/1', headers: { authorization: 'Bearer canary-token' } });
  for (const secret of [CLIENT.clientSecret, 'canary-wrong-secret']) {
    await app.inject({
      method: 'POST',
      url: '/oauth/token',
      payload: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: CLIENT.clientId,
        client_secret: secret,
      }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  }
  const written = log.join('');
  assert.match(written, /the request failed/);
  assert.ok(!written.includes(SIGNING_SECRET));
  assert.ok(!written.includes(authorization.slice('Bearer '.length)));
  assert.doesNotMatch(written, /canary/i);
});

test('answers what is not HTTP with 400 and closes', async (t) => {
  const { app } = userServiceForTests(t);
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(port), '127.0.0.1');
  socket.end('not http\r\n\r\n');
  assert.match(await text(socket), /^HTTP\/1\.1 400 /);
});
