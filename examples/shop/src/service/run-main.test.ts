import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperatorError } from './operator-error.ts';
import { type MainProcess, runMain } from './run-main.ts';

function fakeProcess(): MainProcess & { readonly written: string[] } {
  const written: string[] = [];
  return { written, stderr: { write: (text) => written.push(text) } };
}

test('tells an operator what is wrong in one line and ends with 1', async () => {
  const host = fakeProcess();
  await runMain('shop', () => Promise.reject(new OperatorError('port 8081 is in use')), host);
  assert.deepEqual(host.written, ['shop: port 8081 is in use\n']);
  assert.equal(host.exitCode, 1);
});

test('keeps the stack of a defect', async () => {
  const host = fakeProcess();
  await runMain('shop', () => Promise.reject(new TypeError('oops')), host);
  assert.match(host.written.join(''), /^shop: TypeError: oops\n +at /);
  assert.equal(host.exitCode, 1);
});

test('leaves the exit code alone when all is well', async () => {
  const host = fakeProcess();
  await runMain('shop', async () => {}, host);
  assert.equal(host.exitCode, undefined);
});
