import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ClientEvent, isAway, type OpenTransport, TransportFailure, undiciTransport } from '@switchgear/client';
import { type Runtime, systemRuntime } from '@switchgear/policy';
import {
  CLIENT,
  TTL_SECONDS,
  type UserServiceForTests,
  userServiceForTests,
} from '../../user-service/user-service-for-tests.ts';
import { UserAlreadyExistsError, UserNotFoundError } from './user-contract.ts';
import {
  createUserServiceClient,
  type RunningUserServiceClient,
  type UserServiceAccess,
} from './user-service-client.ts';
import { USER_SERVICE_DEFAULTS } from './user-service-config.ts';

/** The real user-service on a port of its own, and our client to it. */
async function connected(t: TestContext, client: NonNullable<UserServiceAccess['client']> = {}) {
  const service = userServiceForTests(t, { faults: true });
  const baseUrl = await service.app.listen({ host: '127.0.0.1', port: 0 });
  const users = createUserServiceClient({ baseUrl, ...USER_SERVICE_DEFAULTS, retryDelay: 1 }, { ...CLIENT, client });
  t.after(() => users.controls.close());
  const events: ClientEvent[] = [];
  users.controls.on((event) => events.push(event));
  return { service, users, events };
}

function tokensAskedFor(events: readonly ClientEvent[]): number {
  return events.filter(({ type }) => type === 'token.refreshed').length;
}

async function seed(service: UserServiceForTests, count: number): Promise<void> {
  await service.repository.insertIfEmpty(
    Array.from({ length: count }, (_, index) => ({
      name: `User ${index + 1}`,
      email: `user.${index + 1}@example.test`,
      status: 'active' as const,
      createdAt: '2025-01-01T00:00:00.000Z',
    })),
  );
}

async function makeSick(
  service: UserServiceForTests,
  failureRatio: number,
  failures: readonly string[],
): Promise<void> {
  const response = await service.app.inject({ method: 'PUT', url: '/faults', payload: { failureRatio, failures } });
  assert.equal(response.statusCode, 200);
}

test('creates, finds, changes and deletes a user', async (t) => {
  const { users } = await connected(t);

  const created = await users.createUser({ name: '김민준', email: 'minjun@example.test' });
  const changed = await users.updateUser(created.id, {
    name: '김민준',
    email: 'new@example.test',
    status: 'suspended',
  });

  assert.equal(created.status, 'active');
  assert.deepEqual(changed, { ...created, email: 'new@example.test', status: 'suspended' });
  assert.deepEqual(await users.getUserById(created.id), changed);
  assert.equal(await users.deleteUser(created.id), undefined);
  await assert.rejects(users.getUserById(created.id), UserNotFoundError);
});

test('creates one user when the same creation is sent again under its key', async (t) => {
  const { users } = await connected(t);
  const request = { name: 'Iris Reed', email: 'iris@example.test' };

  const first = await users.createUser(request, { idempotencyKey: 'creation-1' });
  const again = await users.createUser(request, { idempotencyKey: 'creation-1' });

  assert.deepEqual(again, first);
});

test('says in errors of its own what the user-service says no to', async (t) => {
  const { users } = await connected(t);
  const { id } = await users.createUser({ name: 'Iris Reed', email: 'iris@example.test' });
  await users.createUser({ name: 'Ben Walsh', email: 'ben@example.test' });

  await assert.rejects(users.createUser({ name: 'Another', email: 'Iris@example.test' }), UserAlreadyExistsError);
  await assert.rejects(users.updateUser(id, { name: 'Iris', email: 'ben@example.test' }), UserAlreadyExistsError);
  await assert.rejects(users.updateUser(99, { name: 'Nobody', email: 'nobody@example.test' }), UserNotFoundError);
  await assert.rejects(users.deleteUser(99), UserNotFoundError);
});

test('sends nothing that the contract refuses', async (t) => {
  const { users, events } = await connected(t);

  await assert.rejects(users.createUser({ name: '', email: 'not an address' }), { code: 'SWITCHGEAR_INVALID_REQUEST' });

  assert.equal(tokensAskedFor(events), 0);
});

test('finds 250 users in chunks, in the order asked, and reports those that do not exist', async (t) => {
  const { service, users, events } = await connected(t);
  await seed(service, 250);
  const ids = Array.from({ length: 250 }, (_, index) => 250 - index);

  const outcomes = await users.batchGetUsers([...ids, 999, 7]);

  assert.deepEqual(
    outcomes.map((one) => (one.outcome === 'found' ? one.value.id : one.outcome)),
    [...ids, 'missing', 7],
  );
  assert.equal(events.filter(({ type }) => type === 'call.finished').length, 3);
});

test('asks for no chunk once the time of the whole batch is over', async (t) => {
  const { service, users } = await connected(t);
  await seed(service, 1);

  const [outcome] = await users.batchGetUsers([1], { deadlineMs: 0 });

  assert.ok(outcome?.outcome === 'failed' && isAway(outcome.error));
});

test('takes one new token for all calls that meet the end of the old one', async (t) => {
  const { service, users, events } = await connected(t);
  await seed(service, 10);
  await users.getUserById(1);
  // Only the service's clock moves, so the client has to be told by a 401.
  service.clock.advance((TTL_SECONDS + 1) * 1_000);

  const found = await Promise.all(Array.from({ length: 10 }, (_, index) => users.getUserById(index + 1)));

  assert.equal(found.length, 10);
  assert.equal(tokensAskedFor(events), 2);
});

test('renews its token ahead of the end, so that no call is answered 401', async (t) => {
  let skewMs = 0;
  const { clock } = systemRuntime;
  const runtime: Runtime = {
    random: systemRuntime.random,
    clock: {
      now: () => clock.now() + skewMs,
      wallNow: () => clock.wallNow(),
      setTimer: (ms, run) => clock.setTimer(ms, run),
    },
  };
  const { service, users, events } = await connected(t, { runtime });
  await seed(service, 1);
  await users.getUserById(1);
  skewMs = TTL_SECONDS * 1_000;
  service.clock.advance(skewMs);

  await users.getUserById(1);

  assert.equal(tokensAskedFor(events), 2);
  assert.ok(!events.some(({ type }) => type === 'attempt.reauthorised'));
});

test('gives up on a service that only fails, after the stated attempts', async (t) => {
  const { service, users, events } = await connected(t);
  await seed(service, 1);
  await makeSick(service, 1, ['503', 'reset']);

  await assert.rejects(users.getUserById(1), (error: unknown) => isAway(error));

  const call = events.find(({ type }) => type === 'call.finished');
  assert.ok(call?.type === 'call.finished');
  assert.ok(call.attempts >= 1 && call.attempts <= users.maxAttempts, String(call.attempts));
});

test('tells a deleted user from a delete that failed, when the first answer was lost', async (t) => {
  const { service, users } = await connected(t, { transport: losingFirst('DELETE') });
  await seed(service, 1);

  await users.deleteUser(1);

  assert.equal(await service.repository.find(1), undefined);
});

/** Carries everything, but loses the first answer to a method, after the service has done the work. */
function losingFirst(method: string): OpenTransport {
  let lost = false;
  return (options) => {
    const real = undiciTransport(options);
    return {
      send: async (request, call) => {
        const response = await real.send(request, call);
        if (lost || request.method !== method) return response;
        lost = true;
        throw new TransportFailure('request', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
      },
      close: () => real.close(),
      destroy: () => real.destroy(),
    };
  };
}

test('refuses calls once it is closed', async (t) => {
  const { users }: { users: RunningUserServiceClient } = await connected(t);
  await users.controls.close();

  await assert.rejects(users.getUserById(1), { code: 'SWITCHGEAR_CLIENT_CLOSED' });
});
