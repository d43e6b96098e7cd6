import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { type Runtime, SwitchgearError, systemRuntime } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { type Handler, received, StreamServer } from '../test/stream-server.ts';
import { post, put } from './contract/operation.ts';
import {
  bearer,
  type ClientEvent,
  createServiceClient,
  type ServiceClientOptions,
  TransportFailure,
  undiciTransport,
} from './index.ts';

const operations = {
  place: put('/file', { bodyAs: 'stream', contentType: 'text/csv', responseAs: 'text' }),
  make: post('/file', { bodyAs: 'stream', responseAs: 'text', idempotencyKey: true }),
  through: post('/file', { bodyAs: 'stream', responseAs: 'stream' }),
};

function clientOf(baseUrl: string, more: Partial<ServiceClientOptions> = {}) {
  const client = createServiceClient({
    target: 'files',
    baseUrl,
    operations,
    retry: { baseMs: 1, maxMs: 2 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  return { client, events };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await settle();
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    await settle();
    yield Buffer.from(text);
  }
}

/** A source that gives one piece, and then waits until it is told to stop. */
function endless() {
  const state = { pulls: 0, stopped: false };
  const source: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        ++state.pulls === 1 ? Promise.resolve({ done: false, value: Buffer.from('one') }) : new Promise(() => {}),
      return: async () => {
        state.stopped = true;
        return { done: true, value: undefined };
      },
    }),
  };
  return { source, state };
}

const echo: Handler = async (request, response) => {
  const { text, whole } = await received(request);
  response
    .writeHead(200, { 'content-type': 'text/plain' })
    .end(`${text} ${whole} ${request.headers['transfer-encoding']}`);
};

test('sends a stream of any kind as it comes', async () => {
  await using server = await StreamServer.start(echo);
  const { client } = clientOf(server.url);
  const sources = [
    pieces('a', '', 'b'),
    Readable.from([Buffer.from('a'), Buffer.from('b')]),
    new Blob(['ab']).stream(),
    () => pieces('a', 'b'),
    async () => new Blob(['ab']).stream(),
  ];
  for (const body of sources) assert.equal(await client.place({ body }), 'ab true chunked');
  assert.equal(await client.place({ body: pieces() }), ' true undefined');
  await client.close();
});

test('sends nothing of a stream again, once a byte of it has left, however safe the operation is', async () => {
  const failures: Handler[] = [
    (request) => void request.once('data', () => request.socket.resetAndDestroy()),
    async (request, response) => {
      await received(request);
      response.writeHead(503).end();
    },
    async (request, response) => {
      await received(request);
      response.writeHead(421).end();
    },
  ];
  for (const failure of failures) {
    for (const name of ['place', 'make'] as const) {
      await using server = await StreamServer.start(failure);
      const { client } = clientOf(server.url);
      await assert.rejects(client[name]({ body: pieces('a', 'b') }), { attempts: 1, stopped: 'not-retryable' });
      assert.equal(server.requests, 1);
      await client.close();
    }
  }
});

test('sends a new stream in each attempt, where it is given a function that makes one', async () => {
  const bodies: string[] = [];
  await using server = await StreamServer.start(async (request, response, nth) => {
    bodies.push((await received(request)).text);
    if (nth === 1) response.socket?.resetAndDestroy();
    else response.writeHead(nth === 2 ? 503 : 200, { 'content-type': 'text/plain' }).end('done');
  });
  const { client } = clientOf(server.url);
  let made = 0;
  const body = () => {
    made++;
    return pieces('a', 'b');
  };
  assert.equal(await client.make({ body }), 'done');
  assert.deepEqual([bodies, made], [['ab', 'ab', 'ab'], 3]);
  await client.close();
});

test('sends a stream after an attempt that took nothing of it: whole, never an empty one', async () => {
  await using server = await StreamServer.start(echo);
  let sends = 0;
  const { client } = clientOf(server.url, {
    transport: (options) => {
      const real = undiciTransport(options);
      return {
        send: (request, call) => {
          if (++sends > 1) return real.send(request, call);
          call.progress('connect', 'never');
          const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
          return Promise.reject(new TransportFailure('nothing', refused));
        },
        stream: (request, call) => (real.stream as NonNullable<typeof real.stream>)(request, call),
        close: () => real.close(),
        destroy: () => real.destroy(),
      };
    },
  });
  assert.equal(await client.make({ body: pieces('a', 'b') }), 'ab true chunked');
  assert.equal(sends, 2);
  await client.close();
});

test('takes no stream that has been read from: what is left of it is not what was meant', async () => {
  await using server = await StreamServer.start(echo);
  const { client } = clientOf(server.url);
  const used = [Readable.from([Buffer.from('a')]), new Blob(['a']).stream()];
  for (const body of used) {
    assert.equal(await client.place({ body }), 'a true chunked');
    await assert.rejects(client.place({ body }), { code: 'SWITCHGEAR_INVALID_REQUEST', sent: 'never' });
  }
  assert.equal(server.requests, 2);
  await client.close();
});

test('a 401 does not send what is left of a stream; the next call has the newer token', async () => {
  const seen: unknown[] = [];
  await using server = await StreamServer.start(async (request, response) => {
    await received(request);
    seen.push(request.headers.authorization);
    response.writeHead(request.headers.authorization === 'Bearer new' ? 200 : 401, { 'content-type': 'text/plain' });
    response.end('ok');
  });
  const tokens = ['old', 'new'];
  const { client } = clientOf(server.url, { auth: bearer(async () => tokens.shift() as string) });
  await assert.rejects(client.make({ body: pieces('a') }), { code: 'SWITCHGEAR_AUTHENTICATION_FAILED', attempts: 1 });
  assert.equal(await client.make({ body: pieces('a') }), 'ok');
  assert.deepEqual(seen, ['Bearer old', 'Bearer new']);
  await client.close();
});

test('a source that fails is the caller’s fault: not sent again, not finished, and nobody else is blamed', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('one');
    await settle();
    throw new Error('c4n4ry: no such file');
  }
  const strings = () => Readable.from(['text']) as AsyncIterable<Uint8Array>;
  const sources = [failing(), failing, strings(), () => Promise.reject(new Error('c4n4ry')), () => 'c4n4ry' as never];
  for (const body of sources) {
    const whole: boolean[] = [];
    await using server = await StreamServer.start(async (request) => {
      whole.push((await received(request)).whole);
    });
    const { client } = clientOf(server.url);
    await assert.rejects(client.place({ body }), (error) => {
      assert.ok(error instanceof SwitchgearError);
      assert.deepEqual([error.code, error.sent, error.attempts], ['SWITCHGEAR_INVALID_REQUEST', 'maybe', 1]);
      assert.ok(!inspect(error).includes('c4n4ry') && !JSON.stringify(error).includes('c4n4ry'));
      return true;
    });
    assert.equal(client.snapshot().breaker.failures, 0);
    await client.close();
    assert.ok(!whole.includes(true), 'the other side must not take a part for the whole');
  }
});

test('a source that hangs ends with its attempt, and is told to stop', async () => {
  await using server = await StreamServer.start((request) => void received(request));
  const clock = new ManualClock();
  const runtime: Runtime = { ...systemRuntime, clock };
  const { client } = clientOf(server.url, { runtime });
  const { source, state } = endless();
  const failed = assert.rejects(client.place({ body: source }), {
    code: 'SWITCHGEAR_ATTEMPT_TIMEOUT',
    sent: 'maybe',
    attempts: 1,
  });
  await until(() => server.requests === 1 && state.pulls === 2);
  await clock.advance(1_000);
  await failed;
  await until(() => state.stopped);
  assert.deepEqual([client.snapshot().inFlight, client.snapshot().bulkhead.active], [0, 0]);
  await client.close();
});

test('an answer that comes before the stream has ended ends it', async () => {
  await using server = await StreamServer.start((request, response) => {
    request.once('data', () => response.writeHead(413).end());
  });
  const { client } = clientOf(server.url);
  const { source, state } = endless();
  await assert.rejects(client.place({ body: source }), { code: 'SWITCHGEAR_HTTP_STATUS', status: 413 });
  await until(() => state.stopped);
  await client.close();
});

test('a stream goes on while its answer comes', async () => {
  await using server = await StreamServer.start((request, response) => {
    response.writeHead(200);
    request.pipe(response);
  });
  const { client } = clientOf(server.url);
  const source = new PassThrough();
  source.write('one');
  const answer = await client.through({ body: source });
  const reader = answer.body.getReader();
  const text = async () => Buffer.from((await reader.read()).value ?? []).toString();
  assert.equal(await text(), 'one');
  source.write('two');
  assert.equal(await text(), 'two');
  source.end();
  assert.equal((await reader.read()).done, true);
  await client.close();

  const left = clientOf(server.url);
  const { source: hanging, state } = endless();
  const begun = await left.client.through({ body: hanging });
  await begun.body.cancel();
  await until(() => state.stopped);
  await left.client.close();
});

test('takes nothing of a stream for a call that is refused', async () => {
  await using server = await StreamServer.start(echo);
  const { client } = clientOf(server.url, { bulkhead: { maxConcurrent: 1, maxQueue: 0 } });
  const first = endless();
  const caller = new AbortController();
  const held = assert.rejects(client.place({ body: first.source }, { signal: caller.signal }));
  const second = endless();
  const failing = new PassThrough();
  await assert.rejects(client.place({ body: second.source }), { code: 'SWITCHGEAR_BULKHEAD_FULL' });
  await assert.rejects(client.place({ body: failing }), { code: 'SWITCHGEAR_BULKHEAD_FULL' });
  // A stream that fails when nobody reads it any more must not end the process.
  failing.destroy(new Error('too late'));
  await settle();
  assert.deepEqual(second.state, { pulls: 0, stopped: false });
  caller.abort('enough');
  await held;
  await client.close();
});
