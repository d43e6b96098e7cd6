import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type Runtime, systemRuntime } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { type Handler, StreamServer } from '../test/stream-server.ts';
import { get, type StreamedAnswer } from './contract/operation.ts';
import {
  type ClientEvent,
  createServiceClient,
  DomainError,
  type ServiceClientOptions,
  undiciTransport,
} from './index.ts';

class Gone extends DomainError {}

const operations = {
  read: get('/file', { responseAs: 'stream', errors: { 410: Gone } }),
  small: get('/file', { responseAs: 'stream', maxBodyBytes: 1_000 }),
  orNot: get('/file', { responseAs: 'stream', fallback: () => 'nothing' as const }),
};

function clientOf(baseUrl: string, more: Partial<ServiceClientOptions> = {}) {
  const client = createServiceClient({
    target: 'files',
    baseUrl,
    operations,
    retry: { baseMs: 1, maxMs: 2 },
    bulkhead: { maxConcurrent: 1, maxQueue: 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  const fates = () => events.flatMap((event) => (event.type === 'call.finished' ? [event.fate] : []));
  const taken = () => {
    const { bulkhead, inFlight } = client.snapshot();
    return [bulkhead.active, inFlight];
  };
  return { client, events, fates, taken };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await settle();
}

async function textOf(answer: StreamedAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Sends the head and a first part, and then no more. */
const stalled: Handler = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/csv' });
  response.write('first');
};

/** A clock of the test's own: nothing in it passes by itself. */
function stopped(): { readonly clock: ManualClock; readonly runtime: Runtime } {
  const clock = new ManualClock();
  return { clock, runtime: { ...systemRuntime, clock } };
}

test('answers with the head before the body has come, and keeps its place until that has been read', async () => {
  let send = (_: string): void => {};
  let end = (): void => {};
  await using server = await StreamServer.start((_, response) => {
    response.writeHead(206, { 'content-type': 'text/csv', 'x-part': '1' });
    response.flushHeaders();
    send = (text) => void response.write(text);
    end = () => void response.end();
  });
  const { client, fates, taken } = clientOf(server.url);
  const answer = await client.read();
  assert.equal(answer.status, 206);
  assert.equal(answer.headers['x-part'], '1');
  assert.deepEqual([taken(), fates()], [[1, 1], []]);
  await assert.rejects(client.read(), { code: 'SWITCHGEAR_BULKHEAD_FULL' });

  const reader = answer.body.getReader();
  for (const text of ['one', 'two']) {
    send(text);
    assert.equal(Buffer.from((await reader.read()).value as Uint8Array).toString(), text);
  }
  assert.deepEqual(taken(), [1, 1]);
  end();
  assert.equal((await reader.read()).done, true);
  await settle();
  assert.deepEqual(
    [taken(), fates()],
    [
      [0, 0],
      ['refused', 'ok'],
    ],
  );
  await client.close();
});

test('ends, with its connection and its place, when its reader stops early', async () => {
  const leave: ((answer: StreamedAnswer) => Promise<void>)[] = [
    async (answer) => {
      for await (const _ of answer.body) break;
    },
    (answer) => answer.body.cancel(),
    async (answer) => {
      await using _ = answer;
    },
    async (answer) => {
      await using held = answer;
      const reader = held.body.getReader();
      await reader.read();
    },
  ];
  for (const [i, by] of leave.entries()) {
    await using server = await StreamServer.start(stalled);
    const { client, fates, taken } = clientOf(server.url);
    await by(await client.read());
    assert.deepEqual([taken(), fates()], [[0, 0], ['cancelled']], `way ${i}`);
    await until(async () => (await server.connections()) === 0);
    await client.close();
  }
});

test('one that nobody reads ends at the deadline, and so does one that is read and never ends', async () => {
  for (const read of [false, true]) {
    await using server = await StreamServer.start(stalled);
    const { clock, runtime } = stopped();
    const { client, fates, events, taken } = clientOf(server.url, { runtime, deadlineMs: 5_000 });
    const answer = await client.read();
    const expected = { code: 'SWITCHGEAR_DEADLINE_EXCEEDED', sent: 'answered', phase: 'body', attempts: 1 };
    const failed = read ? assert.rejects(textOf(answer), expected) : undefined;
    await clock.advance(4_999);
    assert.deepEqual(taken(), [1, 1], 'the timeout of an attempt is over with its head');
    await clock.advance(1);
    await failed;
    if (!read) await assert.rejects(answer.body.getReader().read(), expected);
    assert.deepEqual([taken(), fates()], [[0, 0], ['timed-out']]);
    assert.equal(events.filter((event) => event.type === 'deadline.exceeded').length, 1);
    await until(async () => (await server.connections()) === 0);
    await client.close();
  }
});

test('an attempt whose head does not come in time is given up', async () => {
  await using server = await StreamServer.start((_, response, nth) => {
    if (nth > 1) response.end('second');
  });
  const { clock, runtime } = stopped();
  const { client } = clientOf(server.url, { runtime });
  const call = client.read();
  await until(() => server.requests === 1);
  await clock.advance(1_010);
  assert.equal(await textOf(await call), 'second');
  await client.close();
});

test("ends with the caller's own reason when the caller leaves while the body comes", async () => {
  await using server = await StreamServer.start(stalled);
  const { client, fates, taken } = clientOf(server.url);
  const caller = new AbortController();
  const answer = await client.read({}, { signal: caller.signal });
  const failed = assert.rejects(textOf(answer), (reason) => reason === 'the page was closed');
  caller.abort('the page was closed');
  await failed;
  await settle();
  assert.deepEqual([taken(), fates()], [[0, 0], ['cancelled']]);
  await client.close();
});

test('closing the client ends what nobody has begun to read, and waits for what is being read', async () => {
  let end = (): void => {};
  await using server = await StreamServer.start((_, response) => {
    response.writeHead(200);
    response.write('first');
    end = () => void response.end('last');
  });
  const unread = clientOf(server.url);
  const answer = await unread.client.read();
  await unread.client.close();
  await assert.rejects(textOf(answer), { code: 'SWITCHGEAR_CLIENT_CLOSED' });
  assert.deepEqual([unread.taken(), unread.fates()], [[0, 0], ['cancelled']]);

  const reading = clientOf(server.url);
  const text = textOf(await reading.client.read());
  let closed = false;
  const closing = reading.client.close().then(() => {
    closed = true;
  });
  await settle();
  assert.equal(closed, false);
  end();
  assert.equal(await text, 'firstlast');
  await closing;
  assert.deepEqual(reading.fates(), ['ok']);
});

test('a body that breaks off, or is larger than its limit, fails its reader and not the breaker', async () => {
  const broken: Handler = (_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('some', () => response.socket?.destroy());
  };
  const large: Handler = (_, response) => {
    response.writeHead(200);
    response.write(Buffer.alloc(999));
    setImmediate(() => response.write(Buffer.alloc(2)));
  };
  const announced: Handler = (_, response) => void response.writeHead(200, { 'content-length': '1001' }).write('x');
  const inTime: [Handler, string, string][] = [
    [broken, 'SWITCHGEAR_CONNECTION_LOST', 'unavailable'],
    [large, 'SWITCHGEAR_RESPONSE_TOO_LARGE', 'invalid'],
    [announced, 'SWITCHGEAR_RESPONSE_TOO_LARGE', 'invalid'],
  ];
  for (const [handler, code, fate] of inTime) {
    await using server = await StreamServer.start(handler);
    const { client, fates, taken } = clientOf(server.url);
    const failed = async () => textOf(await client.small());
    await assert.rejects(failed, { code, sent: 'answered', phase: 'body' });
    await settle();
    assert.deepEqual([taken(), fates()], [[0, 0], [fate]]);
    assert.deepEqual([server.requests, client.snapshot().breaker.failures], [1, 0]);
    await client.close();
  }
});

test('unpacks as it is read, within the limit on what it becomes', async () => {
  const text = 'line\n'.repeat(100);
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const answers: [string, Uint8Array][] = [
    ['gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
    ['identity', Buffer.from(text)],
  ];
  for (const [encoding, body] of answers) {
    await using server = await StreamServer.start(
      (_, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(body),
    );
    const { client } = clientOf(server.url);
    assert.equal(await textOf(await client.small()), text, encoding);
    await client.close();
  }
  const refused: [string, Uint8Array, string][] = [
    ['gzip', bomb, 'SWITCHGEAR_RESPONSE_TOO_LARGE'],
    ['gzip, gzip, gzip', gzipSync(text), 'SWITCHGEAR_RESPONSE_TOO_LARGE'],
    ['gzip', Buffer.from('no gzip'), 'SWITCHGEAR_INVALID_RESPONSE'],
    ['gzip', gzipSync(text).subarray(0, -4), 'SWITCHGEAR_INVALID_RESPONSE'],
    ['canary', Buffer.from('x'), 'SWITCHGEAR_INVALID_RESPONSE'],
  ];
  for (const [encoding, body, code] of refused) {
    await using server = await StreamServer.start(
      (_, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(body),
    );
    const { client, taken } = clientOf(server.url, { maxBodyBytes: 1_000_000 });
    await assert.rejects(async () => textOf(await client.read()), { code }, encoding);
    await settle();
    assert.deepEqual(taken(), [0, 0]);
    assert.equal(server.requests, 1);
    await client.close();
  }
});

test('what is not read stays with the other side', async () => {
  const total = 64 * 1024 * 1024;
  let written = 0;
  await using server = await StreamServer.start(async (_, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(64 * 1024);
    while (written < total) {
      written += chunk.length;
      if (!response.write(chunk)) await once(response, 'drain');
    }
    response.end();
  });
  const { client } = clientOf(server.url, { maxBodyBytes: total, deadlineMs: 60_000 });
  const answer = await client.read();
  // Until nothing more goes out.
  for (let seen = -1, same = 0; same < 50; same = seen === written ? same + 1 : 0) {
    seen = written;
    await settle();
  }
  assert.ok(written < total, `${written} of ${total} bytes`);
  let read = 0;
  for await (const chunk of answer.body) read += chunk.length;
  assert.equal(read, total);
  await client.close();
});

test('reads any other answer whole: it is an error, and may be tried again', async () => {
  await using server = await StreamServer.start((_, response, nth) => {
    if (nth === 1) response.writeHead(503).end('not now');
    else if (nth === 2) response.end('now');
    else if (nth === 3) response.writeHead(410, { 'content-type': 'application/json' }).end('{}');
    else response.writeHead(204).end();
  });
  const { client, fates, taken } = clientOf(server.url);
  const { value, attempts } = await client.read.withMeta();
  assert.deepEqual([await textOf(value), attempts], ['now', 2]);
  await assert.rejects(client.read(), (error) => error instanceof Gone);
  const empty = await client.read();
  assert.deepEqual([empty.status, await textOf(empty)], [204, '']);
  await settle();
  assert.deepEqual(
    [taken(), fates()],
    [
      [0, 0],
      ['ok-retried', 'answered', 'ok'],
    ],
  );
  await client.close();
});

test('a stream is live, and what stands in for one is not', async () => {
  let away = false;
  await using server = await StreamServer.start((_, response) => (away ? response.destroy() : response.end('there')));
  const { client, fates } = clientOf(server.url, { retry: { maxRetries: 0 } });
  const live = await client.orNot();
  assert.ok(live.provenance === 'live');
  assert.equal(await textOf(live.value), 'there');
  away = true;
  assert.equal((await client.orNot()).value, 'nothing');
  assert.deepEqual(fates(), ['ok', 'degraded']);
  await client.close();
});

test('needs a transport that can stream', () => {
  const transport: typeof undiciTransport = (options) => {
    const real = undiciTransport(options);
    return { send: (...args) => real.send(...args), close: () => real.close(), destroy: () => real.destroy() };
  };
  assert.throws(() => clientOf('http://127.0.0.1:1', { transport }), {
    code: 'SWITCHGEAR_INVALID_CONFIG',
    path: 'createServiceClient.operations.read.responseAs',
  });
});
