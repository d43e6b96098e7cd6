import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptTimeout, systemRuntime } from '@switchgear/policy';
import { json, LoopbackServer } from '../../test/loopback-server.ts';
import { blockedBy, EgressBlocked, type EgressGuard, guardedLookup, literalAddress, publicOnly } from './egress.ts';
import { TransportFailure, type TransportOptions, type WireRequest } from './transport.ts';
import { undiciTransport } from './undici-transport.ts';

const get: WireRequest = { method: 'GET', path: '/', headers: [], body: undefined };

test('public lets through what is on the internet and nothing else', () => {
  const inside = [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    '2002:a00:1::1',
    'localhost',
    '',
  ];
  const outside = ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::1'];
  assert.deepEqual(inside.filter(publicOnly), []);
  assert.deepEqual(
    outside.filter((address) => !publicOnly(address)),
    [],
  );
});

test('a guard that throws, or answers anything but true, refuses', () => {
  const guards = [
    () => {
      throw new Error('broken');
    },
    () => 'yes',
    () => Promise.resolve(true),
    () => undefined,
  ] as unknown as EgressGuard[];
  for (const guard of guards) assert.ok(blockedBy(guard, '8.8.8.8') instanceof EgressBlocked);
  assert.equal(
    blockedBy(() => true, '8.8.8.8'),
    undefined,
  );
  assert.ok(blockedBy(() => true, undefined) instanceof EgressBlocked);
});

test('a look-up leaves out what is refused, and fails when nothing is left', () => {
  const answers = [
    { address: '127.0.0.1', family: 4 },
    { address: '8.8.8.8', family: 4 },
  ];
  const heard: unknown[] = [];
  guardedLookup(publicOnly, (_, __, done) => done(null, answers))('x.test', { all: true }, (...said) =>
    heard.push(said),
  );
  assert.deepEqual(heard.pop(), [null, [answers[1]]]);
  guardedLookup(publicOnly, (_, __, done) => done(null, answers.slice(0, 1)))('x.test', { all: true }, (error) =>
    heard.push(error),
  );
  assert.ok(heard.pop() instanceof EgressBlocked);
  guardedLookup(publicOnly, (_, __, done) => done(null, '10.0.0.1', 4))('x.test', {}, (error) => heard.push(error));
  assert.ok(heard.pop() instanceof EgressBlocked);
});

test('an address is known from a name', () => {
  const table: [hostname: string, address: string | undefined][] = [
    ['127.0.0.1', '127.0.0.1'],
    ['[::1]', '::1'],
    ['::1', '::1'],
    ['users.test', undefined],
    ['1.2.3', undefined],
  ];
  for (const [hostname, address] of table) assert.equal(literalAddress(hostname), address);
});

async function sendOver(options: Partial<TransportOptions> & { readonly origin: string }): Promise<number> {
  const transport = undiciTransport({
    connections: 2,
    connectTimeoutMs: 1_000,
    keepAliveMs: 4_000,
    maxBodyBytes: 10_000,
    maxHeaderBytes: 16_384,
    allowH2: false,
    runtime: systemRuntime,
    ...options,
  });
  try {
    const policy = attemptTimeout({ attemptTimeoutMs: 10_000 });
    return (await policy.execute((call) => transport.send(get, call))).status;
  } finally {
    await transport.close();
  }
}

const isBlocked = (error: unknown): boolean =>
  error instanceof TransportFailure && error.reached === 'nothing' && error.cause instanceof EgressBlocked;

test('no connection is made to an address that is refused, named or given', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const { port } = new URL(server.url);
  for (const origin of [server.url, `http://localhost:${port}`]) {
    await assert.rejects(sendOver({ origin, egress: publicOnly }), isBlocked);
  }
  await assert.rejects(sendOver({ origin: 'http://users.test', address: '127.0.0.1', egress: publicOnly }), isBlocked);
  assert.equal(server.hits.length, 0);
  assert.equal(await server.connections(), 0);
});

test('the guard is asked about the address that a name led to', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const { port } = new URL(server.url);
  const asked = new Set<string>();
  const note: EgressGuard = (address) => {
    asked.add(address);
    return address === '127.0.0.1';
  };
  assert.equal(await sendOver({ origin: `http://localhost:${port}`, egress: note }), 200);
  assert.ok(asked.has('127.0.0.1'));
  assert.ok(!asked.has('localhost'));
});

test('where an address is given it is connected to, and the request keeps the name', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const { port } = new URL(server.url);
  assert.equal(await sendOver({ origin: `http://users.test:${port}`, address: '127.0.0.1' }), 200);
  assert.equal(server.hits[0]?.headers.host, `users.test:${port}`);
});
