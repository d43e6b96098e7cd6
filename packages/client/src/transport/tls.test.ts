import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { SwitchgearError, systemRuntime } from '@switchgear/policy';
import { ManualClock } from '@switchgear/policy/testing';
import { aCall } from '../../test/a-call.ts';
import { json, LoopbackServer } from '../../test/loopback-server.ts';
import { fixture } from '../../test/tls-fixtures.ts';
import { classifyTransportFailure } from '../classify/transport-failure.ts';
import {
  type ClientEvent,
  ConnectionLostError,
  clientCredentials,
  createServiceClient,
  get,
  post,
  type ServiceClientOptions,
  TlsError,
} from '../index.ts';
import { type TlsOptions, type TlsSource, tlsProvider } from './tls.ts';
import { type Reached, TransportFailure } from './transport.ts';
import { undiciTransport } from './undici-transport.ts';

const ca = fixture('authority.cert');
const identity = { ca, cert: fixture('client.cert'), key: fixture('client.key') };
const next = { ca, cert: fixture('next-client.cert'), key: fixture('next-client.key') };
const strange = { ca, cert: fixture('stranger.cert'), key: fixture('stranger.key') };

const operations = { read: get('/users'), write: post('/users') };

/** A server that lets in only whom its authority has certified, and says whom it saw. */
async function mutualServer(more: object = {}) {
  const seen: { client: string; servername: unknown }[] = [];
  const server = createServer(
    {
      key: fixture('server.key'),
      cert: fixture('server.cert'),
      ca,
      requestCert: true,
      rejectUnauthorized: true,
      ...more,
    },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      const { CN = 'nobody' } = socket.getPeerCertificate().subject ?? {};
      seen.push({ client: String(CN), servername: (socket as { servername?: unknown }).servername });
      response.writeHead(200, { 'content-type': 'application/json', connection: 'close' }).end('{"access_token":"t"}');
    },
  );
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    [Symbol.asyncDispose]: () => closing(server),
  };
}

async function closing(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function clientOf(baseUrl: string, tls: TlsSource | undefined, more: Partial<ServiceClientOptions> = {}) {
  const options = { target: 'users', baseUrl, operations, ...(tls === undefined ? {} : { tls }), ...more };
  const client = createServiceClient(options as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => void events.push(event));
  return { client, events };
}

test('shows its certificate, and trusts the authority it was given and no other', async () => {
  await using server = await mutualServer();
  const good = clientOf(server.url, identity);
  await good.client.read();
  await good.client.write();
  assert.deepEqual(
    server.seen.map(({ client }) => client),
    ['Switchgear client (test only)', 'Switchgear client (test only)'],
  );
  for (const tls of [undefined, { ...identity, ca: fixture('stranger-authority.cert') }]) {
    const { client, events } = clientOf(server.url, tls);
    await assert.rejects(client.read(), { code: 'SWITCHGEAR_TLS_FAILED', sent: 'never', phase: 'tls', attempts: 1 });
    assert.ok(!events.some(({ type }) => type === 'retry.scheduled'));
    assert.equal(client.snapshot().breaker.failures, 0);
    await client.close();
  }
  assert.equal(server.seen.length, 2);
  await good.client.close();
});

test('a server that misses a certificate, or does not accept it, is never asked again', async () => {
  for (const [maxVersion, sent] of [
    ['TLSv1.2', 'never'],
    ['TLSv1.3', 'maybe'],
  ]) {
    await using server = await mutualServer({ maxVersion });
    const { client } = clientOf(server.url, { ca });
    await assert.rejects(client.read(), { code: 'SWITCHGEAR_TLS_FAILED', phase: 'tls', sent, attempts: 1 });
    await client.close();
    // Node's own server closes without an alert, so there is nothing to tell this by.
    const stranger = clientOf(server.url, strange);
    await assert.rejects(stranger.client.read(), (error) => error instanceof SwitchgearError);
    await stranger.client.close();
    assert.equal(server.seen.length, 0);
  }
});

test('with TLS 1.3 the refusal comes after the request has begun, and is told from a lost connection', () => {
  const facts = { attempts: 1 };
  const failure = (code: string, reached: Reached) =>
    classifyTransportFailure(new TransportFailure(reached, Object.assign(new Error('x'), { code })), facts);
  const codes = [
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
  ];
  for (const code of codes) {
    const error = failure(code, 'request');
    assert.ok(error instanceof TlsError, code);
    assert.deepEqual([error.sent, error.phase, error.verdict()], ['maybe', 'tls', { kind: 'ignored', retry: 'never' }]);
    assert.ok(failure(code, 'response') instanceof ConnectionLostError, 'what had been answered was accepted');
  }
  for (const code of ['ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC', 'UND_ERR_SOCKET']) {
    assert.ok(failure(code, 'request') instanceof ConnectionLostError, code);
  }
});

test('an alert of the other side is known, although undici tells only that it closed', async () => {
  await using server = await mutualServer({ minVersion: 'TLSv1.3' });
  await using proxy = await corrupting(Number(new URL(server.url).port));
  const transport = undiciTransport({
    origin: proxy.url,
    connections: 1,
    connectTimeoutMs: 10_000,
    keepAliveMs: 4_000,
    maxBodyBytes: 10_000,
    maxHeaderBytes: 16_384,
    allowH2: false,
    runtime: systemRuntime,
    tls: tlsProvider('tls', identity),
  });
  const failed = transport.send({ method: 'GET', path: '/', headers: [], body: undefined }, aCall());
  await assert.rejects(failed, (error) => {
    assert.ok(error instanceof TransportFailure);
    assert.equal(error.reached, 'request');
    assert.match(String((error.cause as { code?: string }).code), /^ERR_SSL_.*ALERT_BAD_RECORD_MAC$/);
    return true;
  });
  await transport.destroy();
});

test('asks for the name that it is told to, and checks the certificate against it', async () => {
  await using server = await mutualServer();
  const named = clientOf(server.url, { ...identity, servername: 'users.test' });
  await named.client.read();
  assert.equal(server.seen[0]?.servername, 'users.test');
  await named.client.close();
  const other = clientOf(server.url, { ...identity, servername: 'orders.test' });
  await assert.rejects(other.client.read(), {
    code: 'SWITCHGEAR_TLS_FAILED',
    message: /ERR_TLS_CERT_ALTNAME_INVALID/,
  });
  await other.client.close();
});

test('takes other certificates for new connections without a restart, and resumes no session of the old ones', async () => {
  for (const made of [(value: TlsOptions) => value, async (value: TlsOptions) => value]) {
    await using server = await mutualServer();
    let current: TlsOptions = identity;
    let asked = 0;
    const { client } = clientOf(server.url, () => {
      asked++;
      return made(current);
    });
    await client.read();
    await client.read();
    current = next;
    await client.read();
    assert.deepEqual(
      server.seen.map(({ client: name }) => name.replace('Switchgear ', '').replace(' (test only)', '')),
      ['client', 'client', 'next client'],
    );
    assert.equal(asked, 3, 'asked once for each connection');
    await client.close();
  }
});

test('goes on with the last good certificates when new ones are half written, and says so', async () => {
  await using server = await mutualServer();
  const given: (() => TlsOptions | Promise<TlsOptions>)[] = [
    () => identity,
    () => ({ ...identity, key: next.key }),
    () => Promise.reject(new Error('no such file')),
    () => {
      throw new Error('no such file');
    },
    () => next,
  ];
  const { client, events } = clientOf(server.url, () => (given.shift() as () => TlsOptions)());
  for (let i = 0; i < 5; i++) await client.read();
  assert.deepEqual(
    server.seen.map(({ client: name }) => name.includes('next')),
    [false, false, false, false, true],
  );
  const told = events.filter(({ type }) => type === 'tls.reload-failed');
  assert.equal(told.length, 3);
  assert.ok(!inspect(told, { depth: 20 }).includes('PRIVATE KEY'));
  await client.close();
});

test('without any certificates there is no connection, and no second attempt at one', async () => {
  const { client } = clientOf('https://127.0.0.1:1', async () => {
    throw new Error('no such file');
  });
  await assert.rejects(client.read(), { code: 'SWITCHGEAR_TLS_FAILED', sent: 'never', attempts: 1 });
  await client.close();
});

test('a function that never gives certificates is given up with the connection', async () => {
  const clock = new ManualClock();
  const { client } = clientOf('https://127.0.0.1:1', () => new Promise(() => {}), {
    runtime: { clock, random: () => 0 },
    connectTimeoutMs: 500,
    retry: { maxRetries: 0 },
  });
  const failed = assert.rejects(client.read(), { code: 'SWITCHGEAR_CONNECT_FAILED', sent: 'never' });
  await clock.advance(500);
  await failed;
  await client.close();
});

test('an environment that turns verification off is not heeded', async () => {
  await using server = await mutualServer({ requestCert: false });
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  try {
    const { client } = clientOf(server.url, undefined);
    await assert.rejects(client.read(), { code: 'SWITCHGEAR_TLS_FAILED', message: /SELF_SIGNED_CERT_IN_CHAIN/ });
    await client.close();
  } finally {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
  }
});

test('a token endpoint has certificates of its own, which may stand in for a secret', async () => {
  await using tokens = await mutualServer();
  const hits: string[] = [];
  await using service = await LoopbackServer.start((hit, response, request) => {
    hits.push(String(hit.headers.authorization));
    return json(200, {})(hit, response, request);
  });
  const auth = clientCredentials({ tokenUrl: `${tokens.url}/token`, clientId: 'orders', tls: identity });
  const { client } = clientOf(service.url, undefined, { auth });
  await client.read();
  assert.deepEqual(hits, ['Bearer t']);
  assert.equal(tokens.seen[0]?.client, 'Switchgear client (test only)');
  await client.close();
  const untrusted = clientCredentials({ tokenUrl: `${tokens.url}/token`, clientId: 'a', clientSecret: 'b' });
  const other = clientOf(service.url, undefined, { auth: untrusted });
  await assert.rejects(other.client.read(), { code: 'SWITCHGEAR_TOKEN_UNAVAILABLE', attempts: 1 });
  await other.client.close();
});

test('refuses certificates that cannot be when the client is made, and never shows them', () => {
  const canary = 'canary-of-a-key';
  const table: [TlsSource, RegExp][] = [
    [{ ...identity, key: next.key }, /tls: expected certificates and a key that belong together/],
    [{ ...identity, key: canary }, /tls: expected certificates and a key that belong together/],
    [{ cert: identity.cert }, /cert and key together, got "cert alone"/],
    [{ key: canary }, /cert and key together, got "key alone"/],
    [{ ca: '' }, /tls\.ca/],
    [{ ca: [] }, /tls\.ca/],
    [{ cert: 7, key: canary } as never, /tls\.cert/],
    [{ pfx: canary } as never, /tls\.pfx/],
    [{ servername: '' }, /tls\.servername/],
    ['pem' as never, /createServiceClient\.tls/],
  ];
  for (const [tls, message] of table) {
    assert.throws(
      () => clientOf('https://users.test', tls),
      (error) => {
        assert.ok(error instanceof SwitchgearError && error.code === 'SWITCHGEAR_INVALID_CONFIG');
        assert.match(error.message, message);
        assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes('canary'));
        return true;
      },
    );
  }
  assert.throws(() => clientOf('http://users.test', identity), /tls: expected nothing, as baseUrl is not https/);
});

/** A proxy that changes the first record of application data after the handshake, which the server answers with an alert. */
async function corrupting(port: number) {
  const proxy = createTcpServer((incoming) => {
    const outgoing = connect(port, '127.0.0.1');
    let held = Buffer.alloc(0);
    let encrypted = 0;
    incoming.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      for (;;) {
        const length = held.length < 5 ? Number.POSITIVE_INFINITY : 5 + held.readUInt16BE(3);
        if (held.length < length) return;
        const record = Buffer.from(held.subarray(0, length));
        held = held.subarray(length);
        // Type 23: the first ones carry the client's certificate and the end of its handshake, in one record or in several.
        if (record[0] === 23 && ++encrypted > 3) record[length - 1] = (record[length - 1] as number) ^ 1;
        outgoing.write(record);
      }
    });
    outgoing.pipe(incoming);
    for (const socket of [incoming, outgoing]) socket.on('error', () => {});
    incoming.on('close', () => outgoing.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const close = (): Promise<void> => new Promise((resolve) => proxy.close(() => resolve()));
  return { url, [Symbol.asyncDispose]: close };
}
