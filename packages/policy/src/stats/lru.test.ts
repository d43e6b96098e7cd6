import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { Lru, type LruEntry } from './lru.ts';

const keysOf = (lru: Lru<unknown>): string[] => Array.from(lru.entries(), ({ key }) => key).sort();

test('drops what was not used for longest when there are too many', () => {
  const lru = new Lru<number>(2);
  lru.set('a', 1);
  lru.set('b', 2);
  lru.use('a');
  lru.set('c', 3);
  assert.deepEqual(keysOf(lru), ['a', 'c']);
  assert.equal(lru.use('b'), undefined);
});

test('drops what was not used for longest until the rest is light enough', () => {
  const lru = new Lru<number>(10, 10);
  lru.set('a', 1, 4);
  lru.set('b', 2, 4);
  lru.set('c', 3, 9);
  assert.deepEqual([keysOf(lru), lru.weight], [['c'], 9]);
});

test('does not keep what is heavier than all may be, nor what it was to replace', () => {
  const lru = new Lru<number>(10, 10);
  lru.set('a', 1, 4);
  lru.set('b', 2, 4);
  assert.equal(lru.set('a', 3, 11), undefined);
  assert.deepEqual([keysOf(lru), lru.weight], [['b'], 4]);
});

test('counts the weight of a replaced entry once', () => {
  const lru = new Lru<number>(10, 10);
  lru.set('a', 1, 4);
  lru.set('a', 2, 7);
  assert.deepEqual([lru.weight, lru.size, lru.use('a')?.value], [7, 1, 2]);
});

test('keeps what is pinned beyond its bounds, and drops it as soon as it may', () => {
  const lru = new Lru<number>(1);
  const a = lru.set('a', 1) as LruEntry<number>;
  lru.pin(a);
  lru.pin(a);
  const b = lru.set('b', 2) as LruEntry<number>;
  lru.pin(b);
  assert.deepEqual([keysOf(lru), lru.oldest], [['a', 'b'], undefined]);
  lru.unpin(a);
  assert.equal(lru.size, 2);
  lru.unpin(a);
  assert.deepEqual(keysOf(lru), ['b']);
});

test('pinning twice leaves the others in their order', () => {
  const lru = new Lru<number>(3);
  const a = lru.set('a', 1) as LruEntry<number>;
  lru.set('b', 2);
  lru.set('c', 3);
  lru.pin(a);
  lru.pin(a);
  assert.equal(lru.oldest?.key, 'b');
});

test('never drops the very entry that was just put in', () => {
  const lru = new Lru<number>(1);
  lru.pin(lru.set('a', 1) as LruEntry<number>);
  lru.set('b', 2);
  assert.deepEqual(keysOf(lru), ['a', 'b']);
});

test('forgets an entry that was deleted or cleared while it was pinned, for good', () => {
  for (const forget of [(lru: Lru<number>): unknown => lru.delete('a'), (lru: Lru<number>): void => lru.clear()]) {
    const lru = new Lru<number>(2);
    const old = lru.set('a', 1) as LruEntry<number>;
    lru.pin(old);
    forget(lru);
    lru.set('a', 2);
    lru.unpin(old);
    assert.deepEqual([lru.size, lru.weight, lru.oldest?.value], [1, 1, 2]);
    lru.delete('a');
    assert.deepEqual([lru.size, lru.weight, lru.oldest], [0, 0, undefined]);
  }
});

test('takes any string for a key', () => {
  const lru = new Lru<string>(10);
  const keys = ['__proto__', 'constructor', 'toString', '', '{}', 'x'.repeat(10_000)];
  for (const key of keys) assert.equal(lru.use(key), undefined);
  for (const key of keys) lru.set(key, key);
  for (const key of keys) assert.equal(lru.use(key)?.value, key);
  assert.ok(lru.delete('__proto__'));
  assert.equal(lru.delete('__proto__'), false);
});

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__');
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, weight: fc.constantFrom(1, 2, 3, 3, 9, 11) }),
  fc.record({ do: fc.constant('use' as const), key }),
  fc.record({ do: fc.constant('delete' as const), key }),
  fc.record({ do: fc.constant('pin' as const), key }),
  fc.record({ do: fc.constant('unpin' as const), key }),
  fc.record({ do: fc.constant('clear' as const) }),
);

interface Modelled {
  readonly key: string;
  value: number;
  weight: number;
  pins: number;
}

test('agrees with a naive list on any sequence of steps', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const [maxEntries, maxWeight] = [3, 10];
      const real = new Lru<number>(maxEntries, maxWeight);
      const pinned = new Map<string, LruEntry<number>[]>();
      let model: Modelled[] = []; // Oldest first.
      const weight = (): number => model.reduce((sum, one) => sum + one.weight, 0);
      const makeRoom = (except?: Modelled): void => {
        while (model.length > maxEntries || weight() > maxWeight) {
          const oldest = model.find((one) => one.pins === 0 && one !== except);
          if (oldest === undefined) return;
          model = model.filter((one) => one !== oldest);
        }
      };
      const renew = (one: Modelled): void => {
        model = [...model.filter((other) => other !== one), one];
      };
      steps.forEach((at, i) => {
        if (at.do === 'clear') {
          real.clear();
          model = [];
          pinned.clear();
          return;
        }
        const known = model.find((one) => one.key === at.key);
        if (at.do === 'set') {
          const entry = real.set(at.key, i, at.weight);
          if (at.weight > maxWeight) {
            assert.equal(entry, undefined);
            model = model.filter((one) => one !== known);
            pinned.delete(at.key);
          } else {
            const now = known ?? { key: at.key, value: i, weight: at.weight, pins: 0 };
            Object.assign(now, { value: i, weight: at.weight });
            renew(now);
            makeRoom(now);
          }
        } else if (at.do === 'use') {
          assert.equal(real.use(at.key)?.value, known?.value);
          if (known !== undefined) renew(known);
        } else if (at.do === 'delete') {
          assert.equal(real.delete(at.key), known !== undefined);
          model = model.filter((one) => one !== known);
          pinned.delete(at.key);
        } else if (at.do === 'pin' && known !== undefined) {
          const entry = real.use(at.key) as LruEntry<number>;
          real.pin(entry);
          renew(known);
          known.pins++;
          pinned.set(at.key, [...(pinned.get(at.key) ?? []), entry]);
        } else if (at.do === 'unpin' && known !== undefined && known.pins > 0) {
          real.unpin(pinned.get(at.key)?.pop() as LruEntry<number>);
          known.pins--;
          if (known.pins === 0) {
            renew(known);
            makeRoom();
          }
        }
        assert.equal(real.size, model.length);
        assert.equal(real.weight, weight());
        assert.equal(real.oldest?.key, model.find((one) => one.pins === 0)?.key);
        assert.deepEqual(keysOf(real), model.map((one) => one.key).sort());
        if (model.every((one) => one.pins === 0)) assert.ok(real.size <= maxEntries && real.weight <= maxWeight);
      });
    }),
    runs(t),
  );
});
