import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { CallContext, CallScope, type Operation } from './call.ts';
import { CircuitOpenError, DeadlineExceededError } from './errors.ts';
import { type Gate, judge, type Permit, type Refusal } from './gate.ts';
import { type Classify, type Verdict, verdicts } from './outcome.ts';
import { passageOf, through } from './passage.ts';

/** A gate that notes what it is asked and told. */
function gate(name: string, log: string[], more: Partial<Gate> = {}): Gate {
  const told = (ending: string) => (): void => void log.push(`${name} ${ending}`);
  const permit: Permit = {
    admitted: true,
    epoch: 0,
    success: told('success'),
    failure: told('failure'),
    throttled: told('throttled'),
    ignored: told('ignored'),
  };
  return {
    name,
    runtime: { clock: new ManualClock(), random: () => 0 },
    classify: undefined,
    holdsPlace: false,
    tryAcquire: () => {
      log.push(`${name} asked`);
      return permit;
    },
    execute: () => assert.fail('only its permits are used'),
    describe: () => name,
    ...more,
  };
}

const refusal: Refusal = {
  admitted: false,
  reason: 'circuit-open',
  retryAfterMs: 7,
  toError: () => new CircuitOpenError('open', 'circuit-open', { retryAfterMs: 7 }),
};

const throughGates = <T>(gates: readonly Gate[], next: Operation<T>, call: CallContext): Promise<T> =>
  through(passageOf(gates), next, call);

const root = (): CallContext => CallContext.of({ target: 'users', operation: 'get' });

test('enters gates in order, leaves them in reverse, and each hears the outcome once', async () => {
  const log: string[] = [];
  const gates = [gate('outer', log), gate('inner', log)];
  assert.equal(await throughGates(gates, async () => 'value', root()), 'value');
  const broken = new Error('broken');
  await assert.rejects(
    throughGates(gates, () => Promise.reject(broken), root()),
    (error) => error === broken,
  );
  const entered = ['outer asked', 'inner asked'];
  assert.deepEqual(log, [...entered, 'inner success', 'outer success', ...entered, 'inner failure', 'outer failure']);
});

test('gives back what it had entered when a later gate refuses, and says so once', async () => {
  const log: string[] = [];
  const events = new EventLog();
  const closed = gate('closed', log, {
    tryAcquire: () => refusal,
    runtime: { clock: new ManualClock(5), random: () => 0, events },
  });
  await assert.rejects(
    throughGates([gate('outer', log), closed], () => assert.fail('was refused'), root()),
    CircuitOpenError,
  );
  assert.deepEqual(log, ['outer asked', 'outer ignored']);
  assert.deepEqual(events.events, [
    {
      type: 'call.refused',
      at: 5,
      target: 'users',
      operation: 'get',
      attempt: 1,
      reason: 'circuit-open',
      retryAfterMs: 7,
    },
  ]);
});

test('gives back what it had entered when the wait at a later gate is ended by the caller', async () => {
  const log: string[] = [];
  const waiting = gate('waiting', log, { tryAcquire: () => refusal, acquire: () => Promise.reject('left') });
  await assert.rejects(
    throughGates([gate('outer', log), waiting], () => assert.fail('never admitted'), root()),
    (error) => error === 'left',
  );
  assert.deepEqual(log, ['outer asked', 'outer ignored']);
});

test('starts nothing for a caller who left in the very turn in which a place was handed over', async () => {
  const log: string[] = [];
  const caller = new AbortController();
  const admitted = gate('queue', log);
  const queue = gate('queue', log, {
    tryAcquire: () => refusal,
    acquire: async () => {
      caller.abort('left');
      return admitted.tryAcquire();
    },
  });
  await assert.rejects(
    throughGates([queue], () => assert.fail('started'), CallContext.of({ signal: caller.signal })),
    (error) => error === 'left',
  );
  assert.deepEqual(log, ['queue asked', 'queue ignored']);
});

test('keeps the place of work that was given up until it ends; its verdict is told at once to who only judges', async () => {
  const log: string[] = [];
  const call = root();
  let ended = (): void => {};
  const judged = gate('judge', log);
  const place = gate('place', log, { holdsPlace: true });
  await assert.rejects(
    throughGates(
      [place, judged],
      (inner) => {
        ended = (inner as CallContext).addOrphan();
        return Promise.reject(new Error('timed out'));
      },
      call,
    ),
  );
  assert.deepEqual(log, ['place asked', 'judge asked', 'judge failure']);
  ended();
  await settle();
  assert.deepEqual(log.at(-1), 'place failure');
});

test('passes over a classifier that throws or answers nonsense, and frees the place all the same', async () => {
  const broken = new Error('broken');
  const nonsense: unknown[] = [undefined, null, 'failure', {}, { kind: 'boom', retry: 'never' }, { kind: 'success' }];
  const answers: Classify[] = nonsense.map((answer) => () => answer as Verdict);
  answers.push(() => {
    throw new Error('the classifier is broken');
  });
  answers.push((async () => verdicts.success) as never);
  for (const classify of answers) {
    const log: string[] = [];
    await assert.rejects(
      throughGates([gate('gate', log, { classify })], () => Promise.reject(broken), root()),
      (error) => error === broken,
    );
    assert.deepEqual(log, ['gate asked', 'gate failure']);
  }
});

test('judges a call that its caller left as nothing, and one that its deadline ended by the error', () => {
  const failed = { ok: false, error: new Error('socket closed') } as const;
  const left = CallContext.of({ signal: AbortSignal.abort() });
  assert.equal(judge(undefined, failed, left).kind, 'ignored');

  const scope = new CallScope(root(), 10);
  const late = new DeadlineExceededError('late', { phase: 'wait', sent: 'maybe' });
  scope.cancel(late);
  assert.equal(judge(undefined, { ok: false, error: late }, scope).kind, 'failure');
});

test('fails no call because a sink throws', async () => {
  const events = {
    wants: () => {
      throw new Error('no');
    },
    publish: () => {
      throw new Error('no');
    },
  };
  const closed = gate('closed', [], {
    tryAcquire: () => refusal,
    runtime: { clock: new ManualClock(), random: () => 0, events },
  });
  await assert.rejects(
    throughGates([closed], () => assert.fail('was refused'), root()),
    CircuitOpenError,
  );
});
