import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CircuitOpenError, ConfigError, DeadlineExceededError } from '../contract/errors.ts';
import { fallback } from '../fallback/fallback.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { currentCall, currentDeadline, withDeadline } from '../timeout/inherited-deadline.ts';
import { pipeline } from './pipeline.ts';
import { resilient } from './resilient.ts';
import { standard } from './standard.ts';

const world = () => {
  const clock = new ManualClock();
  return { clock, runtime: { clock, random: () => 0.5 } };
};

/** Fails as often as is said, then answers with what it was given. */
function flaky(failures: number) {
  const log: string[] = [];
  async function flaked(word: string): Promise<string> {
    log.push(word);
    if (log.length <= failures) throw new Error('down');
    return word;
  }
  return { log, flaked };
}

test('work that nobody called idempotent is done once, whatever becomes of it', async () => {
  const { runtime } = world();
  const { log, flaked } = flaky(1);
  const charge = resilient(flaked, { name: 'bank' }, runtime);
  await assert.rejects(charge('card'), /down/);
  assert.deepEqual(log, ['card']);
});

test('idempotent work is done again, within the budget and the deadline of its stack', async () => {
  const { clock, runtime } = world();
  const { log, flaked } = flaky(2);
  const look = resilient(flaked, { idempotent: true }, runtime);
  const answer = look('it');
  await clock.advance(500);
  assert.equal(await answer, 'it');
  assert.equal(log.length, 3);
  assert.equal(look.policy.budget.snapshot().retriesInWindow, 2);
});

test('idempotence may go by the arguments, and anything but a plain yes is a no', async () => {
  const { clock, runtime } = world();
  const answers = [true, false, 'yes', undefined];
  for (const said of answers) {
    const { log, flaked } = flaky(1);
    const work = resilient(flaked, { idempotent: (() => said) as () => boolean }, runtime);
    const ended = work('x').catch(() => 'failed');
    await clock.advance(500);
    await ended;
    assert.equal(log.length, said === true ? 2 : 1, String(said));
  }
  const { log, flaked } = flaky(1);
  const throwing = resilient(flaked, { idempotent: () => assert.fail('no') }, runtime);
  await assert.rejects(throwing('x'), /down/);
  assert.equal(log.length, 1);

  const byWord = flaky(1);
  const some = resilient(byWord.flaked, { idempotent: (word) => word === 'read' }, runtime);
  const read = some('read');
  await clock.advance(500);
  assert.equal(await read, 'read');
});

test('one call may say otherwise than the function, and bring a signal, a deadline and a key of its own', async () => {
  const { clock, runtime } = world();
  const { log, flaked } = flaky(1);
  const charge = resilient(flaked, {}, runtime);
  const again = charge.with({ idempotent: true }, 'card');
  await clock.advance(500);
  assert.equal(await again, 'card');
  assert.equal(log.length, 2);

  const hung = resilient(() => new Promise<string>(() => {}), {}, runtime);
  const caller = new AbortController();
  const left = assert.rejects(hung.with({ signal: caller.signal }), (reason) => reason === 'gone');
  await clock.advance(1);
  caller.abort('gone');
  await left;
  const late = assert.rejects(hung.with({ deadlineMs: 20 }), DeadlineExceededError);
  await clock.advance(20);
  await late;

  const keys: unknown[] = [];
  const keyed = resilient(async () => void keys.push(currentCall()?.key), {}, runtime);
  await keyed.with({ key: 'alice 42' });
  assert.deepEqual(keys, ['alice 42']);
});

test('the work finds its call, however deep, and nothing is found outside', async () => {
  const { clock, runtime } = world();
  const seen: unknown[] = [];
  const deep = async () => {
    await Promise.resolve();
    const call = currentCall();
    seen.push([call?.target, call?.operation, call?.attempt, call?.deadline, call?.signal.aborted]);
    if (call?.attempt === 1) throw new Error('down');
  };
  async function syncUsers(): Promise<void> {
    await deep();
  }
  const work = resilient(syncUsers, { name: 'directory', idempotent: true, attemptTimeoutMs: 100 }, runtime);
  assert.equal(work.name, 'syncUsers');
  const done = work();
  await clock.advance(200);
  await done;
  assert.deepEqual(
    seen.map((each) => (each as unknown[]).slice(0, 3)),
    [
      ['directory', 'syncUsers', 1],
      ['directory', 'syncUsers', 2],
    ],
  );
  assert.equal((seen[0] as unknown[])[3], 100, 'an attempt has its own deadline');
  assert.equal((seen[0] as unknown[])[4], false);
  assert.equal(currentCall(), undefined);
});

test('an attempt that runs out of time aborts the signal of the work', async () => {
  const { clock, runtime } = world();
  const signals: AbortSignal[] = [];
  const work = resilient(
    () => {
      signals.push(currentCall()?.signal as AbortSignal);
      return new Promise<void>(() => {});
    },
    { attemptTimeoutMs: 50 },
    runtime,
  );
  const failed = assert.rejects(work(), { code: 'SWITCHGEAR_ATTEMPT_TIMEOUT' });
  await clock.advance(50);
  await failed;
  assert.equal(signals[0]?.aborted, true);
});

test('calls that begin inside keep the deadline, and one that surrounds it is kept too', async () => {
  const { clock, runtime } = world();
  const inner = resilient(
    async () => currentDeadline(runtime),
    { deadlineMs: 5_000, attemptTimeoutMs: 4_000 },
    runtime,
  );
  const outer = resilient(() => inner(), { deadlineMs: 800, attemptTimeoutMs: 300 }, runtime);
  assert.equal(await outer(), clock.now() + 300);
  assert.equal(await withDeadline(40, () => outer(), runtime), clock.now() + 40);

  const nested = resilient(async () => withDeadline(1_000, async () => currentCall()?.operation, runtime), {
    operation: 'named',
  });
  assert.equal(await nested(), 'named');
});

test('functions of one target share its stack, and one of them opens the circuit for the others', async () => {
  const { runtime } = world();
  const bank = standard({ name: 'bank', breaker: { consecutiveFailures: 2 } }, runtime);
  const charge = resilient(async () => Promise.reject(new Error('down')), { name: 'bank', policy: bank }, runtime);
  const balance = resilient(async () => 7, { name: 'bank', policy: bank }, runtime);
  assert.equal(await balance(), 7);
  for (let i = 0; i < 2; i++) await assert.rejects(charge(), /down/);
  await assert.rejects(balance(), (error) => error instanceof CircuitOpenError && error.target === 'bank');
  assert.equal(charge.policy, bank);
});

test('keeps its place while the work ignores that it was given up', async () => {
  const { clock, runtime } = world();
  const ends: (() => void)[] = [];
  const work = resilient(
    () => new Promise<void>((resolve) => ends.push(resolve)),
    { bulkhead: { maxConcurrent: 1, maxQueue: 0 }, attemptTimeoutMs: 10 },
    runtime,
  );
  const failed = assert.rejects(work());
  await clock.advance(10);
  await failed;
  await assert.rejects(work(), { code: 'SWITCHGEAR_BULKHEAD_FULL' });
  ends[0]?.();
  await clock.advance(0);
  assert.equal(work.policy.bulkhead.snapshot().active, 0);
});

test('is the same function to the compiler: `this`, type parameters, and what a fallback may answer', async () => {
  const { runtime } = world();
  class Repository {
    readonly prefix = 'user ';
    readonly find: (this: Repository, id: number) => Promise<string>;
    constructor() {
      this.find = resilient(
        async function (this: Repository, id: number) {
          return this.prefix + id;
        },
        {},
        runtime,
      );
    }
  }
  assert.equal(await new Repository().find(7), 'user 7');

  const same = resilient(async <T>(value: T): Promise<T> => value, {}, runtime);
  const seven: 7 = await same(7 as const);
  assert.equal(seven, 7);
  // @ts-expect-error: it takes one argument, like the function it is made of
  await same();

  const orNothing = pipeline(
    fallback((): undefined => undefined, { when: () => true }, runtime),
    standard({}, runtime),
  );
  const maybe = resilient(async (id: number) => ({ id }), { policy: orNothing }, runtime);
  const found = await maybe(7);
  // @ts-expect-error: the fallback may have answered
  assert.equal(found.id, 7);
});

test('what throws before it has a promise rejects, and what is no promise is an answer', async () => {
  const { runtime } = world();
  const throwing = resilient((): Promise<void> => assert.fail('at once'), {}, runtime);
  await assert.rejects(throwing(), /at once/);
  const plain = resilient((() => 7) as unknown as () => Promise<number>, {}, runtime);
  assert.equal(await plain(), 7);
});

test('refuses what cannot be, at construction, and never reads a polluted prototype', async () => {
  const { runtime } = world();
  const work = async () => 1;
  const refused = (options: object): unknown => {
    try {
      return resilient(work, options);
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.path;
    }
  };
  assert.throws(() => resilient('work' as never), { path: 'resilient.work' });
  assert.equal(refused({ retries: 3 }), 'resilient.retries');
  assert.equal(refused({ idempotent: 'yes' }), 'resilient.idempotent');
  assert.equal(refused({ policy: {} }), 'resilient.policy');
  assert.equal(refused({ policy: standard(), deadlineMs: 5 }), 'resilient.deadlineMs');
  assert.equal(refused({ deadlineMs: 5 }), 'standard.attemptTimeoutMs');
  await assert.rejects(resilient(work).with({ deadline: 5 } as object), { path: 'resilient.with.deadline' });
  await assert.rejects(resilient(work).with({ deadlineMs: Number.NaN }), { path: 'resilient.with.deadlineMs' });

  const { log, flaked } = flaky(1);
  const polluted = { idempotent: true, policy: pipeline(), signal: AbortSignal.abort('polluted'), key: 'x', name: 'x' };
  Object.assign(Object.prototype, polluted);
  try {
    const safe = resilient(flaked, {}, runtime);
    await assert.rejects(safe.with({}, 'a'), /down/);
  } finally {
    for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name);
  }
  assert.equal(log.length, 1);
});
