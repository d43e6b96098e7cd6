import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import type { Budget } from '../contract/budget.ts';
import { SwitchgearError } from '../contract/errors.ts';
import type { Verdict } from '../contract/outcome.ts';
import type { Policy } from '../contract/policy.ts';
import type { Runtime } from '../contract/runtime.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import type { RetryOptions } from './options.ts';
import { retry } from './retry.ts';
import { retryBudget } from './retry-budget.ts';
import { retryQuota } from './retry-quota.ts';
import { tokenThrottle } from './token-throttle.ts';

/*
 * What reaches the other side, whatever it does: the budgets together with the retry that draws on them.
 */

class Throttled extends SwitchgearError {
  override readonly code = 'TEST_THROTTLED';

  override verdict(): Verdict {
    return { kind: 'throttled', retry: 'backoff' };
  }
}

class NoSuchUser extends SwitchgearError {
  override readonly code = 'TEST_NO_SUCH_USER';

  override verdict(): Verdict {
    return { kind: 'success', retry: 'never' };
  }
}

const quiet = { wants: () => false, publish: () => {} };

function world(): { clock: ManualClock } & Runtime {
  return { clock: new ManualClock(), random: () => 0, events: quiet };
}

/** Calls in turn, each attempt ending as the next of the ends says: what it throws, or well where it is undefined. */
async function sendsOf(policy: Policy, ends: readonly unknown[], calls: number): Promise<number> {
  const coming = [...ends];
  let sends = 0;
  for (let call = 0; call < calls; call++) {
    await policy
      .execute(async () => {
        sends++;
        const error = coming.shift();
        if (error !== undefined) throw error;
      })
      .catch(() => {});
  }
  return sends;
}

const downFor = (attempts: number): Error[] => new Array<Error>(attempts).fill(new Error('down'));

test('a token throttle of 10 stops retries after five failures, as in gRPC', async () => {
  const budget = tokenThrottle({ maxTokens: 10, tokenRatio: 0.1 });
  // Three sends, then two: the fifth failure leaves half of the tokens. After that, every call is sent once.
  const sends = await sendsOf(retry({ budget }, world()), downFor(100), 10);
  assert.equal(sends, 3 + 2 + 8);
  assert.equal(budget.snapshot().tokens, 0);
});

test('a token throttle hears of answers and of failures, and not of callers who left', async () => {
  const budget = tokenThrottle();
  const policy = retry({ budget, maxRetries: 0 }, world());
  await sendsOf(policy, [...downFor(2), new NoSuchUser('no such user'), undefined], 4);
  assert.equal(budget.snapshot().tokens, 8.2);
  const caller = new AbortController();
  const left = policy.execute(
    async () => {
      caller.abort('left');
      throw new Error('closed');
    },
    { signal: caller.signal },
  );
  await assert.rejects(left, (reason) => reason === 'left');
  assert.equal(budget.snapshot().tokens, 8.2);
});

test('a quota of 500 pays for 35 retries in an outage, as in the AWS SDKs', async () => {
  const budget = retryQuota();
  assert.equal(await sendsOf(retry({ budget }, world()), downFor(1_000), 100), 100 + 35);
});

test('a quota gets back what the retry cost that led to an answer, and one unit for each call that needed none', async () => {
  const budget = retryQuota();
  const policy = retry({ budget }, world());
  await sendsOf(policy, [new Error('down'), new Throttled('busy'), undefined], 1);
  assert.equal(budget.snapshot().units, 500 - 14);
  await sendsOf(policy, [undefined, new NoSuchUser('no such user')], 2);
  assert.equal(budget.snapshot().units, 500 - 14 + 2);
});

test('a budget that throws costs the retry, and never the call', async () => {
  const broken: Budget = {
    deposit: () => assert.fail('deposit'),
    tryWithdraw: () => assert.fail('tryWithdraw'),
    giveBack: () => assert.fail('giveBack'),
    succeeded: () => assert.fail('succeeded'),
    failed: () => assert.fail('failed'),
    describe: () => assert.fail('describe'),
  };
  const policy = retry({ budget: broken }, world());
  assert.equal(await policy.execute(async () => 'fine'), 'fine');
  await assert.rejects(
    policy.execute(() => Promise.reject(new Error('down'))),
    /down/,
  );
});

/** Something that is asked for by a random pattern of calls, and fails by a random pattern of its own. */
async function load(options: RetryOptions, runtime: { clock: ManualClock } & Runtime, seed: number, sick: number) {
  const chance = seededRandom(seed);
  const policy = retry(options, runtime);
  const calls: Promise<unknown>[] = [];
  let sends = 0;
  let answered = 0;
  const operation = async (): Promise<void> => {
    sends++;
    if (chance() < 0.3) await settle();
    const drawn = chance();
    if (drawn < sick / 2) throw new Error('down');
    if (drawn < sick) throw new Throttled('busy');
    answered++;
  };
  for (let step = 0; step < 5; step++) {
    for (let call = Math.floor(chance() * 8); call > 0; call--) {
      const caller = new AbortController();
      calls.push(policy.execute(operation, { signal: caller.signal }).catch(() => {}));
      if (chance() < 0.1) caller.abort('left');
    }
    await runtime.clock.advance(Math.floor(chance() * 120));
  }
  let over = false;
  void Promise.all(calls).then(() => {
    over = true;
  });
  while (!over) await runtime.clock.advance(100);
  return { calls: calls.length, sends, answered, elapsedMs: runtime.clock.now() };
}

test('sends no more than the budget bounds, for any pattern of calls, failures and callers who leave', async (t) => {
  const sick = fc.constantFrom(0.2, 0.7, 1);
  await fc.assert(
    fc.asyncProperty(fc.integer(), sick, fc.integer({ min: 0, max: 5 }), async (seed, share, maxRetries) => {
      const options = { maxRetries, maxMs: 100, throttledBaseMs: 100 };
      const runtime = { ...world(), random: seededRandom(seed) };

      const windowed = { ratio: 0.2, minPerSecond: 0.5 };
      const budgeted = await load({ ...options, budget: retryBudget(windowed, runtime) }, runtime, seed, share);
      const floor = windowed.minPerSecond * (budgeted.elapsedMs / 1_000 + 1);
      assert.ok(budgeted.sends <= budgeted.calls * (1 + windowed.ratio) + floor);

      const prices = { capacity: 60, cost: 14, throttledCost: 5, refund: 1 };
      const quoted = await load({ ...options, budget: retryQuota(prices) }, runtime, seed, share);
      const inVain = (prices.capacity + prices.refund * quoted.answered) / prices.throttledCost;
      assert.ok(quoted.sends <= quoted.calls + quoted.answered + inVain);

      for (const { calls, sends } of [budgeted, quoted]) assert.ok(sends <= calls * (1 + maxRetries));
    }),
    runs(t),
  );
});
