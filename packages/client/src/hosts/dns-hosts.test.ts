import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@switchgear/policy';
import type { AddressRecord, Lookups, ServiceRecord } from '../dns-lookups.ts';
import { dnsHosts } from './dns-hosts.ts';
import { hostsFrom } from './hosts-from.ts';
import { srvHosts } from './srv-hosts.ts';

const { signal } = new AbortController();

const failure = (code: string): Error => Object.assign(new Error(code), { code });

interface Zone {
  readonly a?: readonly AddressRecord[];
  readonly aaaa?: readonly AddressRecord[];
  readonly srv?: readonly ServiceRecord[];
  readonly system?: readonly string[];
}

/** DNS as a test has it; what is left out is not found. */
function zone({ a, aaaa, srv, system }: Zone): { readonly lookups: Lookups; readonly asked: string[] } {
  const asked: string[] = [];
  const found = <T>(question: string, records: T | undefined): Promise<T> => {
    asked.push(question);
    return records === undefined ? Promise.reject(failure('ENOTFOUND')) : Promise.resolve(records);
  };
  return {
    asked,
    lookups: {
      addresses: (name, family) => found(`${name} ${family}`, family === 4 ? a : aaaa),
      services: (name) => found(`${name} srv`, srv),
      system: (name) => found(`${name} system`, system),
    },
  };
}

test('each address of the name is a host, and the shortest time to live holds', async () => {
  const { lookups } = zone({
    a: [
      { address: '10.0.0.1', ttl: 30 },
      { address: '10.0.0.2', ttl: 5 },
    ],
  });
  const resolver = dnsHosts('https://users.test:8443/api', { lookups });
  assert.deepEqual(await resolver.resolve(signal), {
    hosts: [
      { origin: 'https://users.test:8443', address: '10.0.0.1' },
      { origin: 'https://users.test:8443', address: '10.0.0.2' },
    ],
    ttlMs: 5_000,
  });
});

test('a time to live keeps within the bounds', async () => {
  const table: [ttl: number, ttlMs: number][] = [
    [0, 1_000],
    [10, 10_000],
    [86_400, 60_000],
  ];
  for (const [ttl, ttlMs] of table) {
    const { lookups } = zone({ a: [{ address: '10.0.0.1', ttl }] });
    assert.equal((await dnsHosts('http://users.test', { lookups }).resolve(signal)).ttlMs, ttlMs);
  }
});

test('takes one family, IPv4 if there is any', async () => {
  const a = [{ address: '10.0.0.1', ttl: 1 }];
  const aaaa = [{ address: 'fd00::1', ttl: 1 }];
  const first = async (known: Zone, family?: 'ipv4' | 'ipv6'): Promise<unknown> => {
    const { lookups } = zone(known);
    const options = family === undefined ? { lookups } : { lookups, family };
    const { hosts } = await dnsHosts('http://users.test', options).resolve(signal);
    return hosts.map((host) => (typeof host === 'string' ? host : host.address));
  };
  assert.deepEqual(await first({ a, aaaa }), ['10.0.0.1']);
  assert.deepEqual(await first({ aaaa }), ['fd00::1']);
  assert.deepEqual(await first({ a, aaaa }, 'ipv6'), ['fd00::1']);
  assert.deepEqual(await first({ system: ['::1', '127.0.0.1', '::2'] }), ['::1', '::2']);
  assert.deepEqual(await first({ system: ['::1', '127.0.0.1'] }, 'ipv4'), ['127.0.0.1']);
  await assert.rejects(first({ aaaa, system: ['::1'] }, 'ipv4'), { code: 'ENOTFOUND' });
});

test('asks the operating system about a name that DNS does not know', async () => {
  const { lookups, asked } = zone({ system: ['127.0.0.1'] });
  const { hosts, ttlMs } = await dnsHosts('http://users', { lookups }).resolve(signal);
  assert.deepEqual([hosts, ttlMs], [[{ origin: 'http://users', address: '127.0.0.1' }], 30_000]);
  assert.deepEqual(asked, ['users 4', 'users 6', 'users system']);
  await assert.rejects(dnsHosts('http://users', { lookups: zone({}).lookups }).resolve(signal), { code: 'ENOTFOUND' });
});

test('looks no further once it is given up', async () => {
  const { lookups, asked } = zone({ system: ['127.0.0.1'] });
  await assert.rejects(dnsHosts('http://users', { lookups }).resolve(AbortSignal.abort()), { name: 'AbortError' });
  assert.deepEqual(asked, ['users 4']);
});

test('SRV records give names, ports, priorities and weights', async () => {
  const { lookups, asked } = zone({
    srv: [
      { name: 'a.test', port: 8080, priority: 10, weight: 60 },
      { name: 'b.test', port: 8081, priority: 20, weight: 0 },
      { name: '.', port: 0, priority: 0, weight: 0 },
    ],
  });
  const resolver = srvHosts('http://_users._tcp.test/api', { lookups });
  assert.deepEqual(await resolver.resolve(signal), {
    hosts: [
      { origin: 'http://a.test:8080', priority: 10, weight: 60 },
      { origin: 'http://b.test:8081', priority: 20, weight: 0.1 },
    ],
    ttlMs: 30_000,
  });
  assert.deepEqual(asked, ['_users._tcp.test srv']);
});

test('a function gives the hosts, and how long they hold', async () => {
  const resolver = hostsFrom(
    'http://users/api',
    async () => ['http://a.test', { origin: 'http://b.test', weight: 2 }],
    {
      ttlMs: 500,
    },
  );
  assert.deepEqual(await resolver.resolve(signal), {
    hosts: ['http://a.test', { origin: 'http://b.test', weight: 2 }],
    ttlMs: 500,
  });
});

test('what cannot be resolved is refused where it is written', () => {
  const wrong = [
    () => dnsHosts('http://127.0.0.1:8080'),
    () => dnsHosts('http://[::1]'),
    () => dnsHosts('users:8080'),
    () => dnsHosts('http://users', { minTtlMs: 5_000, maxTtlMs: 1_000 }),
    () => dnsHosts('http://users', { lookups: 'dns' as never }),
    () => srvHosts('http://_users._tcp.test:8080'),
    () => srvHosts('ftp://_users._tcp.test'),
    () => hostsFrom('http://users', undefined as never),
    () => hostsFrom('http://user:secret@users', async () => []),
    () => hostsFrom('http://users', async () => [], { ttl: 1 } as never),
  ];
  for (const make of wrong) {
    assert.throws(make, (error) => error instanceof ConfigError && !error.message.includes('secret'));
  }
});
