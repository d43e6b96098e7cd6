import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeadlineExceededError } from '../contract/errors.ts';
import { caught } from '../testing/caught.ts';
import { settle } from '../testing/manual-clock.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { coalesce } from './coalesce.ts';

const named = { target: 'users', operation: 'get' };

function world() {
  const { runtime, clock, log } = testRuntime({ startMs: 1_000 });
  return { clock, log, shared: coalesce({ key: () => 'one' }, runtime) };
}

test('a call whose deadline had passed begins nothing, and says so', async () => {
  const { shared } = world();
  const error = await caught(shared.execute(() => assert.fail('begun'), { ...named, deadline: 1_000 }));
  assert.ok(error instanceof DeadlineExceededError);
  const { message, target, operation, attempts, sent, phase } = error;
  assert.deepEqual([message, phase, sent, attempts], ['the deadline had passed', 'call', 'never', 0]);
  assert.deepEqual({ target, operation }, named);
});

test('a caller whose deadline passes during the flight hears what they waited for, and how far it had got', async () => {
  const { clock, shared } = world();
  const first = shared.execute(() => clock.sleep(500).then(() => 'late'));
  const second = caught(shared.execute(() => assert.fail('shared'), { ...named, deadline: 1_100 }));
  await clock.advance(500);
  assert.equal(await first, 'late');
  const error = await second;
  assert.ok(error instanceof DeadlineExceededError);
  const { message, target, operation, sent, phase } = error;
  assert.equal(message, 'the deadline passed while waiting for a shared call');
  assert.deepEqual({ target, operation, sent, phase }, { ...named, sent: 'maybe', phase: 'wait' });
});

test('work that goes on for a millisecond after its last caller left has ended late, and for less has not', async () => {
  for (const [lateMs, told] of [
    [0.5, 0],
    [1, 1],
  ] as const) {
    const { clock, log, shared } = world();
    const caller = new AbortController();
    const left = caught(shared.execute(() => clock.sleep(10), { signal: caller.signal }));
    await clock.advance(10 - lateMs);
    caller.abort('left');
    await clock.advance(lateMs);
    assert.equal(await left, 'left');
    assert.equal(log.count('work.ended-late', { lateMs }), told);
  }
});

test('a caller who has as much time as the flight began with is told the failure, and does not try again', async () => {
  const { clock, shared } = world();
  const over = Promise.withResolvers<never>();
  let flights = 0;
  const fly = (): Promise<never> => {
    flights++;
    return over.promise;
  };
  const calls = [1, 2].map(() => caught(shared.execute(fly, { deadline: 1_100 })));
  await settle();
  // The work hears of the end before the timer that would have told the callers.
  clock.freeze(100);
  over.reject(new DeadlineExceededError('out of time', {}));
  for (const error of await Promise.all(calls)) assert.equal((error as Error).message, 'out of time');
  assert.equal(flights, 1);
});

test('those for whom the answer cannot be copied ask by themselves, all at once', async () => {
  const { runtime, clock } = testRuntime();
  const shared = coalesce({ key: () => 'one', clone: () => assert.fail('mine') }, runtime);
  let running = 0;
  const most: number[] = [];
  const ask = async (): Promise<string> => {
    most.push(++running);
    await clock.sleep(10);
    running--;
    return 'x';
  };
  const calls = [1, 2, 3].map(() => shared.execute(ask));
  await clock.advance(10);
  await clock.advance(10);
  assert.deepEqual(await Promise.all(calls), ['x', 'x', 'x']);
  assert.deepEqual(most, [1, 1, 2]);
});
