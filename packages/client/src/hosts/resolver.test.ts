import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostName, type KnownHost, readAnswer, readHost } from './resolver.ts';

const none = (): boolean => false;
const keysOf = (hosts: readonly KnownHost[]): string[] => hosts.map(({ key }) => key);

test('a host may be an origin, or an origin with an address, a priority and a weight', () => {
  assert.deepEqual(readHost('http://A.test.:80', 'http:'), {
    key: 'http://a.test',
    origin: 'http://a.test.',
    address: undefined,
    priority: 0,
    weight: 1,
  });
  const pinned = readHost({ origin: 'https://a.test:8443', address: '::1', priority: 2, weight: 5 }, 'https:');
  assert.deepEqual(pinned, {
    key: 'https://a.test:8443 at https://[::1]:8443',
    origin: 'https://a.test:8443',
    address: '::1',
    priority: 2,
    weight: 5,
  });
  assert.equal(hostName(pinned as KnownHost), 'https://[::1]:8443');
});

test('what is no host of the service is none', () => {
  const wrong: unknown[] = [
    'https://a.test',
    'http://user:secret@a.test',
    'http://a.test/path',
    'http://a.test?query',
    'a.test:80',
    '',
    undefined,
    null,
    7,
    {},
    { origin: 7 },
    { origin: 'http://a.test', address: 'b.test' },
    { origin: 'http://a.test', weight: 0 },
    { origin: 'http://a.test', weight: Number.NaN },
    { origin: 'http://a.test', priority: '1' },
  ];
  for (const given of wrong) assert.equal(readHost(given, 'http:'), undefined, JSON.stringify(given));
});

test('an answer has each host once, and none that is wrong', () => {
  const hosts = ['http://a.test', 'http://A.test:80', 'https://b.test', 'http://c.test', 17];
  const read = readAnswer({ hosts }, 'http:', 10, none);
  assert.deepEqual(keysOf(read), ['http://a.test', 'http://c.test']);
  for (const nonsense of [undefined, null, 'x', {}, { hosts: 'x' }]) {
    assert.deepEqual(readAnswer(nonsense, 'http:', 10, none), []);
  }
});

test('an answer that is too long is cut, and those known stay', () => {
  const hosts = Array.from({ length: 1_000 }, (_, i) => `http://host-${i}.test`);
  assert.equal(readAnswer({ hosts }, 'http:', 256, none).length, 256);
  const known = new Set(['http://host-998.test', 'http://host-999.test']);
  assert.deepEqual(keysOf(readAnswer({ hosts }, 'http:', 3, (key) => known.has(key))), [
    ...known,
    'http://host-0.test',
  ]);
});
