import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { Ewma } from './ewma.ts';

const near = (got: number, want: number): void => assert.ok(Math.abs(got - want) < 1e-9, `${got} is not ${want}`);

test('takes the first value as it is', () => {
  assert.equal(new Ewma(9).add(40), 40);
});

test('weighs a value by two over the age and one', () => {
  const average = new Ewma(9);
  average.add(40);
  near(average.add(140), 60);
});

test('is the plain mean while it warms up', () => {
  const average = new Ewma(9, 3);
  for (const value of [10, 20, 60]) average.add(value);
  near(average.value, 30);
  near(average.add(130), 50);
});

test('can be scaled as a whole', () => {
  const average = new Ewma(9);
  average.add(40);
  average.scale(0.5);
  near(average.add(20), 20);
});

test('never leaves the range of its values', (t) => {
  const values = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 600 }), fc.nat({ max: 20 }), (given, age, warmup) => {
      const average = new Ewma(age, warmup);
      for (const value of given) average.add(value);
      const slack = Math.max(...given) * 1e-12;
      assert.ok(average.value >= Math.min(...given) - slack && average.value <= Math.max(...given) + slack);
    }),
    runs(t),
  );
});
