import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import * as z from 'zod';
import { type Answer, closedPort, hang, json, LoopbackServer } from '../../test/loopback-server.ts';
import { bearer } from '../auth/bearer.ts';
import { clientCredentials } from '../auth/client-credentials.ts';
import type { Lookups } from '../dns-lookups.ts';
import { type ClientEvent, createServiceClient, get, post, type ServiceClientOptions } from '../index.ts';
import { dnsHosts } from './dns-hosts.ts';
import { hostOf } from './failed-host.ts';
import { hostsFrom } from './hosts-from.ts';

const operations = {
  getUser: get('/users/{userId}'),
  createUser: post('/users', { body: z.object({ name: z.string() }) }),
} as const;

function clientOf(baseUrl: ServiceClientOptions['baseUrl'], more: Partial<ServiceClientOptions> = {}) {
  const client = createServiceClient({
    target: 'user-service',
    baseUrl,
    operations,
    retry: { baseMs: 1, maxMs: 2 },
    budget: { ratio: 1, minPerSecond: 1_000 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  const of = <T extends ClientEvent['type']>(type: T) =>
    events.filter((event): event is Extract<ClientEvent, { type: T }> => event.type === type);
  return { client, of };
}

const named =
  (name: string): Answer =>
  (hit, response, request) =>
    json(200, { name, host: hit.headers.host })(hit, response, request);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await settle();
}

test('one dead host of three costs no call, not even a POST, and none is sent twice', async () => {
  await using a = await LoopbackServer.start(named('a'));
  await using b = await LoopbackServer.start(named('b'));
  const dead = `http://127.0.0.1:${await closedPort()}`;
  const { client, of } = clientOf([a.url, dead, b.url]);
  for (let i = 0; i < 60; i++) {
    if (i % 2 === 0) await client.getUser({ userId: i });
    else await client.createUser({ body: { name: `user ${i}` } });
  }
  const hits = [...a.hits, ...b.hits];
  assert.equal(hits.length, 60);
  assert.equal(new Set(hits.filter(({ method }) => method === 'POST').map(({ body }) => body)).size, 30);
  const fates = of('call.finished').map(({ fate }) => fate);
  assert.ok(fates.every((fate) => fate === 'ok' || fate === 'ok-retried'));
  // Asked again once at most before it is passed over: what never left need not wait, and goes elsewhere.
  for (const { waitMs } of of('retry.scheduled')) assert.equal(waitMs, 0);
  for (const { host } of of('host.ejected')) assert.equal(host, dead);
  await client.close();
});

test('one hanging host of three holds up few calls, and those are answered by another', async () => {
  await using a = await LoopbackServer.start(named('a'));
  await using b = await LoopbackServer.start(named('b'));
  await using c = await LoopbackServer.start(hang);
  const clock = new ManualClock();
  const { client } = clientOf([a.url, b.url, c.url], { runtime: { clock, random: Math.random } });
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < 40; i++) {
    calls.push(client.getUser({ userId: i }));
    await until(() => a.hits.length + b.hits.length + c.hits.length > i);
  }
  const held = c.hits.length;
  let open = calls.length;
  for (const call of calls) void call.finally(() => open--);
  await until(async () => {
    if (open > 0) await clock.advance(100);
    return open === 0;
  });
  await Promise.all(calls);
  assert.ok(held <= 20, `${held} of 40`);
  assert.equal(a.hits.length + b.hits.length + c.hits.length, 40 + held);
  await client.close();
});

test('when all hosts are dead each is tried, and soon calls are refused at once', async () => {
  const hosts = await Promise.all([1, 2, 3].map(async () => `http://127.0.0.1:${await closedPort()}`));
  const { client, of } = clientOf(hosts);
  const error = await client.createUser({ body: { name: 'Ada' } }).catch((thrown: unknown) => thrown);
  assert.deepEqual(
    { ...(error as object), stopped: undefined },
    { ...(error as object), sent: 'never', phase: 'connect', attempts: 3, stopped: undefined },
  );
  assert.ok(hosts.includes(hostOf(error) as string));
  const tried = client.snapshot().hosts?.map(({ consecutiveFailures }) => consecutiveFailures);
  assert.deepEqual(tried, [1, 1, 1]);
  for (let i = 0; i < 40; i++) await client.getUser({ userId: i }).catch(() => {});
  await assert.rejects(client.getUser({ userId: 1 }), { code: 'SWITCHGEAR_CIRCUIT_OPEN', sent: 'never' });
  assert.equal(of('hosts.panicked').length, 1);
  assert.equal(client.snapshot().breaker.state, 'open');
  await client.close();
});

test('a resolver is asked by the first call, and hosts that it removes lose their connections', async () => {
  await using a = await LoopbackServer.start(named('a'));
  await using b = await LoopbackServer.start(named('b'));
  const clock = new ManualClock();
  let found = [a.url];
  const { client, of } = clientOf(
    hostsFrom('http://users/api', async () => found, { ttlMs: 1_000 }),
    { runtime: { clock, random: () => 0 } },
  );
  assert.match(client.describe(), /^hosts: found when the first call asks;/m);
  assert.deepEqual(await client.getUser({ userId: 1 }), { name: 'a', host: new URL(a.url).host });
  assert.equal(a.hits[0]?.path, '/api/users/1');
  found = [b.url];
  await clock.advance(1_000);
  await client.getUser({ userId: 2 });
  await until(() => of('hosts.resolved').length === 2);
  assert.deepEqual(await client.getUser({ userId: 3 }), { name: 'b', host: new URL(b.url).host });
  await until(async () => (await a.connections()) === 0);
  assert.deepEqual(
    client.snapshot().hosts?.map(({ origin }) => origin),
    [b.url],
  );
  await client.close();
  await until(async () => (await b.connections()) === 0);
  await clock.advance(10_000);
  assert.equal(clock.pending, 0);
});

test('a name is resolved to its addresses, and requests keep the name', async () => {
  await using server = await LoopbackServer.start(named('a'));
  const { port } = new URL(server.url);
  const lookups: Lookups = {
    addresses: async (name) => (name === 'users.test' ? [{ address: '127.0.0.1', ttl: 60 }] : []),
    services: async () => [],
    system: async () => [],
  };
  const { client } = clientOf(dnsHosts(`http://users.test:${port}`, { lookups }));
  assert.deepEqual(await client.getUser({ userId: 1 }), { name: 'a', host: `users.test:${port}` });
  const [host] = client.snapshot().hosts ?? [];
  assert.deepEqual([host?.origin, host?.address], [`http://users.test:${port}`, '127.0.0.1']);
  await client.close();
});

test('a token goes to each of the hosts that were named, and nowhere else', async () => {
  const elsewhere: Answer = (_, response) => void response.writeHead(302, { location: other.url }).end();
  await using other = await LoopbackServer.start(named('other'));
  await using a = await LoopbackServer.start(elsewhere);
  await using b = await LoopbackServer.start(elsewhere);
  const { client } = clientOf([a.url, b.url], { auth: bearer('canary-token') });
  for (let i = 0; i < 8; i++) await client.getUser({ userId: i }).catch(() => {});
  assert.ok(a.hits.length > 0 && b.hits.length > 0);
  for (const { headers } of [...a.hits, ...b.hits]) assert.equal(headers.authorization, 'Bearer canary-token');
  assert.equal(other.hits.length, 0);
  await client.close();
});

test('a list of one is one host, and says no more than a URL does', async () => {
  await using server = await LoopbackServer.start(named('a'));
  const { client: one } = clientOf([server.url]);
  const { client: plain } = clientOf(server.url);
  await one.getUser({ userId: 1 });
  assert.equal(one.describe(), plain.describe());
  assert.equal(one.snapshot().hosts, undefined);
  assert.equal(one.snapshot().breaker.calls, 1);
  await one.close();
  await plain.close();
});

test('snapshot, describe and explain name every host', async () => {
  await using a = await LoopbackServer.start(named('a'));
  await using b = await LoopbackServer.start(named('b'));
  const { client } = clientOf([a.url, b.url]);
  await client.getUser({ userId: 1 });
  const { hosts, breaker } = client.snapshot();
  assert.deepEqual(
    hosts?.map(({ origin, address, state, inFlight }) => [origin, address, state, inFlight]),
    [
      [a.url, null, 'in-service', 0],
      [b.url, null, 'in-service', 0],
    ],
  );
  assert.equal(breaker.state, 'closed');
  JSON.stringify(client.snapshot());
  for (const url of [a.url, b.url]) {
    assert.ok(client.describe().includes(url));
    assert.ok(client.explain().includes(`${url}: in-service`));
  }
  await client.close();
});

test('with egress public nothing is written to this machine, by the client or for its token', async () => {
  await using server = await LoopbackServer.start(named('a'));
  for (const baseUrl of [server.url, [server.url, `http://localhost:${new URL(server.url).port}`]]) {
    const { client, of } = clientOf(baseUrl, { egress: 'public' });
    await assert.rejects(client.getUser({ userId: 1 }), {
      code: 'SWITCHGEAR_EGRESS_REFUSED',
      sent: 'never',
      attempts: 1,
    });
    assert.equal(of('call.finished')[0]?.fate, 'misused');
    await client.close();
  }
  const auth = clientCredentials({ tokenUrl: `${server.url}/token`, clientId: 'id', clientSecret: 'canary' });
  const { client: withToken } = clientOf('http://users.test', { egress: 'public', auth });
  await assert.rejects(withToken.getUser({ userId: 1 }), { code: 'SWITCHGEAR_TOKEN_UNAVAILABLE' });
  await withToken.close();
  assert.equal(server.hits.length, 0);

  const { client } = clientOf(server.url, { egress: () => true });
  await client.getUser({ userId: 1 });
  await client.close();
  assert.equal(server.hits.length, 1);
});

test('hosts that do not go together are refused where they are written, without showing them', () => {
  const wrong: [baseUrl: unknown, path: string][] = [
    [[], 'baseUrl'],
    [['http://a.test', 7], 'baseUrl'],
    [{ resolve: async () => ({ hosts: [] }) }, 'baseUrl'],
    [['http://a.test', 'https://b.test'], 'baseUrl[1]'],
    [['http://a.test/api', 'http://b.test'], 'baseUrl[1]'],
    [['http://a.test', 'http://A.test.:80'], 'baseUrl[1]'],
    [['http://a.test', 'http://user:canary@b.test'], 'baseUrl[1]'],
    [{ baseUrl: 'http://user:canary@b.test', resolve: async () => ({ hosts: [] }) }, 'baseUrl'],
  ];
  for (const [baseUrl, path] of wrong) {
    assert.throws(
      () => clientOf(baseUrl as string),
      (error) =>
        error instanceof ConfigError &&
        error.path === `createServiceClient.${path}` &&
        !error.message.includes('canary'),
      JSON.stringify(baseUrl),
    );
  }
  const options: [hosts: object, path: string][] = [
    [{ ejectMs: 5_000, maxEjectMs: 1_000 }, 'hosts.maxEjectMs'],
    [{ minimumHosts: 2 }, 'hosts.minimumHosts'],
    [{ eject: 1 }, 'hosts.eject'],
    [{ decayMs: 0 }, 'hosts.decayMs'],
  ];
  for (const [hosts, path] of options) {
    assert.throws(() => clientOf(['http://a.test', 'http://b.test'], { hosts }), {
      path: `createServiceClient.${path}`,
    });
  }
  assert.throws(() => clientOf('http://a.test', { hosts: {} }), { path: 'createServiceClient.hosts' });
  assert.throws(() => clientOf('http://a.test', { egress: 'private' as never }), {
    path: 'createServiceClient.egress',
  });
});
