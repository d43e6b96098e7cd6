import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import {
  AttemptTimeoutError,
  CircuitOpenError,
  ConfigError,
  DeadlineExceededError,
  isSwitchgearError,
  SwitchgearError,
} from './errors.ts';

const facts = { target: 'users', operation: 'getUser', attempts: 2, sent: 'maybe', phase: 'wait' } as const;

test('explains itself: what, how far, why it stopped, what to do', () => {
  const error = new CircuitOpenError('the circuit is open', 'circuit-open', { ...facts, retryAfterMs: 819.4 });
  error.stopped = 'budget-empty';
  assert.equal(
    error.explain(),
    'users.getUser: the circuit is open. 2 attempts, the request may have reached the other side. ' +
      'Not sent again: the retry budget of this target is empty. Trying again may help in 820 ms.',
  );
  assert.equal(new DeadlineExceededError('too late').explain(), 'The call: too late.');
});

test('shows facts alone, and never its cause', () => {
  const cause = new Error('GET /users?token=canary', { cause: { authorization: 'canary' } });
  const error = new AttemptTimeoutError('attempt 2 took longer than 5 ms', { ...facts, cause });
  assert.equal(error.cause, cause);
  for (const shown of [inspect(error, { depth: 10 }), JSON.stringify(error), error.explain(), String(error)]) {
    assert.ok(!shown.includes('canary'), shown);
  }
  assert.match(inspect(error), /SWITCHGEAR_ATTEMPT_TIMEOUT/);
  assert.deepEqual(JSON.parse(JSON.stringify(error)).phase, 'wait');
});

test('is recognised by its brand across copies of the library, and by its class within one', () => {
  const foreign = { [Symbol.for('switchgear.error')]: true };
  assert.ok(isSwitchgearError(foreign));
  assert.ok(foreign instanceof SwitchgearError);
  assert.ok(!(foreign instanceof CircuitOpenError));
  assert.ok(new DeadlineExceededError('') instanceof SwitchgearError);
  assert.ok(!(new DeadlineExceededError('') instanceof CircuitOpenError));
  for (const other of [new Error(''), null, undefined, 'error', {}]) assert.ok(!(other instanceof SwitchgearError));
});

test('judges a timeout by how far the attempt had got', () => {
  const timeout = (phase: 'queue' | 'wait', sent: 'never' | 'maybe') => new AttemptTimeoutError('', { phase, sent });
  assert.deepEqual(timeout('wait', 'maybe').verdict(true), { kind: 'failure', retry: 'backoff' });
  assert.deepEqual(timeout('wait', 'maybe').verdict(false), { kind: 'failure', retry: 'never' });
  assert.deepEqual(timeout('queue', 'never').verdict(false), { kind: 'ignored', retry: 'backoff' });
});

test('says of a wrong setting where it stands, what was expected and what came', () => {
  const error = new ConfigError('breaker.windowMs', 'milliseconds', 'a very long string that may be a password');
  assert.equal(error.message, 'breaker.windowMs: expected milliseconds, got a string of 41');
  assert.equal(new ConfigError('a', 'b', [1]).message, 'a: expected b, got an array');
  assert.equal(new ConfigError('a', 'b', null).message, 'a: expected b, got null');
  assert.equal(new ConfigError('a', 'b', '5').message, 'a: expected b, got "5"');
});
