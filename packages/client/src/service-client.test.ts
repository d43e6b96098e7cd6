import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { RefusedError, SwitchgearError, withDeadline } from '@switchgear/policy';
import * as z from 'zod';
import { closedPort, hang, json, LoopbackServer, reset } from '../test/loopback-server.ts';
import {
  bearer,
  type ClientEvent,
  clientCredentials,
  createServiceClient,
  DomainError,
  del,
  get,
  patch,
  post,
  put,
  readIncoming,
  type ServiceClientOptions,
  successEnvelope,
  withIncoming,
} from './index.ts';

class UserNotFoundError extends DomainError {}

const User = z.object({ id: z.number(), name: z.string() });
const ada = { id: 42, name: 'Ada' };

const operations = {
  getUser: get('/users/{userId}', { response: User, errors: { 404: UserNotFoundError } }),
  findUsers: get('/users', { response: z.array(User), query: z.object({ name: z.string().optional() }) }),
  showUser: get('/users/{userId}', { response: User, fallback: ({ input }) => ({ guess: String(input.userId) }) }),
  createUser: post('/users', { body: z.object({ name: z.string() }), response: User }),
  placeUser: post('/users', { body: z.object({ name: z.string() }), response: User, idempotencyKey: true }),
  putUser: put('/users/{userId}', { body: User, response: User }),
  patchUser: patch('/users/{userId}', { body: z.object({ name: z.string() }), response: User }),
  deleteUser: del('/users/{userId}', { response: 'none' }),
} as const;

function clientOf(baseUrl: string, more: Partial<ServiceClientOptions> = {}) {
  const client = createServiceClient({
    target: 'user-service',
    baseUrl,
    operations,
    retry: { baseMs: 1, maxMs: 2 },
    // What a test does to its server must not close the way for its next call.
    breaker: { minimumCalls: 1_000, consecutiveFailures: 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  const fates = () => events.flatMap((event) => (event.type === 'call.finished' ? [event.fate] : []));
  return { client, events, fates };
}

test('calls an operation and gives the value its schema let through', async () => {
  await using server = await LoopbackServer.start(json(200, { ...ada, secret: 'not in the schema' }));
  const { client, fates } = clientOf(`${server.url}/api/`);
  assert.deepEqual(await client.getUser({ userId: 42 }), ada);
  const [hit] = server.hits;
  assert.equal(hit?.path, '/api/users/42');
  assert.equal(hit?.headers['user-agent'], 'switchgear');
  assert.match(hit?.headers['x-request-id'] as string, /^[0-9a-f-]{36}$/);
  assert.match(hit?.headers.traceparent as string, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  const left = Number(hit?.headers['x-request-deadline-ms']);
  assert.ok(left > 0 && left <= 3_000);
  assert.deepEqual(fates(), ['ok']);
  await client.close();
});

test('encodes the query and leaves out what is undefined', async () => {
  await using server = await LoopbackServer.start(json(200, []));
  const { client } = clientOf(server.url);
  await client.findUsers({ query: { name: 'a&b=c d/…' } });
  await client.findUsers({ query: { name: undefined } });
  assert.deepEqual(
    server.hits.map((hit) => hit.path),
    ['/users?name=a%26b%3Dc%20d%2F%E2%80%A6', '/users'],
  );
  await client.close();
});

test('tells with a value where it came from and what it took', async () => {
  await using server = await LoopbackServer.start(json(503, {}), json(200, ada));
  const { client, fates } = clientOf(server.url);
  const { value, attempts, provenance, requestId, traceId } = await client.getUser.withMeta({ userId: 42 });
  assert.deepEqual({ value, attempts, provenance }, { value: ada, attempts: 2, provenance: 'live' });
  const [first, second] = server.hits;
  assert.equal(first?.headers['x-request-id'], requestId);
  assert.equal(second?.headers['x-request-id'], requestId);
  const spans = server.hits.map((hit) => (hit.headers.traceparent as string).split('-'));
  assert.deepEqual(
    spans.map((parts) => parts[1]),
    [traceId, traceId],
  );
  assert.notEqual(spans[0]?.[2], spans[1]?.[2]);
  assert.deepEqual(fates(), ['ok-retried']);
  await client.close();
});

test('sends a POST once when the connection is reset after the server read it', async () => {
  await using server = await LoopbackServer.start(reset);
  const { client } = clientOf(server.url);
  await assert.rejects(client.createUser({ body: { name: 'Ada' } }), {
    code: 'SWITCHGEAR_CONNECTION_LOST',
    sent: 'maybe',
    attempts: 1,
    stopped: 'not-retryable',
  });
  assert.equal(server.hits.length, 1);
  await client.close();
});

test('sends a GET, a PUT and a DELETE again after a reset', async () => {
  for (const send of ['getUser', 'putUser', 'deleteUser'] as const) {
    await using server = await LoopbackServer.start(reset, json(200, ada));
    const { client } = clientOf(server.url);
    if (send === 'putUser') await client.putUser({ userId: 42, body: ada });
    else await client[send]({ userId: 42 });
    assert.equal(server.hits.length, 2, send);
    await client.close();
  }
});

test('sends a POST with a key again after a reset, with the same key and body', async () => {
  await using server = await LoopbackServer.start(reset, json(502, {}), json(201, ada));
  const { client } = clientOf(server.url);
  assert.deepEqual(await client.placeUser({ body: { name: 'Ada' } }), ada);
  const keys = new Set(server.hits.map((hit) => hit.headers['idempotency-key']));
  assert.equal(server.hits.length, 3);
  assert.equal(keys.size, 1);
  assert.equal(new Set(server.hits.map((hit) => hit.body)).size, 1);
  server.script(json(201, ada));
  await client.placeUser({ body: { name: 'Ada' } });
  assert.ok(!keys.has(server.hits.at(-1)?.headers['idempotency-key']));
  await client.placeUser({ body: { name: 'Ada' } }, { idempotencyKey: 'order-7' });
  assert.equal(server.hits.at(-1)?.headers['idempotency-key'], 'order-7');
  await client.close();
});

test('tries a POST again when it provably never left', async () => {
  const { client, events } = clientOf(`http://127.0.0.1:${await closedPort()}`);
  await assert.rejects(client.createUser({ body: { name: 'Ada' } }), {
    code: 'SWITCHGEAR_CONNECT_FAILED',
    sent: 'never',
    phase: 'connect',
    attempts: 3,
    stopped: 'attempts-exhausted',
  });
  assert.equal(events.filter((event) => event.type === 'attempt.finished').length, 3);
  await client.close();
});

test('takes a 404 of the contract for an answer, which no breaker counts', async () => {
  await using server = await LoopbackServer.start(
    json(404, { success: false, error: { code: 'USER_NOT_FOUND', message: 'no user ada@example.test' } }),
  );
  const { client, fates } = clientOf(server.url, {
    envelope: successEnvelope,
    breaker: { minimumCalls: 1, consecutiveFailures: 1 },
  });
  for (let i = 0; i < 30; i++) {
    await assert.rejects(client.getUser({ userId: 1 }), (error) => {
      assert.ok(error instanceof UserNotFoundError && error instanceof SwitchgearError);
      assert.deepEqual([error.status, error.serviceCode, error.attempts], [404, 'USER_NOT_FOUND', 1]);
      assert.equal(error.detail, 'no user ada@example.test');
      assert.ok(!`${inspect(error)}${JSON.stringify(error)}${error.explain()}`.includes('ada@'));
      return true;
    });
  }
  assert.equal(client.snapshot().breaker.state, 'closed');
  assert.equal(client.snapshot().breaker.failures, 0);
  assert.ok(fates().every((fate) => fate === 'answered'));
  await client.close();
});

test('opens its circuit when the target is gone, and refuses without sending', async () => {
  const { client, fates } = clientOf(`http://127.0.0.1:${await closedPort()}`, {
    breaker: { consecutiveFailures: 3 },
    budget: { ratio: 1, minPerSecond: 100 },
  });
  await assert.rejects(client.getUser({ userId: 1 }));
  await assert.rejects(client.getUser({ userId: 1 }), (error) => {
    assert.ok(error instanceof RefusedError);
    assert.equal(error.code, 'SWITCHGEAR_CIRCUIT_OPEN');
    assert.ok((error.retryAfterMs ?? 0) > 0);
    return true;
  });
  assert.deepEqual(fates(), ['unavailable', 'refused']);
  assert.match(client.explain(), /open/);
  await client.close();
});

test('keeps retries within the budget of the target', async () => {
  await using server = await LoopbackServer.start(json(503, {}));
  const { client, events } = clientOf(server.url, { budget: { ratio: 0.1, minPerSecond: 0 } });
  for (let i = 0; i < 40; i++) await assert.rejects(client.getUser({ userId: 1 }));
  assert.ok(server.hits.length <= 44, `${server.hits.length} hits`);
  assert.ok(server.hits.length > 40);
  assert.ok(events.some((event) => event.type === 'retry.stopped' && event.reason === 'budget-empty'));
  await client.close();
});

test('honours Retry-After: not earlier, and not at all when it does not fit', async () => {
  await using server = await LoopbackServer.start(json(429, {}, { 'retry-after': '20' }));
  const { client, fates } = clientOf(server.url);
  await assert.rejects(client.getUser({ userId: 1 }), {
    code: 'SWITCHGEAR_THROTTLED',
    retryAfterMs: 20_000,
    stopped: 'deadline-too-near',
    attempts: 1,
  });
  assert.equal(server.hits.length, 1);
  assert.deepEqual(fates(), ['throttled']);
  await client.close();
});

test('gives up an attempt, destroys its connection and tries again', async () => {
  await using server = await LoopbackServer.start(hang, json(200, ada));
  const { client } = clientOf(server.url, { attemptTimeoutMs: 250 });
  assert.deepEqual(await client.getUser({ userId: 42 }), ada);
  assert.equal(server.hits.length, 2);
  await client.close();
});

test('ends a call whose body never ends', async () => {
  await using server = await LoopbackServer.start((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"id":');
  });
  const { client, fates } = clientOf(server.url, { attemptTimeoutMs: 250, retry: { maxRetries: 0 } });
  await assert.rejects(client.getUser({ userId: 1 }), {
    code: 'SWITCHGEAR_ATTEMPT_TIMEOUT',
    phase: 'body',
    sent: 'answered',
  });
  assert.deepEqual(fates(), ['timed-out']);
  await client.close();
});

test("rejects with the caller's own reason, and leaves nothing on its signal", async () => {
  await using server = await LoopbackServer.start(hang);
  const { client, fates } = clientOf(server.url);
  const caller = new AbortController();
  const call = client.getUser({ userId: 1 }, { signal: caller.signal });
  const reason = { why: 'the page was closed' };
  setImmediate(() => caller.abort(reason));
  await assert.rejects(call, (error) => error === reason);
  assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
  assert.deepEqual(fates(), ['cancelled']);
  assert.deepEqual(client.snapshot().inFlight, 0);
  await client.close();
});

test('passes on an incoming deadline, trace and request id, and never makes the deadline later', async () => {
  await using server = await LoopbackServer.start(json(200, ada));
  const { client } = clientOf(server.url);
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const incoming = readIncoming({
    'x-request-deadline-ms': '700',
    traceparent: `00-${traceId}-00f067aa0ba902b7-00`,
    tracestate: 'vendor=1',
    'x-request-id': 'from-outside',
  });
  await withIncoming(incoming, () => client.getUser({ userId: 42 }, { deadlineMs: 60_000 }));
  const [hit] = server.hits;
  assert.ok(Number(hit?.headers['x-request-deadline-ms']) <= 700);
  assert.match(hit?.headers.traceparent as string, new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
  assert.notEqual(String(hit?.headers.traceparent).split('-')[2], '00f067aa0ba902b7');
  assert.equal(hit?.headers.tracestate, 'vendor=1');
  assert.equal(hit?.headers['x-request-id'], 'from-outside');

  const late = readIncoming({ 'x-request-deadline-ms': '0', 'x-request-id': 'a\r\nb', traceparent: 'nonsense' });
  assert.deepEqual([late.requestId, late.trace], [undefined, undefined]);
  await assert.rejects(
    withIncoming(late, () => client.getUser({ userId: 42 })),
    { code: 'SWITCHGEAR_DEADLINE_EXCEEDED', sent: 'never' },
  );
  assert.equal(server.hits.length, 1);
  await client.close();
});

test('keeps the deadline of what it is called from, and passes that on', async () => {
  await using server = await LoopbackServer.start(json(200, ada));
  const { client } = clientOf(server.url);
  await withDeadline(400, () => client.getUser({ userId: 42 }, { deadlineMs: 2_000 }));
  assert.ok(Number(server.hits[0]?.headers['x-request-deadline-ms']) <= 400);
  await client.close();
});

/** A server with tokens: each request for one makes the ones before it invalid. */
function tokenServer() {
  let issued = 0;
  const state = { expiresIn: 3_600, tokens: () => issued, revoke: () => issued++ };
  const answer = (
    hit: { path: string; headers: Record<string, unknown> },
    response: Parameters<typeof reset>[1],
  ): void => {
    if (hit.path === '/oauth/token') {
      issued++;
      return void json(200, { access_token: `token-${issued}`, expires_in: state.expiresIn })(
        hit as never,
        response,
        null as never,
      );
    }
    const good = hit.headers.authorization === `Bearer token-${issued}`;
    return void json(good ? 200 : 401, good ? ada : {})(hit as never, response, null as never);
  };
  return { state, answer };
}

test('gets one token for all calls, and one new one when they are all answered with 401', async () => {
  const { state, answer } = tokenServer();
  await using server = await LoopbackServer.start(answer as never);
  const auth = clientCredentials({ tokenUrl: `${server.url}/oauth/token`, clientId: 'order', clientSecret: 's3cret' });
  const { client, events } = clientOf(server.url, { auth });
  await Promise.all(Array.from({ length: 20 }, () => client.getUser({ userId: 42 })));
  assert.equal(state.tokens(), 1);
  const [tokenHit] = server.hits;
  assert.equal(tokenHit?.body, 'grant_type=client_credentials');
  assert.equal(tokenHit?.headers.authorization, `Basic ${Buffer.from('order:s3cret').toString('base64')}`);

  state.revoke();
  await Promise.all(Array.from({ length: 20 }, () => client.createUser({ body: { name: 'Ada' } })));
  const renewals = events.filter((event) => event.type === 'token.refreshed');
  assert.equal(renewals.length, 2);
  assert.ok(events.some((event) => event.type === 'attempt.reauthorised'));
  await client.close();
});

test('surfaces a 401 that a new token does not cure, without asking for token after token', async () => {
  let tokens = 0;
  await using server = await LoopbackServer.start((hit, response, request) => {
    if (hit.path !== '/token') return json(401, {})(hit, response, request);
    tokens++;
    return json(200, { access_token: `t${tokens}` })(hit, response, request);
  });
  const auth = clientCredentials({
    tokenUrl: `${server.url}/token`,
    clientId: 'a',
    clientSecret: 'b',
    coolDownMs: 60_000,
  });
  const { client, fates } = clientOf(server.url, { auth });
  for (let i = 0; i < 10; i++) {
    await assert.rejects(client.getUser({ userId: 1 }), { code: 'SWITCHGEAR_AUTHENTICATION_FAILED' });
  }
  assert.equal(tokens, 2);
  assert.ok(fates().every((fate) => fate === 'unauthenticated'));
  await client.close();
});

test('says when the token server refuses, and when it is away', async () => {
  await using server = await LoopbackServer.start(json(401, { error: 'invalid_client' }));
  const refused = clientOf(server.url, {
    auth: clientCredentials({ tokenUrl: `${server.url}/token`, clientId: 'a', clientSecret: 'canary-secret' }),
  });
  await assert.rejects(refused.client.getUser({ userId: 1 }), (error) => {
    assert.ok(error instanceof SwitchgearError);
    assert.equal(error.code, 'SWITCHGEAR_AUTHENTICATION_FAILED');
    assert.match(error.message, /invalid_client/);
    assert.ok(!inspect(error, { depth: 10 }).includes('canary-secret'));
    return true;
  });
  assert.equal(server.hits.length, 1);
  const away = clientOf(server.url, {
    auth: clientCredentials({ tokenUrl: `http://127.0.0.1:${await closedPort()}/t`, clientId: 'a', clientSecret: 'b' }),
  });
  await assert.rejects(away.client.getUser({ userId: 1 }), { code: 'SWITCHGEAR_TOKEN_UNAVAILABLE', sent: 'never' });
  await refused.client.close();
  await away.client.close();
});

test('answers from the fallback when the service is away, as another type; never for a domain error or an abort', async () => {
  await using server = await LoopbackServer.start(json(200, ada), reset);
  const { client, fates } = clientOf(server.url, { retry: { maxRetries: 0 } });
  const live = await client.showUser({ userId: 42 });
  assert.deepEqual(live, { provenance: 'live', value: ada });
  const away = await client.showUser({ userId: 7 });
  assert.equal(away.provenance, 'degraded');
  assert.deepEqual(away.value, { guess: '7' });
  assert.deepEqual(fates(), ['ok', 'degraded']);
  server.script(json(400, {}));
  await assert.rejects(client.showUser({ userId: 7 }), { code: 'SWITCHGEAR_HTTP_STATUS' });
  await assert.rejects(
    client.showUser({ userId: 7 }, { signal: AbortSignal.abort('left') }),
    (error) => error === 'left',
  );
  // @ts-expect-error A degraded user has no name: the compiler makes the caller look first.
  assert.equal(away.name, undefined);
  await client.close();
});

test('refuses an answer that does not hold to the contract, once', async () => {
  const wrong: [string, Parameters<typeof LoopbackServer.start>[0], RegExp][] = [
    ['html', (_, r) => void r.writeHead(200, { 'content-type': 'text/html' }).end('<p>canary</p>'), /content-type/],
    ['no json', (_, r) => void r.writeHead(200, { 'content-type': 'application/json' }).end('{"canary":'), /not JSON/],
    ['empty', (_, r) => void r.writeHead(200, { 'content-type': 'application/json' }).end(), /empty/],
    ['another shape', json(200, { id: 'canary', name: 1 }), /id: /],
    ['no content', (_, r) => void r.writeHead(204).end(), /empty/],
    ['bad gzip', json(200, ada, { 'content-encoding': 'gzip' }), /gzip/],
    ['unknown encoding', json(200, ada, { 'content-encoding': 'canary' }), /not known/],
  ];
  for (const [name, answer, issue] of wrong) {
    await using server = await LoopbackServer.start(answer);
    const { client, fates } = clientOf(server.url);
    await assert.rejects(
      client.getUser({ userId: 1 }),
      (error) => {
        assert.ok(error instanceof SwitchgearError, name);
        assert.equal(error.code, 'SWITCHGEAR_INVALID_RESPONSE', name);
        assert.match(error.message, issue);
        assert.ok(!inspect(error).includes('canary'), name);
        return true;
      },
      name,
    );
    assert.equal(server.hits.length, 1, name);
    assert.deepEqual(fates(), ['invalid']);
    assert.equal(client.snapshot().breaker.failures, 0);
    await client.close();
  }
});

test('stops reading an answer that is too large: announced, streamed or unpacked', async () => {
  const big = Buffer.alloc(200_000, 'x');
  const answers = [
    (response: Parameters<typeof reset>[1]) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': big.length }).end(big),
    (response: Parameters<typeof reset>[1]) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(big);
      response.end(big);
    },
    (response: Parameters<typeof reset>[1]) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync(big)),
    (response: Parameters<typeof reset>[1]) =>
      response.writeHead(200, { 'content-encoding': Array(1_000).fill('gzip').join(',') }).end(gzipSync('{}')),
  ];
  for (const answer of answers) {
    await using server = await LoopbackServer.start((_, response) => void answer(response));
    const { client } = clientOf(server.url, { maxBodyBytes: 100_000 });
    await assert.rejects(client.getUser({ userId: 1 }), { code: 'SWITCHGEAR_RESPONSE_TOO_LARGE' });
    assert.equal(server.hits.length, 1);
    await client.close();
  }
});

test('unpacks what it is sent packed', async () => {
  await using server = await LoopbackServer.start((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(gzipSync(JSON.stringify(ada)));
  });
  const { client } = clientOf(server.url);
  assert.deepEqual(await client.getUser({ userId: 42 }), ada);
  await client.close();
});

test('follows no redirect', async () => {
  await using server = await LoopbackServer.start(json(307, {}, { location: 'http://127.0.0.1:1/elsewhere' }));
  const { client } = clientOf(server.url, { auth: bearer('t0ken') });
  await assert.rejects(client.createUser({ body: { name: 'Ada' } }), {
    code: 'SWITCHGEAR_REDIRECT_REFUSED',
    status: 307,
  });
  assert.equal(server.hits.length, 1);
  await client.close();
});

test('refuses a wrong request before a connection or a token is touched', async () => {
  await using server = await LoopbackServer.start(json(200, ada));
  let asked = 0;
  const auth = bearer(async () => {
    asked++;
    return 'token';
  });
  const { client, fates } = clientOf(server.url, { auth });
  const invalid = { code: 'SWITCHGEAR_INVALID_REQUEST', sent: 'never', attempts: 0 };
  await assert.rejects(client.getUser({ userId: '..' }), invalid);
  await assert.rejects(client.getUser({} as never), invalid);
  await assert.rejects(client.getUser({ userId: 1, admin: true } as never), invalid);
  await assert.rejects(client.createUser({ body: { name: 7 } } as never), invalid);
  await assert.rejects(client.getUser({ userId: 1 }, { headers: { 'x-a': 'b\r\nx-evil: 1' } }), invalid);
  await assert.rejects(client.getUser({ userId: 1 }, { headers: { 'x\na': 'b' } }), invalid);
  await assert.rejects(client.getUser({ userId: 1 }, { headers: { Host: 'evil' } }), invalid);
  await assert.rejects(client.getUser({ userId: 1 }, { headers: { 'X-A': '1', 'x-a': '2' } }), invalid);
  await assert.rejects(client.getUser({ userId: 1 }, { idempotencyKey: 'x' }), invalid);
  await assert.rejects(client.getUser({ userId: 1 }, { deadlineMs: Number.NaN }), invalid);
  await assert.rejects(client.placeUser({ body: { name: 'a' } }, { idempotencyKey: 'a b' }), invalid);
  assert.equal(server.hits.length, 0);
  assert.equal(await server.connections(), 0);
  assert.equal(asked, 0);
  assert.ok(fates().every((fate) => fate === 'misused'));
  await client.close();
});

test('lets no secret out of an error, whichever way it is shown', async () => {
  const canary = 'c4n4ry';
  await using server = await LoopbackServer.start(
    reset,
    json(500, { canary }),
    json(302, {}, { location: `http://x/${canary}` }),
  );
  const { client, events } = clientOf(server.url, {
    auth: bearer(`${canary}-token`),
    headers: { 'x-api-key': `${canary}-key` },
    retry: { maxRetries: 0 },
  });
  const calls = [
    () => client.createUser({ body: { name: `${canary}-body` } }),
    () => client.findUsers({ query: { name: `${canary}-query` } }),
    () => client.getUser({ userId: `${canary}-path` }),
    () => client.getUser({ userId: `${canary}\u0000` }),
  ];
  for (const call of calls) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof SwitchgearError);
      const shown = [inspect(error, { depth: 10 }), JSON.stringify(error), error.explain(), error.stack, String(error)];
      for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
        shown.push(inspect(cause, { depth: 10 }));
      assert.ok(!shown.join('\n').includes(canary), `${error.code} leaks`);
      return true;
    });
  }
  assert.ok(!inspect(events, { depth: 10 }).includes(canary), 'an event leaks');
  await client.close();
});

test('reads no option that is only inherited', async () => {
  await using server = await LoopbackServer.start(json(200, ada));
  const polluted = { headers: { 'x-evil': '1' }, auth: bearer('evil'), userAgent: 'evil', idempotencyKey: 'evil' };
  Object.assign(Object.prototype, polluted);
  try {
    const { client } = clientOf(server.url);
    await client.getUser({ userId: 42 }, {});
    await client.close();
  } finally {
    for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name);
  }
  const sent = server.hits[0]?.headers ?? {};
  assert.equal(sent['x-evil'], undefined);
  assert.equal(sent.authorization, undefined);
  assert.equal(sent['user-agent'], 'switchgear');
});

test('closes gracefully: new calls are refused, those under way end, connections go', async () => {
  let release = (): void => {};
  await using server = await LoopbackServer.start(async (hit, response, request) => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    await json(200, ada)(hit, response, request);
  });
  const { client } = clientOf(server.url);
  const underWay = client.getUser({ userId: 42 });
  while (server.hits.length === 0) await new Promise(setImmediate);
  const closed = client.close();
  await assert.rejects(client.getUser({ userId: 42 }), { code: 'SWITCHGEAR_CLIENT_CLOSED' });
  release();
  assert.deepEqual(await underWay, ada);
  await closed;
  // Once is enough, and more do no harm.
  await Promise.all([client.close(), client.close()]);
});

test('refuses settings that are missing, unknown, out of range or contradict each other', () => {
  const good = { target: 'users', baseUrl: 'http://127.0.0.1:1', operations };
  const wrong: [object, string][] = [
    [{ ...good, target: '' }, 'createServiceClient.target'],
    [{ ...good, baseUrl: '/users' }, 'createServiceClient.baseUrl'],
    [{ ...good, baseUrl: 'ftp://users' }, 'createServiceClient.baseUrl'],
    [{ ...good, baseUrl: 'http://me:secret@users' }, 'createServiceClient.baseUrl'],
    [{ ...good, timeout: 5 }, 'createServiceClient.timeout'],
    [{ ...good, deadlineMs: Number.NaN }, 'createServiceClient.deadlineMs'],
    [{ ...good, deadlineMs: 500 }, 'createServiceClient.attemptTimeoutMs'],
    [{ ...good, breaker: { windowMs: 500 } }, 'createServiceClient.breaker.windowMs'],
    [{ ...good, breaker: { threshold: 5 } }, 'breaker.threshold'],
    [{ ...good, retry: { maxRetries: -1 } }, 'retry.maxRetries'],
    [{ ...good, headers: { 'x-a': 'b\nc' } }, 'createServiceClient.headers'],
    [{ ...good, operations: { close: operations.getUser } }, 'createServiceClient.operations.close'],
  ];
  for (const [options, path] of wrong) {
    assert.throws(() => createServiceClient(options as never), { code: 'SWITCHGEAR_INVALID_CONFIG', path }, path);
  }
  assert.throws(() => get('/users', { cache: {} } as never), { code: 'SWITCHGEAR_INVALID_CONFIG' });
  assert.throws(() => get('/users', { body: User }), { code: 'SWITCHGEAR_INVALID_CONFIG' });
});

test('describes the way a call takes', async () => {
  const { client } = clientOf('http://127.0.0.1:1');
  assert.match(
    client.describe(),
    /user-service at http:\/\/127.0.0.1:1\n.*deadline.*\n.*bulkhead.*\n.*retry.*\n.*breaker.*\n.*attempt timeout/,
  );
  await client.close();
});
