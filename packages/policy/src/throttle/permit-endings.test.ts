import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShedError } from '../contract/errors.ts';
import type { Permit } from '../contract/gate.ts';
import { caught } from '../testing/caught.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { AcceptanceWindow } from './acceptance-window.ts';
import type { ThrottleOptions } from './options.ts';
import { throttle } from './throttle.ts';

const endings = ['success', 'failure', 'throttled', 'ignored'] as const;

function world(options: ThrottleOptions = {}) {
  const { runtime, clock } = testRuntime({ random: 0, startMs: 12_345 });
  const gate = throttle({ windowMs: 1_000, ...options }, runtime);
  const acquire = (): Permit => {
    const admission = gate.tryAcquire();
    assert.ok(admission.admitted);
    return admission;
  };
  return { clock, gate, acquire };
}

test('a permit ends once, whichever ending comes second', () => {
  for (const first of endings) {
    for (const second of endings) {
      const { gate, acquire } = world();
      acquire().success();
      const permit = acquire();
      permit[first]();
      const { requests, accepts } = gate.snapshot();
      permit[second]();
      assert.deepEqual(gate.snapshot(), { ...gate.snapshot(), requests, accepts }, `${first}, then ${second}`);
    }
  }
});

test('a call that was ignored counts as never sent', () => {
  const { gate, acquire } = world();
  acquire().failure();
  acquire().ignored();
  assert.equal(gate.snapshot().requests, 1);
});

test('a snapshot forgets what is too old, though no call came since', () => {
  const { clock, gate, acquire } = world();
  acquire().failure();
  clock.freeze(1_000);
  assert.equal(gate.snapshot().requests, 0);
});

test('an answer that comes when its call has just left the window is not heard', () => {
  // The window moves on in tenths, and this call is of the one that began at 12,300.
  for (const [afterMs, heard] of [
    [954, 1],
    [955, 0],
  ] as const) {
    const { clock, gate, acquire } = world();
    const permit = acquire();
    clock.freeze(afterMs);
    permit.success();
    assert.deepEqual([gate.snapshot().requests, gate.snapshot().accepts], [heard, heard]);
  }
});

test('says what it was shed by, and what a ratio has to be', async () => {
  const { gate, acquire } = world({ minimumCalls: 1 });
  acquire().failure();
  const error = await caught(gate.execute(async () => assert.fail('was sent')));
  assert.ok(error instanceof ShedError);
  assert.equal(error.message, 'shed by chance, because too few calls have been accepted lately');
  assert.throws(() => throttle({ failureRatio: 1 }), {
    message: /^throttle\.failureRatio: expected a number below 1, or it never sheds, got 1/,
  });
});

test('explains itself by its numbers as soon as it has enough calls', () => {
  const { gate, acquire } = world({ minimumCalls: 2 });
  acquire().failure();
  const early = gate.explain();
  acquire().failure();
  assert.notEqual(gate.explain(), early);
  assert.match(early, /fewer than 2/);
  assert.doesNotMatch(gate.explain(), /sheds nothing|fewer than/);
});

test('after a clock that seems to step back, what is inside the window still counts', () => {
  const window = new AcceptanceWindow(1_000, 500);
  window.accepted(window.sent(), 500);
  window.advance(100);
  window.advance(1_400);
  assert.equal(window.accepts, 1);
});
