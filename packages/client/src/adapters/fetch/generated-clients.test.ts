import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SwitchgearError } from '@switchgear/policy';
import ky from 'ky';
import createClient from 'openapi-fetch';
import { json, LoopbackServer, reset } from '../../../test/loopback-server.ts';
import { type ClientEvent, createServiceClient, get, put } from '../../index.ts';

/** What `openapi-typescript` makes of a small document. */
interface paths {
  '/users/{userId}': {
    get: {
      parameters: { path: { userId: number } };
      responses: {
        200: { content: { 'application/json': { id: number; name: string } } };
        404: { content: { 'application/json': { detail: string } } };
      };
    };
    put: {
      parameters: { path: { userId: number } };
      requestBody: { content: { 'application/json': { name: string } } };
      responses: { 200: { content: { 'application/json': { id: number; name: string } } } };
    };
  };
  '/users': {
    post: {
      requestBody: { content: { 'application/json': { name: string } } };
      responses: { 201: { content: { 'application/json': { id: number } } } };
    };
  };
}

const ada = { id: 42, name: 'Ada' };

function clientOf(baseUrl: string) {
  const client = createServiceClient({
    target: 'user-service',
    baseUrl,
    operations: { getUser: get('/users/{userId}'), putUser: put('/users/{userId}') },
    retry: { baseMs: 1, maxMs: 2 },
  });
  const operations: string[] = [];
  client.on((event: ClientEvent) => event.type === 'call.finished' && operations.push(event.operation));
  return { client, operations };
}

test('openapi-fetch reads, writes and is refused through it, and a POST is sent once', async () => {
  await using server = await LoopbackServer.start(reset, json(200, ada));
  const { client, operations } = clientOf(`${server.url}/api`);
  const users = createClient<paths>({ baseUrl: `${server.url}/api`, fetch: client.fetch });

  const found = await users.GET('/users/{userId}', { params: { path: { userId: 42 } } });
  assert.deepEqual(found.data, ada);
  assert.equal(server.hits.length, 2);

  // It hands over a `Request`, whose body could be read once: a small one goes again all the same.
  server.script(reset, json(200, ada));
  const placed = await users.PUT('/users/{userId}', { params: { path: { userId: 42 } }, body: { name: 'Ada' } });
  assert.deepEqual(placed.data, ada);
  assert.deepEqual(
    server.hits.slice(2).map(({ body, headers }) => [body, headers['content-type']]),
    [
      ['{"name":"Ada"}', 'application/json'],
      ['{"name":"Ada"}', 'application/json'],
    ],
  );

  server.script(json(404, { detail: 'no such user' }));
  const missing = await users.GET('/users/{userId}', { params: { path: { userId: 1 } } });
  assert.deepEqual([missing.response.status, missing.error], [404, { detail: 'no such user' }]);

  server.script(reset);
  await assert.rejects(users.POST('/users', { body: { name: 'Ada' } }), (error: TypeError) => {
    return error.cause instanceof SwitchgearError && error.cause.sent === 'maybe';
  });
  assert.equal(server.hits.length, 6);
  assert.deepEqual(operations, ['getUser', 'putUser', 'getUser', '_other']);

  const escaping = users.GET('/users/{userId}', { params: { path: { userId: '../../admin' as never } } });
  await assert.rejects(escaping, /a dot segment/);
  assert.equal(server.hits.length, 6, 'a parameter that is a way up asks nothing');
  await client.close();
});

test('ky calls through it, its own retries and timeout turned off', async () => {
  await using server = await LoopbackServer.start(reset, json(200, ada));
  const { client } = clientOf(server.url);
  const users = ky.create({ baseUrl: server.url, fetch: client.fetch, retry: 0, timeout: false });
  assert.deepEqual(await users.get('users/42').json(), ada);
  assert.equal(server.hits.length, 2);
  server.script(json(503, {}));
  await assert.rejects(users.post('users', { json: { name: 'Ada' } }), { name: 'HTTPError' });
  assert.equal(server.hits.length, 3);
  await client.close();
});

test('an SDK of the usual make calls through it: a whole URL, headers of its own, a signal, a timeout', async () => {
  await using server = await LoopbackServer.start(json(200, ada));
  const { client } = clientOf(server.url);
  /** As the generated cores of many SDKs do it. */
  const sdk = async (fetcher: typeof fetch, path: string): Promise<unknown> => {
    const controller = new AbortController();
    const answered = await fetcher.call(undefined, `${server.url}${path}`, {
      method: 'post',
      headers: new Headers({ 'User-Agent': 'Sdk/JS 1.0', 'X-Sdk-Retry-Count': '0', 'Content-Length': '2' }),
      body: '{}',
      signal: controller.signal,
    });
    if (!answered.ok) throw new Error(`answered ${answered.status}`);
    return answered.json();
  };
  assert.deepEqual(await sdk(client.fetch, '/v1/things'), ada);
  const { method, headers, body } = server.hits[0] ?? assert.fail();
  assert.deepEqual([method, headers['user-agent'], body], ['POST', 'Sdk/JS 1.0', '{}']);
  await client.close();
});
