import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidRequestError } from '../../errors.ts';
import { pathWithin } from './fetch-url.ts';

const place = { origin: 'http://users.internal:8080', prefix: '/api' };

test('takes a path beneath the base URL, and the whole of such a URL', () => {
  const table: [string, string][] = [
    ['/users/42?expand=all', '/api/users/42?expand=all'],
    ['users/42', '/api/users/42'],
    ['?page=2', '/api?page=2'],
    ['', '/api/'],
    ['/users/42#part', '/api/users/42'],
    ['/users/a b', '/api/users/a%20b'],
    ['/users/a%2Fb', '/api/users/a%2Fb'],
    ['/users/a:b', '/api/users/a:b'],
    ['/users/..b/c..', '/api/users/..b/c..'],
    ['/search?q=../x', '/api/search?q=../x'],
    ['http://users.internal:8080/api/users/42', '/api/users/42'],
    ['HTTP://USERS.internal:8080/api', '/api'],
  ];
  for (const [given, path] of table) assert.equal(pathWithin(given, place, {}), path, given);
  assert.equal(pathWithin('/users', { origin: 'http://a', prefix: '' }, {}), '/users');
});

test('refuses what leads elsewhere, or might, and shows none of it', () => {
  const refused = [
    'http://evil/api/canary',
    'https://users.internal:8080/api/canary',
    'http://users.internal:8081/api/canary',
    'http://users.internal/api/canary',
    'http://canary:secret@users.internal:8080/api/x',
    'http://users.internal:8080/other/canary',
    'http://users.internal:8080/apicanary',
    'http://users.internal:8080/api/../canary',
    '//evil/canary',
    '\\\\evil\\canary',
    '/\\evil/canary',
    'HTTP:evil/canary',
    'http:canary',
    'file:///canary',
    'data:text/plain,canary',
    'unix:/canary',
    'javascript:canary',
    '\t//evil/canary',
    ' http://evil/canary',
    '/users/canary\n',
    '/users/canary\r\nx: y',
    '/users/canary\0',
    '/users/../canary',
    '/users/..',
    '..',
    './canary',
    '/users/%2e%2e/canary',
    '/users/.%2E/canary',
    '/users/%252e%252e/canary',
    '/users/..%2fcanary',
    '/users/..%5ccanary',
    '/users/\ud800canary',
    'http://[canary',
  ];
  for (const given of refused) {
    assert.throws(
      () => pathWithin(given, place, {}),
      (error) =>
        error instanceof InvalidRequestError && !/canary|evil|secret/.test(JSON.stringify(error) + error.stack),
      given,
    );
  }
});
