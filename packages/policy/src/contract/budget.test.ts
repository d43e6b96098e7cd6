import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Budget, budgetCheck, GuardedBudget } from './budget.ts';
import { verdicts } from './outcome.ts';

const budgetWith = (methods: Partial<Record<keyof Budget, unknown>>): GuardedBudget =>
  new GuardedBudget({
    deposit: () => {},
    tryWithdraw: () => true,
    giveBack: () => {},
    describe: () => 'one of my own',
    ...methods,
  } as Budget);

const fails = (): never => assert.fail('a budget that throws');

test('passes on what is said and asked, with what it is about', () => {
  const heard: unknown[] = [];
  const hears =
    (name: string) =>
    (...about: unknown[]): boolean => {
      heard.push([name, ...about]);
      return true;
    };
  const names = ['deposit', 'tryWithdraw', 'giveBack', 'succeeded', 'failed'] as const;
  const guarded = budgetWith(Object.fromEntries(names.map((name) => [name, hears(name)])));
  guarded.deposit();
  assert.equal(guarded.tryWithdraw(verdicts.failure), true);
  guarded.giveBack(verdicts.failure);
  guarded.succeeded(verdicts.success);
  guarded.failed(verdicts.failure);
  assert.deepEqual(heard, [
    ['deposit'],
    ['tryWithdraw', verdicts.failure],
    ['giveBack', verdicts.failure],
    ['succeeded', verdicts.success],
    ['failed', verdicts.failure],
  ]);
  assert.equal(guarded.describe(), 'one of my own');
});

test('needs no budget to hear how calls go', () => {
  const guarded = budgetWith({});
  guarded.succeeded();
  guarded.failed(verdicts.failure);
  assert.equal(guarded.tryWithdraw(), true);
});

test('grants nothing but for a plain true', () => {
  const promises = [Promise.resolve(true), Promise.reject(new Error('an async budget that fails'))];
  for (const answer of [undefined, null, 1, 'yes', {}, ...promises]) {
    assert.equal(budgetWith({ tryWithdraw: () => answer }).tryWithdraw(), false);
  }
});

test('lets nothing through that a budget throws', () => {
  for (const throws of [fails, () => Promise.reject(new Error('later'))]) {
    const guarded = budgetWith({
      deposit: throws,
      tryWithdraw: throws,
      giveBack: throws,
      succeeded: throws,
      failed: throws,
      describe: fails,
    });
    guarded.deposit();
    assert.equal(guarded.tryWithdraw(), false);
    guarded.giveBack();
    guarded.succeeded();
    guarded.failed(verdicts.failure);
    assert.equal(guarded.describe(), 'one that cannot say what it is');
  }
});

test('knows a budget by what it can do', () => {
  assert.ok(budgetCheck.ok(budgetWith({})));
  for (const none of [null, undefined, 5, 'budget', {}, { deposit: fails, tryWithdraw: fails }]) {
    assert.equal(budgetCheck.ok(none), false);
  }
});
