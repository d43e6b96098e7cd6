import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { Waiting } from './waiting.ts';

test('a flight reaches itself, and what it waits for, be it by way of others', () => {
  const [a, b, c] = [new Waiting(), new Waiting(), new Waiting()];
  assert.ok(a.reaches(a));
  assert.ok(!a.reaches(b));
  a.enter(b);
  b.enter(c);
  assert.ok(a.reaches(c) && !c.reaches(a));
  b.leave(c);
  assert.ok(a.reaches(b) && !a.reaches(c));
  b.leave(c);
  assert.ok(a.reaches(b));
});

test('waits until it has left as often as it entered', () => {
  const [a, b, c] = [new Waiting(), new Waiting(), new Waiting()];
  a.enter(b);
  a.enter(b);
  b.enter(c);
  a.leave(b);
  assert.ok(a.reaches(c));
  a.leave(b);
  assert.ok(!a.reaches(c));
});

test('finds its way as a naive search does, round circles too', (t) => {
  const edge = fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 5 }));
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 15 }), (edges) => {
      const flights = Array.from({ length: 6 }, () => new Waiting());
      const naive = flights.map((_, i) => flights.map((_, j) => i === j));
      for (const [from, to] of edges) {
        flights[from]?.enter(flights[to] as Waiting);
        (naive[from] as boolean[])[to] = true;
      }
      for (const k of flights.keys()) {
        for (const i of flights.keys()) {
          for (const j of flights.keys()) if (naive[i]?.[k] && naive[k]?.[j]) (naive[i] as boolean[])[j] = true;
        }
      }
      for (const [i, from] of flights.entries()) {
        for (const [j, to] of flights.entries()) assert.equal(from.reaches(to), naive[i]?.[j]);
      }
    }),
    runs(t),
  );
});
