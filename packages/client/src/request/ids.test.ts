import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId, newSpanId, newTraceId } from './ids.ts';

test('a request id is a UUID of version 4, and none is drawn twice', () => {
  const drawn = new Set<string>();
  const seen = Array.from({ length: 36 }, () => new Set<string>());
  for (let i = 0; i < 20_000; i++) {
    const id = newId();
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    drawn.add(id);
    for (const [place, digit] of [...id].entries()) seen[place]?.add(digit);
  }
  assert.equal(drawn.size, 20_000);
  // Every digit that is drawn takes every value: nothing of it is left out by mistake.
  const sizes = seen.map(({ size }) => size);
  assert.deepEqual(
    sizes.map((size, place) =>
      [8, 13, 14, 18, 23].includes(place) ? size === 1 : place === 19 ? size === 4 : size === 16,
    ),
    sizes.map(() => true),
  );
});

test('trace and span ids are hexadecimal, of their own length, and each another', () => {
  const traces = Array.from({ length: 5_000 }, newTraceId);
  const spans = Array.from({ length: 5_000 }, newSpanId);
  for (const id of traces) assert.match(id, /^[0-9a-f]{32}$/);
  for (const id of spans) assert.match(id, /^[0-9a-f]{16}$/);
  assert.equal(new Set([...traces, ...spans]).size, 10_000);
});
