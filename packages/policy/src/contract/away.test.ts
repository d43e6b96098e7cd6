import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAway, isProperAnswer } from './away.ts';
import { CallContext } from './call.ts';
import {
  AttemptTimeoutError,
  BulkheadFullError,
  CircuitOpenError,
  ConfigError,
  DeadlineExceededError,
  SwitchgearError,
} from './errors.ts';
import type { Verdict, VerdictKind } from './outcome.ts';

class Judged extends SwitchgearError {
  override readonly code = 'TEST_JUDGED';
  readonly #verdict: () => Verdict;

  constructor(verdict: () => Verdict) {
    super('judged');
    this.#verdict = verdict;
  }

  override verdict(): Verdict {
    return this.#verdict();
  }
}

const judged = (kind: VerdictKind): Judged => new Judged(() => ({ kind, retry: 'never' }));
const call = CallContext.of({});

test('takes failures, throttling, refusals and a deadline that passed for away', () => {
  const away = [
    new Error('ECONNREFUSED'),
    'a string',
    undefined,
    judged('failure'),
    judged('throttled'),
    new CircuitOpenError('open', 'circuit-open', {}),
    new BulkheadFullError('full', 'bulkhead-full', {}),
    new AttemptTimeoutError('slow', { phase: 'wait' }),
    new DeadlineExceededError('late', { phase: 'call' }),
  ];
  for (const error of away) assert.ok(isAway(error, call) && !isProperAnswer(error, call), String(error));
});

test('takes neither an answer, nor our own objection, nor an abort for away', () => {
  const signal = AbortSignal.abort();
  for (const error of [judged('success'), judged('ignored'), new ConfigError('a', 'b', 'c'), signal.reason]) {
    assert.equal(isAway(error, call), false, String(error));
  }
});

test('takes for a proper answer what its verdict says is one, and nothing else', () => {
  assert.ok(isProperAnswer(judged('success'), call));
  for (const kind of ['failure', 'throttled', 'ignored'] as const)
    assert.equal(isProperAnswer(judged(kind), call), false);
});

test('takes an error whose verdict throws for a failure', () => {
  const error = new Judged(() => {
    throw new Error('no verdict');
  });
  assert.ok(isAway(error, call) && !isProperAnswer(error, call));
});
