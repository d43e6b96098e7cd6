import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { SwitchgearError, systemRuntime } from '@switchgear/policy';
import { EventLog, settle } from '@switchgear/policy/testing';
import * as z from 'zod';
import { hang, json, LoopbackServer, reset } from '../test/loopback-server.ts';
import {
  bearer,
  type ClientEvent,
  clientCredentials,
  createServiceClient,
  DomainError,
  get,
  type Operations,
  post,
  type ServiceAnswer,
  type ServiceClientOptions,
} from './index.ts';

const User = z.object({ id: z.number(), name: z.string() });
const ada = { id: 42, name: 'Ada' };
const operations = {
  getUser: get('/users/{userId}', { response: User }),
  createUser: post('/users', { body: z.object({ name: z.string() }), response: User }),
};

function clientOf<Ops extends Operations>(baseUrl: string, ops: Ops, more: Partial<ServiceClientOptions> = {}) {
  const options = { target: 'users', baseUrl, operations: ops, retry: { baseMs: 1, maxMs: 2 }, ...more };
  return createServiceClient(options as ServiceClientOptions<Ops>);
}

/** A schema that answers later, as one that asks a database does. */
function slowly(answer: Promise<{ value: unknown } | { issues: { message: string }[] }>): StandardSchemaV1 {
  return { '~standard': { version: 1, vendor: 'test', validate: () => answer as never } };
}

test('a wait for a token that never comes ends with its call, and holds no place', async () => {
  await using server = await LoopbackServer.start(json(200, ada));
  const client = clientOf(server.url, operations, {
    auth: bearer(() => new Promise(() => {})),
    attemptTimeoutMs: 20,
    retry: { maxRetries: 0 },
    breaker: { consecutiveFailures: 1 },
    bulkhead: { maxConcurrent: 2, maxQueue: 0 },
  });
  for (let i = 0; i < 3; i++) {
    await assert.rejects(client.getUser({ userId: 1 }), {
      code: 'SWITCHGEAR_ATTEMPT_TIMEOUT',
      phase: 'auth',
      sent: 'never',
    });
  }
  const caller = new AbortController();
  const left = client.getUser({ userId: 1 }, { signal: caller.signal });
  caller.abort('left');
  await assert.rejects(left, (error) => error === 'left');
  await settle();
  const { bulkhead, breaker, inFlight } = client.snapshot();
  assert.deepEqual([bulkhead.active, inFlight], [0, 0]);
  assert.equal(breaker.state, 'closed', 'a token server that hangs says nothing about the target');
  assert.equal(server.hits.length, 0);
  await client.close();
});

test('a schema that takes its time takes it out of the call, and a caller need not wait for it', async () => {
  await using server = await LoopbackServer.start(json(200, ada));
  const ops = { slow: post('/users', { body: slowly(new Promise(() => {})) }) };
  const client = clientOf(server.url, ops);
  await assert.rejects(client.slow({ body: {} }, { deadlineMs: 10 }), { code: 'SWITCHGEAR_DEADLINE_EXCEEDED' });
  const caller = new AbortController();
  const left = client.slow({ body: {} }, { signal: caller.signal });
  caller.abort('left');
  await assert.rejects(left, (error) => error === 'left');
  assert.equal(client.snapshot().inFlight, 0);
  await client.close();
});

test('says everything that is wrong with an input at once, whichever schema answers first', async () => {
  const ops = {
    both: post('/users', {
      query: slowly(Promise.resolve({ issues: [{ message: 'bad query' }] })),
      body: z.object({ name: z.string() }),
    }),
  };
  const client = clientOf('http://127.0.0.1:1', ops);
  const issues = ['query.bad query', /^body\.name: /] as const;
  await assert.rejects(client.both({ query: {}, body: { name: 7 } } as never), (error) => {
    assert.ok(error instanceof SwitchgearError && 'issues' in error);
    const [query, body] = error.issues as string[];
    assert.equal(query, issues[0]);
    assert.match(body ?? '', issues[1]);
    return true;
  });
  await settle();
  await client.close();
});

test('sends each header once: the call over the client, and the client over nothing that is its own', async () => {
  await using server = await LoopbackServer.start(json(200, ada));
  const client = clientOf(server.url, operations, { headers: { 'X-Tenant': 'default', 'User-Agent': 'mine' } });
  await client.getUser({ userId: 1 }, { headers: { 'x-tenant': 'acme', accept: 'application/vnd.users+json' } });
  const sent = server.hits[0]?.headers;
  assert.equal(sent?.['x-tenant'], 'acme');
  assert.equal(sent?.['user-agent'], 'mine');
  assert.equal(sent?.accept, 'application/vnd.users+json');
  for (const name of ['X-Request-Deadline-Ms', 'content-type', 'traceparent']) {
    await assert.rejects(client.getUser({ userId: 1 }, { headers: { [name]: '1' } }), {
      code: 'SWITCHGEAR_INVALID_REQUEST',
    });
  }
  const authorised = clientOf(server.url, operations, { auth: bearer('service') });
  await assert.rejects(authorised.getUser({ userId: 1 }, { headers: { authorization: 'Bearer user' } }), {
    code: 'SWITCHGEAR_INVALID_REQUEST',
  });
  assert.throws(() => clientOf(server.url, operations, { auth: bearer('a'), headers: { Authorization: 'Bearer b' } }), {
    code: 'SWITCHGEAR_INVALID_CONFIG',
  });
  await client.close();
  await authorised.close();
});

test('keeps Retry-After with every status, and never comes back earlier', async () => {
  for (const status of [502, 503, 504, 408, 421]) {
    await using server = await LoopbackServer.start(json(status, {}, { 'retry-after': '5' }));
    const client = clientOf(server.url, operations);
    await assert.rejects(client.getUser({ userId: 1 }), { retryAfterMs: 5_000, stopped: 'deadline-too-near' });
    assert.equal(server.hits.length, 1, `${status}`);
    await client.close();
  }
});

test('sends a GET again at once when its connection was stale, and no breaker hears of it', async () => {
  await using server = await LoopbackServer.start(json(200, ada), reset, json(200, ada));
  const client = clientOf(server.url, operations, { retry: { maxRetries: 1, baseMs: 1_000 } });
  const events: ClientEvent[] = [];
  await client.getUser({ userId: 42 });
  client.on((event) => events.push(event));
  assert.deepEqual(await client.getUser({ userId: 42 }), ada);
  assert.deepEqual(
    events.flatMap((event) => (event.type === 'retry.scheduled' ? [event.waitMs] : [])),
    [0],
  );
  assert.equal(client.snapshot().breaker.failures, 0);
  await client.close();
});

test('blames what the code of a contract throws on the contract, and sends nothing again for it', async () => {
  class Broken extends DomainError {
    constructor(answer: ServiceAnswer) {
      super(answer);
      throw new Error('canary: broken on purpose');
    }
  }
  await using server = await LoopbackServer.start(json(404, {}));
  const client = clientOf(server.url, { find: get('/users/{id}', { errors: { 404: Broken } }) });
  await assert.rejects(client.find({ id: 1 }), (error) => {
    assert.ok(error instanceof SwitchgearError);
    assert.equal(error.code, 'SWITCHGEAR_INVALID_RESPONSE');
    assert.ok(!inspect(error).includes('canary'));
    return true;
  });
  assert.equal(server.hits.length, 1);
  assert.equal(client.snapshot().breaker.failures, 0);
  await client.close();
});

test('refuses an operation that cannot be, when it is made', () => {
  const wrong: object[] = [
    { deadlineMs: Number.NaN },
    { deadlineMs: -5 },
    { attemptTimeoutMs: 500, deadlineMs: 100 },
    { retryStatuses: 500 },
    { errors: { 404: 'x' } },
    { errors: { 404: Error } },
    { errors: { 503: DomainError } },
    { errors: { 429: DomainError } },
    { idempotent: 'no' },
    { fallback: 'nobody' },
    { response: {} },
  ];
  for (const options of wrong) {
    assert.throws(() => get('/users', options as never), { code: 'SWITCHGEAR_INVALID_CONFIG' }, inspect(options));
  }
  const target = { target: 'users', baseUrl: 'http://127.0.0.1:1' };
  for (const operation of [undefined, {}, '/users', { ...operations.getUser }]) {
    assert.throws(() => createServiceClient({ ...target, operations: { find: operation } } as never), {
      code: 'SWITCHGEAR_INVALID_CONFIG',
      path: 'createServiceClient.operations',
    });
  }
  assert.throws(() => createServiceClient({ ...target, operations, breaker: { probeLeaseMs: 1_000 } }), {
    path: 'createServiceClient.breaker.probeLeaseMs',
  });
  assert.throws(() => Object.assign(operations.getUser, { method: 'POST' }), TypeError);
});

test('shows no secret that was put into the wrong setting', () => {
  const target = { target: 'users', operations };
  for (const wrong of [
    { ...target, baseUrl: 'http://127.0.0.1:1', auth: 'sk_live_c4n4ry' },
    { ...target, baseUrl: 'c4n4ry' },
    { ...target, baseUrl: 'http://me:c4n4ry@127.0.0.1' },
  ]) {
    assert.throws(
      () => createServiceClient(wrong as never),
      (error) => error instanceof SwitchgearError && !inspect(error).includes('c4n4ry'),
    );
  }
  assert.throws(() => clientCredentials({ tokenUrl: 'http://127.0.0.1:1/t', clientId: 'a', clientSecret: '' }), {
    path: 'clientCredentials.clientSecret',
  });
});

test('shortens what the other side says, and keeps it to one line', async () => {
  const long = `evil\n${'x'.repeat(100_000)}`;
  await using server = await LoopbackServer.start(json(200, { [long]: 'no number' }));
  const client = clientOf(server.url, { prices: get('/prices', { response: z.record(z.string(), z.number()) }) });
  await assert.rejects(client.prices(), (error) => {
    assert.ok(error instanceof SwitchgearError);
    assert.ok(error.message.length < 500 && !error.message.includes('\n'));
    return true;
  });
  server.script(json(404, { success: false, error: { code: long, message: long } }));
  await client.close();
});

test('keeps no byte of a malformed answer on its errors', async () => {
  await using server = await LoopbackServer.start((_, response) => {
    response.socket?.end(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nc4n4ry\r\n',
    );
  });
  const client = clientOf(server.url, operations, { retry: { maxRetries: 0 } });
  await assert.rejects(client.getUser({ userId: 1 }), (error) => {
    assert.ok(error instanceof SwitchgearError);
    const shown = [];
    for (let at: unknown = error; at instanceof Error; at = at.cause)
      shown.push(inspect(at), JSON.stringify({ ...at }));
    assert.ok(!shown.join().includes('c4n4ry'), shown.join());
    return true;
  });
  await client.close();
});

test('tells the end of every call, those too that could not begin', async () => {
  const log = new EventLog<ClientEvent>();
  const runtime = { ...systemRuntime, events: log as never };
  const client = clientOf('http://127.0.0.1:1', operations, { runtime });
  await assert.rejects(client.getUser({ userId: 1 }, { deadlineMs: -1 }));
  await client.close();
  await assert.rejects(client.getUser({ userId: 1 }));
  assert.deepEqual(
    log.of('call.finished').map((event) => event.fate),
    ['misused', 'misused'],
  );
});

test('a client has no prototype that an operation could replace', async () => {
  const ops: Operations = Object.fromEntries([['__proto__', operations.getUser]]);
  const client = clientOf('http://127.0.0.1:1', ops);
  assert.equal(Object.getPrototypeOf(client), null);
  assert.equal(typeof Reflect.get(client, '__proto__'), 'function');
  await client.close();
});

test('lets a call be made without an input when it needs none', async () => {
  await using server = await LoopbackServer.start(json(200, []));
  const ops = { list: get('/users', { query: z.object({ after: z.number().optional() }), response: z.array(User) }) };
  const client = clientOf(server.url, ops);
  assert.deepEqual(await client.list(), []);
  assert.deepEqual(await client.list({}), []);
  assert.deepEqual(await client.list({ query: { after: 7 } }), []);
  // @ts-expect-error A fallback is asked when the time is up: a promise could not be waited for.
  get('/users', { fallback: async () => [] });
  await client.close();
});

test('a target that hangs is a failure to the breaker', async () => {
  await using server = await LoopbackServer.start(hang);
  const client = clientOf(server.url, operations, {
    attemptTimeoutMs: 250,
    retry: { maxRetries: 0 },
    breaker: { consecutiveFailures: 2 },
  });
  for (let i = 0; i < 2; i++) await assert.rejects(client.getUser({ userId: 1 }), { phase: 'wait', sent: 'maybe' });
  assert.equal(client.snapshot().breaker.state, 'open');
  await client.close();
});
