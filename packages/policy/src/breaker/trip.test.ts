import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decides, trips } from './trip.ts';

const rules = { minimumCalls: 20, failureRatio: 0.9, consecutiveFailures: 20 };

test('trips by ratio or by failures in a row', () => {
  const table: [calls: number, failures: number, inARow: number, expected: ReturnType<typeof trips>][] = [
    [1, 1, 1, undefined],
    [19, 19, 19, undefined],
    [20, 18, 5, 'failure-ratio'],
    [20, 17, 17, undefined],
    [19, 18, 18, undefined],
    [1_000, 900, 1, 'failure-ratio'],
    [1_000, 899, 1, undefined],
    [1_000, 100, 20, 'consecutive-failures'],
    [3, 3, 20, 'consecutive-failures'],
  ];
  for (const [calls, failures, inARow, expected] of table) {
    assert.equal(trips(rules, calls, failures, inARow), expected, `${failures} of ${calls}, ${inARow} in a row`);
  }
});

test('never trips by failures in a row when that rule is off', () => {
  assert.equal(trips({ ...rules, consecutiveFailures: 0 }, 10, 10, 1_000), undefined);
});

test('trips at a ratio of 1 when every call failed', () => {
  const always = { minimumCalls: 2, failureRatio: 1, consecutiveFailures: 0 };

  assert.equal(trips(always, 2, 2, 2), 'failure-ratio');
  assert.equal(trips(always, 2, 1, 1), undefined);
});

test('meets every ratio in hundredths exactly', () => {
  for (let percent = 1; percent <= 100; percent++) {
    const exactly = { minimumCalls: 1, failureRatio: percent / 100, consecutiveFailures: 0 };
    assert.equal(trips(exactly, 100, percent, 1), 'failure-ratio', `${percent} %`);
    assert.equal(trips(exactly, 100, percent - 1, 1), undefined, `just under ${percent} %`);
  }
});

test('decides on probes as soon as the rest cannot change it', () => {
  const table: [probes: number, successes: number, failures: number, ratio: number, expected: string | undefined][] = [
    [5, 0, 0, 0.9, undefined],
    [5, 0, 4, 0.9, undefined],
    [5, 0, 5, 0.9, 'reopen'],
    [5, 1, 0, 0.9, 'close'],
    [5, 1, 4, 0.9, 'close'],
    [5, 1, 2, 0.5, undefined],
    [5, 2, 2, 0.5, undefined],
    [5, 0, 3, 0.5, 'reopen'],
    [5, 3, 0, 0.5, 'close'],
    [4, 2, 0, 0.5, undefined],
    [4, 3, 0, 0.5, 'close'],
    [5, 4, 0, 0.2, undefined],
    [5, 5, 0, 0.2, 'close'],
    [1, 0, 1, 1, 'reopen'],
    [1, 1, 0, 1, 'close'],
  ];
  for (const [probes, successes, failures, ratio, expected] of table) {
    const seen = decides(probes, successes, failures, ratio);
    assert.equal(seen, expected, `${successes} well and ${failures} failed of ${probes} at ${ratio}`);
  }
});

test('has always decided when every probe has answered', () => {
  for (let probes = 1; probes <= 20; probes++) {
    for (let failures = 0; failures <= probes; failures++) {
      for (const ratio of [0.01, 0.3, 0.5, 0.9, 1]) {
        const expected = failures / probes >= ratio ? 'reopen' : 'close';
        assert.equal(decides(probes, probes - failures, failures, ratio), expected);
      }
    }
  }
});
