import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caught } from '../testing/caught.ts';
import { settle } from '../testing/manual-clock.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { GuardedBudget } from './budget.ts';
import { CallContext } from './call.ts';
import { BulkheadFullError } from './errors.ts';
import { type Gate, judge, type Permit, type Refusal } from './gate.ts';
import { hush } from './hush.ts';
import { type Classify, type Outcome, verdicts } from './outcome.ts';
import { passageOf, through, throughGate } from './passage.ts';

/** A gate that writes down what becomes of its permits. */
class Watched implements Gate {
  readonly holdsPlace: boolean;
  readonly classify: Classify | undefined;
  readonly runtime = testRuntime().runtime;
  readonly name: string;
  readonly lines: string[];
  admits: boolean | Promise<boolean>;
  acquire?: (call: CallContext) => Promise<Permit | Refusal>;
  readonly #unused: boolean;

  constructor(
    name: string,
    lines: string[],
    {
      admits = true,
      queues = false,
      unused = true,
      holdsPlace = false,
      classify,
    }: {
      admits?: boolean | Promise<boolean>;
      queues?: boolean;
      unused?: boolean;
      holdsPlace?: boolean;
      classify?: Classify;
    } = {},
  ) {
    this.name = name;
    this.lines = lines;
    this.admits = admits;
    this.holdsPlace = holdsPlace;
    this.classify = classify;
    this.#unused = unused;
    if (queues) this.acquire = async () => ((await this.admits) ? this.#permit() : this.#refusal());
  }

  tryAcquire(): Permit | Refusal {
    return this.admits === true ? this.#permit() : this.#refusal();
  }

  execute(): Promise<never> {
    assert.fail('is entered, not run');
  }

  describe(): string {
    return this.name;
  }

  #permit(): Permit {
    this.lines.push(`${this.name} in`);
    const end = (how: string) => () => void this.lines.push(`${this.name} ${how}`);
    return {
      admitted: true,
      epoch: 0,
      success: end('success'),
      failure: end('failure'),
      throttled: end('throttled'),
      ignored: end('ignored'),
      orphaned: end('orphaned'),
      ...(this.#unused && { unused: end('unused') }),
    };
  }

  #refusal(): Refusal {
    return {
      admitted: false,
      reason: 'bulkhead-full',
      retryAfterMs: undefined,
      toError: () => new BulkheadFullError(this.name, 'bulkhead-full', {}),
    };
  }
}

const down = new Error('down');

test('gates are entered in order and left in reverse, however it went', async () => {
  for (const fails of [false, true]) {
    const lines: string[] = [];
    const passage = passageOf(['a', 'b', 'c'].map((name) => new Watched(name, lines)));
    const ran = through(passage, () => (fails ? Promise.reject(down) : Promise.resolve('fine')), CallContext.of({}));
    if (fails) assert.equal(await caught(ran), down);
    else assert.equal(await ran, 'fine');
    const how = fails ? 'failure' : 'success';
    assert.deepEqual(lines, ['a in', 'b in', 'c in', `c ${how}`, `b ${how}`, `a ${how}`]);
  }
});

test('a refusal gives back what was taken before it, the last first', async () => {
  const lines: string[] = [];
  const gates = [
    new Watched('a', lines),
    new Watched('b', lines, { unused: false }),
    new Watched('c', lines),
    new Watched('d', lines, { admits: false }),
  ];
  const error = await caught(through(passageOf(gates), () => assert.fail('ran'), CallContext.of({})));
  assert.equal((error as Error).message, 'd');
  assert.deepEqual(lines, ['a in', 'b in', 'c in', 'c unused', 'b ignored', 'a unused']);
});

test('a gate with a queue is waited for, and those behind it are entered afterwards', async () => {
  const lines: string[] = [];
  const turn = Promise.withResolvers<boolean>();
  const later = Promise.withResolvers<boolean>();
  const gates = [
    new Watched('a', lines),
    new Watched('b', lines, { admits: turn.promise, queues: true }),
    new Watched('c', lines),
    new Watched('d', lines, { admits: later.promise, queues: true }),
  ];
  const ran = through(passageOf(gates), async () => lines.push('run'), CallContext.of({}));
  await settle();
  assert.deepEqual(lines, ['a in']);
  turn.resolve(true);
  await settle();
  assert.deepEqual(lines, ['a in', 'b in', 'c in']);
  later.resolve(true);
  await ran;
  assert.deepEqual(lines.slice(3), ['d in', 'run', 'd success', 'c success', 'b success', 'a success']);
});

test('a caller who leaves in the turn in which a place comes leaves nothing taken', async () => {
  for (const alone of [true, false]) {
    const lines: string[] = [];
    const turn = Promise.withResolvers<boolean>();
    const caller = new AbortController();
    const queue = new Watched('q', lines, { admits: turn.promise, queues: true });
    const gates = alone ? [queue] : [new Watched('a', lines), queue];
    const call = CallContext.of({ signal: caller.signal });
    const ran = caught(through(passageOf(gates), () => assert.fail('ran'), call));
    await settle();
    turn.resolve(true);
    caller.abort('left');
    assert.equal(await ran, 'left');
    assert.deepEqual(lines, alone ? ['q in', 'q unused'] : ['a in', 'q in', 'q unused', 'a unused']);
  }
});

test('a call that is cancelled enters no gate', async () => {
  for (const names of [['a'], ['a', 'b']]) {
    const lines: string[] = [];
    const passage = passageOf(names.map((name) => new Watched(name, lines)));
    const call = CallContext.of({ signal: AbortSignal.abort('left') });
    assert.equal(await caught(through(passage, () => assert.fail('ran'), call)), 'left');
    assert.deepEqual(lines, []);
  }
});

test('a classifier is asked of values too, and hears which they are', async () => {
  const lines: string[] = [];
  const seen: Outcome[] = [];
  const classify: Classify = (outcome) => {
    seen.push(outcome);
    return verdicts.failure;
  };
  await throughGate(new Watched('a', lines, { classify }), async () => 'poor', {});
  await caught(throughGate(new Watched('b', lines, { classify }), () => Promise.reject(down), {}));
  assert.deepEqual(lines, ['a in', 'a failure', 'b in', 'b failure']);
  assert.deepEqual(seen, [
    { ok: true, value: 'poor' },
    { ok: false, error: down },
  ]);
});

test('a place is taken until work that was given up has ended; a gate without places does not wait for that', async () => {
  for (const holdsPlace of [true, false]) {
    const lines: string[] = [];
    const call = CallContext.of({});
    const ended = call.addOrphan();
    await throughGate(new Watched('a', lines, { holdsPlace }), async () => 'fine', call);
    assert.deepEqual(lines, holdsPlace ? ['a in', 'a orphaned'] : ['a in', 'a success']);
    ended();
    assert.equal(lines.at(-1), 'a success');
  }
});

test('a verdict that is none is passed over, and the usual one holds', async () => {
  const call = CallContext.of({});
  const failed: Outcome = { ok: false, error: down };
  for (const said of [undefined, null, 5, 'failure', {}, { kind: 'failure' }, { kind: 'odd', retry: 'never' }]) {
    assert.deepEqual(
      judge(() => said as never, failed, call),
      verdicts.failure,
    );
    assert.deepEqual(
      judge(() => said as never, { ok: true, value: 1 }, call),
      verdicts.success,
    );
  }
  assert.equal(
    judge(() => assert.fail('mine'), failed, call),
    verdicts.failure,
  );
  // Neither is a promise of one, and what it rejects with ends here.
  assert.equal(judge((async () => assert.fail('mine')) as never, failed, call), verdicts.failure);
  await settle();
  assert.deepEqual(
    [verdicts.success, verdicts.failure, verdicts.failureForGood, verdicts.ignored],
    [
      { kind: 'success', retry: 'never' },
      { kind: 'failure', retry: 'backoff' },
      { kind: 'failure', retry: 'never' },
      { kind: 'ignored', retry: 'never' },
    ],
  );
});

test('a budget that says nothing of itself that could be read is named as such', async () => {
  const budget = { deposit: () => {}, tryWithdraw: () => true, giveBack: () => {} };
  const named = (describe: () => unknown): string => new GuardedBudget({ ...budget, describe } as never).describe();
  assert.equal(
    named(() => 'twenty a day'),
    'twenty a day',
  );
  for (const said of [undefined, 5, {}]) {
    assert.equal(
      named(() => said),
      'one that cannot say what it is',
    );
  }
  assert.equal(
    named(async () => assert.fail('mine')),
    'one that cannot say what it is',
  );
  await settle();
});

test('takes anything for an answer that nobody waits for', async () => {
  const rejected = Promise.reject(down);
  for (const answer of [undefined, null, 1, 'x', {}, () => 1, rejected]) assert.doesNotThrow(() => hush(answer));
  const hostile = Object.defineProperty({}, 'then', { get: () => assert.fail('looked at') });
  assert.doesNotThrow(() => hush(hostile));
  await settle();
});
