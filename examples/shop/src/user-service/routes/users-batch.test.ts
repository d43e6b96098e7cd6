import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { userServiceForTests } from '../user-service-for-tests.ts';
import { makeUsers } from '../users/seed.ts';

async function askBatch(
  t: TestContext,
  payload: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<LightMyRequestResponse> {
  const { repository, send } = userServiceForTests(t);
  await repository.insertIfEmpty(makeUsers(150, 1));
  return send({ method: 'POST', url: '/users/batch', payload, headers });
}

const idsFrom = (response: LightMyRequestResponse): readonly number[] =>
  response.json().data.map((user: { id: number }) => user.id);

test('answers the users found, in the asked order', async (t) => {
  const response = await askBatch(t, { userIds: [9, 999, 3, 7] }, { 'x-batch-size': '4' });
  assert.equal(response.statusCode, 200);
  assert.equal(response.json().success, true);
  assert.deepEqual(idsFrom(response), [9, 3, 7]);
});

test('answers a hundred ids, and none', async (t) => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual(idsFrom(await askBatch(t, { userIds: hundred })), hundred);
  assert.deepEqual(idsFrom(await askBatch(t, { userIds: [] }, { 'x-batch-size': '0' })), []);
});

test('refuses a batch size that is not the number of ids', async (t) => {
  for (const size of ['3', 'two', '02', '']) {
    const response = await askBatch(t, { userIds: [1, 2] }, { 'x-batch-size': size });
    assert.equal(response.statusCode, 400);
    assert.deepEqual(response.json().error.details, [
      { field: 'X-Batch-Size', message: 'must be the number of userIds, 2' },
    ]);
  }
});

test('refuses more than a hundred ids', async (t) => {
  const response = await askBatch(t, { userIds: Array.from({ length: 101 }, (_, index) => index + 1) });
  assert.equal(response.statusCode, 400);
  assert.equal(response.json().error.details[0].field, 'userIds');
});

test('names each id that is not a positive integer by its place', async (t) => {
  const response = await askBatch(t, { userIds: [1, 0, '2', 2.5, -1, 2 ** 60] });
  assert.equal(response.statusCode, 400);
  assert.deepEqual(
    new Set(response.json().error.details.map((detail: { field: string }) => detail.field)),
    new Set(['userIds.1', 'userIds.2', 'userIds.3', 'userIds.4', 'userIds.5']),
  );
});

test('refuses a body that is not a batch', async (t) => {
  for (const payload of [{}, { ids: [1] }, { userIds: 1 }, []]) {
    assert.equal((await askBatch(t, payload)).statusCode, 400);
  }
});
