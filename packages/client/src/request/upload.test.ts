import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '@switchgear/policy/testing';
import { isStreamSource, isUsed, Upload } from './upload.ts';

/** A source that says what is asked of it. */
function told() {
  const log: string[] = [];
  const source: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => {
      log.push('begin');
      return {
        next: async () => {
          log.push('next');
          return { done: false, value: Uint8Array.of(1) };
        },
        return: async () => {
          log.push('return');
          return { done: true, value: undefined };
        },
      };
    },
  };
  return { log, source };
}

test('asks its source for nothing before the first byte is wanted, and tells it to stop', async () => {
  const { log, source } = told();
  const upload = new Upload(source);
  const open = upload.open({});
  const chunks = open[Symbol.asyncIterator]();
  await settle();
  assert.deepEqual([log, upload.spent], [[], false]);
  await chunks.next();
  assert.deepEqual([log, upload.spent], [['begin', 'next'], true]);
  await chunks.return?.();
  open.close();
  assert.deepEqual(log, ['begin', 'next', 'return']);
  assert.deepEqual(await chunks.next(), { done: true, value: undefined });
});

test('a stream is opened again as long as nothing of it was taken, and then no more', async () => {
  const { source } = told();
  const upload = new Upload(source);
  upload.open({}).close();
  const [one, other] = [upload.open({}), upload.open({})];
  await one[Symbol.asyncIterator]().next();
  assert.throws(() => upload.open({}), { code: 'SWITCHGEAR_INVALID_REQUEST' });
  await assert.rejects(other[Symbol.asyncIterator]().next(), /has been used/);
});

test('closes a source that is made after its attempt has ended, and takes nothing of it', async () => {
  const { log, source } = told();
  const made = Promise.withResolvers<AsyncIterable<Uint8Array>>();
  const open = new Upload(() => made.promise).open({});
  const waiting = assert.rejects(open[Symbol.asyncIterator]().next(), /the attempt is over/);
  open.close();
  await waiting;
  made.resolve(source);
  await settle();
  assert.deepEqual(log, ['begin', 'return']);
  assert.equal(open.failure, undefined, 'a source that was told to stop has not failed');
});

test('a source that throws or fails when it is told to stop harms nobody', async () => {
  for (const fails of [() => Promise.reject(new Error('no')), () => assert.fail('no')]) {
    const source = {
      [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: Uint8Array.of(1) }), return: fails }),
    };
    const open = new Upload(source as AsyncIterable<Uint8Array>).open({});
    await open[Symbol.asyncIterator]().next();
    open.close();
    await settle();
    assert.equal(open.failure, undefined);
  }
});

test('knows what can be streamed, and what has been', async () => {
  const blob = () => new Blob(['a']).stream();
  assert.deepEqual([blob(), blob, told().source].map(isStreamSource), [true, true, true]);
  assert.deepEqual(['a', ['a'], {}, null, undefined, 7].map(isStreamSource), Array(6).fill(false));
  const stream = blob();
  assert.equal(isUsed(stream), false);
  await stream.getReader().read();
  assert.equal(isUsed(stream), true);
  assert.equal(isUsed(blob), false);
});
