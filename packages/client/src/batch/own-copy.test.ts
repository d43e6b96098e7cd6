import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCopy } from './own-copy.ts';

test('makes another value of data, equal to the first and sharing nothing that changes', () => {
  const user = { id: 1, tags: ['a'], since: new Date(0), of: { team: null } };
  const copy = ownCopy(user) as typeof user;
  assert.deepEqual(copy, user);
  copy.tags.push('b');
  copy.since.setTime(1);
  copy.of.team = 'x' as never;
  assert.deepEqual(user, { id: 1, tags: ['a'], since: new Date(0), of: { team: null } });
});

test('gives back what cannot change as it is', () => {
  for (const value of ['text', 7, 7n, true]) assert.equal(ownCopy(value), value);
});

test('copies nothing that would come back as less', () => {
  class User {
    readonly id = 1;
  }
  const round: Record<string, unknown> = {};
  round.self = round;
  assert.deepEqual(ownCopy(round), round);
  const getter = {
    get id(): number {
      throw new Error('no');
    },
  };
  for (const value of [new User(), { user: new User() }, () => {}, { run() {} }, { [Symbol('a')]: 1 }, getter]) {
    assert.equal(ownCopy(value), undefined);
  }
});
