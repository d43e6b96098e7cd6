import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ManualClock } from '@switchgear/policy/testing';
import * as z from 'zod';
import {
  bearer,
  type ClientEvent,
  createServiceClient,
  get,
  post,
  readIncoming,
  type ServiceClientOptions,
  withIncoming,
} from '../../src/index.ts';
import { type FaultServer, faultServer, hostileRetryAfter } from '../../src/testing/index.ts';
import { until } from './meet.ts';

/*
 * What has been broken in HTTP clients before, as tests: hostile input, and what has to come of it. Faults of the server
 * that are in the table of the suite are not repeated here.
 */

const User = z.object({ id: z.number() });
const operations = {
  getUser: get('/users/{userId}', { query: z.object({ q: z.string().optional() }), response: User }),
  getKeys: get('/users/{userId}/keys', { response: User }),
  createUser: post('/users', { body: z.unknown(), response: User, idempotencyKey: true }),
};

let server: FaultServer;

before(async () => {
  server = await faultServer({ body: { id: 1 } });
});

after(() => server.close());

beforeEach(() => {
  server.set('ok');
  server.requests.length = 0;
});

function clientOf(more: Partial<ServiceClientOptions> = {}) {
  let tokensRead = 0;
  const auth = bearer(async () => {
    tokensRead++;
    return 'secret';
  });
  const client = createServiceClient({
    target: 'users',
    baseUrl: `${server.url}/api`,
    operations,
    auth,
    retry: { baseMs: 1, maxMs: 2 },
    breaker: { minimumCalls: 1_000, consecutiveFailures: 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  return { client, tokensRead: () => tokensRead };
}

const caught = (promise: Promise<unknown>): Promise<{ code: string; issues?: string[]; message: string }> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error) => error,
  );

/** A call that is refused before anything is touched: no connection, no token. */
async function assertUntouched(
  send: (client: ReturnType<typeof clientOf>['client']) => Promise<unknown>,
): Promise<string> {
  const { client, tokensRead } = clientOf();
  const before = server.sockets;
  const error = await caught(send(client));
  assert.equal(error.code, 'SWITCHGEAR_INVALID_REQUEST', error.message);
  assert.deepEqual([server.sockets - before, tokensRead()], [0, 0]);
  await client.close();
  return error.issues?.join() ?? '';
}

test('an absolute or protocol-relative input never changes the host: it stays one segment', async () => {
  const { client } = clientOf();
  const hostile = ['http://evil/x', '//evil/x', '\\\\evil\\x', '/\\evil', 'HTTP:evil', '?q=1', '#x', '@evil', ':80'];
  for (const userId of hostile) {
    await client.getKeys({ userId });
    const path = server.requests.at(-1)?.path ?? '';
    assert.match(path, /^\/api\/users\/[^/\\?#\s]+\/keys$/, userId);
    assert.equal(server.requests.at(-1)?.headers.host, new URL(server.url).host);
  }
  assert.equal(server.hits, hostile.length);
  await client.close();
});

test('an input with a control character is refused by name, before a connection or a token', async () => {
  for (const userId of ['\thttp://evil', '\n//evil', 'a\r\nX-Evil: 1', 'a\0b']) {
    assert.match(await assertUntouched((client) => client.getKeys({ userId })), /^userId /, JSON.stringify(userId));
  }
});

test('a dot segment, an empty one or half a surrogate pair is refused by name, before a connection or a token', async () => {
  for (const userId of ['..', '.', '', '\ud800']) {
    assert.match(await assertUntouched((client) => client.getKeys({ userId })), /^userId /, JSON.stringify(userId));
  }
});

test('an encoded dot segment stays the text that it is, and a slash is escaped', async () => {
  const { client } = clientOf();
  for (const userId of ['%2e%2e', '..%2f', 'a/../../b', 'a/b', '...']) {
    // An input may be refused; one that is sent must come out as what it was.
    const sent = await client.getKeys({ userId }).then(
      () => true,
      (error: { code: string }) => assert.equal(error.code, 'SWITCHGEAR_INVALID_REQUEST'),
    );
    if (sent !== true) continue;
    const segments = (server.requests.at(-1)?.path ?? '').split('/');
    assert.deepEqual(segments.length, 5, userId);
    assert.equal(decodeURIComponent(segments[3] as string), userId);
  }
  await client.close();
});

test('a line break in a header, its name, a key or a request id throws before a byte is sent, and is not stripped', async () => {
  for (const evil of ['a\r\nX-Evil: 1', 'a\nb', 'a\0b', 'a\r\n b']) {
    await assertUntouched((client) => client.getUser({ userId: 1 }, { headers: { 'x-tenant': evil } }));
    await assertUntouched((client) => client.getUser({ userId: 1 }, { headers: { [evil]: 'x' } }));
    await assertUntouched((client) => client.createUser({ body: {} }, { idempotencyKey: evil }));
    assert.throws(() => clientOf({ headers: { 'x-tenant': evil } }), { code: 'SWITCHGEAR_INVALID_CONFIG' });
    assert.throws(() => clientOf({ userAgent: evil }), { code: 'SWITCHGEAR_INVALID_CONFIG' });
  }
  const { client } = clientOf();
  await client.getUser({ userId: 1, query: { q: 'a\r\nX-Evil: 1' } });
  assert.equal(server.requests.at(-1)?.headers['x-evil'], undefined);
  await client.close();
});

test('headers that frame the message, or say who it is for, cannot be set by a caller', async () => {
  for (const name of [
    'Content-Length',
    'content-length',
    'Transfer-Encoding',
    'Host',
    'Connection',
    'traceparent',
    'Upgrade',
    'Authorization',
  ]) {
    await assertUntouched((client) => client.getUser({ userId: 1 }, { headers: { [name]: '1' } }));
  }
  await assertUntouched((client) => client.getUser({ userId: 1 }, { headers: { 'X-One': '1', 'x-one': '2' } }));
  const { client } = clientOf();
  await client.createUser({ body: { a: 1 } });
  const names = (server.requests.at(-1)?.head ?? '')
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(':')[0]?.toLowerCase());
  assert.equal(new Set(names).size, names.length, names.join());
  await client.close();
});

test('a polluted prototype changes nothing that is sent', async () => {
  const headOf = async (): Promise<string> => {
    const { client } = clientOf();
    await client.createUser({ body: { a: 1 } }, { idempotencyKey: 'k' });
    await client.close();
    const { head, body } = server.requests.at(-1) ?? { head: '', body: '' };
    return head.replaceAll(/(x-request-id|traceparent|x-request-deadline-ms): .*/g, '$1') + body;
  };
  const clean = await headOf();
  // All but `timeout`, which Node's own `net` reads from wherever it finds it: there the process itself is broken.
  const polluted = {
    auth: 'evil',
    baseUrl: 'http://evil',
    token: 'evil',
    retry: 9,
    dispatcher: {},
    headers: { evil: '1' },
    idempotencyKey: 'evil',
    deadlineMs: 0,
    transport: 'evil',
    envelope: 'evil',
    query: { evil: 1 },
    fallback: 'evil',
  };
  Object.assign(Object.prototype, polluted);
  try {
    assert.equal(await headOf(), clean);
  } finally {
    for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name);
  }
});

test('`__proto__` in an answer or an input pollutes nothing', async () => {
  const { client } = clientOf();
  server.set('proto-json');
  assert.deepEqual(await client.getUser({ userId: 1 }), { id: 1 });
  server.set('ok');
  await client.createUser({
    body: JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
  });
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  await client.close();
});

test('the limit on bodies holds for one that says its length, one in chunks, a packed one and that of an error', async () => {
  const two = Buffer.alloc(2 * 1024 * 1024, 0x20);
  const json = { 'content-type': 'application/json' };
  const steps = [
    { status: 200, headers: json, body: two },
    'huge-chunks',
    { status: 200, headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(two) },
    { status: 500, headers: json, body: two },
  ] as const;
  for (const step of steps) {
    const { client } = clientOf({ maxBodyBytes: 1024 * 1024, retry: { maxRetries: 0 } });
    server.set(step);
    const { code } = await caught(client.getUser({ userId: 1 }));
    assert.equal(code, 'SWITCHGEAR_RESPONSE_TOO_LARGE', JSON.stringify(step).slice(0, 60));
    await client.close();
    await until(() => server.openSockets === 0);
  }
});

test('answers that nobody has a use for do not keep their connections', async () => {
  const { client } = clientOf({ retry: { maxRetries: 0 } });
  const before = server.sockets;
  server.set({ status: 500, body: { detail: 'x'.repeat(10_000) } });
  for (let i = 0; i < 200; i++) await caught(client.getUser({ userId: 1 }));
  assert.equal(server.sockets - before, 1);
  await client.close();
});

test('a hostile Retry-After is obeyed or passed over, never early, never in a tight loop', async () => {
  for (const value of hostileRetryAfter) {
    const clock = new ManualClock();
    const { client } = clientOf({ runtime: { clock, random: () => 0.5 }, retry: { maxRetries: 1, baseMs: 50 } });
    const events: ClientEvent[] = [];
    client.on((event) => events.push(event));
    server.requests.length = 0;
    server.set({ status: 503, headers: { 'retry-after': value } });
    let over = false;
    const failed = caught(client.getUser({ userId: 1 })).finally(() => {
      over = true;
    });
    let waits = 0;
    while (!over) {
      await new Promise(setImmediate);
      const scheduled = events.flatMap((event) => (event.type === 'retry.scheduled' ? [event.waitMs] : []));
      const wait = scheduled[waits];
      if (wait === undefined) continue;
      waits++;
      assert.ok(wait >= 1 && wait <= 3_000, `${value.trim()}: a wait of ${wait} ms`);
      await clock.advance(wait);
    }
    const error = (await failed) as unknown as { retryAfterMs?: number; stopped: string };
    const far = /^9{10,}$|2999/.test(value);
    assert.equal(server.hits, far ? 1 : 2, JSON.stringify(value.slice(0, 40)));
    if (far) assert.ok((error.retryAfterMs ?? 0) >= 86_400_000, value);
    await client.close();
  }
});

test('header values that are long, and nothing but spaces and commas, are read and passed over', async () => {
  const long = ' ,'.repeat(3_000);
  const names = [
    'retry-after',
    'cache-control',
    'www-authenticate',
    'link',
    'ratelimit',
    'ratelimit-policy',
    'content-type',
  ];
  for (const status of [401, 429, 503]) {
    const { client } = clientOf({ retry: { maxRetries: 0 } });
    for (const name of names) {
      server.set({ status, headers: { [name]: `a${long}a` } });
      const { code } = await caught(client.getUser({ userId: 1 }));
      assert.match(code, /AUTHENTICATION_FAILED|TOKEN_UNAVAILABLE|THROTTLED|HTTP_STATUS/, `${status} ${name}`);
    }
    await client.close();
  }
});

test('a token goes to the host it is for, and the secret that earned it to the token server alone', async () => {
  await using other = await faultServer();
  const { client } = clientOf();
  server.set({ status: 307, headers: { location: `${other.url}/api/users/1`, 'set-cookie': 'a=1' } });
  assert.equal((await caught(client.getUser({ userId: 1 }))).code, 'SWITCHGEAR_REDIRECT_REFUSED');
  assert.equal((await caught(client.createUser({ body: {} }))).code, 'SWITCHGEAR_REDIRECT_REFUSED');
  assert.equal(other.sockets, 0);
  server.set('ok');
  await client.getUser({ userId: 1 });
  assert.equal(server.requests.at(-1)?.headers.cookie, undefined);
  await client.close();
});

test('a trace or request id that is none is not passed on', async () => {
  const { client } = clientOf();
  const hostile = [
    { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, 'x-request-id': 'a\r\nX-Evil: 1' },
    { traceparent: 'a\r\nX-Evil: 1', tracestate: 'a\r\nX-Evil: 1', baggage: `a=${'x'.repeat(10_240)}` },
    { traceparent: 'f'.repeat(10_000), 'x-request-id': 'x'.repeat(100_000) },
  ];
  for (const headers of hostile) {
    await withIncoming(readIncoming(headers), () => client.getUser({ userId: 1 }));
    const sent = server.requests.at(-1);
    assert.match(sent?.headers.traceparent ?? '', /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/);
    assert.deepEqual([sent?.headers['x-evil'], sent?.headers.baggage], [undefined, undefined]);
    assert.ok((sent?.headers['x-request-id'] ?? '').length < 300);
  }
  await client.close();
});

test('an answer with a mark before its JSON, in another charset, or without one where one is due is not taken', async () => {
  const { client } = clientOf();
  const json = { 'content-type': 'application/json' };
  for (const body of [Buffer.from([0xff, 0xfe, 0x7b, 0x00]), '{"id":1', '', '{"id":"1"}', 'null', '[]']) {
    server.set({ status: 200, headers: json, body });
    assert.equal((await caught(client.getUser({ userId: 1 }))).code, 'SWITCHGEAR_INVALID_RESPONSE', String(body));
  }
  server.set(204);
  assert.equal((await caught(client.getUser({ userId: 1 }))).code, 'SWITCHGEAR_INVALID_RESPONSE');
  await client.close();
});
