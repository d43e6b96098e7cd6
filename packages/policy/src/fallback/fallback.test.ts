import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallContext } from '../contract/call.ts';
import {
  AttemptTimeoutError,
  BulkheadFullError,
  CircuitOpenError,
  ConfigError,
  DeadlineExceededError,
  RefusedError,
  SwitchgearError,
} from '../contract/errors.ts';
import type { Verdict } from '../contract/outcome.ts';
import type { Policy } from '../contract/policy.ts';
import { caught } from '../testing/caught.ts';
import { JudgedError } from '../testing/judged-error.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { type FailureSort, type FallbackOptions, fallback } from './fallback.ts';

const throwing = (error: unknown) => (): Promise<never> => Promise.reject(error);

test('passes the real answer on', async () => {
  const policy = fallback(() => assert.fail('not needed'));
  assert.equal(await policy.execute(async () => 'live'), 'live');
});

test('answers when the other side is away', async () => {
  const away = [
    new Error('ECONNREFUSED'),
    new JudgedError('failure'),
    new JudgedError('throttled'),
    new CircuitOpenError('open', 'circuit-open', {}),
    new BulkheadFullError('full', 'bulkhead-full', {}),
    new AttemptTimeoutError('slow', { phase: 'wait' }),
    new DeadlineExceededError('late', { phase: 'call' }),
  ];
  const policy = fallback(() => 'made up');
  for (const error of away) assert.equal(await policy.execute(throwing(error)), 'made up', error.message);
});

test('does not answer for the other side when that has answered, or our own side objected', async () => {
  const policy = fallback(() => 'made up');
  for (const error of [new JudgedError('success'), new JudgedError('ignored'), new ConfigError('a', 'b', 'c')]) {
    assert.equal(await caught(policy.execute(throwing(error))), error);
  }
});

test('does not answer a caller who has left', async () => {
  const caller = new AbortController();
  const down = new Error('socket closed');
  const failed = fallback(() => 'made up', { when: () => true }).execute(
    async () => {
      caller.abort('left');
      throw down;
    },
    { signal: caller.signal },
  );
  assert.equal(await caught(failed), down);
});

test('does not run an operation whose call is already cancelled', async () => {
  const failed = fallback(() => 'made up').execute(async () => assert.fail('ran'), {
    signal: AbortSignal.abort('gone'),
  });
  assert.equal(await caught(failed), 'gone');
});

test('takes an abort by a signal that the call does not know for leaving, too', async () => {
  const signal = AbortSignal.abort();
  const failed = fallback(() => 'made up').execute(async () => signal.throwIfAborted());
  assert.equal(await caught(failed), signal.reason);
});

test('gives the answer the error and the call', async () => {
  const down = new Error('down');
  const policy = fallback((error, call) => ({ error, target: call.target }));
  assert.deepEqual(await policy.execute(throwing(down), { target: 'users' }), { error: down, target: 'users' });
});

test('waits for an answer that takes time', async () => {
  assert.equal(await fallback(async () => 'made up').execute(throwing(new Error('down'))), 'made up');
});

test('answers a synchronous throw', async () => {
  const policy = fallback(() => 'made up');
  assert.equal(
    await policy.execute(() => {
      throw new Error('down');
    }),
    'made up',
  );
});

test('runs the answer once, and throws the original error when it fails', async () => {
  const down = new Error('down');
  let runs = 0;
  for (const answer of [
    () => {
      runs++;
      throw new Error('no answer either');
    },
    async () => {
      runs++;
      throw new Error('no answer either');
    },
  ]) {
    assert.equal(await caught(fallback(answer).execute(throwing(down))), down);
  }
  assert.equal(runs, 2);
});

test('throws the reason of a caller who leaves while the answer fails', async () => {
  const caller = new AbortController();
  const policy = fallback(async () => {
    caller.abort('left');
    throw new Error('cancelled');
  });
  assert.equal(await caught(policy.execute(throwing(new Error('down')), { signal: caller.signal })), 'left');
});

test('goes by its own rule where it has one', async () => {
  const policy = fallback(() => 'made up', { when: (error) => error instanceof RangeError });
  assert.equal(await policy.execute(throwing(new RangeError('a'))), 'made up');
  await assert.rejects(policy.execute(throwing(new TypeError('b'))), TypeError);
});

test('throws the original error when its rule throws or answers nonsense', async () => {
  const down = new Error('down');
  const rules: unknown[] = [
    () => assert.fail('rule'),
    async () => true,
    () => Promise.reject(new Error('an async rule that fails')),
    () => 1,
    () => undefined,
  ];
  for (const when of rules) {
    const policy = fallback(() => 'made up', { when } as FallbackOptions);
    assert.equal(await caught(policy.execute(throwing(down))), down);
  }
});

test('takes an error that cannot say what it is for a failure, as the breaker does', async () => {
  class Broken extends SwitchgearError {
    override readonly code = 'TEST_BROKEN';
    override verdict(): Verdict {
      throw new TypeError('no verdict');
    }
  }
  const broken = throwing(new Broken('broken'));
  assert.equal(await fallback(() => 'made up').execute(broken), 'made up');
  assert.equal(await fallback(() => 'made up', { when: ['failure'] }).execute(broken), 'made up');
});

test('tells that it answered, after how many attempts and for which error', async () => {
  const { runtime, log } = testRuntime({ startMs: 7 });
  const down = new Error('down');
  const policy = fallback(() => 'made up', {}, runtime);
  await policy.execute(
    async (call) => {
      (call as CallContext).forAttempt(3).begin();
      throw down;
    },
    { target: 'users', operation: 'get' },
  );
  assert.deepEqual(log.events, [
    { type: 'fallback.used', at: 7, target: 'users', operation: 'get', attempt: 3, error: down },
  ]);
});

test('tells nothing when it did not answer', async () => {
  const { runtime, log } = testRuntime();
  await fallback(() => 'made up', {}, runtime).execute(async () => 'live');
  await caught(fallback(() => assert.fail('answer'), {}, runtime).execute(throwing(new Error('down'))));
  log.none();
});

// By sort

test('answers failures of the listed verdicts and classes alone', async () => {
  const policy = fallback('made up', { when: ['throttled', CircuitOpenError, RangeError] });
  for (const error of [
    new JudgedError('throttled'),
    new CircuitOpenError('open', 'circuit-open', {}),
    new RangeError('ours'),
  ]) {
    assert.equal(await policy.execute(throwing(error)), 'made up', error.message);
  }
  for (const error of [
    new JudgedError('failure'),
    new BulkheadFullError('full', 'bulkhead-full', {}),
    new Error('other'),
  ]) {
    assert.equal(await caught(policy.execute(throwing(error))), error);
  }
});

test('answers subclasses of a listed class, abstract ones included', async () => {
  const policy = fallback('made up', { when: [RefusedError] });
  assert.equal(await policy.execute(throwing(new BulkheadFullError('full', 'bulkhead-full', {}))), 'made up');
});

test('judges what is no error of the library, and what is no error at all', async () => {
  const policy = fallback('made up', { when: ['failure'] });
  for (const error of [new Error('down'), 'down', undefined, null]) {
    assert.equal(await policy.execute(throwing(error)), 'made up');
  }
});

test('takes no abort for a failure, whatever is listed, unless its class is', async () => {
  const signal = AbortSignal.abort();
  const work = async (): Promise<void> => signal.throwIfAborted();
  assert.equal(await caught(fallback('made up', { when: ['failure'] }).execute(work)), signal.reason);
  assert.equal(await fallback('made up', { when: [DOMException] }).execute(work), 'made up');
});

test('throws the original error when a listed class throws at the question', async () => {
  class Touchy {
    readonly kind = 'touchy';
    static [Symbol.hasInstance](): boolean {
      throw new TypeError('do not ask');
    }
  }
  const down = new Error('down');
  assert.equal(await caught(fallback('made up', { when: [Touchy] }).execute(throwing(down))), down);
});

test('does not follow a list that is changed later', async () => {
  const sorts: FailureSort[] = ['throttled'];
  const policy = fallback('made up', { when: sorts });
  sorts.push('failure');
  const down = new Error('down');
  assert.equal(await caught(policy.execute(throwing(down))), down);
});

// A value

test('answers with a value as it is', async () => {
  const nobody = Object.freeze({ kind: 'made-up', tags: Object.freeze([]) });
  for (const value of ['made up', 0, null, false, nobody]) {
    assert.equal(await fallback(value as unknown).execute(throwing(new Error('down'))), value);
  }
});

test('knows the types of the value and of the answer', async () => {
  const value: Policy<'made-up'> = fallback('made-up');
  const made: Policy<number> = fallback(async () => 1);
  const answer: number | 'made-up' = await value.execute(async () => 1);
  assert.deepEqual([answer, await made.execute(async () => 2)], [1, 2]);
});

test('refuses a value that one caller could change for the next', () => {
  const frozenOutside = Object.freeze({ tags: [] });
  const inCircle: { self?: object } = {};
  inCircle.self = inCircle;
  for (const value of [{}, [], frozenOutside, Object.freeze(new Map()), Promise.resolve(1), new Date(0), inCircle]) {
    assert.throws(() => fallback(value as unknown), /fallback\.answer: expected a function, or a value that is frozen/);
  }
  assert.throws(() => fallback(undefined as unknown), ConfigError);
  assert.ok(fallback(Object.freeze(inCircle) as unknown));
});

test('refuses rules that cannot be, and options that it does not know', () => {
  const wrong = [true, 'failure', [], ['broken'], [() => true], [null], [{ kind: 'failure' }], {}];
  for (const when of wrong) assert.throws(() => fallback(1, { when: when as never }), /fallback\.when/);
  assert.throws(() => fallback(() => 1, { if: () => true } as FallbackOptions), /fallback\.if/);
});

test('describes itself in a line', () => {
  assert.equal(fallback(() => 1).describe(), 'fallback: when the other side is away');
  assert.equal(fallback(() => 1, { when: () => true }).describe(), 'fallback: when its own rule says so');
  assert.equal(fallback(1, { when: ['failure', RangeError] }).describe(), 'fallback: for failure, RangeError');
});
