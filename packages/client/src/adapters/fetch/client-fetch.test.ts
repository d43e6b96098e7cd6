import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SwitchgearError, withDeadline } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import * as undici from 'undici';
import { assertNoCanary, canaries } from '../../../test/conformance/canaries.ts';
import { closedPort, hang, json, LoopbackServer, reset } from '../../../test/loopback-server.ts';
import { received, StreamServer } from '../../../test/stream-server.ts';
import {
  type ClientEvent,
  clientCredentials,
  createServiceClient,
  get,
  type InvalidRequestError,
  patch,
  post,
  type ServiceClientOptions,
} from '../../index.ts';
import { answer, faultServer, mockTransport } from '../../testing/index.ts';

const operations = {
  getUser: get('/users/{userId}', { cache: { freshMs: 60_000 } }),
  search: post('/users/search', { idempotent: true }),
  placeUser: post('/users', { idempotencyKey: true }),
  renameUser: patch('/users/{userId}', { invalidates: ['getUser'], deadlineMs: 500, attemptTimeoutMs: 400 }),
};

function clientOf(baseUrl: string | string[], more: Partial<ServiceClientOptions> = {}) {
  const client = createServiceClient({
    target: 'user-service',
    baseUrl,
    operations,
    retry: { baseMs: 1, maxMs: 2 },
    budget: { minPerSecond: 1_000 },
    // What a test does to its server must not close the way for its next call.
    breaker: { minimumCalls: 1_000, consecutiveFailures: 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  const finished = () => events.flatMap((event) => (event.type === 'call.finished' ? [event] : []));
  return { client, events, finished, fates: () => finished().map(({ fate }) => fate) };
}

type AnyClient = ReturnType<typeof clientOf>['client'];

/** Everything that a call had taken is free again. */
async function assertIdle(client: AnyClient): Promise<void> {
  await settle();
  const { inFlight, bulkhead } = client.snapshot();
  assert.deepEqual([inFlight, bulkhead.active, bulkhead.queued], [0, 0, 0]);
}

/** A failure as the web has it, with ours as its cause. */
const failed =
  (code: string, facts: Partial<SwitchgearError> = {}) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof TypeError, String(error));
    assert.ok(error.cause instanceof SwitchgearError);
    assert.equal(error.cause.code, code);
    for (const [name, value] of Object.entries(facts)) assert.equal(Reflect.get(error.cause, name), value, name);
    return true;
  };

test('answers with a Response of whatever status, as it came', async () => {
  await using server = await LoopbackServer.start(json(200, { ok: true }, { 'x-kind': 'plain' }));
  const { client, fates } = clientOf(`${server.url}/api`);
  const answered = await client.fetch('/things/1?x=2');
  assert.ok(answered instanceof Response);
  assert.deepEqual([answered.status, answered.ok, answered.headers.get('x-kind')], [200, true, 'plain']);
  assert.equal(answered.url, `${server.url}/api/things/1?x=2`);
  assert.deepEqual(await answered.json(), { ok: true });
  for (const status of [201, 404, 409, 422, 500, 501]) {
    server.script(json(status, { status }));
    const refused = await client.fetch(`${server.url}/api/things`, { method: 'POST', body: 'x' });
    assert.deepEqual([refused.status, await refused.json()], [status, { status }]);
  }
  assert.deepEqual(fates(), ['ok', 'ok', 'answered', 'answered', 'answered', 'unavailable', 'unavailable']);
  await assertIdle(client);
  await client.close();
});

test('takes a string, a URL and a Request of either undici, relative to the base URL or the whole of it', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const { client } = clientOf(`${server.url}/api`);
  const url = `${server.url}/api/things`;
  const headers = { 'x-a': '1' };
  for (const given of [
    '/things',
    'things',
    url,
    new URL(url),
    new Request(url, { headers }),
    new undici.Request(url, { headers }) as unknown as Request,
  ]) {
    await (await client.fetch(given, { headers: { 'x-b': '2' } })).body?.cancel();
  }
  assert.deepEqual(
    server.hits.map(({ path, headers: sent }) => [path, sent['x-a'], sent['x-b']]),
    Array.from({ length: 6 }, () => ['/api/things', undefined, '2']),
    'what init says replaces what the Request had',
  );
  const request = new Request(url, { method: 'PUT', body: 'from it', headers });
  await (await client.fetch(request)).body?.cancel();
  const { method, body, headers: sent } = server.hits.at(-1) ?? assert.fail();
  assert.deepEqual([method, body, sent['x-a']], ['PUT', 'from it', '1']);
  await client.close();
});

test('sends a GET again, within the budget, and gives the last answer when retries are over', async () => {
  await using server = await LoopbackServer.start(reset, json(503, {}), json(200, { ok: true }));
  const { client, fates } = clientOf(server.url);
  assert.deepEqual(await (await client.fetch('/a')).json(), { ok: true });
  assert.equal(server.hits.length, 3);

  server.script(json(503, { nth: 1 }), json(503, { nth: 2 }), json(503, { nth: 3 }));
  const last = await client.fetch('/a');
  assert.deepEqual([last.status, await last.json()], [503, { nth: 3 }]);
  assert.equal(server.hits.length, 6);
  assert.equal(client.snapshot().budget.retriesInWindow, 4);

  server.script(json(429, { wait: true }, { 'retry-after': '3600' }));
  const throttled = await client.fetch('/a');
  assert.deepEqual([throttled.status, throttled.headers.get('retry-after')], [429, '3600']);
  assert.equal(server.hits.length, 7, 'an hour does not fit the deadline');
  assert.deepEqual(fates(), ['ok-retried', 'unavailable', 'throttled']);
  await assertIdle(client);
  await client.close();
});

test('never sends a POST twice, unless it carries a key, may be done twice, or never left', async () => {
  await using server = await LoopbackServer.start(reset);
  const { client } = clientOf(server.url);
  const order = { method: 'POST', body: 'order' };
  await assert.rejects(client.fetch('/a', order), failed('SWITCHGEAR_CONNECTION_LOST', { sent: 'maybe' }));
  for (const method of ['PATCH', 'LOCK']) await assert.rejects(client.fetch('/a', { ...order, method }));
  await assert.rejects(client.fetch(new Request(`${server.url}/a`, order)));
  assert.deepEqual(
    server.hits.map(({ method }) => method),
    ['POST', 'PATCH', 'LOCK', 'POST'],
  );
  server.script(json(503, {}));
  assert.equal((await client.fetch('/a', order)).status, 503);
  assert.equal(server.hits.length, 5);

  server.script(reset, json(201, {}));
  await client.fetch('/a', { ...order, headers: { 'Idempotency-Key': 'k-1' } });
  assert.deepEqual(
    server.hits.slice(5).map(({ headers, body }) => [headers['idempotency-key'], body]),
    [
      ['k-1', 'order'],
      ['k-1', 'order'],
    ],
  );
  server.script(reset, json(201, {}));
  await client.fetch('/a', { ...order, switchgear: { idempotent: true } });
  assert.equal(server.hits.length, 9);

  const { client: gone } = clientOf(`http://127.0.0.1:${await closedPort()}`);
  await assert.rejects(gone.fetch('/a', order), failed('SWITCHGEAR_CONNECT_FAILED', { sent: 'never', attempts: 3 }));
  await Promise.all([client.close(), gone.close()]);
});

test('a request that is an operation of the contract has its name, its times and its care', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const { client, events, finished } = clientOf(server.url);
  await (await client.fetch('/users/42')).text();
  await (await client.fetch('/somewhere/else?secret=canary')).text();
  await (await client.fetch('/reports/7', { switchgear: { operation: 'getReport' } })).text();
  assert.deepEqual(
    finished().map(({ operation }) => operation),
    ['getUser', '_other', 'getReport'],
  );
  const templates = events.flatMap((event) => (event.type === 'call.started' ? [event.template] : []));
  assert.deepEqual(templates, ['/users/{userId}', '/{+path}', '/{+path}']);
  assert.ok(!JSON.stringify(events).includes('canary'));

  server.script(reset, json(200, {}));
  await (await client.fetch('/users/search', { method: 'POST', body: '{}' })).text();
  assert.equal(server.hits.length, 5, 'the contract says that a search may be asked twice');
  server.script(reset, json(201, {}));
  await (await client.fetch('/users', { method: 'POST', body: '{}' })).text();
  const keys = server.hits.slice(5).map(({ headers }) => headers['idempotency-key']);
  assert.equal(keys.length, 2);
  assert.ok(keys[0] !== undefined && keys[0] === keys[1], 'and that a user is placed with a key');

  server.script(json(200, { name: 'Ada' }));
  await client.getUser({ userId: 42 });
  await client.getUser({ userId: 42 });
  assert.equal(server.hits.length, 8, 'kept');
  await (await client.fetch('/users/42', { method: 'PATCH', body: '{}' })).text();
  await client.getUser({ userId: 42 });
  assert.equal(server.hits.length, 10, 'a write that says so makes what is kept old');
  await client.close();
});

test('writes every kind of body, and what can be sent again is', async () => {
  const form = new FormData();
  form.set('name', 'Ada');
  const bodies: [unknown, string, RegExp | undefined][] = [
    ['text', 'text', /^text\/plain;charset=UTF-8$/],
    [new URLSearchParams({ a: '1 2' }), 'a=1+2', /^application\/x-www-form-urlencoded/],
    [new Uint8Array([97, 98]), 'ab', undefined],
    [new Uint8Array([0, 97, 98]).subarray(1), 'ab', undefined],
    [new Uint8Array([97, 98]).buffer, 'ab', undefined],
    [new Blob(['blob'], { type: 'text/csv' }), 'blob', /^text\/csv$/],
    [new Blob(['x'.repeat(2 * 1024 * 1024)]), 'x'.repeat(2 * 1024 * 1024), undefined],
  ];
  await using server = await LoopbackServer.start();
  const { client } = clientOf(server.url);
  for (const [body, text, type] of bodies) {
    server.hits.length = 0;
    server.script(reset, json(200, {}));
    await (await client.fetch('/a', { method: 'PUT', body: body as string })).text();
    assert.deepEqual(
      server.hits.map((hit) => hit.body === text),
      [true, true],
    );
    if (type === undefined) assert.equal(server.hits[0]?.headers['content-type'], undefined);
    else assert.match(server.hits[0]?.headers['content-type'] ?? '', type);
  }
  server.hits.length = 0;
  server.script(reset, json(200, {}));
  await (await client.fetch('/a', { method: 'PUT', body: form })).text();
  const [first, second] = server.hits;
  assert.match(first?.headers['content-type'] ?? '', /^multipart\/form-data; boundary=/);
  assert.ok(first?.body.includes('name="name"') && first.body.includes('Ada'));
  assert.equal(first?.body, second?.body);
  await (await client.fetch('/a', { method: 'PUT', body: '{}', headers: { 'content-type': 'text/json' } })).text();
  assert.equal(server.hits.at(-1)?.headers['content-type'], 'text/json');
  await client.close();
});

test('a body is kept as it was given, whatever its caller does with it', async () => {
  await using server = await LoopbackServer.start(reset, json(200, {}));
  const { client } = clientOf(server.url);
  const bytes = new Uint8Array([97, 97]);
  const answered = client.fetch('/a', { method: 'PUT', body: bytes });
  bytes.fill(98);
  await (await answered).text();
  assert.deepEqual(
    server.hits.map(({ body }) => body),
    ['aa', 'aa'],
  );
  await client.close();
});

test('a stream is sent once: a second one would send what is left of it', async () => {
  await using server = await StreamServer.start(async (request, response) => {
    await received(request);
    response.socket?.resetAndDestroy();
  });
  const { client } = clientOf(server.url);
  const stream = () => Readable.toWeb(Readable.from([Buffer.from('one '), Buffer.from('two')]));
  const put = (body: unknown) => ({ method: 'PUT', body, duplex: 'half' }) as RequestInit;
  await assert.rejects(client.fetch('/a', put(stream())), failed('SWITCHGEAR_CONNECTION_LOST', { attempts: 1 }));
  assert.equal(server.requests, 1);

  // Of a `Request` nobody can see what it was made of: a small body is read ahead and can go again, a large one is not.
  await assert.rejects(client.fetch(new Request(`${server.url}/a`, put('small'))), { message: 'fetch failed' });
  assert.equal(server.requests, 4);
  const large = 'x'.repeat(1024 * 1024 + 1);
  await assert.rejects(client.fetch(new Request(`${server.url}/a`, put(large))));
  assert.equal(server.requests, 5);

  const used = stream();
  await used.getReader().read();
  await assert.rejects(client.fetch('/a', put(used)), failed('SWITCHGEAR_INVALID_REQUEST'));
  const request = new Request(`${server.url}/a`, put('x'));
  await request.text();
  await assert.rejects(client.fetch(request), failed('SWITCHGEAR_INVALID_REQUEST'));
  assert.equal(server.requests, 5);
  await assertIdle(client);
  await client.close();
});

test('a large body of a Request arrives whole, and is let go of when nobody takes it', async () => {
  const arrived: string[] = [];
  await using server = await StreamServer.start(async (request, response) => {
    arrived.push((await received(request)).text);
    response.end();
  });
  const { client } = clientOf(server.url);
  const text = Array.from({ length: 3_000 }, (_, i) => String(i).padStart(1_024, '.')).join('');
  await (await client.fetch(new Request(`${server.url}/a`, { method: 'PUT', body: text }))).text();
  assert.ok(arrived[0] === text);
  await client.close();

  let cancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
    cancel: () => {
      cancelled = true;
    },
  });
  const { client: gone } = clientOf(`http://127.0.0.1:${await closedPort()}`);
  const request = new Request(`http://x/a`, { method: 'PUT', body: endless, duplex: 'half' } as RequestInit);
  await assert.rejects(
    gone.fetch(new Request(`${gone.describe().split(' ')[2]?.split('\n')[0]}/a`, request)),
    failed('SWITCHGEAR_CONNECT_FAILED'),
  );
  assert.equal(cancelled, true);
  await gone.close();
});

test('refuses another origin, a way up and what is no request before a socket or a token is touched', async () => {
  await using server = await faultServer();
  await using elsewhere = await faultServer();
  server.set('token', '/oauth/token');
  const { client, fates } = clientOf(`${server.url}/api`, {
    auth: clientCredentials({ tokenUrl: `${server.url}/oauth/token`, clientId: 'id', clientSecret: canaries.token }),
  });
  const urls = [
    `${elsewhere.url}/api/${canaries.query}`,
    `//${new URL(elsewhere.url).host}/${canaries.query}`,
    `/../${canaries.query}`,
    `/users/%2e%2e/${canaries.query}`,
    new URL(`${server.url}/outside/${canaries.query}`),
    new Request(`${elsewhere.url}/${canaries.query}`),
  ];
  for (const url of urls) {
    const error = await client.fetch(url).catch((thrown: unknown) => thrown);
    assert.ok(failed('SWITCHGEAR_INVALID_REQUEST')(error));
    assertNoCanary(String(url instanceof Request), error, (error as Error).cause);
  }
  const wrong: FetchArguments[] = [
    { method: 'CONNECT' },
    { method: 'GET\r\nx' },
    { method: 'GET', body: 'x' },
    { method: 'PUT', body: {} as string },
    { integrity: 'sha256-x' },
    { redirect: 'elsewhere' as 'follow' },
    { headers: { host: 'evil' } },
    { headers: { authorization: canaries.header } },
    { headers: { traceparent: canaries.header } },
    { headers: { 'x-request-deadline-ms': '9' } },
    { headers: { 'idempotency-key': 'a b' } },
    { switchgear: { deadlineMs: Number.NaN } },
    { switchgear: { retries: 3 } as object },
  ];
  for (const init of wrong) {
    const error = await client.fetch('/a', init).catch((thrown: unknown) => thrown);
    assert.ok(failed('SWITCHGEAR_INVALID_REQUEST')(error));
    assertNoCanary(JSON.stringify(Object.keys(init)), error);
  }
  await assert.rejects(client.fetch('/a', { headers: { 'x-a': 'b\r\nx: y' } }), TypeError);
  assert.deepEqual([server.sockets, elsewhere.sockets], [0, 0]);
  assert.equal(fates().length, urls.length + wrong.length + 1, 'each of them counts as a call');
  assert.deepEqual(new Set(fates()), new Set(['misused']));
  await client.close();
  await assert.rejects(client.fetch('/a'), failed('SWITCHGEAR_CLIENT_CLOSED'));
});

type FetchArguments = NonNullable<Parameters<AnyClient['fetch']>[1]>;

test('follows no redirect, or as many as the client says; `manual` shows it, `error` never follows', async () => {
  await using server = await faultServer();
  server.set('redirect-cross-origin', '/away');
  server.set('redirect-307', '/again');
  server.set('redirect-same-origin', '/near');
  const { client } = clientOf(server.url);
  for (const path of ['/away', '/again', '/near']) {
    await assert.rejects(client.fetch(path, { method: 'POST', body: 'x' }), failed('SWITCHGEAR_REDIRECT_REFUSED'));
  }
  const shown = await client.fetch('/away', { redirect: 'manual' });
  assert.deepEqual([shown.status, shown.headers.get('location')], [302, 'http://127.0.0.1:1/']);
  assert.equal(server.hits, 4);

  const { client: follower } = clientOf(server.url, { followRedirects: 2 });
  assert.equal((await follower.fetch('/near')).status, 200);
  assert.equal((await follower.fetch('/near', { redirect: 'manual' })).status, 302);
  await assert.rejects(follower.fetch('/near', { redirect: 'error' }), failed('SWITCHGEAR_REDIRECT_REFUSED'));
  await assert.rejects(follower.fetch('/away'), failed('SWITCHGEAR_REDIRECT_REFUSED'));
  await Promise.all([client.close(), follower.close()]);
});

test('bounds a body when it is decoded, of a good answer and of a refusal', async () => {
  await using server = await StreamServer.start((request, response) => {
    const status = Number(request.url?.slice(1));
    response.writeHead(status, { 'content-encoding': 'gzip' });
    response.end(gzipSync(Buffer.alloc(1024 * 1024)));
  });
  const { client } = clientOf(server.url, { maxBodyBytes: 64 * 1024 });
  for (const status of [200, 404]) {
    const answered = await client.fetch(`/${status}`);
    assert.equal(answered.status, status);
    await assert.rejects(answered.arrayBuffer(), failed('SWITCHGEAR_RESPONSE_TOO_LARGE'));
  }
  await assertIdle(client);
  await client.close();
  await using faults = await faultServer();
  const { client: other } = clientOf(faults.url, { maxBodyBytes: 64 * 1024 });
  faults.set('huge-length');
  await assert.rejects(other.fetch('/a'), failed('SWITCHGEAR_RESPONSE_TOO_LARGE'));
  faults.set('thousand-encodings');
  await assert.rejects(other.fetch('/a'), failed('SWITCHGEAR_RESPONSE_TOO_LARGE'));
  await other.close();
});

test('streams a body, which keeps its place until it ends', async () => {
  const finish: (() => void)[] = [];
  await using server = await StreamServer.start((_, response) => {
    response.write('half');
    finish.push(() => response.end(' done'));
  });
  const { client, fates } = clientOf(server.url, { bulkhead: { maxConcurrent: 1, maxQueue: 0 } });
  const first = await client.fetch('/a');
  const reader = first.body?.getReader();
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), 'half');
  await assert.rejects(client.fetch('/a'), failed('SWITCHGEAR_BULKHEAD_FULL'));
  finish[0]?.();
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), ' done');
  assert.equal((await reader?.read())?.done, true);
  await assertIdle(client);

  const left = await client.fetch('/a');
  await left.body?.cancel();
  await assertIdle(client);
  assert.deepEqual(fates(), ['refused', 'ok', 'cancelled']);
  await client.close();
});

test('what has no body has none, whatever it says of an encoding, and its place is free at once', async () => {
  await using server = await StreamServer.start((request, response) => {
    response.writeHead(Number(request.url?.slice(1)), { 'content-encoding': 'gzip' });
    response.end();
  });
  const { client } = clientOf(server.url);
  for (const [method, status] of [
    ['GET', 204],
    ['GET', 304],
    ['HEAD', 200],
  ] as const) {
    const answered = await client.fetch(`/${status}`, { method });
    assert.deepEqual([answered.status, answered.body], [status, null]);
    await assertIdle(client);
  }
  const empty = await client.fetch('/200');
  assert.equal(await empty.text(), '');
  await client.close();
});

test('a body that breaks off, or that nobody reads in time, fails as fetch does', async () => {
  await using server = await faultServer();
  server.set('truncated-length');
  const clock = new ManualClock();
  const { client } = clientOf(server.url, { runtime: { clock, random: () => 0.5 } });
  const broken = await client.fetch('/a');
  await assert.rejects(broken.text(), failed('SWITCHGEAR_CONNECTION_LOST', { sent: 'answered', phase: 'body' }));
  assert.equal(server.hits, 1);

  server.set('headers-then-stall');
  const stalled = await client.fetch('/a');
  await clock.advance(3_000);
  await assert.rejects(stalled.text(), failed('SWITCHGEAR_DEADLINE_EXCEEDED', { phase: 'body' }));
  const inner = await withDeadline(50, () => client.fetch('/a'), { clock, random: () => 0.5 });
  const sooner = assert.rejects(inner.text(), failed('SWITCHGEAR_DEADLINE_EXCEEDED'));
  await clock.advance(50);
  await sooner;
  const own = await client.fetch('/a', { switchgear: { deadlineMs: 20 } });
  const soonest = assert.rejects(own.text(), failed('SWITCHGEAR_DEADLINE_EXCEEDED'));
  await clock.advance(20);
  await soonest;
  await assertIdle(client);
  await client.close();
});

test('an attempt timeout is retried for a GET, and ends a POST', async () => {
  const clock = new ManualClock();
  const arrived: (() => void)[] = [];
  await using server = await LoopbackServer.start(() => arrived.shift()?.());
  const { client } = clientOf(server.url, { retry: { maxRetries: 1 }, runtime: { clock, random: () => 0.001 } });
  const hit = () => new Promise<void>((resolve) => arrived.push(resolve));
  for (const [method, attempts] of [
    ['GET', 2],
    ['POST', 1],
  ] as const) {
    const ended = assert.rejects(
      client.fetch('/a', { method }),
      failed('SWITCHGEAR_ATTEMPT_TIMEOUT', { attempts, sent: 'maybe' }),
    );
    for (let i = 0; i < attempts; i++) {
      await hit();
      await clock.advance(1_001);
    }
    await ended;
  }
  assert.equal(server.hits.length, 3);
  await client.close();
});

test('a caller that leaves is told its own reason: before, in the queue, waiting, in a back-off, in a body', async () => {
  await using server = await LoopbackServer.start(hang);
  const { client, events, fates } = clientOf(server.url, {
    bulkhead: { maxConcurrent: 1, maxQueue: 1 },
    retry: { baseMs: 500 },
  });
  const gone = new Error('gone');
  const isGone = (error: unknown): boolean => error === gone;
  await assert.rejects(client.fetch('/a', { signal: AbortSignal.abort(gone) }), isGone);
  assert.equal(server.hits.length, 0);

  const [waits, queues] = [new AbortController(), new AbortController()];
  const waiting = assert.rejects(client.fetch('/a', { signal: waits.signal }), isGone);
  const queued = assert.rejects(client.fetch(new Request(`${server.url}/a`, { signal: queues.signal })), isGone);
  while (server.hits.length === 0) await new Promise((resolve) => setImmediate(resolve));
  queues.abort(gone);
  await queued;
  waits.abort(gone);
  await waiting;

  server.script(json(503, {}));
  const pauses = new AbortController();
  const paused = assert.rejects(client.fetch('/a', { signal: pauses.signal }), isGone);
  while (!events.some(({ type }) => type === 'retry.scheduled')) await new Promise((resolve) => setImmediate(resolve));
  pauses.abort(gone);
  await paused;
  assert.equal(server.hits.length, 2);

  server.script((_, response) => void response.write('half'));
  const reads = new AbortController();
  const { body } = await client.fetch('/a', { signal: reads.signal });
  const broken = assert.rejects(async () => {
    for await (const _ of body ?? []);
  }, isGone);
  reads.abort(gone);
  await broken;
  assert.deepEqual(new Set(fates()), new Set(['cancelled']));
  await assertIdle(client);
  await client.close();
});

test('retries draw on the budget of the client, whoever asks', async () => {
  await using server = await LoopbackServer.start(json(503, {}));
  const { client } = clientOf(server.url, { budget: { ratio: 0.1, minPerSecond: 0.1 } });
  for (let i = 0; i < 10; i++) assert.equal((await client.fetch('/a')).status, 503);
  const { retriesInWindow } = client.snapshot().budget;
  assert.equal(server.hits.length, 10 + retriesInWindow);
  assert.ok(retriesInWindow <= 2, `${retriesInWindow} retries`);
  await client.close();
});

test('opens the circuit that the operations share, and refuses without a socket', async () => {
  await using server = await LoopbackServer.start(reset);
  const { client } = clientOf(server.url, { retry: { maxRetries: 0 }, breaker: { consecutiveFailures: 2 } });
  for (let i = 0; i < 2; i++) await assert.rejects(client.fetch('/a'));
  await assert.rejects(client.fetch('/a'), failed('SWITCHGEAR_CIRCUIT_OPEN'));
  await assert.rejects(client.search(), { code: 'SWITCHGEAR_CIRCUIT_OPEN' });
  assert.equal(server.hits.length, 2);
  await client.close();
});

test('is authorised as an operation is, and a refused token is refreshed once', async () => {
  await using server = await faultServer();
  server.set('token', '/oauth/token');
  server.set('newest-token-only', '/a');
  const { client, events } = clientOf(server.url, {
    auth: clientCredentials({ tokenUrl: `${server.url}/oauth/token`, clientId: 'id', clientSecret: 'secret' }),
  });
  assert.equal((await client.fetch('/a')).status, 200);
  server.revokeTokens();
  assert.equal((await client.fetch('/a', { method: 'POST', body: 'x' })).status, 200);
  assert.equal(events.filter(({ type }) => type === 'attempt.reauthorised').length, 1);
  server.set('unauthorised', '/a');
  assert.equal((await client.fetch('/a')).status, 401);
  await client.close();
});

test('goes to one of several hosts, and to another when one is away', async () => {
  await using server = await LoopbackServer.start(json(200, { ok: true }));
  const { client } = clientOf([`http://127.0.0.1:${await closedPort()}`, server.url]);
  for (let i = 0; i < 4; i++) assert.deepEqual(await (await client.fetch('/a')).json(), { ok: true });
  assert.equal(server.hits.length, 4);
  await client.close();
});

test('works over a transport that answers whole', async () => {
  const { stream: _, ...whole } = { stream: undefined };
  const mock = mockTransport([answer(200, { ok: true }), answer(404, { no: 1 })]);
  const { client } = clientOf('http://users.internal', {
    transport: (options) => {
      const { send, close, destroy } = mock(options);
      return { ...whole, send, close, destroy };
    },
  });
  assert.deepEqual(await (await client.fetch('/a')).json(), { ok: true });
  const refused = await client.fetch('/a');
  assert.deepEqual([refused.status, await refused.json()], [404, { no: 1 }]);
  await assertIdle(client);
  await client.close();
});

test('leaks no secret in an error, an event or a snapshot', async () => {
  await using server = await LoopbackServer.start(json(500, { secret: canaries.answer }), reset);
  const { client, events } = clientOf(server.url, { retry: { maxRetries: 0 } });
  const init = {
    method: 'POST',
    body: canaries.body,
    headers: { cookie: canaries.cookie, authorization: canaries.header, 'idempotency-key': canaries.key },
  };
  const refused = await client.fetch(`/a?${canaries.query}`, init);
  assert.equal(refused.status, 500);
  const lost = await client.fetch(`/a?${canaries.query}`, init).catch((error: unknown) => error);
  assertNoCanary('fetch', lost, (lost as Error).cause, client.snapshot(), ...events);
  await client.close();
});

test('reads its arguments’ own properties alone', async () => {
  await using server = await LoopbackServer.start(reset);
  const { client } = clientOf(server.url);
  const polluted = {
    idempotent: true,
    switchgear: { idempotent: true },
    headers: { 'x-evil': '1' },
    redirect: 'manual',
    fallback: () => 'polluted',
    raw: {},
  };
  Object.assign(Object.prototype, polluted);
  try {
    await assert.rejects(client.fetch('/a', { method: 'POST' }), failed('SWITCHGEAR_CONNECTION_LOST'));
  } finally {
    for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name);
  }
  assert.equal(server.hits.length, 1);
  assert.equal(server.hits[0]?.headers['x-evil'], undefined);
  await client.close();
});

test('an operation may not be called fetch, and a hang-up between two calls harms none', async () => {
  await using server = await StreamServer.start((request, response, nth) => {
    response.end('ok');
    if (nth === 1) request.socket.destroySoon();
  });
  assert.throws(() => createServiceClient({ target: 't', baseUrl: server.url, operations: { fetch: get('/') } }), {
    path: 'createServiceClient.operations.fetch',
  });
  const { client } = clientOf(server.url);
  assert.equal(await (await client.fetch('/a')).text(), 'ok');
  await settle();
  assert.equal(await (await client.fetch('/a')).text(), 'ok');
  await client.close();
});

test('an error of the caller says what is wrong, a failure of the network what libraries look for', async () => {
  const { client } = clientOf(`http://127.0.0.1:${await closedPort()}`);
  await assert.rejects(client.fetch('/a'), { name: 'TypeError', message: 'fetch failed' });
  await assert.rejects(client.fetch('//evil'), (error: TypeError) => {
    assert.deepEqual((error.cause as InvalidRequestError).issues, ['url: a host of its own']);
    return /url: a host of its own/.test(error.message);
  });
  await client.close();
});
