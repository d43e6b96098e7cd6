import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidResponseError } from '@switchgear/client';
import { ManualClock } from '@switchgear/policy/testing';
import { aUser, circuitOpen, FakeUserServiceClient } from './fake-user-service-client.ts';
import type { User } from './user-contract.ts';
import { UserNotFoundError } from './user-contract.ts';
import { UserDirectory, type UserDirectoryOptions } from './user-directory.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function directoryOf(users: readonly User[], options: UserDirectoryOptions = {}) {
  const service = new FakeUserServiceClient(users);
  const clock = new ManualClock();
  const hidden: unknown[] = [];
  const parts = { users: service, clock, onHidden: (error: unknown) => hidden.push(error) };
  return { service, clock, hidden, directory: new UserDirectory(parts, options) };
}

test('answers live while the user-service answers, however much it remembers', async () => {
  const { service, directory } = directoryOf([aUser(1)]);
  await directory.forOrder(1);
  service.known.set(1, aUser(1, { name: 'Renamed' }));

  const again = await directory.forOrder(1);

  assert.deepEqual(again, { provenance: 'live', user: aUser(1, { name: 'Renamed' }) });
});

const AGES: readonly (readonly [ageMs: number, provenance: string])[] = [
  [0, 'fresh'],
  [5 * MINUTE_MS, 'fresh'],
  [5 * MINUTE_MS + 1, 'stale'],
  [HOUR_MS, 'stale'],
  [HOUR_MS + 1, 'made-up'],
];

for (const [ageMs, provenance] of AGES) {
  test(`shows a user last heard of ${ageMs} ms ago as ${provenance} while the user-service is away`, async () => {
    const { service, clock, directory } = directoryOf([aUser(1)]);
    await directory.forShow({ id: 1 });
    service.failure = circuitOpen();
    await clock.advance(ageMs);

    const shown = await directory.forShow({ id: 1 });

    assert.equal(shown.provenance, provenance);
    if (shown.provenance === 'fresh' || shown.provenance === 'stale') assert.equal(shown.ageMs, ageMs);
  });
}

test('lets a fresh user order while the user-service is away', async () => {
  const { service, clock, directory } = directoryOf([aUser(1)]);
  await directory.forOrder(1);
  service.failure = circuitOpen();
  await clock.advance(5 * MINUTE_MS);

  assert.deepEqual(await directory.forOrder(1), { provenance: 'fresh', user: aUser(1), ageMs: 5 * MINUTE_MS });
});

test('does not let a stale user order, and says why the user-service is away', async () => {
  const { service, clock, directory } = directoryOf([aUser(1)]);
  await directory.forOrder(1);
  service.failure = circuitOpen(900);
  await clock.advance(5 * MINUTE_MS + 1);

  await assert.rejects(directory.forOrder(1), { code: 'SWITCHGEAR_CIRCUIT_OPEN', retryAfterMs: 900 });
});

test('does not let a user order of whom nothing is remembered', async () => {
  const { service, directory } = directoryOf([aUser(1)]);
  service.failure = circuitOpen();

  await assert.rejects(directory.forOrder(1), { code: 'SWITCHGEAR_CIRCUIT_OPEN' });
});

test('counts the age from when the question left, for the answer may be that old', async () => {
  const { service, clock, directory } = directoryOf([aUser(1)]);
  let answer = (): void => {};
  const getUserById = service.getUserById.bind(service);
  service.getUserById = async (id) => {
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return getUserById(id);
  };
  const asked = directory.forShow({ id: 1 });
  await clock.advance(700);
  answer();
  await asked;
  service.getUserById = getUserById;
  service.failure = circuitOpen();

  const shown = await directory.forOrder(1);

  assert.equal(shown.provenance === 'fresh' && shown.ageMs, 700);
});

test('does not bridge an answer that makes no sense, for that is no outage', async () => {
  const { service, directory } = directoryOf([aUser(1)]);
  await directory.forOrder(1);
  service.failure = new InvalidResponseError(200, ['name: expected string'], { target: 'user-service' });

  await assert.rejects(directory.forOrder(1), { code: 'SWITCHGEAR_INVALID_RESPONSE' });
});

test('shows a name even then, and reports what it hides', async () => {
  const { service, hidden, directory } = directoryOf([aUser(1)]);
  await directory.forShow({ id: 1 });
  service.failure = new InvalidResponseError(200, ['name: expected string'], { target: 'user-service' });

  const shown = await directory.forShow({ id: 1 });

  assert.equal(shown.provenance, 'fresh');
  assert.deepEqual(hidden, [service.failure]);
});

test('forgets a user whom the user-service no longer knows', async () => {
  const { service, directory } = directoryOf([aUser(1)]);
  await directory.forOrder(1);
  service.known.delete(1);

  await assert.rejects(directory.forOrder(1), UserNotFoundError);
  service.failure = circuitOpen();

  await assert.rejects(directory.forOrder(1), { code: 'SWITCHGEAR_CIRCUIT_OPEN' });
});

test('shows no name of a deleted user, though an order recorded one', async () => {
  const { clock, directory } = directoryOf([]);

  const shown = await directory.forShow({ id: 9, recorded: { name: 'Gone', knownAtMs: clock.wallNow() } });

  assert.deepEqual(shown, { provenance: 'made-up', id: 9, reason: 'deleted' });
});

test('shows the name an order recorded as stale, with its age, when nothing is remembered', async () => {
  const { service, clock, directory } = directoryOf([]);
  service.failure = circuitOpen();
  const recorded = { name: '김민준', knownAtMs: clock.wallNow() - 2_000 };

  assert.deepEqual(await directory.forShow({ id: 1, recorded }), {
    provenance: 'stale',
    id: 1,
    name: '김민준',
    ageMs: 2_000,
  });
});

test('shows no recorded name that is older than a stale one may be', async () => {
  const { service, clock, directory } = directoryOf([]);
  service.failure = circuitOpen();
  const recorded = { name: '김민준', knownAtMs: clock.wallNow() - HOUR_MS - 1 };

  assert.deepEqual(await directory.forShow({ id: 1, recorded }), { provenance: 'made-up', id: 1, reason: 'away' });
});

test('shows the younger of a remembered and a recorded name', async () => {
  const { service, clock, directory } = directoryOf([aUser(1, { name: 'Remembered' })]);
  await directory.forShow({ id: 1 });
  service.failure = circuitOpen();
  await clock.advance(10 * MINUTE_MS);
  const recordedAgo = (ageMs: number) => ({ name: 'Recorded', knownAtMs: clock.wallNow() - ageMs });

  const younger = await directory.forShow({ id: 1, recorded: recordedAgo(9 * MINUTE_MS) });
  const older = await directory.forShow({ id: 1, recorded: recordedAgo(11 * MINUTE_MS) });

  assert.equal(younger.provenance === 'stale' && younger.name, 'Recorded');
  assert.equal(older.provenance === 'stale' && older.name, 'Remembered');
});

test('takes a recorded name from the future as new, for clocks are set back', async () => {
  const { service, clock, directory } = directoryOf([]);
  service.failure = circuitOpen();

  const shown = await directory.forShow({ id: 1, recorded: { name: 'A', knownAtMs: clock.wallNow() + HOUR_MS } });

  assert.equal(shown.provenance === 'stale' && shown.ageMs, 0);
});

test('shows many by one question, each as well as it can', async () => {
  const { service, clock, directory } = directoryOf([aUser(1), aUser(2)]);
  const recorded = { name: 'Recorded', knownAtMs: clock.wallNow() };

  const live = await directory.forShowAll([{ id: 2 }, { id: 1 }, { id: 2 }, { id: 3 }]);
  service.failure = circuitOpen();
  const away = await directory.forShowAll([{ id: 1 }, { id: 8, recorded }, { id: 9 }]);

  assert.deepEqual(service.asked, ['batch 2,1,3', 'batch 1,8,9']);
  assert.deepEqual(
    live.map(({ provenance }) => provenance),
    ['live', 'live', 'live', 'made-up'],
  );
  assert.deepEqual(
    away.map(({ provenance }) => provenance),
    ['fresh', 'stale', 'made-up'],
  );
});

test('reports once what hides many, and shows them even when nothing could be asked at all', async () => {
  const { service, hidden, directory } = directoryOf([aUser(1), aUser(2)]);
  await directory.forShowAll([{ id: 1 }, { id: 2 }]);
  service.failure = circuitOpen();
  await directory.forShowAll([{ id: 1 }, { id: 2 }]);
  const closed = new Error('closed');
  service.batchGetUsers = () => Promise.reject(closed);

  const shown = await directory.forShowAll([{ id: 1 }, { id: 2 }]);

  assert.deepEqual(
    shown.map(({ provenance }) => provenance),
    ['fresh', 'fresh'],
  );
  assert.deepEqual(hidden, [service.failure, closed]);
});

test('remembers no more users than it may, and forgets the least recently used', async () => {
  const { service, directory } = directoryOf([aUser(1), aUser(2), aUser(3)], { maxUsers: 2 });
  for (const id of [1, 2, 1, 3]) await directory.forShow({ id });
  service.failure = circuitOpen();

  const shown = await directory.forShowAll([{ id: 1 }, { id: 2 }, { id: 3 }]);

  assert.deepEqual(
    shown.map(({ provenance }) => provenance),
    ['fresh', 'made-up', 'fresh'],
  );
});
