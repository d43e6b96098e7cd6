import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { ConfigError } from '../contract/errors.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { type RetryBudget, type RetryBudgetOptions, retryBudget, retryBudgetDefaults } from './retry-budget.ts';

function budgetWith(options: RetryBudgetOptions): { clock: ManualClock; budget: RetryBudget } {
  const clock = new ManualClock();
  return { clock, budget: retryBudget(options, { clock, random: () => 0 }) };
}

function deposit(budget: RetryBudget, calls: number): void {
  for (let call = 0; call < calls; call++) budget.deposit();
}

/** How many retries are granted before one is refused. */
function drain(budget: RetryBudget): number {
  let granted = 0;
  while (budget.tryWithdraw()) granted++;
  return granted;
}

test('lends a share of the calls, and the allowance on top', () => {
  const { budget } = budgetWith({});
  deposit(budget, 100);
  assert.equal(drain(budget), 20 + 3);
});

test('lends a little to a client that has hardly called', () => {
  const { budget } = budgetWith({});
  deposit(budget, 1);
  assert.equal(drain(budget), 3);
});

test('lends nothing beyond the share when the allowance is 0', () => {
  const { budget } = budgetWith({ minPerSecond: 0 });
  deposit(budget, 4);
  assert.equal(drain(budget), 0);
  deposit(budget, 1);
  assert.equal(drain(budget), 1);
});

test('spends the share before the allowance', () => {
  const { budget } = budgetWith({});
  deposit(budget, 5);
  assert.ok(budget.tryWithdraw());
  assert.equal(budget.snapshot().available, 3);
});

test('renews the allowance by the second, never beyond one second of it', async () => {
  const { clock, budget } = budgetWith({ minPerSecond: 4 });
  assert.equal(drain(budget), 4);
  await clock.advance(250);
  assert.equal(drain(budget), 1);
  await clock.advance(3_600_000);
  assert.equal(drain(budget), 4);
});

test('lends once in a while with an allowance of less than one a second', async () => {
  const { clock, budget } = budgetWith({ ratio: 0, minPerSecond: 0.5 });
  assert.equal(drain(budget), 0);
  await clock.advance(1_000);
  assert.equal(drain(budget), 1);
  await clock.advance(1_999);
  assert.equal(drain(budget), 0);
  await clock.advance(1);
  assert.equal(drain(budget), 1);
});

test('forgets what was earned when the window has passed', async () => {
  const { clock, budget } = budgetWith({ minPerSecond: 0 });
  deposit(budget, 100);
  await clock.advance(10_000);
  assert.equal(drain(budget), 0);
});

test('keeps a retry on the books as long as the calls that paid for it', async () => {
  const { clock, budget } = budgetWith({ minPerSecond: 0 });
  deposit(budget, 100);
  await clock.advance(9_000);
  assert.equal(drain(budget), 20);
  await clock.advance(1_000);
  deposit(budget, 100);
  assert.equal(drain(budget), 0);
});

test('takes a retry back that was not sent', () => {
  const { budget } = budgetWith({ minPerSecond: 0 });
  deposit(budget, 5);
  assert.ok(budget.tryWithdraw());
  assert.equal(budget.tryWithdraw(), false);
  budget.giveBack();
  assert.deepEqual(budget.snapshot(), { available: 1, callsInWindow: 5, retriesInWindow: 0 });
});

test('takes a retry of the allowance back', () => {
  const { budget } = budgetWith({ ratio: 0 });
  assert.equal(drain(budget), 3);
  budget.giveBack();
  assert.equal(drain(budget), 1);
});

test('takes one retry back at a time, whatever both were paid from', () => {
  const { budget } = budgetWith({});
  deposit(budget, 5);
  assert.ok(budget.tryWithdraw() && budget.tryWithdraw());
  budget.giveBack();
  assert.equal(budget.snapshot().retriesInWindow, 1);
});

test('holds no more after being given what it never lent', () => {
  const { budget } = budgetWith({});
  for (let i = 0; i < 10; i++) budget.giveBack();
  assert.equal(budget.snapshot().available, 3);
});

test('shows what it holds', () => {
  const { budget } = budgetWith({});
  deposit(budget, 50);
  for (let i = 0; i < 12; i++) budget.tryWithdraw();
  assert.deepEqual(budget.snapshot(), { available: 1, callsInWindow: 50, retriesInWindow: 12 });
});

test('is not disturbed by a wall clock that jumps', () => {
  const { clock, budget } = budgetWith({});
  deposit(budget, 100);
  clock.jumpWall(-3_600_000);
  assert.equal(budget.snapshot().available, 23);
  clock.jumpWall(7_200_000);
  assert.equal(budget.snapshot().available, 23);
});

test('refuses numbers that cannot be, naming the option', () => {
  for (const name of ['ratio', 'minPerSecond', 'windowMs']) {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null]) {
      assert.throws(
        () => retryBudget({ [name]: value } as RetryBudgetOptions),
        (error) => error instanceof ConfigError && error.path === `retryBudget.${name}`,
      );
    }
  }
  assert.throws(() => retryBudget({ ratio: 1.1 }), /retryBudget\.ratio: expected a number from 0 to 1, got 1\.1/);
  assert.throws(() => retryBudget({ windowMs: 0 }), /retryBudget\.windowMs/);
});

test('refuses to be a budget that never lends', () => {
  assert.throws(() => retryBudget({ ratio: 0, minPerSecond: 0 }), /retryBudget\.minPerSecond/);
});

test('says its settings in a few words', () => {
  assert.equal(retryBudget(retryBudgetDefaults).describe(), '0.2 of calls + 3/s');
});

const trace = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 30_000 })),
    what: fc.constantFrom('call', 'retry', 'back'),
    times: fc.integer({ min: 1, max: 40 }),
  }),
  { maxLength: 120 },
);
const settings = fc.record({
  ratio: fc.constantFrom(0, 0.1, 0.2, 0.5, 1),
  minPerSecond: fc.constantFrom(0.25, 1, 3, 7.5),
  windowMs: fc.constantFrom(500, 10_000),
});

test('keeps to the bound at every moment of any trace', (t) => {
  fc.assert(
    fc.property(settings, trace, (options, steps) => {
      const clock = new ManualClock(5_000);
      const budget = retryBudget(options, { clock, random: () => 0 });
      let calls = 0;
      let retries = 0;
      for (const { afterMs, what, times } of steps) {
        clock.freeze(afterMs);
        for (let i = 0; i < times; i++) {
          if (what === 'call') {
            budget.deposit();
            calls++;
          } else if (what === 'retry') {
            if (budget.tryWithdraw()) retries++;
          } else if (retries > 0) {
            budget.giveBack();
            retries--;
          }
          const elapsedSeconds = (clock.now() - 5_000) / 1_000;
          const bound = options.ratio * calls + options.minPerSecond * (elapsedSeconds + 1);
          assert.ok(retries <= bound + 1e-6, `${retries} retries, ${bound} allowed`);
        }
      }
    }),
    runs(t),
  );
});

test('grants as many as it says are available, never fewer than none', (t) => {
  fc.assert(
    fc.property(settings, trace, (options, steps) => {
      const clock = new ManualClock();
      const budget = retryBudget(options, { clock, random: () => 0 });
      for (const { afterMs, what, times } of steps) {
        clock.freeze(afterMs);
        for (let i = 0; i < times; i++) {
          const { available } = budget.snapshot();
          assert.ok(available >= 0);
          if (what === 'call') budget.deposit();
          else if (what === 'retry') assert.equal(budget.tryWithdraw(), available > 0);
          else budget.giveBack();
        }
      }
      assert.equal(budget.snapshot().available, drain(budget));
    }),
    runs(t),
  );
});
