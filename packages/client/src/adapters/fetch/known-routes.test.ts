import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get, post } from '../../contract/operation.ts';
import { KnownRoutes } from './known-routes.ts';

test('knows a request of the contract by method and path, the closest one first', () => {
  const routes = new KnownRoutes({
    getUser: get('/users/{userId}'),
    getMe: get('/users/me'),
    createUser: post('/users'),
    getOrder: get('/users/{userId}/orders/{orderId}'),
    root: get('/'),
  });
  const table: [string, string, string | undefined][] = [
    ['GET', '/users/42', 'getUser'],
    ['GET', '/users/42?expand=/a/b', 'getUser'],
    ['GET', '/users/me', 'getMe'],
    ['POST', '/users', 'createUser'],
    ['GET', '/users/1/orders/2', 'getOrder'],
    ['GET', '/', 'root'],
    ['GET', '/users', undefined],
    ['GET', '/users/', undefined],
    ['POST', '/users/42', undefined],
    ['GET', '/users/1/orders/2/3', undefined],
    ['__proto__', '/constructor', undefined],
  ];
  for (const [method, path, name] of table) {
    assert.equal(routes.find(method, path)?.name, name, `${method} ${path}`);
  }
});
