import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { keep, keepError } from './isolation.ts';

const twice = (value: unknown): [unknown, unknown] => {
  const kept = keep(value, undefined);
  assert.ok(kept !== undefined);
  return [kept.take(), kept.take()];
};

test('plain data is frozen all the way down, and everyone has the same', () => {
  const value = {
    name: 'Ada',
    tags: ['a', { b: [1] }],
    none: null,
    bare: Object.assign(Object.create(null), { a: {} }),
  };
  const [one, other] = twice(value);
  assert.equal(one, other);
  assert.equal(one, value);
  assert.throws(() => value.tags.push('c'), TypeError);
  assert.throws(() => {
    (value.tags[1] as { b: number[] }).b[0] = 2;
  }, TypeError);
  assert.ok(Object.isFrozen(value.bare.a));
});

test('what is frozen outside and not inside is frozen inside', () => {
  const value = Object.freeze({ inner: { changed: false } });
  twice(value);
  assert.ok(Object.isFrozen(value.inner));
});

test('what needs no guarding is kept as it is', () => {
  for (const value of [undefined, null, 0, Number.NaN, 'text', 10n, true, Symbol.iterator]) {
    assert.deepEqual(twice(value), [value, value]);
  }
});

test('dates, maps, sets and binary data are copied, so that each caller has their own', () => {
  const shared = { at: new Date(0) };
  const value = {
    map: new Map([[1, shared]]),
    set: new Set([shared]),
    bytes: new Uint8Array([1, 2]),
    buffer: new ArrayBuffer(2),
  };
  const [one, other] = twice(value) as [typeof value, typeof value];
  assert.deepEqual(one, value);
  assert.ok(one !== other && one !== value && !Object.isFrozen(value));
  one.map.get(1)?.at.setFullYear(1900);
  one.bytes[0] = 9;
  value.set.clear();
  assert.deepEqual(other.map.get(1)?.at, new Date(0));
  assert.deepEqual([other.bytes[0], other.set.size], [1, 1]);
});

test('data that goes round in a circle, or is nested deeper than a stack, is kept', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  let deep: unknown = 'bottom';
  for (let i = 0; i < 100_000; i++) deep = [deep];
  twice(circle);
  twice(deep);
  assert.ok(Object.isFrozen(circle) && Object.isFrozen(deep));
});

test('data of another realm is data', () => {
  const [one] = twice(runInNewContext('({ list: [{ a: 1 }] })'));
  assert.ok(Object.isFrozen((one as { list: object[] }).list[0]));
  const [copy, other] = twice(runInNewContext('new Date(0)'));
  assert.notEqual(copy, other);
});

test('what can be neither frozen nor copied is not kept, and not touched', () => {
  class Account {
    #balance = 0;
    add(amount: number): number {
      this.#balance += amount;
      return this.#balance;
    }
  }
  class Dates extends Date {}
  const strangers: unknown[] = [
    new Account(),
    new Dates(),
    Buffer.from('text'),
    () => {},
    Promise.resolve(),
    new Error('as a value'),
    /pattern/g,
    new SharedArrayBuffer(1),
    new WeakMap(),
    new Proxy({}, {}),
    new Proxy([], {}),
    new Proxy({}, { getPrototypeOf: () => assert.fail('asked') }),
    { [Symbol('hidden')]: {} },
    Object.defineProperty({}, 'changing', { get: () => ({}), enumerable: true }),
  ];
  for (const stranger of strangers) {
    assert.equal(keep(stranger, undefined), undefined);
    const around = { list: [stranger], other: {} };
    assert.equal(keep(around, undefined), undefined);
    assert.ok(!Object.isFrozen(around) && !Object.isFrozen(around.other));
  }
});

test("a copy of the caller's own making is used for what is kept and for what is given", () => {
  class Money {
    amount: number;
    constructor(amount: number) {
      this.amount = amount;
    }
  }
  const given = new Money(1);
  const kept = keep(given, <T>(value: T) => new Money((value as Money).amount) as T);
  given.amount = 2;
  assert.ok(kept !== undefined);
  const taken = kept.take() as Money;
  assert.ok(taken instanceof Money && taken.amount === 1);
  taken.amount = 3;
  assert.equal((kept.take() as Money).amount, 1);
});

test('a copy that throws keeps nothing', () => {
  const copy = (): never => {
    throw new Error('no copy');
  };
  assert.equal(keep({}, copy), undefined);
});

test('an error is frozen, so that what one caller notes on it is not read by the next', () => {
  const error = new Error('no such user');
  assert.equal(keepError(error).take(), error);
  assert.equal(Reflect.set(error, 'stopped', 'not-retryable'), false);
  assert.match(error.stack ?? '', /no such user/);
});

test('whatever was thrown can be kept', () => {
  for (const thrown of [undefined, 'text', new Uint8Array(1)]) assert.equal(keepError(thrown).take(), thrown);
});
