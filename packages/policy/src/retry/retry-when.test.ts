import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BulkheadFullError, ConfigError } from '../contract/errors.ts';
import type { Outcome, Verdict } from '../contract/outcome.ts';
import type { EventLog } from '../testing/event-log.ts';
import { JudgedError } from '../testing/judged-error.ts';
import { scripted } from '../testing/scripted.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import type { RetryOptions } from './options.ts';
import { retry } from './retry.ts';

const notFound: Verdict = { kind: 'success', retry: 'never' };
const down: Verdict = { kind: 'failure', retry: 'backoff' };

/** How often something is sent that always ends in the same way, no wait between. */
async function sendsOf(
  options: RetryOptions,
  end: () => unknown,
  idempotent = true,
): Promise<{ sends: number; log: EventLog }> {
  const { runtime, log } = testRuntime({ random: 0 });
  const peer = scripted([{ run: end, times: Number.POSITIVE_INFINITY }], runtime);
  await retry(options, runtime)
    .execute(peer, { idempotent })
    .catch(() => {});
  return { sends: peer.sends(), log };
}

const throws = (error: unknown) => (): never => {
  throw error;
};

test('sends again for a value that is asked for', async () => {
  const { sends, log } = await sendsOf({ retryWhen: (outcome) => outcome.ok }, () => 'PENDING');
  assert.equal(sends, 3);
  assert.equal(log.count('attempt.finished', { verdict: 'failure' }), 3);
});

test('sends again for an answer that its verdict takes for final, and leaves it the answer it is', async () => {
  const retryWhen = (outcome: Outcome): boolean => !outcome.ok && outcome.error instanceof JudgedError;
  const { sends, log } = await sendsOf({ retryWhen }, throws(new JudgedError(notFound)));
  assert.equal(sends, 3);
  assert.equal(log.count('attempt.finished', { verdict: 'success' }), 3);
});

test('sends no more for a failure that is asked to be left', async () => {
  const { sends } = await sendsOf({ retryWhen: () => false }, throws(new JudgedError(down)));
  assert.equal(sends, 1);
});

test('keeps what the verdict says besides, such as a Retry-After', async () => {
  const error = new JudgedError({ kind: 'throttled', retry: 'never', retryAfterMs: 60_000 });
  const { sends } = await sendsOf({ retryWhen: () => true }, throws(error));
  assert.deepEqual([sends, error.stopped], [1, 'server-asks-too-long']);
});

test('is told of the outcome and the attempt', async () => {
  const seen: unknown[] = [];
  const retryWhen: RetryOptions['retryWhen'] = (outcome, call) => seen.push([outcome, call.attempt]) < 2;
  await sendsOf({ retryWhen }, () => 'PENDING');
  assert.deepEqual(seen, [
    [{ ok: true, value: 'PENDING' }, 1],
    [{ ok: true, value: 'PENDING' }, 2],
  ]);
});

test('has the last word after a classifier', async () => {
  const both = (retryWhen: () => boolean, classify: () => Verdict): Promise<{ sends: number }> =>
    sendsOf({ retryWhen, classify }, () => 'a');
  assert.equal(
    (
      await both(
        () => false,
        () => down,
      )
    ).sends,
    1,
  );
  assert.equal(
    (
      await both(
        () => true,
        () => notFound,
      )
    ).sends,
    3,
  );
});

test('does not make work be done twice that must not be', async () => {
  const asks = { retryWhen: () => true };
  for (const sent of ['maybe', 'answered'] as const) {
    const { sends } = await sendsOf(asks, throws(new JudgedError({ ...down, retry: 'never' }, { sent })), false);
    assert.equal(sends, 1, sent);
  }
  assert.equal((await sendsOf(asks, () => 'PENDING', false)).sends, 1);
  assert.equal((await sendsOf(asks, throws(new Error('reset')), false)).sends, 1);
});

test('sends again what must not be done twice when it provably never left', async () => {
  const error = new JudgedError({ ...down, retry: 'never' }, { sent: 'never' });
  assert.equal((await sendsOf({ retryWhen: () => true }, throws(error), false)).sends, 3);
});

test('does not wait out a refusal', async () => {
  const refused = new BulkheadFullError('full', 'bulkhead-full', {});
  assert.equal((await sendsOf({ retryWhen: () => true }, throws(refused))).sends, 1);
});

test('is not asked when the caller has left', async () => {
  const caller = new AbortController();
  const failed = retry({ retryWhen: () => assert.fail('asked') }).execute(
    async () => {
      caller.abort('left');
      throw new Error('closed');
    },
    { signal: caller.signal },
  );
  await assert.rejects(failed, (reason) => reason === 'left');
});

test('leaves it to the verdict when it throws or answers nonsense', async () => {
  const nonsense: unknown[] = [undefined, null, 1, 'yes', {}, Promise.resolve(true)];
  const rules = nonsense.map((answer) => (): unknown => answer);
  rules.push(
    () => assert.fail('a rule that throws'),
    () => Promise.reject(new Error('an async rule that fails')),
  );
  for (const retryWhen of rules) {
    const options = { retryWhen } as RetryOptions;
    assert.equal((await sendsOf(options, throws(new JudgedError(down)))).sends, 3);
    assert.equal((await sendsOf(options, throws(new ConfigError('a', 'b', 'c')))).sends, 1);
    assert.equal((await sendsOf(options, () => 'fine')).sends, 1);
  }
});
