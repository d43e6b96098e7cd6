import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ejectionMs, mostEjected, outliers, runNeeded, type Tally } from './ejection.ts';

test('at most half may be ejected', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 10].map(mostEjected), [0, 1, 1, 2, 2, 5]);
});

test('the more the others fail, the longer a run has to be', () => {
  const table: [least: number, othersFailureRatio: number, needed: number][] = [
    [5, 0, 5],
    [5, 0.02, 5],
    [5, 0.2, 6],
    [5, 0.5, 14],
    [5, 0.9, 88],
    [5, 1, Number.POSITIVE_INFINITY],
    [1, 0, 1],
    [1, 0.001, 2],
    [20, 0.5, 20],
  ];
  for (const [least, ratio, needed] of table) assert.equal(runNeeded(least, ratio), needed, `${least} at ${ratio}`);
});

const rules = { outlierFactor: 1.9, outlierMargin: 0.1, minimumHosts: 5, minimumCalls: 100 };
const tally = (failures: number, calls = 100): Tally => ({ calls, failures });

test('finds those whose success rate is out of line, worst first', () => {
  const ten = [1, 0, 2, 40, 1, 0, 90, 1, 2, 0];
  assert.deepEqual(
    outliers(
      ten.map((failures) => tally(failures)),
      rules,
    ),
    [6],
  );
  const lenient = { ...rules, outlierFactor: 0.5 };
  assert.deepEqual(
    outliers(
      ten.map((failures) => tally(failures)),
      lenient,
    ),
    [6, 3],
  );
});

test('does not compare too few hosts, or hosts of too few calls', () => {
  const four = [0, 0, 0, 90].map((failures) => tally(failures));
  assert.deepEqual(outliers(four, { ...rules, outlierFactor: 1 }), []);
  const five = [...four, tally(0)];
  assert.deepEqual(outliers(five, { ...rules, outlierFactor: 1 }), [3]);
  assert.deepEqual(outliers([...four, tally(0, 99)], { ...rules, outlierFactor: 1 }), []);
  assert.deepEqual(outliers(five, { ...rules, outlierFactor: 0 }), []);
});

test('leaves a host alone that is worse by next to nothing', () => {
  const six = [0, 0, 0, 0, 0, 5].map((failures) => tally(failures, 1_000));
  assert.deepEqual(outliers(six, rules), []);
  assert.deepEqual(outliers(six, { ...rules, outlierMargin: 0 }), [5]);
});

test('hosts that all do alike are never out of line', () => {
  for (const failures of [0, 50, 100])
    assert.deepEqual(
      outliers(
        Array.from({ length: 8 }, () => tally(failures)),
        rules,
      ),
      [],
    );
});

test('an ejection takes longer each time, up to a bound, and jitter keeps to the upper half', () => {
  const table: [times: number, drawn: number, ms: number][] = [
    [1, 0, 2_500],
    [1, 1, 5_000],
    [3, 0.5, 11_250],
    [12, 1, 60_000],
    [50, 0, 30_000],
    [1, Number.NaN, 5_000],
  ];
  for (const [times, drawn, ms] of table)
    assert.equal(
      ejectionMs(times, 5_000, 60_000, () => drawn),
      ms,
      `${times}`,
    );
});
