import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { AttemptTimeoutError, attemptTimeout, systemRuntime } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { bareCall } from '../../test/bare-send.ts';
import { hang, json, LoopbackServer, reset } from '../../test/loopback-server.ts';
import { fixture } from '../../test/tls-fixtures.ts';
import { h2Place } from '../testing/server/h2-place.ts';
import { tlsProvider } from './tls.ts';
import { TransportFailure, type TransportOptions, type WireRequest } from './transport.ts';
import { undiciTransport } from './undici-transport.ts';

const get: WireRequest = { method: 'GET', path: '/', headers: [], body: undefined };

function open(origin: string, more: Partial<TransportOptions> = {}) {
  return undiciTransport({
    origin,
    connections: 2,
    connectTimeoutMs: 1_000,
    keepAliveMs: 4_000,
    maxBodyBytes: 10_000,
    maxHeaderBytes: 16_384,
    allowH2: false,
    runtime: systemRuntime,
    ...more,
  });
}

/** A clock of the test's own, and one attempt at a time on it. */
function attempts(ms: number) {
  const clock = new ManualClock();
  const policy = attemptTimeout({ attemptTimeoutMs: ms }, { clock, random: () => 0 });
  return { clock, run: policy.execute.bind(policy) };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await settle();
}

/** A process that listens and never accepts: once its queue is full, the kernel leaves new connections without an answer. */
const deafListener = `
  const server = require('node:net').createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
    process.stdout.write(server.address().port + '\\n', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });`;

async function blackHole(): Promise<{ readonly port: number; close(): void }> {
  const child = spawn(process.execPath, ['-e', deafListener], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve) => child.stdout.once('data', (text) => resolve(Number(text))));
  const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await Promise.race(fillers.map((filler) => once(filler, 'connect')));
  return {
    port,
    close() {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
    },
  };
}

test('uses one connection again, and no more than it may', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const transport = open(server.url);
  const { run } = attempts(1_000);
  for (let i = 0; i < 5; i++) await run((call) => transport.send(get, call));
  assert.equal(await server.connections(), 1);
  await Promise.all(Array.from({ length: 10 }, () => run((call) => transport.send(get, call))));
  assert.ok((await server.connections()) <= 2);
  await transport.close();
});

test('tells a call that waits for a connection from one that waits for an answer', async () => {
  await using server = await LoopbackServer.start(hang);
  const transport = open(server.url, { connections: 1 });
  const { clock, run } = attempts(50);
  const first = assert.rejects(
    run((call) => transport.send(get, call)),
    { phase: 'wait', sent: 'maybe' },
  );
  const second = assert.rejects(
    run((call) => transport.send(get, call)),
    { phase: 'queue', sent: 'never' },
  );
  await until(() => server.hits.length === 1);
  await clock.advance(50);
  await Promise.all([first, second]);
  assert.equal(server.hits.length, 1);
  await transport.destroy();
});

test('calls that leave while they wait cost no connection, and let the next one through', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const transport = open(server.url, { connections: 1 });
  const { run } = attempts(1_000);
  const caller = new AbortController();
  const first = run((call) => transport.send(get, call));
  const left = Array.from({ length: 20 }, () => run((call) => transport.send(get, call), { signal: caller.signal }));
  const last = run((call) => transport.send(get, call));
  caller.abort('left');
  for (const each of left) await assert.rejects(each, (error) => error === 'left');
  assert.equal((await first).status, 200);
  assert.equal((await last).status, 200);
  assert.equal(server.hits.length, 2);
  assert.equal(await server.connections(), 1);
  await transport.close();
});

test('sends nothing for a call that had been cancelled', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const transport = open(server.url);
  const { run } = attempts(1_000);
  await assert.rejects(
    run(
      async (call) => {
        await new Promise<void>((resolve) => call.onCancel(() => resolve()));
        return transport.send(get, call);
      },
      { signal: AbortSignal.timeout(1) },
    ),
  );
  await settle();
  assert.equal(await server.connections(), 0);
  await transport.close();
});

test('says that a connection which had served before was stale, and closes those that idled beside it', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const transport = open(server.url);
  const { run } = attempts(1_000);
  await Promise.all([run((call) => transport.send(get, call)), run((call) => transport.send(get, call))]);
  server.script(reset);
  await assert.rejects(
    run((call) => transport.send(get, call)),
    (error) => error instanceof TransportFailure && error.reached === 'stale-connection',
  );
  await assert.rejects(
    run((call) => transport.send(get, call)),
    (error) => error instanceof TransportFailure && error.reached === 'request',
  );
  await transport.close();
});

test('reads no setting of a connection from a polluted prototype', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const polluted = { socketPath: '/nowhere.sock', query: { evil: 1 }, upgrade: 'evil', reset: 'evil' };
  Object.assign(Object.prototype, polluted);
  try {
    const transport = open(server.url);
    const { run } = attempts(1_000);
    assert.equal((await run((call) => transport.send(get, call))).status, 200);
    await transport.close();
  } finally {
    for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name);
  }
  assert.equal(server.hits[0]?.path, '/');
});

test('expects no body where none comes: HEAD, 204, 304', async () => {
  const bodiless = (status: number) => (_: unknown, response: Parameters<typeof reset>[1]) =>
    void response.writeHead(status, status === 204 ? {} : { 'content-length': '999999' }).end();
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const) {
    await using server = await LoopbackServer.start(bodiless(status));
    const transport = open(server.url);
    const { run } = attempts(1_000);
    assert.equal((await run((call) => transport.send({ ...get, method }, call))).status, status);
    await transport.close();
  }
});

test('a connection that is not made in time fails while connecting, and nothing was sent', async () => {
  const hole = await blackHole();
  const clock = new ManualClock();
  const transport = open(`http://127.0.0.1:${hole.port}`, {
    connectTimeoutMs: 30,
    runtime: { clock, random: () => 0 },
  });
  try {
    const late = attempts(1_000);
    const failed = Array.from({ length: 4 }, () =>
      assert.rejects(
        late.run((call) => transport.send(get, call)),
        (error) => error instanceof TransportFailure && error.reached === 'nothing',
      ),
    );
    await settle();
    // Two at a time, and the others take over the connections that came to nothing.
    for (let i = 0; i < 3; i++) {
      await clock.advance(30);
      await settle();
    }
    await Promise.all(failed);

    const early = attempts(20);
    const timedOut = assert.rejects(
      early.run((call) => transport.send(get, call)),
      (error) =>
        error instanceof AttemptTimeoutError && error.phase === 'connect' && error.verdict(false).kind === 'failure',
    );
    await early.clock.advance(20);
    await timedOut;
  } finally {
    await transport.destroy();
    hole.close();
  }
});

/** What a call is told of its progress, in order. */
function watched() {
  const phases: string[] = [];
  const call = { ...bareCall, progress: (phase: string) => void phases.push(phase) };
  return { call, phases };
}

test('tells how far a connection that is being made has come, and skips that when there is one', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const transport = open(server.url.replace('127.0.0.1', 'localhost'));
  const first = watched();
  const answer = await transport.send(get, first.call);
  assert.deepEqual(first.phases, ['queue', 'connect', 'dns', 'connect', 'write', 'wait', 'body']);
  assert.equal(answer.protocol, '1.1');
  const second = watched();
  await transport.send(get, second.call);
  assert.deepEqual(second.phases, ['queue', 'connect', 'write', 'wait', 'body']);
  await transport.close();
});

test('tells of TLS as a phase of its own, and what is spoken over it', async () => {
  const certificate = { cert: fixture('server.cert'), key: fixture('server.key') };
  const place = await h2Place(
    certificate,
    () => {},
    () => ({ status: 200, body: {} }),
  );
  const tls = tlsProvider('tls', { ca: fixture('authority.cert') }, () => {});
  const transport = open(`https://127.0.0.1:${place.port}`, { allowH2: true, tls });
  const { call, phases } = watched();
  const answer = await transport.send(get, call);
  assert.deepEqual(phases.slice(0, 5), ['queue', 'connect', 'connect', 'tls', 'write']);
  assert.equal(answer.protocol, '2');
  await transport.destroy();
  await place.close();
});
