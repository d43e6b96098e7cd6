import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BulkheadFullError, ConfigError, type Sent, SwitchgearError } from '../contract/errors.ts';
import type { Outcome, Verdict } from '../contract/outcome.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import type { RetryOptions } from './options.ts';
import { retry } from './retry.ts';

class Judged extends SwitchgearError {
  override readonly code = 'TEST_JUDGED';
  readonly #verdict: Verdict;

  constructor(verdict: Verdict, sent: Sent = 'answered') {
    super('judged', { sent });
    this.#verdict = verdict;
  }

  override verdict(): Verdict {
    return this.#verdict;
  }
}

const notFound: Verdict = { kind: 'success', retry: 'never' };
const down: Verdict = { kind: 'failure', retry: 'backoff' };

/** How often something is sent that always ends in the same way, no wait between. */
async function sendsOf(
  options: RetryOptions,
  end: () => unknown,
  idempotent = true,
): Promise<{ sends: number; events: EventLog }> {
  const events = new EventLog();
  let sends = 0;
  const runtime = { clock: new ManualClock(), random: () => 0, events };
  const operation = async (): Promise<unknown> => {
    sends++;
    return end();
  };
  await retry(options, runtime)
    .execute(operation, { idempotent })
    .catch(() => {});
  return { sends, events };
}

const throws = (error: unknown) => (): never => {
  throw error;
};

test('sends again for a value that is asked for', async () => {
  const { sends, events } = await sendsOf({ retryWhen: (outcome) => outcome.ok }, () => 'PENDING');
  assert.equal(sends, 3);
  assert.deepEqual(
    events.of('attempt.finished').map(({ verdict }) => verdict),
    ['failure', 'failure', 'failure'],
  );
});

test('sends again for an answer that its verdict takes for final, and leaves it the answer it is', async () => {
  const retryWhen = (outcome: Outcome): boolean => !outcome.ok && outcome.error instanceof Judged;
  const { sends, events } = await sendsOf({ retryWhen }, throws(new Judged(notFound)));
  assert.equal(sends, 3);
  assert.deepEqual(
    events.of('attempt.finished').map(({ verdict }) => verdict),
    ['success', 'success', 'success'],
  );
});

test('sends no more for a failure that is asked to be left', async () => {
  const { sends } = await sendsOf({ retryWhen: () => false }, throws(new Judged(down)));
  assert.equal(sends, 1);
});

test('keeps what the verdict says besides, such as a Retry-After', async () => {
  const error = new Judged({ kind: 'throttled', retry: 'never', retryAfterMs: 60_000 });
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
    const { sends } = await sendsOf(asks, throws(new Judged({ ...down, retry: 'never' }, sent)), false);
    assert.equal(sends, 1, sent);
  }
  assert.equal((await sendsOf(asks, () => 'PENDING', false)).sends, 1);
  assert.equal((await sendsOf(asks, throws(new Error('reset')), false)).sends, 1);
});

test('sends again what must not be done twice when it provably never left', async () => {
  const error = new Judged({ ...down, retry: 'never' }, 'never');
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
    assert.equal((await sendsOf(options, throws(new Judged(down)))).sends, 3);
    assert.equal((await sendsOf(options, throws(new ConfigError('a', 'b', 'c')))).sends, 1);
    assert.equal((await sendsOf(options, () => 'fine')).sends, 1);
  }
});
