import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from './loopback.ts';

for (const address of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) {
  test(`takes ${address} for this machine`, () => assert.equal(isLoopback(address), true));
}

for (const address of ['10.0.0.1', '::2', '::ffff:10.0.0.1', '0.0.0.0', '127.0.0.1.example.test', '', undefined]) {
  test(`takes ${address} for another machine`, () => assert.equal(isLoopback(address), false));
}
