import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { SwitchgearError } from '@switchgear/policy';
import * as z from 'zod';
import { type Answer, json, LoopbackServer } from '../test/loopback-server.ts';
import { get, head, patch, post, put, query } from './contract/operation.ts';
import {
  createServiceClient,
  DomainError,
  HttpStatusError,
  type Operations,
  type ServiceClientOptions,
  successEnvelope,
  ThrottledError,
} from './index.ts';

const User = z.object({ id: z.number(), name: z.string() });
const ada = { id: 42, name: 'Ada' };

function clientOf<Ops extends Operations>(baseUrl: string, ops: Ops, more: Partial<ServiceClientOptions> = {}) {
  const options = { target: 'users', baseUrl, operations: ops, retry: { baseMs: 1, maxMs: 2 }, ...more };
  return createServiceClient(options as ServiceClientOptions<Ops>);
}

const plain =
  (status: number, contentType: string, body: string | Uint8Array, more: Record<string, string> = {}): Answer =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': contentType, ...more }).end(body);

const invalid = { code: 'SWITCHGEAR_INVALID_REQUEST', sent: 'never', attempts: 0 };

test('sends a QUERY with its body, and again after a passing failure', async () => {
  await using server = await LoopbackServer.start(json(503, {}), json(200, [ada]));
  const ops = { search: query('/users/search', { body: z.object({ name: z.string() }), response: z.array(User) }) };
  await using client = clientOf(server.url, ops);
  assert.deepEqual(await client.search({ body: { name: 'Ada' } }), [ada]);
  assert.deepEqual(
    server.hits.map(({ method, body, headers }) => [method, body, headers['content-type']]),
    Array(2).fill(['QUERY', '{"name":"Ada"}', 'application/json']),
  );
});

test('lets a schema make the path parameters, each of which still has to be one segment', async () => {
  await using server = await LoopbackServer.start(json(200, ada));
  const ops = {
    find: get('/users/{name}/keys/{key}', {
      params: z.object({ name: z.string().transform((name) => name.toLowerCase()), key: z.coerce.number() }),
    }),
  };
  await using client = clientOf(server.url, ops);
  await client.find({ name: 'ADA', key: '7' });
  assert.equal(server.hits[0]?.path, '/users/ada/keys/7');
  await assert.rejects(client.find({ name: '..', key: 7 }), { ...invalid, issues: ['name is a dot segment'] });
  await assert.rejects(client.find({ name: 'A/B', key: 'seven' }), (error) => {
    assert.ok(error instanceof SwitchgearError && 'issues' in error);
    assert.match(String(error.issues), /^params\.key: /);
    return true;
  });
  assert.equal(server.hits.length, 1);
});

test('refuses a path that a schema leads elsewhere, or leaves without a parameter', async () => {
  const gives = (value: unknown): StandardSchemaV1<{ id: string }, { id: string }> => ({
    '~standard': { version: 1, vendor: 'test', validate: () => ({ value: value as { id: string } }) },
  });
  for (const value of [
    { id: '%2e%2e' },
    { id: '\ud800' },
    { id: '' },
    {},
    undefined,
    'id',
    Object.create({ id: '1' }),
  ]) {
    await using client = clientOf('http://127.0.0.1:1', { find: get('/users/{id}', { params: gives(value) }) });
    await assert.rejects(client.find({ id: '1' }), invalid, inspect(value));
  }
});

test('sends the headers that an operation declares, beneath those of one call', async () => {
  await using server = await LoopbackServer.start(json(200, ada));
  const headers = z.object({
    'X-Tenant': z.string(),
    'x-page': z.number().optional(),
    'x-dry': z.boolean().optional(),
  });
  const ops = { list: get('/users', { headers }) };
  await using client = clientOf(server.url, ops, { headers: { 'x-tenant': 'of the client' } });
  await client.list({ headers: { 'X-Tenant': 'acme', 'x-page': 7, 'x-dry': true } });
  await client.list({ headers: { 'X-Tenant': 'acme' } }, { headers: { 'x-tenant': 'of this call' } });
  assert.deepEqual(
    server.hits.map((hit) => [hit.headers['x-tenant'], hit.headers['x-page'], hit.headers['x-dry']]),
    [
      ['acme', '7', 'true'],
      ['of this call', undefined, undefined],
    ],
  );
  await assert.rejects(client.list({ headers: { 'X-Tenant': 'a\r\nx-evil: 1' } }), invalid);
  // @ts-expect-error A tenant is needed.
  await assert.rejects(client.list({ headers: {} }), invalid);
  await assert.rejects(client.list({} as never), invalid);
  assert.equal(server.hits.length, 2);
});

test('lets no declared header be one that the client sets, and takes none that is not declared', async () => {
  const any = z.record(z.string(), z.any());
  await using client = clientOf('http://127.0.0.1:1', { a: get('/a', { headers: any }), b: get('/b') });
  for (const name of ['host', 'traceparent', 'Content-Type', 'x-request-deadline-ms', 'x y', 'x\n']) {
    await assert.rejects(client.a({ headers: { [name]: '1' } }), invalid, name);
  }
  await assert.rejects(client.a({ headers: { 'x-a': {} } }), invalid);
  await assert.rejects(client.b({ headers: { 'x-a': '1' } } as never), invalid);
});

test('sends text, bytes and forms as what they are', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const ops = {
    text: post('/text', { bodyAs: 'text' }),
    csv: post('/csv', { bodyAs: 'text', contentType: 'text/csv' }),
    bytes: put('/bytes', { bodyAs: 'bytes' }),
    form: post('/form', { bodyAs: 'form' }),
    checked: post('/form', { bodyAs: 'form', body: z.object({ age: z.coerce.number().int() }) }),
    merge: patch('/merge', { body: z.object({ a: z.null() }), contentType: 'application/merge-patch+json' }),
  };
  await using client = clientOf(server.url, ops);
  await client.text({ body: 'grüß Gott' });
  await client.csv({ body: 'a,b\n' });
  await client.bytes({ body: Buffer.from('raw') });
  await client.form({ body: { 'a b': 'ü&=', tags: ['x', 'y'], n: 7, yes: true, none: undefined } });
  await client.checked({ body: { age: '36' } });
  await client.merge({ body: { a: null } });
  assert.deepEqual(
    server.hits.map(({ headers, body }) => [headers['content-type'], body]),
    [
      ['text/plain;charset=utf-8', 'grüß Gott'],
      ['text/csv', 'a,b\n'],
      ['application/octet-stream', 'raw'],
      ['application/x-www-form-urlencoded;charset=utf-8', 'a+b=%C3%BC%26%3D&tags=x&tags=y&n=7&yes=true'],
      ['application/x-www-form-urlencoded;charset=utf-8', 'age=36'],
      ['application/merge-patch+json', '{"a":null}'],
    ],
  );
});

test('refuses a body that is not of its kind, without showing it', async () => {
  const ops = {
    text: post('/a', { bodyAs: 'text' }),
    bytes: post('/a', { bodyAs: 'bytes' }),
    form: post('/a', { bodyAs: 'form' }),
    multipart: post('/a', { bodyAs: 'multipart' }),
    stream: post('/a', { bodyAs: 'stream' }),
    none: post('/a'),
  };
  await using client = clientOf('http://127.0.0.1:1', ops);
  const wrong: [keyof typeof ops, unknown][] = [
    ['text', { c4n4ry: 1 }],
    ['text', 'c4n4ry \ud800'],
    ['text', undefined],
    ['bytes', 'c4n4ry'],
    ['form', 'c4n4ry'],
    ['form', { a: { b: 'c4n4ry' } }],
    ['form', { a: '\ud800 c4n4ry' }],
    ['multipart', 'c4n4ry'],
    ['multipart', { a: { b: 'c4n4ry' } }],
    ['stream', 'c4n4ry'],
    ['stream', [Buffer.from('c4n4ry')]],
    ['none', 'c4n4ry'],
  ];
  for (const [name, body] of wrong) {
    await assert.rejects(client[name]({ body } as never), (error) => {
      assert.ok(error instanceof SwitchgearError);
      assert.equal(error.code, invalid.code, name);
      assert.ok(!inspect(error).includes('c4n4ry'), name);
      return true;
    });
  }
});

test('sends parts and files, each with its own name and type', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  await using client = clientOf(server.url, { upload: post('/files', { bodyAs: 'multipart' }) });
  await client.upload({
    body: {
      title: 'grüß',
      n: [1, 2n],
      none: undefined,
      note: { content: 'x', contentType: 'text/markdown' },
      raw: Buffer.from('raw'),
      file: new File(['in a file'], 'ü "x".txt', { type: 'text/plain' }),
      named: { content: new Blob(['blob']), filename: 'b.bin' },
    },
  });
  const form = new FormData();
  form.append('a', 'b');
  form.append('f', new Blob(['c']), 'c.txt');
  await client.upload({ body: form });
  const [first, second] = server.hits;
  const boundary = /^multipart\/form-data; boundary=(switchgear-[0-9a-f-]{36})$/.exec(
    first?.headers['content-type'] ?? '',
  )?.[1];
  const part = (head: string, content: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
  assert.equal(
    first?.body,
    [
      part('name="title"', 'grüß'),
      part('name="n"', '1'),
      part('name="n"', '2'),
      part('name="note"\r\ncontent-type: text/markdown', 'x'),
      part('name="raw"; filename="blob"\r\ncontent-type: application/octet-stream', 'raw'),
      part('name="file"; filename="ü %22x%22.txt"\r\ncontent-type: text/plain', 'in a file'),
      part('name="named"; filename="b.bin"\r\ncontent-type: application/octet-stream', 'blob'),
      `--${boundary}--\r\n`,
    ].join(''),
  );
  // Someone else's reader understands it as well.
  const parsed = await new Response(second?.body, {
    headers: { 'content-type': second?.headers['content-type'] ?? '' },
  }).formData();
  assert.equal(parsed.get('a'), 'b');
  assert.equal(await (parsed.get('f') as File).text(), 'c');
  assert.equal((parsed.get('f') as File).name, 'c.txt');
  assert.notEqual(first?.headers['content-type'], second?.headers['content-type']);
});

test('refuses a name, filename or type of a part that could write a header', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  await using client = clientOf(server.url, { upload: post('/files', { bodyAs: 'multipart' }) });
  const wrong: object[] = [
    { 'a"\r\nx-evil: 1': 'b' },
    { 'a\0': 'b' },
    { a: { content: 'b', filename: 'c\r\n\r\nd' } },
    { a: { content: 'b', filename: 'c\u0085' } },
    { a: { content: 'b', filename: 7 } },
    { a: { content: 'b', contentType: 'text/plain\r\nx-evil: 1' } },
    { a: { content: 'b', contentType: 'ü' } },
    { a: new File(['b'], 'c\nd') },
  ];
  for (const body of wrong) await assert.rejects(client.upload({ body } as never), invalid, inspect(body));
  assert.equal(server.hits.length, 0);
});

test('reads text in its charset and bytes as they are, unpacked', async () => {
  await using server = await LoopbackServer.start(
    plain(200, 'text/plain; charset=iso-8859-1', Buffer.from('grüß', 'latin1')),
    plain(200, 'text/csv', gzipSync('a,b'), { 'content-encoding': 'gzip' }),
    plain(200, 'text/plain', Buffer.from('grüß', 'latin1')),
    plain(200, 'text/plain; charset=klingon', 'x'),
    plain(200, 'image/png', gzipSync(Buffer.from([1, 2, 3])), { 'content-encoding': 'gzip' }),
    plain(200, 'text/plain', '7'),
    plain(200, 'text/plain', 'seven'),
    plain(200, 'text/plain', ''),
  );
  const ops = {
    text: get('/a', { responseAs: 'text' }),
    bytes: get('/a', { responseAs: 'bytes' }),
    number: get('/a', { responseAs: 'text', response: z.coerce.number() }),
  };
  await using client = clientOf(server.url, ops);
  assert.equal(await client.text(), 'grüß');
  assert.equal(await client.text(), 'a,b');
  await assert.rejects(client.text(), { code: 'SWITCHGEAR_INVALID_RESPONSE' });
  await assert.rejects(client.text(), { code: 'SWITCHGEAR_INVALID_RESPONSE' });
  const bytes = await client.bytes();
  assert.deepEqual([...bytes], [1, 2, 3]);
  assert.equal(bytes.buffer.byteLength, 3, 'its buffer holds nothing else');
  assert.equal(await client.number(), 7);
  await assert.rejects(client.number(), { code: 'SWITCHGEAR_INVALID_RESPONSE' });
  assert.equal(await client.text(), '');
  assert.equal(server.hits[0]?.headers.accept, '*/*');
});

test('gives a status of the contract as a value, and errors for the others', async () => {
  class Taken extends DomainError {}
  await using server = await LoopbackServer.start(
    json(200, ada),
    json(404, { why: 'left' }),
    (_, response) => void response.writeHead(204).end(),
    json(409, {}),
    json(202, ada),
    json(410, {}),
    json(404, { nothing: 1 }),
  );
  const ops = {
    find: get('/users/{id}', {
      results: { 200: User, 204: 'none', 404: z.object({ why: z.string() }) },
      errors: { 409: Taken },
    }),
  };
  await using client = clientOf(server.url, ops, { breaker: { minimumCalls: 1, consecutiveFailures: 1 } });
  const find = () => client.find({ id: 1 });
  assert.deepEqual(await find(), { status: 200, value: ada });
  assert.deepEqual(await find(), { status: 404, value: { why: 'left' } });
  assert.deepEqual(await find(), { status: 204, value: undefined });
  await assert.rejects(find(), (error) => error instanceof Taken);
  await assert.rejects(find(), { code: 'SWITCHGEAR_INVALID_RESPONSE', issues: ['status 202: not in results'] });
  await assert.rejects(find(), { code: 'SWITCHGEAR_HTTP_STATUS', status: 410 });
  await assert.rejects(find(), { code: 'SWITCHGEAR_INVALID_RESPONSE', status: 404 });
  assert.equal(client.snapshot().breaker.failures, 0);
});

test('tells with HEAD whether something is there', async () => {
  await using server = await LoopbackServer.start(
    (_, response) => void response.writeHead(200).end(),
    (_, response) => void response.writeHead(404).end(),
  );
  await using client = clientOf(server.url, { has: head('/users/{id}', { results: { 200: 'none', 404: 'none' } }) });
  assert.equal((await client.has({ id: 1 })).status, 200);
  assert.equal((await client.has({ id: 1 })).status, 404);
});

test('unwraps by the envelope of the operation, or none, in place of the client’s', async () => {
  await using server = await LoopbackServer.start(json(200, { success: true, data: ada }));
  const ops = {
    byClient: get('/a', { response: User }),
    bare: get('/a', { envelope: false, response: z.object({ success: z.boolean() }) }),
    own: get('/a', { envelope: (body) => ({ ok: true, data: Object.keys(Object(body)) }), response: z.any() }),
    byStatus: get('/a', { results: { 200: User, 404: z.object({ error: z.any() }) } }),
  };
  await using client = clientOf(server.url, ops, { envelope: successEnvelope });
  assert.deepEqual(await client.byClient(), ada);
  assert.deepEqual(await client.bare(), { success: true });
  assert.deepEqual(await client.own(), ['success', 'data']);
  assert.deepEqual(await client.byStatus(), { status: 200, value: ada });
  server.script(json(404, { success: false, error: { code: 'GONE' } }));
  assert.deepEqual(await client.byStatus(), { status: 404, value: { error: { code: 'GONE' } } });
});

test('bounds the answer of an operation by its own limit', async () => {
  const packed = { 'content-encoding': 'gzip' };
  await using server = await LoopbackServer.start(plain(200, 'text/plain', 'x'.repeat(2_000)));
  const ops = {
    small: get('/a', { responseAs: 'text', maxBodyBytes: 1_000 }),
    usual: get('/a', { responseAs: 'text' }),
    large: get('/a', { responseAs: 'text', maxBodyBytes: 3_000 }),
  };
  await using client = clientOf(server.url, ops, { maxBodyBytes: 1_500 });
  const tooLarge = { code: 'SWITCHGEAR_RESPONSE_TOO_LARGE' };
  const expectLimits = async () => {
    await assert.rejects(client.small(), tooLarge);
    await assert.rejects(client.usual(), tooLarge);
    assert.equal((await client.large()).length, 2_000);
  };
  await expectLimits();
  server.script(plain(200, 'text/plain', gzipSync('x'.repeat(2_000)), packed));
  await expectLimits();
});

test('keeps the problem that an answer describes, and shows of it what names no one', async () => {
  class Broke extends DomainError {}
  const problem = {
    type: 'https://problems.test/out-of-credit?user=c4n4ry',
    title: 'Out of credit',
    status: 403,
    detail: 'c4n4ry has none left',
    instance: '/accounts/c4n4ry',
    balance: 'c4n4ry',
  };
  const answer = (status: number, headers = {}) =>
    json(status, problem, { 'content-type': 'application/problem+json', ...headers });
  await using server = await LoopbackServer.start(answer(403), answer(429), answer(402), json(403, problem));
  const ops = { pay: post('/pay', { errors: { 402: Broke } }) };
  await using client = clientOf(server.url, ops);
  const expected = [HttpStatusError, ThrottledError, Broke];
  for (const expectedClass of expected) {
    await assert.rejects(client.pay(), (error) => {
      assert.ok(error instanceof HttpStatusError || error instanceof ThrottledError || error instanceof DomainError);
      assert.ok(error instanceof expectedClass);
      assert.equal(error.problem?.title, 'Out of credit');
      assert.equal(error.problem?.detail, 'c4n4ry has none left');
      assert.equal(error.problem?.extensions.balance, 'c4n4ry');
      const shown = [
        inspect(error),
        JSON.stringify(error),
        error.explain(),
        String(error),
        JSON.stringify({ ...error }),
      ];
      assert.ok(!shown.join().includes('c4n4ry'), shown.join('\n'));
      if (error instanceof DomainError) assert.equal(error.detail, problem.detail);
      else {
        assert.match(error.message, /: Out of credit$/);
        assert.equal(error.toJSON().problem, 'https://problems.test/out-of-credit');
      }
      return true;
    });
  }
  await assert.rejects(client.pay(), (error) => error instanceof HttpStatusError && error.problem === undefined);
});
