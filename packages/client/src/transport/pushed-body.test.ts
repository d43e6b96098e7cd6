import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PushedBody } from './pushed-body.ts';

function pushed() {
  const log: unknown[] = [];
  const body = new PushedBody({
    pause: () => log.push('pause'),
    resume: () => log.push('resume'),
    stop: (reason) => log.push(['stop', reason]),
  });
  return { body, log, reader: body[Symbol.asyncIterator]() };
}

const kib = (n: number) => new Uint8Array(n * 1024);

test('gives chunks in order, those that wait and those that are waited for', async () => {
  const { body, reader } = pushed();
  body.push(Uint8Array.of(1));
  body.push(new Uint8Array(0));
  body.push(Uint8Array.of(2));
  const read = [await reader.next(), await reader.next()];
  const waiting = reader.next();
  body.push(Uint8Array.of(3));
  read.push(await waiting);
  assert.deepEqual(
    read.map(({ value }) => value?.[0]),
    [1, 2, 3],
  );
  const last = reader.next();
  body.end();
  body.push(Uint8Array.of(4));
  assert.deepEqual(
    [await last, await reader.next()],
    [
      { done: true, value: undefined },
      { done: true, value: undefined },
    ],
  );
});

test('stops the connection when more has come than is read, and lets it go on when that is gone', async () => {
  const { body, log, reader } = pushed();
  body.push(kib(63));
  assert.deepEqual(log, []);
  body.push(kib(1));
  body.push(kib(1));
  assert.deepEqual(log, ['pause']);
  await reader.next();
  await reader.next();
  assert.deepEqual(log, ['pause']);
  await reader.next();
  assert.deepEqual(log, ['pause', 'resume']);
});

test('gives what had come before it broke off, and then the reason', async () => {
  const { body, log, reader } = pushed();
  body.push(Uint8Array.of(1));
  body.fail('lost');
  body.fail('again');
  assert.equal((await reader.next()).value?.[0], 1);
  await assert.rejects(reader.next(), (reason) => reason === 'lost');
  assert.deepEqual(log, []);
});

test('destroyed, it tells the connection once and its reader at once, and keeps nothing', async () => {
  const { body, log, reader } = pushed();
  const waiting = assert.rejects(reader.next(), (reason) => reason === 'enough');
  body.destroy('enough');
  body.destroy('again');
  await waiting;
  assert.deepEqual(log, [['stop', 'enough']]);

  const left = pushed();
  left.body.push(Uint8Array.of(1));
  await left.reader.return?.();
  assert.equal(left.log.length, 1);
  await assert.rejects(left.reader.next(), /not read to its end/);
});
