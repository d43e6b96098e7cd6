import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pathTemplate } from './path-template.ts';

const user = pathTemplate('/users/{userId}/keys');

test('fills each parameter into exactly one segment', () => {
  assert.deepEqual(user.build({ userId: 42 }), { ok: true, path: '/users/42/keys' });
  assert.deepEqual(user.build({ userId: 'a/b' }), { ok: true, path: '/users/a%2Fb/keys' });
  assert.deepEqual(user.build({ userId: '한 글?#' }), { ok: true, path: '/users/%ED%95%9C%20%EA%B8%80%3F%23/keys' });
  assert.deepEqual(user.build({ userId: 2n ** 64n }), { ok: true, path: '/users/18446744073709551616/keys' });
  assert.deepEqual(pathTemplate('/').build({}), { ok: true, path: '/' });
  assert.deepEqual(pathTemplate('/users/').build({}), { ok: true, path: '/users/' });
});

test('refuses a value that could lead elsewhere, naming the parameter', () => {
  const escapes = ['..', '.', '%2e%2e', '%2E', '..%2f', 'a/../../b', '..\\admin', '%252e%252e', 'x%2f..%2fy'];
  const broken = ['', '\ud800', 'a\nb', 'a\0b', '\x7f'];
  for (const userId of [...escapes, ...broken, undefined, null, {}, [], true, Number.NaN, Number.POSITIVE_INFINITY]) {
    const built = user.build({ userId });
    assert.equal(built.ok, false, `let ${JSON.stringify(userId)} through`);
    assert.equal(!built.ok && built.param, 'userId');
  }
});

test('reads no parameter that is only inherited', () => {
  assert.equal(user.build(Object.create({ userId: 1 })).ok, false);
});

test('keeps origin, prefix and shape for any value it lets through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (userId) => {
      const built = user.build({ userId });
      if (!built.ok) return;
      const url = new URL(`http://users.test/api${built.path}`);
      assert.equal(url.origin, 'http://users.test');
      assert.equal(url.pathname, `/api${built.path}`);
      assert.match(url.pathname, /^\/api\/users\/[^/]+\/keys$/);
      assert.equal(decodeURIComponent(url.pathname.split('/')[3] as string), userId);
    }),
    { numRuns: 20_000 },
  );
});

test('refuses a template that cannot be', () => {
  const wrong = [
    'users',
    '',
    '/users//keys',
    '/users/{a}/{a}',
    '/users/{a}b',
    '/users/{}',
    '/a/../b',
    '/users?x=1',
    '/{body}',
  ];
  for (const template of wrong) assert.throws(() => pathTemplate(template), { code: 'SWITCHGEAR_INVALID_CONFIG' });
});
