import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { breaker } from './breaker.ts';
import {
  type BreakerChanges,
  type BreakerOptions,
  breakerDefaults,
  changedSettings,
  readBreakerOptions,
} from './options.ts';

const unset = {
  slowMs: undefined,
  badRatio: undefined,
  probeFailureRatio: undefined,
  halfOpenMs: undefined,
  classify: undefined,
};

const rejects = (options: unknown, path: string, message?: RegExp): void => {
  assert.throws(
    () => breaker(options as BreakerOptions),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError, `${path}: ${String(error)}`);
      assert.equal(error.path, path);
      if (message !== undefined) assert.match(error.message, message);
      return true;
    },
    path,
  );
};

test('fills in the exported defaults', () => {
  assert.deepEqual(readBreakerOptions({}), { ...breakerDefaults, ...unset });
  assert.deepEqual(
    readBreakerOptions({ probes: undefined } as unknown as BreakerOptions).probes,
    breakerDefaults.probes,
  );
});

test('refuses a number that is none, out of range or of another type, for every number', () => {
  const numbers = Object.entries(breakerDefaults).filter(([, value]) => typeof value === 'number');
  assert.equal(numbers.length, 12);
  for (const name of [...numbers.map(([one]) => one), 'slowMs', 'badRatio', 'probeFailureRatio', 'halfOpenMs']) {
    for (const bad of [Number.NaN, -1, '5', null, Number.POSITIVE_INFINITY, {}, true]) {
      rejects({ [name]: bad }, `breaker.${name}`);
    }
  }
});

test('refuses zero where nothing would ever happen', () => {
  const above = [
    'windowMs',
    'windowCalls',
    'minimumCalls',
    'failureRatio',
    'openMs',
    'maxOpenMs',
    'probes',
    'probeLeaseMs',
    'maxOpenForMs',
    'slowMs',
    'slowRatio',
    'badRatio',
    'probeFailureRatio',
    'halfOpenMs',
  ];
  for (const name of above) rejects({ [name]: 0 }, `breaker.${name}`);
});

test('takes zero for the two rules that can be turned off', () => {
  const read = readBreakerOptions({ consecutiveFailures: 0, rampMs: 0 });

  assert.deepEqual([read.consecutiveFailures, read.rampMs], [0, 0]);
});

test('refuses half a call', () => {
  for (const name of ['windowCalls', 'minimumCalls', 'consecutiveFailures', 'probes']) {
    rejects({ [name]: 2.5 }, `breaker.${name}`);
  }
});

test('refuses other settings of the wrong type', () => {
  rejects({ window: 'calls' }, 'breaker.window', /'time', 'count'/);
  rejects({ mode: 'off' }, 'breaker.mode', /'on', 'shadow', 'disabled'/);
  rejects({ whenUnanswered: 'reopen', halfOpenMs: 10 }, 'breaker.whenUnanswered', /'open', 'close'/);
  rejects({ openMs: 'long' }, 'breaker.openMs', /milliseconds.*or a function/);
  rejects({ name: 7 }, 'breaker.name');
  rejects({ failureRatio: 1.01 }, 'breaker.failureRatio');
  rejects({ failureRatio: 90 }, 'breaker.failureRatio', /above 0 and at most 1, got 90/);
  rejects({ classify: 'all' }, 'breaker.classify');
  rejects(null, 'breaker');
  rejects([], 'breaker');
});

test('refuses an option it does not know', () => {
  rejects({ resetTimeout: 5_000 }, 'breaker.resetTimeout', /unknown/);
});

test('refuses a longest open time below the first', () => {
  rejects({ openMs: 30_000 }, 'breaker.maxOpenMs', /at least openMs, which is 30000, got 10000/);
});

test('refuses a count window too small for its own minimum', () => {
  rejects({ window: 'count', windowCalls: 19 }, 'breaker.windowCalls', /at least minimumCalls, which is 20/);
  assert.equal(readBreakerOptions({ window: 'time', windowCalls: 19 }).windowCalls, 19);
});

test('refuses what nothing would ever read', () => {
  rejects({ slowRatio: 0.5 }, 'breaker.slowRatio', /slowMs beside it, or no call is ever slow, got 0.5/);
  rejects({ badRatio: 0.5 }, 'breaker.badRatio', /slowMs beside it/);
  rejects({ whenUnanswered: 'close' }, 'breaker.whenUnanswered', /halfOpenMs beside it/);
  const complete = { slowMs: 1, slowRatio: 0.5, badRatio: 0.5, halfOpenMs: 1, whenUnanswered: 'close' } as const;
  assert.deepEqual(readBreakerOptions(complete), { ...breakerDefaults, ...unset, ...complete });
});

test('takes a function for the open time, whatever the longest time is', () => {
  const openMs = (): number => 1;

  assert.equal(readBreakerOptions({ openMs, maxOpenMs: 10 }).openMs, openMs);
});

test('a change keeps what it does not name, and takes back what it names as undefined', () => {
  const before = readBreakerOptions({ name: 'users', probes: 2, slowMs: 100, slowRatio: 0.5 });

  assert.deepEqual(changedSettings(before, { probes: 3 }), { ...before, probes: 3 });
  assert.equal(changedSettings(before, { slowRatio: undefined } as unknown as BreakerChanges).slowRatio, 0.9);
  assert.equal(changedSettings(before, { slowMs: undefined } as unknown as BreakerChanges).slowMs, undefined);
});

test('a change is checked as a whole is', () => {
  const before = readBreakerOptions({ slowMs: 100, badRatio: 0.5 });
  const refuses = (changes: unknown, path: string): void =>
    assert.throws(
      () => changedSettings(before, changes as BreakerChanges),
      (error) => error instanceof ConfigError && error.path === path,
      path,
    );
  refuses({ probes: 0 }, 'breaker.probes');
  refuses({ treshold: 1 }, 'breaker.treshold');
  refuses({ openMs: 20_000 }, 'breaker.maxOpenMs');
  refuses({ slowMs: undefined }, 'breaker.badRatio');
  refuses({ name: 'other' }, 'breaker.name');
  refuses({ classify: () => {} }, 'breaker.classify');
  refuses(null, 'breaker');
  refuses('on', 'breaker');
});

test('does not read settings that stand on a prototype', () => {
  const inherited = Object.create({ probes: 1, slowRatio: 0.5 }) as BreakerOptions;

  assert.equal(readBreakerOptions(inherited).probes, breakerDefaults.probes);
});

test('keeps nothing of the options object, so that two breakers never share state', () => {
  const options = { minimumCalls: 1, failureRatio: 1 };
  const [first, second] = [breaker(options), breaker(options)];
  options.failureRatio = 0.1;
  const permit = first.tryAcquire();
  if (permit.admitted) permit.failure();

  assert.equal(first.state, 'open');
  assert.equal(second.state, 'closed');
});
