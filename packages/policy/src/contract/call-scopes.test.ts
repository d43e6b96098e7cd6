import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallContext, CallScope } from './call.ts';
import { moreDoubtful } from './progress.ts';
import { longestTimerMs, systemRuntime } from './runtime.ts';

/* What a call hears from its caller and from the scopes around it, and what it leaves behind. */

/** A signal that says how many listen to it. */
function countedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  let listening = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listening++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listening--;
    remove(...args);
  };
  return { controller, signal, listening: () => listening };
}

test('knows of its caller what that has said, at any depth, and the usual where it said nothing', () => {
  const said = { target: 'users', operation: 'get', key: 'alice 42', idempotent: false, deadline: 500 };
  const deep = new CallScope(CallContext.of(said).forAttempt(2), 400).forAttempt(3);
  const { target, operation, key, idempotent, deadline, attempt } = deep;
  assert.deepEqual({ target, operation, key, idempotent, deadline, attempt }, { ...said, deadline: 400, attempt: 3 });
  const bare = CallContext.of(undefined);
  assert.deepEqual(
    [bare.target, bare.operation, bare.key, bare.idempotent, bare.deadline, bare.attempt, bare.phase, bare.sent],
    ['', '', undefined, true, Number.POSITIVE_INFINITY, 1, 'call', 'never'],
  );
});

test('a deadline that is no number counts as not given', () => {
  for (const deadline of [Number.NaN, '5' as never, undefined]) {
    assert.equal(CallContext.of({ deadline }).deadline, Number.POSITIVE_INFINITY);
  }
});

test('nothing can cancel a call without a signal, and it has one of its own to hand on', () => {
  const call = CallContext.of({}).forAttempt(2);
  assert.deepEqual([call.cancellable, call.cancelled, call.reason], [false, false, undefined]);
  assert.equal(call.signal, call.signal);
  assert.equal(call.signal.aborted, false);
  assert.doesNotThrow(call.onCancel(() => assert.fail('cancelled')));
});

test('a caller who leaves is heard at any depth, with the reason and once', () => {
  const { controller, signal } = countedSignal();
  const root = CallContext.of({ signal });
  const calls = [root, root.forAttempt(2), new CallScope(root, 100), new CallScope(root, 100).forAttempt(2)];
  const heard: unknown[][] = calls.map(() => []);
  calls.forEach((call, i) => {
    call.onCancel((reason) => heard[i]?.push(reason));
  });
  for (const call of calls) assert.deepEqual([call.cancellable, call.cancelled], [true, false]);
  controller.abort('left');
  signal.dispatchEvent(new Event('abort'));
  assert.deepEqual(heard, [['left'], ['left'], ['left'], ['left']]);
  for (const call of calls) {
    assert.deepEqual([call.cancelled, call.reason], [true, 'left']);
    assert.deepEqual([call.signal.aborted, call.signal.reason], [true, 'left']);
    const late: unknown[] = [];
    assert.doesNotThrow(call.onCancel((reason) => late.push(reason)));
    assert.deepEqual(late, ['left']);
  }
});

test('whoever unsubscribes hears nothing, the others do, and nothing is left on the signal', () => {
  const { controller, signal, listening } = countedSignal();
  const root = CallContext.of({ signal });
  root.onCancel(() => assert.fail('heard'))();
  assert.equal(listening(), 0);

  const scope = new CallScope(root, 100);
  const heard: string[] = [];
  const [first, second] = [scope.onCancel(() => heard.push('first')), scope.onCancel(() => heard.push('second'))];
  const third = scope.onCancel(() => heard.push('third'));
  scope.onCancel(() => heard.push('fourth'));
  assert.equal(listening(), 1);
  third();
  first();
  first();
  controller.abort('left');
  second();
  assert.deepEqual(heard, ['second', 'fourth']);

  const other = countedSignal();
  const ended = new CallScope(CallContext.of({ signal: other.signal }), 100);
  ended.onCancel(() => assert.fail('heard after the end'));
  ended.end();
  assert.equal(other.listening(), 0);
  other.controller.abort('late');
});

test('a scope that has ended listens no more, whatever is asked of it', () => {
  const { signal, listening } = countedSignal();
  const scope = new CallScope(CallContext.of({ signal }), 100);
  scope.end();
  scope.onCancel(() => {});
  assert.equal(scope.signal.aborted, false);
  assert.equal(listening(), 0);
});

test('a scope is cancelled by itself, once, and what is above it is not', () => {
  const root = CallContext.of({});
  const scope = new CallScope(root, 100);
  const beneath = scope.forAttempt(2);
  const heard: unknown[] = [];
  beneath.onCancel((reason) => heard.push(reason));
  const { signal } = beneath;
  scope.cancel('first');
  scope.cancel('second');
  assert.deepEqual(heard, ['first']);
  assert.deepEqual([beneath.cancelled, beneath.reason, signal.aborted, signal.reason], [true, 'first', true, 'first']);
  assert.deepEqual([root.cancelled, root.reason], [false, undefined]);
});

test('a signal that is read after the scope was cancelled has been aborted', () => {
  const scope = new CallScope(CallContext.of({}), 100);
  scope.cancel('before');
  assert.deepEqual([scope.signal.aborted, scope.signal.reason], [true, 'before']);
});

test('a scope that nobody listened in knows all the same why its caller left', () => {
  const { controller, signal } = countedSignal();
  const scope = new CallScope(CallContext.of({ signal }), 100);
  controller.abort('left');
  assert.deepEqual([scope.cancelled, scope.reason], [true, 'left']);
});

test('a signal that is read makes the scope hear of the caller', () => {
  const { controller, signal } = countedSignal();
  const scope = new CallScope(CallContext.of({ signal }), 100);
  const own = scope.signal;
  assert.equal(scope.signal, own);
  controller.abort('left');
  assert.deepEqual([own.aborted, own.reason], [true, 'left']);
});

test('what an attempt has sent is told to all above it, and what earlier ones have sent stays', () => {
  const root = CallContext.of({});
  const first = root.forAttempt(1);
  first.begin();
  assert.deepEqual([root.phase, root.sent, root.attempts], ['wait', 'maybe', 1]);
  first.progress('connect', 'never');
  assert.deepEqual([root.phase, root.sent], ['connect', 'never']);
  first.progress('body', 'answered');
  const second = root.forAttempt(2);
  assert.deepEqual([second.sent, root.sent], ['never', 'answered']);
  second.begin();
  // Begun again without a new number, it is the same attempt: what it may have sent can be taken back.
  second.begin();
  second.progress('connect', 'never');
  assert.deepEqual([second.sent, root.sent, root.attempts], ['never', 'answered', 2]);
});

test('the doubtful one of two is what both have sent', () => {
  const order = ['never', 'answered', 'maybe'] as const;
  for (const [i, a] of order.entries()) {
    for (const [j, b] of order.entries()) assert.equal(moreDoubtful(a, b), order[Math.max(i, j)]);
  }
});

test('what waits for work that was given up runs when the last of it has ended, and once', () => {
  const root = CallContext.of({});
  const attempt = root.forAttempt(2);
  let ran = 0;
  root.afterOrphans(() => ran++);
  assert.equal(ran, 1);
  const [one, other] = [attempt.addOrphan(), attempt.addOrphan()];
  assert.ok(root.hasOrphans && attempt.hasOrphans);
  root.afterOrphans(() => ran++);
  one();
  assert.equal(ran, 1);
  other();
  assert.deepEqual([ran, root.hasOrphans], [2, false]);
  const release = attempt.hold();
  root.afterOrphans(() => ran++);
  release();
  release();
  assert.equal(ran, 3);
});

test('the clock of the process moves on, tells the time, and takes its timers back', async () => {
  const { clock } = systemRuntime;
  const began = clock.now();
  const wall = clock.wallNow();
  assert.ok(wall > 1_600_000_000_000);
  clock.setTimer(0, () => assert.fail('was taken back')).cancel();
  // Longer than a timer of Node's can be, which would be taken for no time at all.
  const long = clock.setTimer(longestTimerMs * 2, () => assert.fail('ran at once'));
  long.unref();
  await new Promise<void>((resolve) => void clock.setTimer(2, resolve));
  long.cancel();
  assert.ok(clock.now() > began);
  assert.ok(clock.wallNow() >= wall);
});

test('a timer that is let go does not keep the process', () => {
  const busy = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = busy();
  const timer = systemRuntime.clock.setTimer(60_000, () => {});
  assert.equal(busy(), before + 1);
  timer.unref();
  assert.equal(busy(), before);
  timer.cancel();
});
