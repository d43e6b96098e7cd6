import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { CallContext, CallScope } from '../contract/call.ts';
import { DeadlineExceededError } from '../contract/errors.ts';
import { caught } from '../testing/caught.ts';
import { settle } from '../testing/manual-clock.ts';
import { scripted } from '../testing/scripted.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { retry } from './retry.ts';
import { retryBudget } from './retry-budget.ts';

const down = new Error('down');

async function abortedInBackoff(reason: unknown): Promise<{ thrown: unknown; sends: number; pending: number }> {
  const { runtime, clock } = testRuntime({ random: 1 });
  const caller = new AbortController();
  const peer = scripted([down], runtime);
  const failed = caught(retry({ baseMs: 500 }, runtime).execute(peer, { signal: caller.signal }));
  await clock.advance(10);
  caller.abort(reason);
  const thrown = await failed;
  await clock.advance(10_000);
  return { thrown, sends: peer.sends(), pending: clock.pending };
}

test('ends a wait at once with the very reason of the caller, and sends no more', async () => {
  const reason = new Error('stop');
  assert.deepEqual(await abortedInBackoff(reason), { thrown: reason, sends: 1, pending: 0 });
});

test('keeps a reason that is a string', async () => {
  assert.equal((await abortedInBackoff('enough')).thrown, 'enough');
});

test('keeps a reason that is frozen', async () => {
  const reason = Object.freeze({ why: 'frozen' });
  assert.equal((await abortedInBackoff(reason)).thrown, reason);
});

test('rejects with the AbortError of the platform when the caller gives no reason', async () => {
  const { thrown } = await abortedInBackoff(undefined);
  assert.ok(thrown instanceof DOMException && thrown.name === 'AbortError');
});

test('leaves a reason alone whose properties throw', async () => {
  const reason = Object.defineProperty({}, 'name', {
    get() {
      throw new Error('touched');
    },
  });
  assert.equal((await abortedInBackoff(reason)).thrown, reason);
});

test('never runs an operation whose call is already cancelled', async () => {
  const budget = retryBudget({}, testRuntime().runtime);
  const reason = new Error('gone');
  const failed = retry({ budget }).execute(async () => assert.fail('ran'), { signal: AbortSignal.abort(reason) });
  assert.equal(await caught(failed), reason);
  assert.equal(budget.snapshot().callsInWindow, 0);
});

test('throws the reason of the caller instead of what the cancelled operation made of it', async () => {
  const caller = new AbortController();
  const reason = new Error('stop');
  const { runtime } = testRuntime();
  const closes = (): never => {
    caller.abort(reason);
    throw new Error('socket closed');
  };
  const peer = scripted([{ run: closes, ignoresCancel: true }], runtime);
  assert.equal(await caught(retry({}, runtime).execute(peer, { signal: caller.signal })), reason);
  peer.done();
});

test('returns an answer that came although the caller had left', async () => {
  const caller = new AbortController();
  const answered = retry().execute(
    async () => {
      caller.abort();
      return 'late';
    },
    { signal: caller.signal },
  );
  assert.equal(await answered, 'late');
});

test('throws the error of a deadline that ends the wait', async () => {
  const { runtime, clock } = testRuntime({ random: 1 });
  const scope = new CallScope(CallContext.of({}), Number.POSITIVE_INFINITY);
  const failed = caught(retry({}, runtime).execute(scripted([down], runtime), scope));
  await settle();
  const reason = new DeadlineExceededError('too late');
  scope.cancel(reason);
  scope.end();
  assert.equal(await failed, reason);
  assert.equal(clock.pending, 0);
});

test('gives the token of a wait that was cut short back', async () => {
  const { runtime } = testRuntime({ random: 1 });
  const budget = retryBudget({}, runtime);
  const caller = new AbortController();
  const failed = caught(retry({ budget }, runtime).execute(scripted([down], runtime), { signal: caller.signal }));
  await settle();
  assert.equal(budget.snapshot().retriesInWindow, 1);
  caller.abort();
  await failed;
  assert.equal(budget.snapshot().retriesInWindow, 0);
});

test('sends no more when the caller leaves in the moment in which the wait ends', async () => {
  const timers: (() => void)[] = [];
  const clock = {
    now: () => 0,
    wallNow: () => 0,
    setTimer(_ms: number, run: () => void) {
      timers.push(run);
      return { cancel: () => {}, unref: () => {} };
    },
  };
  const caller = new AbortController();
  const peer = scripted([down], { clock });
  const failed = caught(retry({}, { clock, random: () => 1 }).execute(peer, { signal: caller.signal }));
  await settle();
  timers[0]?.();
  caller.abort('left');
  assert.equal(await failed, 'left');
  peer.done();
});

test('says nothing of giving up when it is the caller who does', async () => {
  const { runtime, log } = testRuntime({ random: 1 });
  const caller = new AbortController();
  const failed = caught(retry({}, runtime).execute(scripted([down], runtime), { signal: caller.signal }));
  await settle();
  caller.abort();
  await failed;
  log.expect(['attempt.finished', 'retry.scheduled']);
});

test('leaves no listener on a signal that lives through 10,000 calls', async () => {
  const { runtime, clock } = testRuntime({ random: 0.5 });
  const { signal } = new AbortController();
  const policy = retry({}, runtime);
  const call = (): Promise<void> => policy.execute(scripted([down, { answer: undefined }], runtime), { signal });
  for (let calls = 0; calls < 10_000; calls += 100) {
    const answered = Promise.all(Array.from({ length: 100 }, call));
    await settle();
    assert.equal(getEventListeners(signal, 'abort').length, 100);
    await clock.advance(25);
    await answered;
  }
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.equal(clock.pending, 0);
});
