import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { breaker } from './breaker.ts';
import { type BreakerOptions, breakerDefaults, readBreakerOptions } from './options.ts';

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
  assert.deepEqual(readBreakerOptions({}), { ...breakerDefaults, classify: undefined });
  assert.deepEqual(
    readBreakerOptions({ probes: undefined } as unknown as BreakerOptions).probes,
    breakerDefaults.probes,
  );
});

test('refuses a number that is none, out of range or of another type, for every number', () => {
  const numbers = Object.entries(breakerDefaults).filter(([, value]) => typeof value === 'number');
  assert.equal(numbers.length, 10);
  for (const [name] of numbers) {
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

test('does not read settings that stand on a prototype', () => {
  const inherited = Object.create({ probes: 1 }) as BreakerOptions;

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
