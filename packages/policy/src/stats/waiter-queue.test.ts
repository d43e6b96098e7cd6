import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { type QueueEntry, WaiterQueue } from './waiter-queue.ts';

function drain<T>(queue: WaiterQueue<T>): T[] {
  const values: T[] = [];
  for (let value = queue.shift(); value !== undefined; value = queue.shift()) values.push(value);
  return values;
}

function queueOf(...values: string[]): { queue: WaiterQueue<string>; entries: QueueEntry<string>[] } {
  const queue = new WaiterQueue<string>();
  return { queue, entries: values.map((value) => queue.push(value)) };
}

test('gives out in the order of joining', () => {
  assert.deepEqual(drain(queueOf('a', 'b', 'c').queue), ['a', 'b', 'c']);
});

test('gives nothing when empty', () => {
  assert.equal(new WaiterQueue().shift(), undefined);
  assert.equal(new WaiterQueue().first, undefined);
});

test('lets the first, one in the middle and the last step out', () => {
  for (const [at, rest] of [
    [0, ['b', 'c']],
    [1, ['a', 'c']],
    [2, ['a', 'b']],
  ] as const) {
    const { queue, entries } = queueOf('a', 'b', 'c');
    assert.equal(queue.remove(entries[at] as QueueEntry<string>), true);
    assert.equal(queue.size, 2);
    assert.deepEqual(drain(queue), rest);
  }
});

test('lets the only one step out and another join', () => {
  const { queue, entries } = queueOf('a');
  queue.remove(entries[0] as QueueEntry<string>);
  queue.push('b');
  assert.deepEqual(drain(queue), ['b']);
});

test('changes nothing when one steps out twice, or after its turn', () => {
  const { queue, entries } = queueOf('a', 'b', 'c');
  queue.shift();
  assert.equal(queue.remove(entries[0] as QueueEntry<string>), false);
  assert.equal(queue.remove(entries[1] as QueueEntry<string>), true);
  assert.equal(queue.remove(entries[1] as QueueEntry<string>), false);
  assert.equal(queue.size, 1);
  assert.deepEqual(drain(queue), ['c']);
});

test('agrees with a list', (t) => {
  const step = fc.oneof(fc.constant('push' as const), fc.constant('shift' as const), fc.nat({ max: 60 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const queue = new WaiterQueue<number>();
      const entries: QueueEntry<number>[] = [];
      const list: number[] = [];
      for (const todo of steps) {
        if (todo === 'push') {
          list.push(entries.length);
          entries.push(queue.push(entries.length));
        } else if (todo === 'shift') {
          assert.equal(queue.shift(), list.shift());
        } else {
          const entry = entries[todo];
          if (entry === undefined) continue;
          const at = list.indexOf(entry.value);
          if (at >= 0) list.splice(at, 1);
          assert.equal(queue.remove(entry), at >= 0);
        }
        assert.equal(queue.size, list.length);
        assert.equal(queue.first, list[0]);
      }
      assert.deepEqual(drain(queue), list);
    }),
    runs(t),
  );
});
