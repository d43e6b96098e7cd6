import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SwitchgearError, systemRuntime } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import * as z from 'zod';
import { type Answer, json, LoopbackServer, reset } from '../test/loopback-server.ts';
import { get, head, post, put, query } from './contract/operation.ts';
import {
  createServiceClient,
  type Operations,
  RedirectRefusedError,
  type ServiceClientOptions,
  TransportFailure,
  undiciTransport,
} from './index.ts';

const Name = z.object({ name: z.string() });
const operations = {
  read: get('/old'),
  has: head('/old', { response: 'none' }),
  ask: query('/old', { body: Name }),
  make: post('/old', { body: Name, idempotencyKey: true }),
  makeOnce: post('/old', { body: Name }),
  place: put('/old', { body: Name }),
  upload: put('/old', { bodyAs: 'stream' }),
  never: get('/old', { followRedirects: 0 }),
};

function clientOf(baseUrl: string, more: Partial<ServiceClientOptions> = {}) {
  const options = { target: 'users', baseUrl, operations, retry: { baseMs: 1, maxMs: 2 }, followRedirects: 3, ...more };
  return createServiceClient(options as ServiceClientOptions<typeof operations> & { operations: Operations });
}

const to = (status: number, location: string): Answer => json(status, {}, { location });
const ok = json(200, { there: true });
const body = { name: 'Ada' };

/** What the server saw: method and path of each request, and its body. */
const seen = (server: LoopbackServer): string[] =>
  server.hits.map((hit) => `${hit.method} ${hit.path} ${hit.body}`.trim());

test('follows a redirect to the same origin, relative or absolute, with the same headers', async () => {
  await using server = await LoopbackServer.start(ok);
  server.script(to(302, '../new?a=b#part'), to(301, `${server.url}/newer`), to(308, '/newest'), ok);
  await using client = clientOf(`${server.url}/api`, { headers: { 'x-api-key': 'k3y' } });
  assert.deepEqual(await client.read(), { there: true });
  assert.deepEqual(seen(server), ['GET /api/old', 'GET /new?a=b', 'GET /newer', 'GET /newest']);
  assert.ok(server.hits.every((hit) => hit.headers['x-api-key'] === 'k3y'));
  assert.equal(new Set(server.hits.map((hit) => hit.headers['x-request-id'])).size, 1);
  assert.equal(new Set(server.hits.map((hit) => hit.headers.traceparent)).size, 4, 'a span for each');
});

test('sends the body again with 307 and 308 alone, and a GET without it after 303', async () => {
  const sends = {
    307: 'POST /new {"name":"Ada"}',
    308: 'POST /new {"name":"Ada"}',
    303: 'GET /new',
  } as const;
  for (const status of [307, 308, 303] as const) {
    await using server = await LoopbackServer.start(to(status, '/new'), ok);
    await using client = clientOf(server.url);
    await client.make({ body });
    assert.deepEqual(seen(server), ['POST /old {"name":"Ada"}', sends[status]]);
    const [first, second] = server.hits;
    const resent = status !== 303;
    assert.equal(second?.headers['content-type'], resent ? 'application/json' : undefined);
    assert.equal(second?.headers['idempotency-key'], resent ? first?.headers['idempotency-key'] : undefined);
  }
});

test('does not guess what 301 and 302 make of a request that changes something', async () => {
  for (const status of [301, 302]) {
    await using server = await LoopbackServer.start(to(status, '/new'), ok);
    await using client = clientOf(server.url);
    await assert.rejects(client.makeOnce({ body }), { code: 'SWITCHGEAR_REDIRECT_REFUSED', status });
    assert.equal(server.hits.length, 1);
    server.script(to(status, '/new'), ok);
    await assert.rejects(client.place({ body }), { code: 'SWITCHGEAR_REDIRECT_REFUSED' });
    server.script(to(status, '/new'), ok);
    await client.ask({ body });
    assert.deepEqual(seen(server).slice(-2), ['QUERY /old {"name":"Ada"}', 'QUERY /new {"name":"Ada"}']);
    server.script(to(status, '/new'), ok);
    await client.has();
    assert.deepEqual(seen(server).slice(-2), ['HEAD /old', 'HEAD /new']);
  }
});

test('goes nowhere else, whatever the answer says, and takes nothing there', async () => {
  await using elsewhere = await LoopbackServer.start(ok);
  await using server = await LoopbackServer.start(ok);
  await using client = clientOf(server.url, { headers: { 'x-api-key': 'c4n4ry' } });
  const { host, port } = new URL(server.url);
  const places = [
    elsewhere.url,
    `//${new URL(elsewhere.url).host}/new`,
    `https://${host}/new`,
    `http://localhost:${port}/new`,
    `http://me:secret@${host}/new`,
    `http://me@${host}/new`,
    `http://:secret@${host}/new`,
    `http://${host}@${new URL(elsewhere.url).host}/`,
    `\\\\${new URL(elsewhere.url).host}\\new`,
    'unix:/var/run/docker.sock',
    'http://unix/..:/var/run/docker.sock:/info',
    'file:///etc/passwd',
    'data:application/json,{}',
    'javascript:1',
    'http://',
    `/${'x'.repeat(9_000)}`,
    '',
  ];
  for (const place of places) {
    server.script(to(307, place), ok);
    const before = server.hits.length;
    await assert.rejects(client.place({ body }), (error) => {
      assert.ok(error instanceof RedirectRefusedError, place);
      assert.ok(!error.message.includes('passwd') && !error.message.includes(port), 'shows where it was to go');
      return true;
    });
    assert.equal(server.hits.length, before + 1, place);
  }
  server.script((_, response) => void response.writeHead(307, { location: ['/a', '/b'] as never }).end(), ok);
  await assert.rejects(client.read(), { code: 'SWITCHGEAR_REDIRECT_REFUSED' });
  server.script(json(307, {}), ok);
  await assert.rejects(client.read(), { code: 'SWITCHGEAR_REDIRECT_REFUSED' });
  assert.equal(elsewhere.hits.length, 0);
});

test('follows so many and no more: a loop ends', async () => {
  await using server = await LoopbackServer.start(to(307, '/old'));
  await using client = clientOf(server.url);
  await assert.rejects(client.read(), {
    code: 'SWITCHGEAR_REDIRECT_REFUSED',
    message: /more than 3 in a row/,
    attempts: 1,
  });
  assert.equal(server.hits.length, 4);
  await assert.rejects(client.never(), { code: 'SWITCHGEAR_REDIRECT_REFUSED' });
  assert.equal(server.hits.length, 5);
});

test('follows no status that is not a redirect to somewhere', async () => {
  for (const status of [300, 304, 305, 306]) {
    await using server = await LoopbackServer.start(to(status, '/new'), ok);
    await using client = clientOf(server.url);
    await assert.rejects(client.read(), SwitchgearError);
    assert.equal(server.hits.length, 1, String(status));
  }
});

test('does what was done before a redirect no second time, however the rest fails', async () => {
  for (const failure of [reset, json(421, {}), json(503, {})]) {
    await using server = await LoopbackServer.start(to(303, '/new'), failure);
    await using client = clientOf(server.url);
    await assert.rejects(client.makeOnce({ body }));
    assert.deepEqual(seen(server), ['POST /old {"name":"Ada"}', 'GET /new']);
  }
});

test('does not take a connection that could not be had after a redirect for a request that never left', async () => {
  let sends = 0;
  await using server = await LoopbackServer.start(to(303, '/new'));
  await using client = clientOf(server.url, {
    transport: (options) => {
      const real = undiciTransport(options);
      return {
        send: (request, call) => {
          sends++;
          if (request.path === '/old') return real.send(request, call);
          call.progress('connect', 'never');
          const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
          return Promise.reject(new TransportFailure('nothing', refused));
        },
        close: () => real.close(),
        destroy: () => real.destroy(),
      };
    },
  });
  await assert.rejects(client.makeOnce({ body }), { code: 'SWITCHGEAR_CONNECTION_LOST', sent: 'maybe', attempts: 1 });
  assert.equal(sends, 2);
});

test('a timeout while a redirect is followed does not take the request for one that never left', async () => {
  await using server = await LoopbackServer.start(to(303, '/new'));
  const clock = new ManualClock();
  let connecting = false;
  await using client = clientOf(server.url, {
    runtime: { ...systemRuntime, clock },
    transport: (options) => {
      const real = undiciTransport(options);
      return {
        send: (request, call) => {
          if (request.path === '/old') return real.send(request, call);
          call.progress('connect', 'never');
          connecting = true;
          return new Promise((_, reject) => call.onCancel(reject));
        },
        close: () => real.close(),
        destroy: () => real.destroy(),
      };
    },
  });
  const failed = assert.rejects(client.makeOnce({ body }), {
    code: 'SWITCHGEAR_ATTEMPT_TIMEOUT',
    sent: 'maybe',
    phase: 'connect',
    attempts: 1,
  });
  while (!connecting) await settle();
  await clock.advance(1_000);
  await failed;
  assert.equal(server.hits.length, 1);
});

test('sends a stream that has been used nowhere else, and one that can be made again there too', async () => {
  await using server = await LoopbackServer.start(to(307, '/new'), ok);
  await using client = clientOf(server.url);
  const bytes = () => new Blob(['bytes']).stream();
  await assert.rejects(client.upload({ body: bytes() }), { code: 'SWITCHGEAR_REDIRECT_REFUSED', message: /stream/ });
  assert.deepEqual(seen(server), ['PUT /old bytes']);
  server.script(to(307, '/new'), ok);
  await client.upload({ body: bytes });
  assert.deepEqual(seen(server).slice(1), ['PUT /old bytes', 'PUT /new bytes']);
});
