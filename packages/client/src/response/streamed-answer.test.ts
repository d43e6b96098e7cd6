import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PushedBody } from '../transport/pushed-body.ts';
import { type StreamEnd, Streamed, StreamsOfCall } from './streamed-answer.ts';

function streamed() {
  const stops: unknown[] = [];
  const wire = new PushedBody({ pause: () => {}, resume: () => {}, stop: (reason) => stops.push(reason) });
  const answer = new Streamed({ status: 200, headers: {}, body: wire }, 1_000, {});
  const ends: StreamEnd[] = [];
  answer.onEnd((end) => ends.push(end));
  return { wire, stops, answer, ends };
}

test('of the streams that the attempts of a call open, one is kept, and none that comes later', async () => {
  const [kept, lost, late] = [streamed(), streamed(), streamed()];
  const streams = new StreamsOfCall();
  streams.add(lost.answer);
  streams.add(kept.answer);
  assert.deepEqual([lost.stops.length, kept.stops.length], [0, 0]);
  streams.settle(kept.answer);
  streams.add(late.answer);
  assert.deepEqual([lost.stops.length, kept.stops.length, late.stops.length], [1, 0, 1]);
  assert.deepEqual(
    late.ends.map(({ how }) => how),
    ['failed'],
  );
});

test('takes nothing from the wire before it is read, and gives chunks that share no memory', async () => {
  const { wire, answer } = streamed();
  assert.equal(answer.begun, false);
  const buffer = Buffer.from('before|chunk|after');
  wire.push(buffer.subarray(7, 12));
  const reader = answer.body.getReader();
  const { value } = await reader.read();
  assert.equal(Buffer.from(value as Uint8Array).toString(), 'chunk');
  assert.equal(value?.buffer.byteLength, 5);
  assert.equal(answer.begun, true);
});

test('ends once, whatever comes after', async () => {
  const { wire, stops, answer, ends } = streamed();
  const reader = answer.body.getReader();
  wire.end();
  assert.equal((await reader.read()).done, true);
  answer.destroy('late');
  await answer[Symbol.asyncDispose]();
  answer.onEnd((end) => ends.push(end));
  assert.deepEqual([ends, stops], [[{ how: 'read' }, { how: 'read' }], []]);

  const gone = streamed();
  gone.answer.destroy('first');
  gone.answer.destroy('second');
  await assert.rejects(gone.answer.body.getReader().read(), (reason) => reason === 'first');
  assert.deepEqual([gone.ends, gone.stops], [[{ how: 'failed', error: 'first' }], ['first']]);
});

test('a reader that waits hears at once that the answer has been disposed of', async () => {
  const { stops, answer, ends } = streamed();
  const waiting = assert.rejects(answer.body.getReader().read(), /disposed of/);
  await answer[Symbol.asyncDispose]();
  await waiting;
  assert.deepEqual([ends, stops.length], [[{ how: 'left' }], 1]);
});
