import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { contentDigest } from './content-digest.ts';
import type { UnauthorisedRequest } from './credential.ts';
import { quoted, signatureBase } from './signature-base.ts';

/** The request and the key that RFC 9421 tests with: sections B.2 and B.1.5. */
const body = Buffer.from('{"hello": "world"}');
const request: UnauthorisedRequest = {
  method: 'POST',
  origin: 'https://example.com',
  path: '/foo?param=Value&Pet=dog',
  headers: [
    ['date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
    ['Content-Type', 'application/json'],
    ['content-digest', contentDigest(body, 'sha-512')],
    ['content-length', '18'],
  ].flat(),
  body,
};
const key = Buffer.from(
  'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
  'base64',
);

test('makes the base and the signature of RFC 9421, section B.2.5', () => {
  const { base, input } = signatureBase(request, ['date', '@authority', 'content-type'], {
    created: 1_618_884_473,
    keyid: 'test-shared-secret',
  });
  assert.equal(
    base,
    [
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@authority": example.com',
      '"content-type": application/json',
      '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    ].join('\n'),
  );
  assert.equal(input, '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"');
  const signature = createHmac('sha256', key).update(base).digest('base64');
  assert.equal(signature, 'pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=');
});

test('makes the digests of RFC 9530 and RFC 9421', () => {
  assert.equal(contentDigest(body, 'sha-256'), 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:');
  assert.equal(
    contentDigest(body, 'sha-512'),
    'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
  );
});

test('names each part of a request as RFC 9421, section 2.2, does', () => {
  const names = ['@method', '@target-uri', '@authority', '@scheme', '@request-target', '@path', '@query'];
  const parts = (given: Partial<UnauthorisedRequest>): string[] =>
    signatureBase({ ...request, ...given }, names, { created: 1, keyid: 'k' })
      .base.split('\n')
      .slice(0, -1);
  assert.deepEqual(parts({}), [
    '"@method": POST',
    '"@target-uri": https://example.com/foo?param=Value&Pet=dog',
    '"@authority": example.com',
    '"@scheme": https',
    '"@request-target": /foo?param=Value&Pet=dog',
    '"@path": /foo',
    '"@query": ?param=Value&Pet=dog',
  ]);
  const other = parts({ origin: 'http://127.0.0.1:8081', path: '/a%2Fb', method: 'GET' });
  assert.equal(other[2], '"@authority": 127.0.0.1:8081');
  assert.equal(other[5], '"@path": /a%2Fb');
  assert.equal(other[6], '"@query": ?', 'a request without a query is told from none at all');
  assert.equal(parts({ path: '/a??b' })[6], '"@query": ??b');
});

test('joins a header that comes twice, and leaves out one that does not come', () => {
  const headers = ['x-many', ' a ', 'X-Many', 'b\t', 'x-empty', ''];
  const { base, input } = signatureBase({ ...request, headers }, ['x-many', 'x-none', 'x-empty'], {
    created: 1,
    keyid: 'k',
  });
  assert.deepEqual(base.split('\n').slice(0, 2), ['"x-many": a, b', '"x-empty": ']);
  assert.equal(input, '("x-many" "x-empty");created=1;keyid="k"');
});

test('writes all parameters, texts in quotes', () => {
  const { input } = signatureBase(request, ['@method'], {
    created: 1,
    expires: 61,
    nonce: 'n',
    alg: 'hmac-sha256',
    keyid: 'a"b\\c',
    tag: 'orders',
  });
  assert.equal(input, '("@method");created=1;expires=61;nonce="n";alg="hmac-sha256";keyid="a\\"b\\\\c";tag="orders"');
  assert.equal(quoted('é'), undefined);
  assert.equal(quoted('a\nb'), undefined);
});
