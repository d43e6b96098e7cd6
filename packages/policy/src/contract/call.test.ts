import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { CallContext, CallScope } from './call.ts';

test('a call of no options has no name, no end and may be repeated', () => {
  const call = CallContext.of(undefined);
  const { target, operation, attempt, deadline, idempotent } = call;
  assert.deepEqual(
    { target, operation, attempt, deadline, idempotent },
    { target: '', operation: '', attempt: 1, deadline: Number.POSITIVE_INFINITY, idempotent: true },
  );
  assert.equal(call.cancellable, false);
  assert.equal(call.signal.aborted, false);
  assert.equal(call.signal, call.signal);
});

test('hands the caller their own signal, and listens to it only while someone listens', () => {
  const caller = new AbortController();
  const call = CallContext.of({ signal: caller.signal });
  assert.equal(call.signal, caller.signal);
  const scope = new CallScope(call.forAttempt(2), 10);
  const heard: unknown[] = [];
  const leave = scope.onCancel((reason) => heard.push(reason));
  assert.equal(getEventListeners(caller.signal, 'abort').length, 1);
  leave();
  scope.end();
  assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
  caller.abort('left');
  assert.deepEqual(heard, []);
});

test('tells everyone beneath once, with the reason, and late listeners at once', () => {
  const caller = new AbortController();
  const scope = new CallScope(CallContext.of({ signal: caller.signal }), 10);
  const heard: unknown[] = [];
  scope.onCancel((reason) => heard.push(['first', reason]));
  const { signal } = scope;
  caller.abort('left');
  scope.cancel('again');
  scope.onCancel((reason) => heard.push(['late', reason]));
  assert.deepEqual(heard, [
    ['first', 'left'],
    ['late', 'left'],
  ]);
  assert.equal(signal.reason, 'left');
  assert.deepEqual([scope.cancelled, scope.reason], [true, 'left']);
});

test('a scope that is cancelled leaves the calls above it alone', () => {
  const call = CallContext.of({});
  const scope = new CallScope(call, 10);
  scope.cancel('timed out');
  assert.equal(scope.signal.reason, 'timed out');
  assert.equal(call.cancelled, false);
});

test('remembers for the whole call that an earlier attempt may have been sent', () => {
  const call = CallContext.of({});
  call.begin();
  call.progress('wait', 'maybe');
  const second = call.forAttempt(2);
  second.begin();
  second.progress('queue', 'never');
  assert.deepEqual([second.sent, second.phase], ['never', 'queue']);
  assert.deepEqual([call.sent, call.phase, call.attempts], ['maybe', 'queue', 2]);
});

test('counts attempts by the latest of them, in whichever order they begin', () => {
  const call = CallContext.of({});
  const [first, second] = [call.forAttempt(1), call.forAttempt(2)];
  second.begin();
  second.progress('queue', 'never');
  first.begin();
  assert.deepEqual([call.attempts, call.sent, second.sent], [2, 'maybe', 'never']);
});

test('knows of work that was given up until all of it has ended', () => {
  const call = CallContext.of({});
  const scope = new CallScope(call, 10);
  const ends = [scope.addOrphan(), call.addOrphan()];
  let free = 0;
  call.afterOrphans(() => free++);
  assert.equal(call.hasOrphans, true);
  ends[0]?.();
  assert.deepEqual([free, call.hasOrphans, scope.hasOrphans], [0, true, false]);
  ends[1]?.();
  assert.deepEqual([free, call.hasOrphans], [1, false]);
  call.afterOrphans(() => free++);
  assert.equal(free, 2);
});

test('a hold counts like work that goes on, and ends once however often it is released', () => {
  const call = CallContext.of({});
  const [first, second] = [new CallScope(call.forAttempt(1), 10).hold(), call.hold()];
  let free = 0;
  call.afterOrphans(() => free++);
  first();
  first();
  assert.deepEqual([free, call.hasOrphans], [0, true]);
  second();
  assert.deepEqual([free, call.hasOrphans], [1, false]);
});
