import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originKey } from './origin-key.ts';

test('the same place has one key, however it is written', () => {
  const spellings = [
    ['http://users.test', 'http://USERS.test', 'http://users.test.', 'http://users.test:80', 'HTTP://users.test:80/'],
    ['https://users.test', 'https://users.test:443', 'https://users.test.:443'],
    ['http://[::1]:8080', 'http://[0:0:0:0:0:0:0:1]:8080', 'http://[0::1]:8080/'],
    ['http://127.0.0.1:8080', 'http://127.1:8080', 'http://0x7f000001:8080'],
    ['http://xn--mnchen-3ya.test', 'http://münchen.test', 'http://MÜNCHEN.test.'],
  ];
  const keys = spellings.map((same) => new Set(same.map((origin) => originKey(origin))));
  for (const [i, found] of keys.entries()) assert.equal(found.size, 1, spellings[i]?.join(' '));
  assert.equal(new Set(keys.flatMap((found) => [...found])).size, spellings.length);
});

test('another scheme, port or name is another place', () => {
  const places = [
    'http://a.test',
    'https://a.test',
    'http://a.test:443',
    'http://b.test',
    'http://localhost',
    'http://[::1]',
  ];
  assert.equal(new Set(places.map(originKey)).size, places.length);
});
