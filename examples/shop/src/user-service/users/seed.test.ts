import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeUsers } from './seed.ts';
import { NewUserSchema } from './user.ts';

test('makes the same users from the same seed', () => {
  assert.deepEqual(makeUsers(100, 7), makeUsers(100, 7));
  assert.notDeepEqual(makeUsers(100, 7), makeUsers(100, 8));
});

test('makes users the service itself would take, no two with one e-mail', () => {
  const users = makeUsers(5_000, 7);
  for (const { name, email, status } of users)
    assert.deepEqual(NewUserSchema.parse({ name, email, status }), { name, email, status });
  assert.equal(new Set(users.map((user) => user.email)).size, 5_000);
  assert.ok(users.every((user) => user.email.endsWith('@example.test')));
});

test('makes Korean and English names, and a few suspended users', () => {
  const users = makeUsers(1_000, 7);
  assert.ok(users.some((user) => /^\p{Script=Hangul}+$/u.test(user.name)));
  assert.ok(users.some((user) => /^[A-Za-z]+ [A-Za-z]+$/.test(user.name)));
  const suspended = users.filter((user) => user.status === 'suspended').length;
  assert.ok(suspended > 0 && suspended < 100, `${suspended} of 1000`);
});
