import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@switchgear/policy/testing';
import { type Candidate, chooseByWeight, chooseOfTwo } from './p2c.ts';
import { leastShare, rampShare } from './slow-start.ts';

interface Named extends Candidate {
  readonly name: string;
}

const candidate = (name: string, load: number, weight = 1): Named => ({ name, load: () => load, weight: () => weight });

function shares(draw: () => Named, draws = 20_000): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < draws; i++) {
    const { name } = draw();
    counts[name] = (counts[name] ?? 0) + 1 / draws;
  }
  return counts;
}

const near = (got: number | undefined, want: number, what: string): void =>
  assert.ok(Math.abs((got ?? 0) - want) < 0.02, `${what}: ${got}, expected about ${want}`);

test('takes the one with the lower load of two different ones', () => {
  const random = seededRandom(1);
  const three = [candidate('c', 3), candidate('b', 2), candidate('a', 1)];
  const got = shares(() => chooseOfTwo(three, 0, random));
  near(got.a, 2 / 3, 'the least busy is in two of three pairs');
  near(got.b, 1 / 3, 'the middle one wins the pair with the busiest');
  assert.equal(got.c, undefined);
});

test('with equal loads everyone has the same share', () => {
  const random = seededRandom(2);
  const four = ['a', 'b', 'c', 'd'].map((name) => candidate(name, 1));
  for (const share of Object.values(shares(() => chooseOfTwo(four, 0, random)))) near(share, 1 / 4, 'an equal share');
});

test('with equal loads weights are shares', () => {
  const random = seededRandom(3);
  const two = [candidate('a', 1, 3), candidate('b', 1, 1)];
  const got = shares(() => chooseByWeight(two, 0, random));
  near(got.a, 3 / 4, 'a');
  near(got.b, 1 / 4, 'b');
});

test('one of little weight has little, however idle it is', () => {
  const random = seededRandom(4);
  const two = [candidate('old', 100), candidate('new', 0, leastShare)];
  const { new: share } = shares(() => chooseByWeight(two, 0, random));
  // Either draw falls on it: 1 − (10/11)².
  near(share, 1 - (10 / 11) ** 2, 'new');
});

test('a source of chance that answers nonsense still chooses someone', () => {
  const two = [candidate('a', 1), candidate('b', 1)];
  for (const nonsense of [Number.NaN, 1, -1, 2, Number.POSITIVE_INFINITY]) {
    assert.ok(two.includes(chooseOfTwo(two, 0, () => nonsense)));
    assert.ok(two.includes(chooseByWeight(two, 0, () => nonsense)));
  }
  const [only] = two as [Named];
  assert.equal(
    chooseOfTwo([only], 0, () => 0.9),
    only,
  );
});

test('a ramp begins at a tenth and rises evenly to the whole', () => {
  const table: [elapsedMs: number, rampMs: number, share: number][] = [
    [0, 1_000, 0.1],
    [100, 1_000, 0.1],
    [500, 1_000, 0.5],
    [1_000, 1_000, 1],
    [5_000, 1_000, 1],
    [0, 0, 1],
  ];
  for (const [elapsedMs, rampMs, share] of table)
    assert.equal(rampShare(elapsedMs, rampMs), share, `${elapsedMs}/${rampMs}`);
});
