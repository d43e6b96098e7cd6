import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TTL_SECONDS, userServiceForTests } from '../user-service-for-tests.ts';
import { makeUsers } from '../users/seed.ts';

const MINJI = { name: '김민지', email: 'minji@example.test' };
const CREATED_AT = '2025-06-01T12:00:00.000Z';

test('creates a user and says where it is', async (t) => {
  const { send } = userServiceForTests(t);
  const response = await send({ method: 'POST', url: '/users', payload: MINJI });
  assert.equal(response.statusCode, 201);
  assert.equal(response.headers.location, '/users/1');
  const user = { id: 1, ...MINJI, status: 'active', createdAt: CREATED_AT };
  assert.deepEqual(response.json(), { success: true, data: user, error: null });
  assert.deepEqual((await send({ url: '/users/1' })).json(), { success: true, data: user, error: null });
});

test('answers 404 for a user that is not there, whatever is asked of it', async (t) => {
  const { send } = userServiceForTests(t);
  for (const response of [
    await send({ url: '/users/7' }),
    await send({ method: 'PUT', url: '/users/7', payload: MINJI }),
    await send({ method: 'DELETE', url: '/users/7' }),
  ]) {
    assert.equal(response.statusCode, 404);
    assert.deepEqual(response.json(), {
      success: false,
      data: null,
      error: { code: 'USER_NOT_FOUND', message: 'there is no user with this id' },
    });
  }
});

test('answers 409 for a taken e-mail in any letter case', async (t) => {
  const { send } = userServiceForTests(t);
  await send({ method: 'POST', url: '/users', payload: MINJI });
  await send({ method: 'POST', url: '/users', payload: { name: 'Alice', email: 'alice@example.test' } });
  const taken = { name: 'Other', email: 'MINJI@example.test' };
  for (const response of [
    await send({ method: 'POST', url: '/users', payload: taken }),
    await send({ method: 'PUT', url: '/users/2', payload: taken }),
  ]) {
    assert.equal(response.statusCode, 409);
    assert.equal(response.json().error.code, 'EMAIL_TAKEN');
  }
});

test('changes a user and keeps the status unless it is given', async (t) => {
  const { send } = userServiceForTests(t);
  await send({ method: 'POST', url: '/users', payload: { ...MINJI, status: 'suspended' } });
  const renamed = await send({ method: 'PUT', url: '/users/1', payload: { ...MINJI, name: '김서연' } });
  assert.equal(renamed.statusCode, 200);
  assert.deepEqual(renamed.json().data, {
    id: 1,
    ...MINJI,
    name: '김서연',
    status: 'suspended',
    createdAt: CREATED_AT,
  });
});

test('deletes a user within the envelope', async (t) => {
  const { send } = userServiceForTests(t);
  await send({ method: 'POST', url: '/users', payload: MINJI });
  const response = await send({ method: 'DELETE', url: '/users/1' });
  assert.equal(response.statusCode, 200);
  assert.deepEqual(response.json(), { success: true, data: null, error: null });
  assert.equal((await send({ url: '/users/1' })).statusCode, 404);
});

test('names every field that is wrong, without repeating its value', async (t) => {
  const { send } = userServiceForTests(t);
  const payload = { name: 'canary\r\nname', email: 'canary', status: 'canary', role: 'canary' };
  const response = await send({ method: 'POST', url: '/users', payload });
  assert.equal(response.statusCode, 400);
  const { error } = response.json();
  assert.equal(error.code, 'INVALID_REQUEST');
  assert.deepEqual(error.details.map((detail: { field: string }) => detail.field).sort(), [
    'body',
    'email',
    'name',
    'status',
  ]);
  assert.doesNotMatch(response.body, /canary/);
});

for (const payload of [
  { ...MINJI, name: '' },
  { ...MINJI, name: '   ' },
  { ...MINJI, name: 'n'.repeat(201) },
  { ...MINJI, name: 'a\u0000b' },
  { ...MINJI, name: 'half \ud800' },
  { ...MINJI, email: `${'e'.repeat(250)}@example.test` },
  { ...MINJI, id: 7 },
  { name: 'only a name' },
  [],
]) {
  test(`refuses ${JSON.stringify(payload).slice(0, 50)}`, async (t) => {
    const { send } = userServiceForTests(t);
    const response = await send({ method: 'POST', url: '/users', payload });
    assert.equal(response.statusCode, 400);
    assert.ok(response.json().error.details.length > 0);
  });
}

for (const id of ['0', '-1', '007', '1e3', '1.5', 'abc', '%20', '9007199254740993', '9'.repeat(40)]) {
  test(`answers 400 to the id ${id}`, async (t) => {
    const { send } = userServiceForTests(t);
    const response = await send({ url: `/users/${id}` });
    assert.equal(response.statusCode, 400);
    assert.deepEqual(response.json().error.details[0].field, 'id');
  });
}

test('answers 404 to an id beyond 32 bits', async (t) => {
  const { send } = userServiceForTests(t);
  assert.equal((await send({ url: '/users/9007199254740991' })).statusCode, 404);
});

test('pages through all users by the id of the last one', async (t) => {
  const { repository, send } = userServiceForTests(t);
  await repository.insertIfEmpty(makeUsers(45, 1));
  const seen: number[] = [];
  const sizes: number[] = [];
  let after: number | null = 0;
  while (after !== null) {
    const url: string = after === 0 ? '/users' : `/users?limit=20&after=${after}`;
    const { data } = (await send({ url })).json();
    seen.push(...data.users.map((user: { id: number }) => user.id));
    sizes.push(data.users.length);
    after = data.nextAfter;
  }
  assert.deepEqual(sizes, [20, 20, 5]);
  assert.deepEqual(
    seen,
    Array.from({ length: 45 }, (_, index) => index + 1),
  );
});

for (const query of ['limit=0', 'limit=101', 'limit=x', 'after=-1', 'after=1&after=2', 'offset=20']) {
  test(`answers 400 to the page ${query}`, async (t) => {
    const { send } = userServiceForTests(t);
    assert.equal((await send({ url: `/users?${query}` })).statusCode, 400);
  });
}

test('makes one user of a creation sent twice under one key', async (t) => {
  const { send } = userServiceForTests(t);
  const headers = { 'idempotency-key': '8e03978e-40d5-43dd-bc93-6894a57f9324' };
  const first = await send({ method: 'POST', url: '/users', payload: MINJI, headers });
  const second = await send({
    method: 'POST',
    url: '/users',
    payload: { email: MINJI.email, status: 'active', name: MINJI.name },
    headers,
  });
  assert.equal(second.statusCode, 201);
  assert.deepEqual(second.json(), first.json());
  assert.equal(first.headers['idempotency-replayed'], undefined);
  assert.equal(second.headers['idempotency-replayed'], 'true');
  assert.equal((await send({ url: '/users' })).json().data.users.length, 1);
});

test('answers 422 to a key that comes back with another payload', async (t) => {
  const { send } = userServiceForTests(t);
  const headers = { 'idempotency-key': 'key-1' };
  await send({ method: 'POST', url: '/users', payload: MINJI, headers });
  const other = { name: 'Alice', email: 'alice@example.test' };
  const response = await send({ method: 'POST', url: '/users', payload: other, headers });
  assert.equal(response.statusCode, 422);
  assert.equal(response.json().error.code, 'IDEMPOTENCY_KEY_REUSED');
});

test('answers 410 to a late repetition after the user was deleted', async (t) => {
  const { send } = userServiceForTests(t);
  const headers = { 'idempotency-key': 'key-1' };
  await send({ method: 'POST', url: '/users', payload: MINJI, headers });
  await send({ method: 'DELETE', url: '/users/1' });
  const response = await send({ method: 'POST', url: '/users', payload: MINJI, headers });
  assert.equal(response.statusCode, 410);
  assert.equal(response.json().error.code, 'USER_GONE');
});

for (const key of ['', 'with space', 'k'.repeat(256)]) {
  test(`refuses the key ${JSON.stringify(key.slice(0, 12))}`, async (t) => {
    const { send } = userServiceForTests(t);
    const request = { method: 'POST', url: '/users', payload: MINJI, headers: { 'idempotency-key': key } } as const;
    const response = await send(request);
    assert.equal(response.statusCode, 400);
    assert.equal(response.json().error.details[0].field, 'Idempotency-Key');
  });
}

for (const authorization of [undefined, 'Bearer', 'Bearer nonsense', 'Basic abc', 'Bearer a b']) {
  test(`answers 401 to the authorization ${authorization}`, async (t) => {
    const { app } = userServiceForTests(t);
    for (const [method, url] of [
      ['GET', '/users'],
      ['GET', '/users/1'],
      ['POST', '/users'],
      ['PUT', '/users/1'],
      ['DELETE', '/users/1'],
      ['POST', '/users/batch'],
    ] as const) {
      const response = await app.inject({ method, url, headers: { ...(authorization && { authorization }) } });
      assert.equal(response.statusCode, 401, `${method} ${url}`);
      assert.match(String(response.headers['www-authenticate']), /^Bearer error="invalid_token"/);
      assert.equal(response.json().error.code, 'INVALID_TOKEN');
    }
  });
}

test('answers 401 once the token has expired', async (t) => {
  const { app, bearer, clock } = userServiceForTests(t);
  const authorization = await bearer();
  clock.freeze(TTL_SECONDS * 1_000 - 1);
  assert.equal((await app.inject({ url: '/users', headers: { authorization } })).statusCode, 200);
  clock.freeze(1);
  const late = await app.inject({ url: '/users', headers: { authorization } });
  assert.equal(late.statusCode, 401);
  assert.equal(late.json().error.message, 'the token has expired');
});
