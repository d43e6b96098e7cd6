import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServiceClient } from '@switchgear/client';
import { Person, Tree, Value } from './documents/circles.contract.ts';
import { operations, UserNotFoundError } from './documents/users.contract.ts';

test('a generated contract makes a client that calls as the document says', async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const key = request.headers['idempotency-key'] === undefined ? '' : ' with a key';
      const tenant = request.headers['x-tenant'] === undefined ? '' : ` for ${request.headers['x-tenant']}`;
      seen.push(`${request.method} ${request.url}${tenant}${key} ${Buffer.concat(chunks)}`.trimEnd());
      const user = { id: 7, name: 'Ada', kind: 'person', manager: { id: 1, name: 'Bo', kind: 'robot' } };
      const [status, body] =
        request.url === '/users/9'
          ? [404, {}]
          : request.url?.startsWith('/users/find')
            ? [404, {}]
            : request.url?.startsWith('/users?')
              ? [200, [user]]
              : [request.method === 'POST' ? 201 : 200, user];
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await using users = createServiceClient({ target: 'users', baseUrl: `http://127.0.0.1:${port}`, operations });

  const user = await users.getUserById({ userId: 7 });
  // The types are the document's: this compiles because a manager is a user, and may be missing.
  assert.equal(user.manager?.name, 'Bo');
  await assert.rejects(users.getUserById({ userId: 9 }), UserNotFoundError);
  await assert.rejects(users.getUserById({ userId: 0 }), { code: 'SWITCHGEAR_INVALID_REQUEST', sent: 'never' });
  const replaced = await users.replaceUser({ userId: 7, body: { name: 'Ada', kind: 'person' } });
  assert.equal(replaced.status, 200);
  const list = await users.listUsers({
    query: { limit: 2, id: [7, 8], fields: ['id', 'name'] },
    headers: { 'X-Tenant': 'acme' },
  });
  assert.equal(list[0]?.id, 7);
  assert.equal((await users.createUser({ body: { name: 'Ada', kind: 'person', password: 'x' } })).name, 'Ada');
  assert.equal((await users.findUser({ query: { email: 'ada@example.test' } })).status, 404);
  // @ts-expect-error: what is read-only is in no request
  await users.createUser({ body: { id: 7, name: 'Ada', kind: 'person' } });

  server.close();
  server.closeAllConnections();
  assert.deepEqual(seen, [
    'GET /users/7',
    'GET /users/9',
    'PUT /users/7 {"name":"Ada","kind":"person"}',
    'GET /users?limit=2&id=7&id=8&fields=id%2Cname for acme',
    'POST /users with a key {"name":"Ada","password":"x","kind":"person"}',
    'GET /users/find?email=ada%40example.test',
    'POST /users with a key {"name":"Ada","kind":"person"}',
  ]);
});

test('schemas that lead back to themselves check what they should', () => {
  const tree: Tree = { name: 'a', children: [{ name: 'b', children: [] }] };
  assert.ok(Tree.safeParse(tree).success);
  assert.ok(!Tree.safeParse({ name: 'a', children: [{ name: 1, children: [] }] }).success);
  assert.ok(Value.safeParse([1, { a: ['b', null] }]).success);
  assert.ok(!Value.safeParse([1, { a: undefined }]).success);
  const person: Person = { name: 'Ada', employer: { staff: [{ name: 'Bo' }] } };
  assert.ok(Person.safeParse(person).success);
  assert.ok(!Person.safeParse({ name: 'Ada', friends: [{ name: 2 }] }).success);
});
