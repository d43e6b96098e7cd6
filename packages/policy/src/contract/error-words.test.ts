import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import {
  AttemptTimeoutError,
  BulkheadClosedError,
  BulkheadFullError,
  CircuitOpenError,
  ConcurrencyLimitedError,
  ConfigError,
  DeadlineExceededError,
  isSwitchgearError,
  type Phase,
  RateLimitedError,
  RefusedError,
  ShedError,
  SwitchgearError,
  withoutStack,
} from './errors.ts';
import type { RetryStop } from './events.ts';

const timedOut = (facts: ConstructorParameters<typeof AttemptTimeoutError>[1] = {}): AttemptTimeoutError =>
  new AttemptTimeoutError('too slow', facts);

test('every error has the code and the name that it is told apart by', () => {
  const refusals = [
    [CircuitOpenError, 'SWITCHGEAR_CIRCUIT_OPEN'],
    [BulkheadFullError, 'SWITCHGEAR_BULKHEAD_FULL'],
    [BulkheadClosedError, 'SWITCHGEAR_BULKHEAD_CLOSED'],
    [RateLimitedError, 'SWITCHGEAR_RATE_LIMITED'],
    [ConcurrencyLimitedError, 'SWITCHGEAR_CONCURRENCY_LIMITED'],
    [ShedError, 'SWITCHGEAR_SHED'],
  ] as const;
  for (const [Refusal, code] of refusals) {
    const error = new Refusal('no', 'shed', {});
    assert.deepEqual([error.code, error.name, error.reason], [code, Refusal.name, 'shed']);
    assert.deepEqual(error.verdict(), { kind: 'ignored', retry: 'never' });
  }
  assert.equal(timedOut().code, 'SWITCHGEAR_ATTEMPT_TIMEOUT');
  assert.equal(new DeadlineExceededError('late').code, 'SWITCHGEAR_DEADLINE_EXCEEDED');
  const config = new ConfigError('a.b', 'c', 1);
  assert.deepEqual(
    [config.code, config.name, config.path, config.expected],
    ['SWITCHGEAR_INVALID_CONFIG', 'ConfigError', 'a.b', 'c'],
  );
  assert.deepEqual(config.verdict(), { kind: 'ignored', retry: 'never' });
});

test('running out of time is the fault of the target only once it has been asked', () => {
  const phases: Readonly<Record<Phase, 'failure' | 'ignored'>> = {
    call: 'ignored',
    queue: 'ignored',
    auth: 'ignored',
    dns: 'failure',
    connect: 'failure',
    tls: 'failure',
    write: 'failure',
    wait: 'failure',
    body: 'failure',
    decode: 'ignored',
  };
  for (const [phase, kind] of Object.entries(phases) as [Phase, string][]) {
    assert.deepEqual(new DeadlineExceededError('late', { phase }).verdict(), { kind, retry: 'never' }, phase);
    assert.deepEqual(timedOut({ phase, sent: 'maybe' }).verdict(true), { kind, retry: 'backoff' }, phase);
    assert.deepEqual(timedOut({ phase, sent: 'maybe' }).verdict(false), { kind, retry: 'never' }, phase);
    assert.deepEqual(timedOut({ phase, sent: 'never' }).verdict(false), { kind, retry: 'backoff' }, phase);
  }
});

test('an error of which nothing is told has sent nothing, and has no hint and no cause', () => {
  const error = timedOut();
  const { target, operation, attempts, sent, phase } = error;
  assert.deepEqual([target, operation, attempts, sent, phase], ['', '', 0, 'never', 'call']);
  assert.equal(error.retryAfterMs, undefined);
  assert.ok(!Object.hasOwn(error, 'cause'));
  const cause = new Error('reset');
  assert.equal(timedOut({ cause }).cause, cause);
  assert.equal(timedOut({ retryAfterMs: 0 }).retryAfterMs, 0);
});

test('says who was called, as far as it is known', () => {
  const said = (target: string, operation: string): string => timedOut({ target, operation }).explain();
  assert.equal(said('', ''), 'The call: too slow.');
  assert.equal(said('users', ''), 'A call to users: too slow.');
  assert.equal(said('', 'get'), 'get: too slow.');
  assert.equal(said('users', 'get'), 'users.get: too slow.');
});

test('says how many attempts there were and what was sent, why it stopped, and when to try again', () => {
  const said = (facts: object): string => timedOut(facts).explain().replace('The call: too slow.', '').trim();
  assert.equal(said({ attempts: 1, sent: 'never' }), '1 attempt, the request never left this machine.');
  assert.equal(said({ attempts: 2, sent: 'maybe' }), '2 attempts, the request may have reached the other side.');
  assert.equal(said({ attempts: 3, sent: 'answered' }), '3 attempts, the other side answered.');
  assert.equal(said({ retryAfterMs: 1.2 }), 'Trying again may help in 2 ms.');

  const stops: Readonly<Record<RetryStop, string>> = {
    'not-retryable': 'the same request must not be, or would not help to be, repeated',
    'attempts-exhausted': 'all attempts are used',
    'budget-empty': 'the retry budget of this target is empty',
    'deadline-too-near': 'the wait would not fit before the deadline',
    'elapsed-too-long': 'the call has taken as long as its retries may',
    'server-asks-too-long': 'the other side asks for a longer wait than is allowed',
    refused: 'the next attempt was refused before it was sent',
  };
  for (const [stopped, why] of Object.entries(stops) as [RetryStop, string][]) {
    const error = timedOut();
    error.stopped = stopped;
    assert.equal(error.explain(), `The call: too slow. Not sent again: ${why}.`);
  }
});

test('is shown with its stack and its facts, without what it says twice and without its cause', () => {
  const error = withoutStack(() => timedOut({ target: 'users', attempts: 2, cause: new Error('secret') }));
  assert.equal(
    inspect(error),
    `${error.stack} { code: "SWITCHGEAR_ATTEMPT_TIMEOUT", target: "users", operation: "", attempts: 2, sent: "never", phase: "call" }`,
  );
  assert.match(inspect(error), /^AttemptTimeoutError: too slow/);
  Object.defineProperty(error, 'stack', { value: undefined });
  assert.match(inspect(error), /^AttemptTimeoutError: too slow \{ code: /);
});

test('makes an error without a stack, and leaves the stacks of others alone', (t) => {
  const before = Error.stackTraceLimit;
  t.after(() => {
    Error.stackTraceLimit = before;
  });
  Error.stackTraceLimit = 7;
  assert.doesNotMatch(withoutStack(() => new Error('bare')).stack ?? '', /\n/);
  assert.equal(Error.stackTraceLimit, 7);
  assert.throws(() =>
    withoutStack(() => {
      throw new Error('while it was made');
    }),
  );
  assert.equal(Error.stackTraceLimit, 7);
});

test('shows a refused value without spilling it', () => {
  const shown = (got: unknown): string => new ConfigError('a', 'b', got).message.slice('a: expected b, got '.length);
  assert.equal(shown('x'.repeat(24)), `"${'x'.repeat(24)}"`);
  assert.equal(shown('x'.repeat(25)), 'a string of 25');
  assert.equal(shown({ password: 1 }), 'an object');
  assert.equal(shown([1]), 'an array');
  assert.equal(shown(null), 'null');
  assert.equal(shown(undefined), 'undefined');
  assert.equal(
    shown(() => 'secret'),
    'a function',
  );
  assert.equal(shown(5), '5');
});

test('families are known across copies of the library by the brands that every copy agrees on', () => {
  const families = [
    [RefusedError, 'switchgear.error.refused', new ShedError('no', 'shed', {})],
    [AttemptTimeoutError, 'switchgear.error.attempt-timeout', timedOut()],
    [DeadlineExceededError, 'switchgear.error.deadline-exceeded', new DeadlineExceededError('late')],
  ] as const;
  for (const [Family, brand, own] of families) {
    const foreign: unknown = { [Symbol.for('switchgear.error')]: true, [Symbol.for(brand)]: true };
    assert.ok(foreign instanceof Family, brand);
    assert.ok(own instanceof Family);
    for (const [Other] of families) if (Other !== Family) assert.ok(!(own instanceof Other));
  }
});

test('is known as an error of the library by its brand alone', () => {
  const foreign = { [Symbol.for('switchgear.error')]: true };
  assert.ok(isSwitchgearError(foreign));
  assert.ok((foreign as unknown) instanceof SwitchgearError);
  assert.ok(!((foreign as unknown) instanceof ConfigError));
  const hostile = new Proxy({}, { get: () => assert.fail('looked at') });
  for (const other of [null, undefined, 'x', {}, new Error('x'), () => 1, hostile])
    assert.equal(isSwitchgearError(other), false);
});

test('an error that knows where the time went says so in the order of a call, leaving out what took none', () => {
  const error = timedOut({ attempts: 2, sent: 'maybe' });
  const plain = error.explain();
  assert.equal(error.toJSON().spentMs, undefined);
  error.spentMs = { backoff: 99.6, wait: 290.4, queue: 410, decode: 0.2 };
  const told = 'Of 800 ms: 410 for a free connection, 290 for the answer to begin, 100 between attempts.';
  assert.equal(error.explain(), `${plain} ${told}`);
  assert.deepEqual(error.toJSON().spentMs, error.spentMs);
  error.spentMs = { wait: 0.3 };
  assert.equal(error.explain(), plain);
});
