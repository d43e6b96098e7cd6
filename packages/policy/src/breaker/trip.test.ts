import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutcomeTally } from '../stats/outcome-window.ts';
import { decides, type TripRules, trips } from './trip.ts';

const rules: TripRules = { minimumCalls: 20, failureRatio: 0.9, consecutiveFailures: 20, slowRatio: 0.9 };

const tally = (calls: number, failures: number, slow = 0, slowFailures = 0): OutcomeTally => {
  return { calls, failures, slow, slowFailures };
};

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
    assert.equal(trips(rules, tally(calls, failures), inARow), expected, `${failures} of ${calls}, ${inARow} in a row`);
  }
});

test('never trips by failures in a row when that rule is off', () => {
  assert.equal(trips({ ...rules, consecutiveFailures: 0 }, tally(10, 10), 1_000), undefined);
});

test('trips at a ratio of 1 when every call failed', () => {
  const always = { ...rules, minimumCalls: 2, failureRatio: 1, consecutiveFailures: 0 };

  assert.equal(trips(always, tally(2, 2), 2), 'failure-ratio');
  assert.equal(trips(always, tally(2, 1), 1), undefined);
});

test('meets every ratio in hundredths exactly', () => {
  for (let percent = 1; percent <= 100; percent++) {
    const exactly = { ...rules, minimumCalls: 1, failureRatio: percent / 100, consecutiveFailures: 0 };
    assert.equal(trips(exactly, tally(100, percent), 1), 'failure-ratio', `${percent} %`);
    assert.equal(trips(exactly, tally(100, percent - 1), 1), undefined, `just under ${percent} %`);
  }
});

test('trips by the share of slow calls, and by that of slow or failed ones, while slow calls are watched for', () => {
  const watching: TripRules = { ...rules, slowMs: 100, slowRatio: 0.5, badRatio: 0.6 };
  const table: [seen: OutcomeTally, expected: ReturnType<typeof trips>][] = [
    [tally(20, 0, 9), undefined],
    [tally(20, 0, 10), 'slow-ratio'],
    [tally(19, 0, 19), undefined],
    [tally(20, 6, 6), 'bad-ratio'],
    [tally(20, 6, 6, 1), undefined],
    [tally(20, 18, 20, 18), 'failure-ratio'],
    [tally(20, 12, 0), 'bad-ratio'],
  ];
  for (const [seen, expected] of table) assert.equal(trips(watching, seen, 1), expected, JSON.stringify(seen));
  assert.equal(trips({ ...watching, badRatio: undefined }, tally(20, 6, 6), 1), undefined);
  assert.equal(trips({ ...watching, slowMs: undefined }, tally(20, 12, 20), 1), undefined);
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
