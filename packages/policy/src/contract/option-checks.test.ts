import assert from 'node:assert/strict';
import { test } from 'node:test';
import { budgetCheck } from './budget.ts';
import { ConfigError } from './errors.ts';
import {
  anyText,
  type Check,
  callable,
  flag,
  made,
  milliseconds,
  number,
  oneOf,
  readOptions,
  required,
  secret,
  share,
  text,
  whole,
} from './options.ts';
import { longestTimerMs } from './runtime.ts';

const nonsense: readonly unknown[] = [
  undefined,
  null,
  Number.NaN,
  '',
  'x',
  '1',
  true,
  {},
  [],
  () => 1,
  Symbol.iterator,
];

interface Case {
  readonly check: Check<unknown>;
  readonly expected: string;
  readonly takes: readonly unknown[];
  readonly refuses: readonly unknown[];
}

const infinity = Number.POSITIVE_INFINITY;
const notNumbers = [...nonsense, infinity, -infinity];

const cases: Readonly<Record<string, Case>> = {
  'a whole number': {
    check: whole(2),
    expected: 'a whole number of at least 2',
    takes: [2, 3, Number.MAX_SAFE_INTEGER],
    refuses: [...notNumbers, 1, 2.5, Number.MAX_SAFE_INTEGER + 1],
  },
  'a whole number within bounds': {
    check: whole(2, 4),
    expected: 'a whole number from 2 to 4',
    takes: [2, 3, 4],
    refuses: [...notNumbers, 1, 5, 2.5],
  },
  'a number': {
    check: number(-1),
    expected: 'a number of at least -1',
    takes: [-1, 0.5],
    refuses: [...notNumbers, -1.1],
  },
  'a number within bounds': {
    check: number(0, 1),
    expected: 'a number from 0 to 1',
    takes: [0, 0.5, 1],
    refuses: [...notNumbers, -0.1, 1.1],
  },
  milliseconds: {
    check: milliseconds(),
    expected: `milliseconds, above 0 and at most ${longestTimerMs}`,
    takes: [0.5, longestTimerMs],
    refuses: [...notNumbers, 0, -1, longestTimerMs + 1],
  },
  'milliseconds or none': {
    check: milliseconds('zero-allowed'),
    expected: `milliseconds, 0 or more and at most ${longestTimerMs}`,
    takes: [0, 0.5, longestTimerMs],
    refuses: [...notNumbers, -0.1, longestTimerMs + 1],
  },
  'a share': {
    check: share,
    expected: 'a number above 0 and at most 1',
    takes: [0.001, 1],
    refuses: [...notNumbers, 0, -0.1, 1.001],
  },
  'one of some': {
    check: oneOf('a', 'b'),
    expected: "one of 'a', 'b'",
    takes: ['a', 'b'],
    refuses: [...nonsense, 'c', 'ab'],
  },
  text: { check: text, expected: 'a string that is not empty', takes: ['x'], refuses: ['', 1, null, undefined, {}] },
  'any text': { check: anyText, expected: 'a string', takes: ['', 'x'], refuses: [1, null, undefined, {}] },
  'a flag': { check: flag, expected: 'true or false', takes: [true, false], refuses: [0, 1, 'true', null, undefined] },
  'a function': {
    check: callable(),
    expected: 'a function',
    takes: [() => 1, class {}],
    refuses: nonsense.filter((value) => typeof value !== 'function'),
  },
  'something made': {
    check: made('a store'),
    expected: 'a store',
    takes: [{}, []],
    refuses: [undefined, null, 1, 'x', () => 1],
  },
  'a budget': {
    check: budgetCheck,
    expected: 'a budget, as retryBudget(), tokenThrottle() and retryQuota() make it',
    takes: [{ deposit: () => {}, tryWithdraw: () => true, giveBack: () => {} }],
    refuses: [undefined, null, 1, {}, { deposit: () => {}, tryWithdraw: () => true }, () => 1],
  },
};

for (const [name, { check, expected, takes, refuses }] of Object.entries(cases)) {
  test(`${name} is what it says it expects, up to the very edge`, () => {
    assert.equal(check.expected, expected);
    for (const value of takes) assert.ok(check.ok(value), String(value));
    for (const value of refuses) assert.ok(!check.ok(value), String(value));
  });
}

interface Settings {
  readonly size?: number;
  readonly name?: string;
  readonly token?: string;
}

const checks = { size: whole(1), name: required(text), token: secret(text) };
const read = (given: unknown): object => ({
  ...readOptions<Settings, { size: number }>('it', given as Settings, checks, { size: 5 }),
});
const refuses = (given: unknown, path: string, message: string): void =>
  assert.throws(
    () => read(given),
    (error) => error instanceof ConfigError && error.path === path && error.message === `${path}: expected ${message}`,
  );

test('fills in what is left out and has a default, and nothing else', () => {
  assert.deepEqual(read({ name: 'a' }), { size: 5, name: 'a' });
  assert.deepEqual(read({ name: 'a', size: undefined, token: undefined }), { size: 5, name: 'a' });
  assert.deepEqual(read({ name: 'a', size: 7, token: 'b' }), { size: 7, name: 'a', token: 'b' });
});

test('refuses what is no object of options, an unknown one, and one that is missing or wrong', () => {
  refuses(undefined, 'it', 'an object of options, got undefined');
  refuses(null, 'it', 'an object of options, got null');
  refuses([], 'it', 'an object of options, got an array');
  refuses('x', 'it', 'an object of options, got "x"');
  refuses(() => 1, 'it', 'an object of options, got a function');
  refuses({ name: 'a', sise: 1 }, 'it.sise', 'one of the options size, name, token, got "an unknown one"');
  refuses({}, 'it.name', 'a string that is not empty, got "nothing"');
  refuses({ name: 'a', size: 0 }, 'it.size', 'a whole number of at least 1, got 0');
});

test('never shows a secret', () => {
  refuses({ name: 'a', token: '' }, 'it.token', 'a string that is not empty, got "a string that is not"');
  refuses({ name: 'a', token: 5 }, 'it.token', 'a string that is not empty, got "a number that is not"');
});

test('reads own properties alone, of what is given and of the defaults', () => {
  const inherited = Object.create({ name: 'inherited', size: 3 });
  refuses(inherited, 'it.name', 'a string that is not empty, got "nothing"');
  const defaults = Object.create({ size: 9 });
  const settings = readOptions<Settings, object>('it', { name: 'a' }, checks, defaults);
  assert.deepEqual({ ...settings }, { name: 'a' });
  assert.equal(Object.getPrototypeOf(settings), null);
});
