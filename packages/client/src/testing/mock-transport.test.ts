import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, settle } from '@switchgear/policy/testing';
import * as z from 'zod';
import { bareCall, openOptions, readText } from '../../test/bare-send.ts';
import { bearer, createServiceClient, get, type OpenTransport, post, type ServiceClientOptions } from '../index.ts';
import {
  after,
  answer,
  answerRaw,
  mockTransport,
  on,
  type Reply,
  refuse,
  reset,
  stall,
  tooLarge,
  UnexpectedRequestError,
} from './index.ts';

const User = z.object({ id: z.number(), name: z.string() });
const ada = { id: 42, name: 'Ada' };
const operations = {
  getUser: get('/users/{userId}', { query: z.object({ full: z.boolean().optional() }), response: User }),
  createUser: post('/users', { body: z.object({ name: z.string() }), response: User }),
  placeUser: post('/users', { body: z.object({ name: z.string() }), response: User, idempotencyKey: true }),
};

function clientOf(transport: OpenTransport, more: Partial<ServiceClientOptions> = {}) {
  const clock = new ManualClock();
  const runtime = { clock, random: () => 0.5 };
  const given = { target: 'users', baseUrl: 'http://users.internal:8080', operations, transport, runtime, ...more };
  return { clock, client: createServiceClient(given as ServiceClientOptions<typeof operations>) };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error: unknown) => error,
  );

test('plays a list in order, through the retries of a client', async () => {
  const mock = mockTransport([answer(503), reset(), answer(200, ada)]);
  const { client, clock } = clientOf(mock);
  const call = client.getUser.withMeta({ userId: 42 });
  await clock.advance(1_000);
  const { value, attempts } = await call;
  assert.deepEqual([value, attempts], [ada, 3]);
  assert.deepEqual(
    mock.requests.map(({ attempt, method, path, origin }) => [attempt, method, path, origin]),
    [1, 2, 3].map((attempt) => [attempt, 'GET', '/users/42', 'http://users.internal:8080']),
  );
  mock.done();
});

test('records what was sent, without the values of headers that hold credentials', async () => {
  const mock = mockTransport({ 'POST /users': answer(201, ada) }, { redactHeaders: ['X-Tenant-Key'] });
  const headers = { 'x-api-key': 'secret', 'x-tenant-key': 'secret', 'x-tenant': 'acme' };
  const { client } = clientOf(mock, { auth: bearer('secret'), headers });
  await client.createUser({ body: { name: 'Ada' } });
  const [request] = mock.requests;
  assert.equal(request?.body, '{"name":"Ada"}');
  assert.equal(request?.headers.authorization, '[redacted]');
  assert.equal(request?.headers['x-tenant'], 'acme');
  assert.ok(!JSON.stringify(mock.requests).includes('secret'));
  mock.clear();
  assert.equal(mock.requests.length, 0);
});

test('shows that a key stays the same from attempt to attempt', async () => {
  const mock = mockTransport([reset(), answer(200, ada)]);
  const { client, clock } = clientOf(mock);
  const call = client.placeUser({ body: { name: 'Ada' } });
  await clock.advance(100);
  await call;
  const [first, second] = mock.requests.map(({ headers }) => headers['idempotency-key']);
  assert.ok(first !== undefined && first === second);
});

test('fails a request that is not the expected one, at once, and says what was expected and what came', async () => {
  const mock = mockTransport([on('GET /users/{userId}', answer(200, ada)), on('POST /users', answer(200, ada))]);
  const { client } = clientOf(mock);
  await client.getUser({ userId: 1 });
  const error = await caught(client.getUser({ userId: 2, query: { full: true } }));
  assert.ok(error instanceof UnexpectedRequestError);
  assert.equal(error.message, 'mockTransport: expected POST /users as request 2, got GET /users/2');
  assert.deepEqual([error.expected, error.got], ['POST /users as request 2', 'GET /users/2']);
  assert.equal(mock.requests.length, 2, 'an unexpected request must not be sent again');
  assert.throws(() => mock.done(), { message: error.message });
});

test('fails a request after the last one', async () => {
  const mock = mockTransport([answer(200, ada)]);
  const { client } = clientOf(mock);
  await client.getUser({ userId: 1 });
  const error = await caught(client.getUser({ userId: 1 }));
  assert.equal((error as Error).message, 'mockTransport: expected no request after 1 request, got GET /users/1');
});

test('says at the end what has not come', async () => {
  const mock = mockTransport([answer(200, ada), on('POST /users', answer(200, ada)), answer(200, ada)]);
  const { client } = clientOf(mock);
  await client.getUser({ userId: 1 });
  assert.throws(() => mock.done(), { message: 'mockTransport: expected POST /users and 1 more, got no more after 1' });
  mock.script([]);
  mock.done();
});

test('answers by route: a reply stays, a list is used up, a function decides', async () => {
  const mock = mockTransport({
    'GET /users/1': [answer(200, ada), answer(404)],
    'GET /users/{userId}': ({ path }) => answer(200, { id: Number(path.split('/').at(-1)), name: 'any' }),
    'POST /users': answer(201, ada),
  });
  const { client } = clientOf(mock);
  assert.deepEqual(await client.getUser({ userId: 1 }), ada);
  assert.throws(() => mock.done(), /expected GET \/users\/1, got no more/);
  assert.equal(((await caught(client.getUser({ userId: 1 }))) as { status?: number }).status, 404);
  assert.match(String(await caught(client.getUser({ userId: 1 }))), /GET \/users\/1 no more often/);
  assert.deepEqual(await client.getUser({ userId: 7 }), { id: 7, name: 'any' });
  await client.createUser({ body: { name: 'Ada' } });
  await client.createUser({ body: { name: 'Ada' } });
  mock.script({ 'GET /users/1': answer(200, ada) });
  const error = await caught(client.createUser({ body: { name: 'Ada' } }));
  assert.equal((error as Error).message, 'mockTransport: expected one of GET /users/1, got POST /users');
});

test('a function that throws, or forgets its reply, fails the call and is not asked again', async () => {
  const broken = new Error('a broken test');
  let asked = 0;
  const mock = mockTransport(() => {
    asked++;
    throw broken;
  });
  const { client } = clientOf(mock);
  const error = await caught(client.getUser({ userId: 1 }));
  assert.ok(error instanceof UnexpectedRequestError);
  assert.equal(error.cause, broken);
  assert.equal(asked, 1);
  mock.script((async () => undefined) as unknown as () => Reply);
  assert.match(
    String(await caught(client.getUser({ userId: 1 }))),
    /got a value of type undefined, for GET \/users\/1/,
  );
});

test('every way to fail reaches the caller as from a real transport', async () => {
  const table: [reply: Reply, expected: object][] = [
    [refuse(), { code: 'SWITCHGEAR_CONNECT_FAILED', sent: 'never', phase: 'connect' }],
    [refuse('ENOTFOUND'), { code: 'SWITCHGEAR_DNS_FAILED', sent: 'never', phase: 'dns' }],
    [refuse('CERT_HAS_EXPIRED'), { code: 'SWITCHGEAR_TLS_FAILED', sent: 'never', phase: 'tls' }],
    [reset(), { code: 'SWITCHGEAR_CONNECTION_LOST', sent: 'maybe', phase: 'wait', stale: false }],
    [reset('stale-connection'), { code: 'SWITCHGEAR_CONNECTION_LOST', sent: 'maybe', stale: true }],
    [reset('response'), { code: 'SWITCHGEAR_CONNECTION_LOST', sent: 'answered', phase: 'body' }],
    [tooLarge(), { code: 'SWITCHGEAR_RESPONSE_TOO_LARGE', sent: 'answered' }],
    [answerRaw(200, 'x'.repeat(2_000)), { code: 'SWITCHGEAR_RESPONSE_TOO_LARGE' }],
    [answerRaw(200, '<html>', { 'Content-Type': 'text/html' }), { code: 'SWITCHGEAR_INVALID_RESPONSE' }],
    [answer(302, undefined, { location: '/' }), { code: 'SWITCHGEAR_REDIRECT_REFUSED' }],
    [answer(429, {}, { 'retry-after': '9' }), { code: 'SWITCHGEAR_THROTTLED', retryAfterMs: 9_000 }],
  ];
  for (const [reply, expected] of table) {
    const { client } = clientOf(mockTransport([reply]), { retry: { maxRetries: 0 }, maxBodyBytes: 1_000 });
    await assert.rejects(client.getUser({ userId: 1 }), expected, JSON.stringify(reply).slice(0, 80));
  }
});

test('a request that stalls times out in the phase where it stands', async () => {
  const table = [
    ['queue', 'never'],
    ['dns', 'never'],
    ['connect', 'never'],
    ['tls', 'never'],
    ['write', 'maybe'],
    ['wait', 'maybe'],
    ['body', 'answered'],
  ] as const;
  for (const [phase, sent] of table) {
    const { client, clock } = clientOf(mockTransport([stall(phase)]), { retry: { maxRetries: 0 } });
    const failed = assert.rejects(client.getUser({ userId: 1 }), { code: 'SWITCHGEAR_ATTEMPT_TIMEOUT', phase, sent });
    await clock.advance(1_000);
    await failed;
    assert.equal(client.snapshot().bulkhead.active, 0);
  }
});

test('an answer that takes its time takes it on the clock', async () => {
  const { client, clock } = clientOf(mockTransport([after(400, answer(200, ada)), after(10, refuse())]), {
    retry: { maxRetries: 0 },
  });
  const call = client.getUser.withMeta({ userId: 1 });
  await clock.advance(399);
  assert.equal(client.snapshot().inFlight, 1);
  await clock.advance(1);
  assert.equal((await call).durationMs, 400);
  const refused = assert.rejects(client.getUser({ userId: 1 }), { code: 'SWITCHGEAR_CONNECT_FAILED' });
  await clock.advance(10);
  await refused;
});

test('a caller that leaves hears its own reason, and leaves no timer behind', async () => {
  for (const reply of [stall(), after(100, answer(200, ada))]) {
    const { client, clock } = clientOf(mockTransport([reply]));
    const caller = new AbortController();
    const left = client.getUser({ userId: 1 }, { signal: caller.signal });
    await settle();
    caller.abort('left');
    assert.equal(await caught(left), 'left');
    assert.ok(clock.pending <= 1, 'but for that of the wheel of deadlines');
  }
});

test('what it answers cannot be changed by whoever got it', async () => {
  const given = { ...ada };
  const mock = mockTransport({ 'GET /users/{userId}': answer(200, given) });
  const { client } = clientOf(mock);
  given.name = 'changed';
  (await client.getUser({ userId: 1 })).name = 'changed';
  assert.deepEqual(await client.getUser({ userId: 1 }), ada);
});

test('answers a HEAD, a 204 and a 304 without a body', async () => {
  const transport = mockTransport([answer(200, ada), answer(204, ada), answer(304, ada)])(openOptions());
  for (const method of ['HEAD', 'GET', 'GET']) {
    const { body } = await transport.send({ method, path: '/', headers: [], body: undefined }, bareCall);
    assert.equal(body.length, 0);
  }
});

test('closing waits for what is in flight, destroying ends it', async () => {
  const clock = new ManualClock();
  const transport = mockTransport([after(50, answer(200)), stall('connect'), stall(), stall('body')])(
    openOptions(clock),
  );
  const request = { method: 'GET', path: '/', headers: [], body: undefined };
  const answered = transport.send(request, bareCall);
  let closed = false;
  const closing = transport.close().then(() => {
    closed = true;
  });
  await settle();
  assert.equal(closed, false);
  await clock.advance(50);
  await closing;
  assert.equal((await answered).status, 200);
  const failed = ['nothing', 'request', 'response'].map((reached) =>
    assert.rejects(transport.send(request, bareCall), { name: 'TransportFailure', reached }),
  );
  await settle();
  await transport.destroy();
  await Promise.all(failed);
});

test('reads the body of a request that comes as a stream, and gives the answer as one', async () => {
  const mock = mockTransport([answer(200, ada)]);
  const transport = mock(openOptions());
  async function* upload() {
    yield Buffer.from('one ');
    yield Buffer.from('two');
  }
  const response = await transport.stream?.({ method: 'POST', path: '/', headers: [], body: upload() }, bareCall);
  assert.deepEqual(JSON.parse(await readText(response?.body)), ada);
  assert.equal(mock.requests[0]?.body, 'one two');
});

test('a stream that was destroyed cannot be read', async () => {
  const transport = mockTransport([answer(200, ada)])(openOptions());
  const response = await transport.stream?.({ method: 'GET', path: '/', headers: [], body: undefined }, bareCall);
  response?.body.destroy('enough');
  assert.equal(await caught(readText(response?.body)), 'enough');
});

test('refuses a script that is none', () => {
  const nonsense: [script: unknown, path: RegExp][] = [
    [7, /mockTransport: expected a list/],
    [null, /mockTransport: expected a list/],
    [[{}], /mockTransport\[0\]: expected a reply/],
    [{ 'get /users': answer(200) }, /mockTransport: expected a method and a path/],
    [{ 'GET /users': 7 }, /mockTransport\['GET \/users'\]: expected a reply/],
  ];
  for (const [script, message] of nonsense) {
    assert.throws(() => mockTransport(script as never), { code: 'SWITCHGEAR_INVALID_CONFIG', message });
  }
  const code = 'SWITCHGEAR_INVALID_CONFIG';
  assert.throws(() => answer(99), { code });
  assert.throws(() => answer(200, () => {}), { code });
  assert.throws(() => after(-1, stall()), { code });
  assert.throws(() => on('/users', stall()), { code });
  assert.throws(() => mockTransport([], { redact: [] } as never), { code });
});
