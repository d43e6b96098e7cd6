import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../testing/seeded-random.ts';
import { jittered, lifetimeOf, usabilityAt } from './ttl.ts';

const ttl = { freshMs: 100, staleMs: 50, staleIfErrorMs: 400 };

test('a value is fresh, then stale, then good only in place of an error, then good for nothing', () => {
  const lifetime = lifetimeOf(ttl, 0, 1_000, () => 0.5);
  const table: [at: number, usability: string][] = [
    [1_000, 'fresh'],
    [1_099, 'fresh'],
    [1_100, 'stale'],
    [1_149, 'stale'],
    [1_150, 'stale-on-error'],
    [1_499, 'stale-on-error'],
    [1_500, 'nothing'],
    [9_999, 'nothing'],
  ];
  for (const [at, usability] of table) assert.equal(usabilityAt(lifetime, at), usability, `at ${at}`);
});

test('a stale time beyond the time for errors is no contradiction', () => {
  const lifetime = lifetimeOf({ freshMs: 0, staleMs: 50, staleIfErrorMs: 10 }, 0, 0, () => 0);
  assert.deepEqual(
    [0, 49, 50].map((at) => usabilityAt(lifetime, at)),
    ['stale', 'stale', 'nothing'],
  );
});

test('chance shortens the fresh time by up to the given share, and moves what follows along', () => {
  const { freshUntil, staleUntil, errorUntil } = lifetimeOf(ttl, 0.2, 0, () => 0.5);
  assert.deepEqual([freshUntil, staleUntil, errorUntil], [90, 140, 490]);
});

test('what was stored together is spread evenly over the share', () => {
  const random = seededRandom(7);
  const drawn = Array.from({ length: 10_000 }, () => jittered(1_000, 0.1, random));
  const fifths = [0, 0, 0, 0, 0];
  for (const ms of drawn) {
    assert.ok(ms > 900 && ms <= 1_000);
    const fifth = Math.min(4, Math.floor((ms - 900) / 20));
    fifths[fifth] = (fifths[fifth] as number) + 1;
  }
  for (const count of fifths) assert.ok(Math.abs(count - 2_000) < 200, String(fifths));
});

test('chance that answers nonsense shortens nothing', () => {
  for (const drawn of [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY])
    assert.equal(
      jittered(100, 0.5, () => drawn),
      100,
    );
});

test('nothing is drawn when there is nothing to shorten by', () => {
  assert.equal(
    jittered(100, 0, () => assert.fail('drawn')),
    100,
  );
});
