import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as one from '../src/index.ts';
import { ManualClock } from '../src/testing/index.ts';

/*
 * Two copies of the library in one process, as two versions in one tree of dependencies are: no class of one is a class
 * of the other.
 */

const folder = mkdtempSync(join(tmpdir(), 'switchgear-two-copies-'));
after(() => rmSync(folder, { recursive: true, force: true }));
cpSync(join(import.meta.dirname, '..', 'src'), folder, {
  recursive: true,
  filter: (path) => !path.endsWith('.test.ts'),
});
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
const other = (await import(pathToFileURL(join(folder, 'index.ts')).href)) as typeof one;

test('an error of another copy is an error of the library, by its brand', async () => {
  assert.notEqual(other.AttemptTimeoutError, one.AttemptTimeoutError);
  const error = new other.AttemptTimeoutError('late', { sent: 'never', phase: 'connect' });
  assert.ok(one.isSwitchgearError(error) && error instanceof one.SwitchgearError);
  assert.ok(error instanceof one.AttemptTimeoutError && !(error instanceof one.RefusedError));
  assert.equal((error as one.SwitchgearError).code, 'SWITCHGEAR_ATTEMPT_TIMEOUT');
});

test('a policy judges, and a budget hears, what comes from another copy', async () => {
  const clock = new ManualClock();
  const runtime = { clock, random: () => 0.5 };
  const budget = other.retryBudget({ ratio: 0, minPerSecond: 1 }, runtime);
  const circuit = one.breaker({ consecutiveFailures: 2 }, runtime);
  const retried = one.pipeline(one.retry({ maxRetries: 3, baseMs: 1, budget }, runtime), circuit);
  const timed = other.attemptTimeout({ attemptTimeoutMs: 10 }, runtime);
  let sends = 0;
  const hangs = (): Promise<never> => {
    sends++;
    return new Promise(() => {});
  };
  const failed = assert.rejects(
    retried.execute((call) => timed.execute(hangs, call)),
    (error) => error instanceof other.AttemptTimeoutError && error.stopped === 'budget-empty',
  );
  await clock.advance(100);
  await failed;
  assert.equal(sends, 2, 'retried as far as the budget lends');
  assert.equal(circuit.snapshot().state, 'open');
  assert.deepEqual([budget.snapshot().available, other.breaker({}, runtime).snapshot().state], [0, 'closed']);
});

test('the abort and the deadline of a call reach policies of another copy', async () => {
  const runtime = { clock: new ManualClock(), random: () => 0.5 };
  const caller = new AbortController();
  const room = other.bulkhead({ maxConcurrent: 1 }, runtime);
  const seen: number[] = [];
  const call = one.deadline({ deadlineMs: 50 }, runtime).execute(
    (own) =>
      room.execute((within) => {
        seen.push(within.deadline);
        return new Promise((_resolve, reject) => within.onCancel(reject));
      }, own),
    { signal: caller.signal },
  );
  caller.abort('left');
  await assert.rejects(call, (reason) => reason === 'left');
  assert.deepEqual([seen, room.snapshot().active], [[50], 0]);
});

test('a fallback answers for a refusal by a gate of another copy', async () => {
  const runtime = { clock: new ManualClock(), random: () => 0.5 };
  const full = other.bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime);
  void full.execute(() => new Promise(() => {}));
  const guarded = one.fallback('instead', {}, runtime);
  assert.equal(await guarded.execute((call) => full.execute(async () => 'never', call)), 'instead');
});

test('a pipeline says so when a policy in it hands on a call of its own making', async () => {
  const mixed = one.pipeline(one.retry({ maxRetries: 0 }), other.attemptTimeout());
  await assert.rejects(
    mixed.execute(async () => 'value'),
    (error) => error instanceof one.ConfigError && /attempt-timeout|call/.test(error.message),
  );
});
