import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { deadline } from '@switchgear/policy';
import { ManualClock } from '@switchgear/policy/testing';
import { Streamed } from '../response/streamed-answer.ts';
import { PushedBody } from '../transport/pushed-body.ts';
import { InFlight } from './in-flight.ts';
import { type StreamingCall, watchStream } from './watch-stream.ts';

/** Counts who waits to hear that the client is being closed. */
class Counted extends InFlight {
  waiting = 0;

  override onClose(run: () => void): () => void {
    this.waiting++;
    const leave = super.onClose(run);
    return () => {
      this.waiting--;
      leave();
    };
  }
}

function watched(deadlineMs: number, signal?: AbortSignal) {
  const clock = new ManualClock();
  const inFlight = new Counted();
  const wire = new PushedBody({ pause: () => {}, resume: () => {}, stop: () => {} });
  const streamed = new Streamed({ status: 200, headers: {}, body: wire }, 1_000, {});
  const ends: unknown[] = [];
  const inTime = deadline({ deadlineMs: Number.POSITIVE_INFINITY }, { clock, random: () => 0 });
  const call: StreamingCall = {
    target: 'files',
    operation: 'read',
    attempts: 2,
    fate: 'ok-retried',
    deadline: deadlineMs,
    signal,
    inTime,
    inFlight,
  };
  watchStream(streamed, call, (fate) => ends.push(fate));
  return { clock, inFlight, wire, streamed, ends };
}

test('lets go of everything once the body has ended, however it ends', async () => {
  const ways: [string, (call: ReturnType<typeof watched>, caller: AbortController) => unknown][] = [
    [
      'ok-retried',
      ({ wire, streamed }) => {
        wire.end();
        return streamed.body.getReader().read();
      },
    ],
    ['cancelled', ({ streamed }) => streamed.body.cancel()],
    [
      'cancelled',
      ({ clock }, caller) => {
        caller.abort();
        return clock.advance(0);
      },
    ],
    ['cancelled', ({ inFlight }) => inFlight.close()],
    ['timed-out', ({ clock }) => clock.advance(1_000)],
  ];
  for (const [fate, end] of ways) {
    const caller = new AbortController();
    const call = watched(1_000, caller.signal);
    assert.deepEqual([call.inFlight.count, call.inFlight.waiting, call.ends], [1, 1, []]);
    await end(call, caller);
    assert.deepEqual([call.inFlight.count, call.inFlight.waiting, call.ends], [0, 0, [fate]]);
    await call.clock.advance(5_000);
    assert.deepEqual([call.ends.length, call.clock.pending], [1, 0]);
    assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
  }
});

test('ends what comes after its time, or after its caller has left', async () => {
  const late = watched(0);
  await late.clock.advance(0);
  assert.deepEqual([late.ends, late.inFlight.count], [['timed-out'], 0]);
  const left = watched(1_000, AbortSignal.abort('left'));
  await left.clock.advance(0);
  assert.deepEqual([left.ends, left.inFlight.count], [['cancelled'], 0]);
});
