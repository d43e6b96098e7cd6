import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { withDeadline } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import fc from 'fast-check';
import * as z from 'zod';
import type { ServiceClientOptions } from '../client-options.ts';
import type { CollectOptions } from '../contract/collect-options.ts';
import { DomainError } from '../contract/domain-error.ts';
import { get, post } from '../contract/operation.ts';
import type { BatchFlushed, CallFinished, ClientEvent } from '../events.ts';
import { createServiceClient } from '../service-client.ts';
import { after, answer, type MockHandler, mockTransport, type SeenRequest, stall } from '../testing/index.ts';
import { withIncoming } from '../trace/incoming.ts';
import { batch } from './batch.ts';

class UserNotFoundError extends DomainError {}

const User = z.object({ id: z.int(), name: z.string(), tags: z.array(z.string()) });
const userOf = (id: number) => ({ id, name: `User ${id}`, tags: ['a'] });
const isBatch = ({ method }: SeenRequest): boolean => method === 'POST';
const idsIn = (request: SeenRequest): number[] =>
  isBatch(request)
    ? (JSON.parse(request.body) as { ids: number[] }).ids
    : [Number.parseInt(request.path.split('/')[2] as string, 10)];

/** Users up to 999 are there. */
const everyone: MockHandler = (request) => {
  const users = idsIn(request)
    .filter((id) => id < 1_000)
    .map(userOf);
  if (isBatch(request)) return answer(200, users);
  return users.length === 0 ? answer(404) : answer(200, users[0]);
};

const getUsers = batch('/users/batch', {
  key: z.int(),
  body: (ids) => ({ ids }),
  item: User,
  keyOf: ({ id }) => id,
  maxKeys: 10,
});

/** A client that makes batches of single look-ups, and what it said and was asked. */
function world(
  handler: MockHandler = everyone,
  collect: Partial<CollectOptions> = {},
  options: Partial<ServiceClientOptions> = {},
) {
  const clock = new ManualClock();
  const mock = mockTransport(handler);
  const runtime = { clock, random: () => 0 };
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    retry: { maxRetries: 0 },
    transport: mock,
    runtime,
    ...options,
    operations: {
      getUser: get('/users/{userId}', {
        response: User,
        errors: { 404: UserNotFoundError },
        collect: { into: 'getUsers', ...collect },
      }),
      getUsers,
    },
  });
  const calls: CallFinished[] = [];
  const flushed: BatchFlushed[] = [];
  client.on((event: ClientEvent) => {
    if (event.type === 'call.finished') calls.push(event);
    if (event.type === 'batch.flushed') flushed.push(event);
  });
  return { clock, runtime, mock, client, calls, flushed };
}

const idOf = ({ id }: { readonly id: number }): number => id;
const deadlineTold = ({ headers }: SeenRequest): string | undefined => headers['x-request-deadline-ms'];

test('makes one request of the look-ups of a tick, each answered with its own', async () => {
  const { client, mock, flushed } = world();
  const ids = [3, 1, 2, 3, 3, 7];
  const users = await Promise.all(ids.map((userId) => client.getUser({ userId })));
  assert.deepEqual(users, ids.map(userOf));
  assert.deepEqual(mock.requests.map(idsIn), [[3, 1, 2, 7]]);
  const [{ operation, into, calls, keys, waitedMs, reason } = assert.fail()] = flushed;
  assert.deepEqual(
    { operation, into, calls, keys, waitedMs, reason },
    { operation: 'getUser', into: 'getUsers', calls: 6, keys: 4, waitedMs: 0, reason: 'tick' },
  );
});

test('answers every caller with their own in any world of keys, misses and failures, and accounts for every call', async () => {
  const lookUps = fc.record({
    ids: fc.array(fc.integer({ min: 1, max: 1_010 }), { maxLength: 40 }),
    poisoned: fc.uniqueArray(fc.integer({ min: 1, max: 1_010 }), { maxLength: 200 }),
  });
  await fc.assert(
    fc.asyncProperty(lookUps, async ({ ids, poisoned }) => {
      const { client, mock, calls } = world((request) =>
        idsIn(request).some((id) => poisoned.includes(id)) ? answer(400) : everyone(request),
      );
      const results = await Promise.allSettled(ids.map((userId) => client.getUser({ userId })));

      assert.ok(mock.requests.every((request) => idsIn(request).length <= 10));
      for (const [i, result] of results.entries()) {
        const id = ids[i] as number;
        const request = mock.requests.find((one) => idsIn(one).includes(id)) as SeenRequest;
        const fails = idsIn(request).some((one) => poisoned.includes(one));
        if (fails) assert.equal((result as PromiseRejectedResult).reason.status, 400);
        else if (id > 999) assert.ok((result as PromiseRejectedResult).reason instanceof UserNotFoundError);
        else assert.deepEqual(result, { status: 'fulfilled', value: userOf(id) });
      }
      // Every look-up is one call, and so is every batch; attempts are requests.
      const batches = mock.requests.filter(isBatch).length;
      assert.equal(calls.length, ids.length + batches);
      assert.equal(
        calls.reduce((sum, { attempts }) => sum + attempts, 0),
        mock.requests.length,
      );
    }),
    { numRuns: 300 },
  );
});

test('sends a look-up that finds no company as itself', async () => {
  const { client, mock, calls, flushed } = world();
  const { value, attempts } = await client.getUser.withMeta({ userId: 7 });
  assert.deepEqual(value, userOf(7));
  assert.equal(attempts, 1);
  assert.deepEqual(
    mock.requests.map(({ method, path }) => `${method} ${path}`),
    ['GET /users/7'],
  );
  await assert.rejects(client.getUser({ userId: 5_000 }), UserNotFoundError);
  assert.deepEqual(
    calls.map(({ operation, fate }) => [operation, fate]),
    [
      ['getUser', 'ok'],
      ['getUser', 'answered'],
    ],
  );
  assert.deepEqual(
    flushed.map((one) => one.calls),
    [1, 1],
  );
});

test('takes along what other promises of the same tick ask for', async () => {
  const { client, mock } = world();
  const deep = async (userId: number): Promise<unknown> => {
    for (let i = 0; i < 20; i++) await null;
    return client.getUser({ userId });
  };
  await Promise.all([client.getUser({ userId: 1 }), deep(2), deep(3)]);
  assert.deepEqual(mock.requests.map(idsIn), [[1, 2, 3]]);
});

test('waits for others as long as it may, and not longer', async () => {
  const { client, clock, mock, flushed } = world(everyone, { waitMs: 5 });
  const first = client.getUser({ userId: 1 });
  await clock.advance(4);
  const second = client.getUser({ userId: 2 });
  await settle();
  assert.equal(mock.requests.length, 0);
  await clock.advance(1);
  const third = client.getUser({ userId: 3 });
  assert.deepEqual(mock.requests.map(idsIn), [[1, 2]]);
  await clock.advance(5);
  assert.deepEqual(mock.requests.map(idsIn), [[1, 2], [3]]);
  assert.deepEqual((await Promise.all([first, second, third])).map(idOf), [1, 2, 3]);
  assert.deepEqual(
    flushed.map(({ waitedMs, reason, calls }) => [waitedMs, reason, calls]),
    [
      [5, 'wait', 2],
      [5, 'wait', 1],
    ],
  );
});

test('waits no longer once there are as many keys as a batch takes', async () => {
  const { client, clock, mock, flushed } = world(everyone, { waitMs: 50, maxKeys: 3 });
  const asked = [1, 1, 2, 2, 3, 4].map((userId) => client.getUser({ userId }));
  await settle();
  assert.deepEqual(mock.requests.map(idsIn), [[1, 2, 3]]);
  await clock.advance(50);
  await Promise.all(asked);
  assert.deepEqual(
    flushed.map(({ calls, keys, reason }) => [calls, keys, reason]),
    [
      [5, 3, 'full'],
      [1, 1, 'wait'],
    ],
  );
});

test('keeps its bounds for any arrivals: no batch too large, nobody made to wait too long', async () => {
  const arrivals = fc.array(fc.record({ gapMs: fc.nat(4), userId: fc.integer({ min: 1, max: 30 }) }), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(
      arrivals,
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 8 }),
      async (all, waitMs, maxKeys) => {
        const { client, clock, mock } = world(everyone, { waitMs, maxKeys });
        const asked: { readonly userId: number; readonly at: number; readonly user: Promise<unknown> }[] = [];
        for (const { gapMs, userId } of all) {
          await clock.advance(gapMs);
          asked.push({ userId, at: clock.now(), user: client.getUser({ userId }) });
        }
        await clock.advance(waitMs);
        for (const { userId, user, at } of asked) {
          assert.deepEqual(await user, userOf(userId));
          const sent = mock.requests.find((request) => request.at >= at && idsIn(request).includes(userId));
          assert.ok(sent !== undefined && sent.at - at <= waitMs);
        }
        assert.ok(mock.requests.every((request) => idsIn(request).length <= maxKeys));
      },
    ),
    { numRuns: 300 },
  );
});

test('never lets two principals share a batch, nor calls with other headers', async () => {
  const asker = fc.record({
    userId: fc.integer({ min: 1, max: 5 }),
    principal: fc.constantFrom(undefined, '', 'alice', 'bob', '__proto__', '["alice"]'),
    language: fc.constantFrom(undefined, 'ko', 'en'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(asker, { maxLength: 30 }), async (all) => {
      const sent: { readonly ids: number[]; readonly language: string | undefined }[] = [];
      const { client } = world((request) => {
        sent.push({ ids: idsIn(request), language: request.headers['accept-language'] });
        return everyone(request);
      });
      await Promise.all(
        all.map(({ userId, principal, language }) =>
          client.getUser(
            { userId },
            { principal, headers: language === undefined ? {} : { 'Accept-Language': language } },
          ),
        ),
      );
      const groups = new Map<string, Set<number>>();
      for (const { userId, principal = '', language } of all) {
        const name = JSON.stringify([principal, language]);
        groups.set(name, (groups.get(name) ?? new Set()).add(userId));
      }
      const expected = [...groups].map(([name, ids]) => `${JSON.parse(name)[1] ?? ''} ${[...ids]}`);
      assert.deepEqual(sent.map(({ ids, language }) => `${language ?? ''} ${ids}`).sort(), expected.sort());
    }),
    { numRuns: 500 },
  );
});

test('never gives one of a thousand principals what is another’s', async () => {
  let asker = 0;
  const { client } = world(
    (request) => {
      const mine = ++asker;
      const users = idsIn(request).map((id) => ({ ...userOf(id), name: String(mine) }));
      return answer(200, isBatch(request) ? users : users[0]);
    },
    {},
    { bulkhead: { maxConcurrent: 1_000 } },
  );
  const asked = Array.from({ length: 3_000 }, (_, i) => ({ principal: `p${(i * 7919) % 1_000}`, userId: i % 7 }));
  const users = await Promise.all(
    asked.map(async ({ principal, userId }) => ({ principal, ...(await client.getUser({ userId }, { principal })) })),
  );
  const requestOf = new Map<string, Set<string>>();
  for (const { principal, name } of users) requestOf.set(name, (requestOf.get(name) ?? new Set()).add(principal));
  assert.ok([...requestOf.values()].every(({ size }) => size === 1));
});

test('tells the service the earliest deadline, and goes on for those who have more time', async () => {
  const { client, clock, mock, calls } = world((request) => after(400, everyone(request) as never));
  const hasty = client.getUser({ userId: 1 }, { deadlineMs: 300 });
  const patient = client.getUser({ userId: 2 }, { deadlineMs: 2_000 });
  const late = assert.rejects(hasty, { code: 'SWITCHGEAR_DEADLINE_EXCEEDED', sent: 'maybe', operation: 'getUser' });
  await clock.advance(300);
  await late;
  await clock.advance(100);
  assert.deepEqual(await patient, userOf(2));
  assert.deepEqual(mock.requests.map(deadlineTold), ['290']);
  assert.deepEqual(
    calls.map(({ operation, fate, overdueMs }) => [operation, fate, overdueMs]),
    [
      ['getUser', 'timed-out', 0],
      ['getUsers', 'ok', 0],
      ['getUser', 'ok', 0],
    ],
  );
});

test('asks again, within the budget, for those who have time left when the service gives up at the deadline it was told', async () => {
  const { client, clock, mock } = world(
    (request) => (deadlineTold(request) === '290' ? after(300, answer(504)) : everyone(request)),
    {},
    { retry: { maxRetries: 1 } },
  );
  const late = assert.rejects(client.getUser({ userId: 1 }, { deadlineMs: 300 }), {
    code: 'SWITCHGEAR_DEADLINE_EXCEEDED',
  });
  const patient = client.getUser({ userId: 2 }, { deadlineMs: 2_000 });
  await clock.runAll();
  await late;
  assert.deepEqual(await patient, userOf(2));
  // The second attempt has the time of one.
  assert.deepEqual(mock.requests.map(deadlineTold), ['290', '990']);
});

test('ends the request with the last of its callers, and their deadlines with them', async () => {
  const { client, clock, calls } = world(() => stall());
  const both = [300, 700].map((deadlineMs, i) =>
    assert.rejects(client.getUser({ userId: i }, { deadlineMs }), { code: 'SWITCHGEAR_DEADLINE_EXCEEDED' }),
  );
  await clock.advance(699);
  assert.equal(client.snapshot().bulkhead.active, 1);
  await clock.advance(1);
  await Promise.all(both);
  assert.deepEqual([client.snapshot().bulkhead.active, client.snapshot().inFlight], [0, 0]);
  assert.equal(calls.find(({ operation }) => operation === 'getUsers')?.fate, 'timed-out');
});

test('goes on for the others when one leaves, whoever it is, and stops when the last one does', async () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
  ]) {
    const { client, clock, calls } = world(() => stall());
    const callers = [0, 1, 2].map(() => new AbortController());
    const reasons = callers.map((_, i) => new Error(`left ${i}`));
    const left = callers.map(({ signal }, i) => assert.rejects(client.getUser({ userId: i }, { signal }), reasons[i]));
    await clock.advance(10);
    for (const i of order) {
      assert.equal(client.snapshot().bulkhead.active, 1);
      callers[i]?.abort(reasons[i]);
      await left[i];
    }
    await clock.advance(0);
    assert.equal(client.snapshot().bulkhead.active, 0);
    assert.deepEqual(
      calls.map(({ fate }) => fate),
      ['cancelled', 'cancelled', 'cancelled', 'cancelled'],
    );
  }
});

test('asks for nobody who has left before, and for nothing when all have', async () => {
  const { client, clock, mock, flushed } = world(everyone, { waitMs: 5 });
  const left = [new AbortController(), new AbortController()];
  const reason = new Error('left');
  const gone = left.map(({ signal }, i) => assert.rejects(client.getUser({ userId: i + 1 }, { signal }), reason));
  const others = [1, 3].map((userId) => client.getUser({ userId }));
  await settle();
  for (const caller of left) caller.abort(reason);
  await Promise.all(gone);
  await clock.advance(5);
  await Promise.all(others);
  assert.deepEqual(mock.requests.map(idsIn), [[1, 3]]);

  const caller = new AbortController();
  const alone = assert.rejects(client.getUser({ userId: 1 }, { signal: caller.signal }), reason);
  await settle();
  const timers = clock.pending;
  caller.abort(reason);
  await alone;
  assert.equal(clock.pending, timers - 1);
  await clock.advance(50);
  assert.equal(mock.requests.length, 1);
  assert.equal(flushed.length, 1);
});

test('says of a missing key what the service would say of it alone', async () => {
  const { client } = world();
  const [first, second] = await Promise.allSettled([5_000, 1].map((userId) => client.getUser({ userId })));
  assert.equal(second?.status, 'fulfilled');
  assert.ok(first?.status === 'rejected' && first.reason instanceof UserNotFoundError);
  const { status, operation, target, attempts } = first.reason;
  assert.deepEqual(
    { status, operation, target, attempts },
    { status: 404, operation: 'getUser', target: 'users', attempts: 1 },
  );

  const bare = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations: { getUser: get('/users/{userId}', { collect: { into: 'getUsers' } }), getUsers },
    transport: mockTransport(everyone),
  });
  const rejections = await Promise.all(
    [5_000, 5_001].map((userId) =>
      assert.rejects(bare.getUser({ userId }), { code: 'SWITCHGEAR_HTTP_STATUS', status: 404 }),
    ),
  );
  assert.equal(rejections.length, 2);
});

test('fails every caller with the failure of the batch', async () => {
  const { client, calls } = world(() => answer(503));
  const results = await Promise.allSettled([1, 2].map((userId) => client.getUser({ userId })));
  for (const result of results) {
    assert.ok(result.status === 'rejected');
    assert.equal(result.reason.status, 503);
    assert.equal(result.reason.operation, 'getUsers');
  }
  assert.deepEqual(
    calls.map(({ operation, fate, attempts }) => [operation, fate, attempts]),
    [
      ['getUsers', 'unavailable', 1],
      ['getUser', 'unavailable', 0],
      ['getUser', 'unavailable', 0],
    ],
  );
});

test('sends by itself what a batch could not say', async () => {
  const { client, mock } = world();
  await Promise.all([
    client.getUser({ userId: 1, query: { full: true } }),
    client.getUser({ userId: 2 }),
    client.getUser({ userId: 3 }),
    client.getUser({ userId: '4' }), // The batch takes whole numbers.
  ]);
  assert.deepEqual(mock.requests.map(({ method, path }) => `${method} ${path}`).sort(), [
    'GET /users/1?full=true',
    'GET /users/4',
    'POST /users/batch',
  ]);
});

test('takes for the key what the schemas of the path and of the batch make of it', async () => {
  const mock = mockTransport(everyone);
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations: {
      getUser: get('/users/{userId}', {
        params: z.object({ userId: z.string().transform((id) => Number(id.slice(1))) }),
        response: User,
        collect: { into: 'getUsers' },
      }),
      getUsers,
    },
    transport: mock,
  });
  await Promise.all(['u1', 'u2'].map((userId) => client.getUser({ userId })));
  assert.deepEqual(mock.requests.map(idsIn), [[1, 2]]);
});

test('sends by itself who has no time to wait', async () => {
  const { client, clock, mock } = world(everyone, { waitMs: 20 });
  const hasty = [1, 2].map((userId) => client.getUser({ userId }, { deadlineMs: 20 }));
  assert.deepEqual((await Promise.all(hasty)).map(idOf), [1, 2]);
  assert.deepEqual(
    mock.requests.map(({ method }) => method),
    ['GET', 'GET'],
  );
  assert.equal(clock.now(), 0);
});

test('gives each caller a value of their own', async () => {
  const { client } = world();
  const [first, second, third] = await Promise.all([1, 1, 1].map((userId) => client.getUser({ userId })));
  first?.tags.push('mine');
  second?.tags.push('yours');
  assert.deepEqual(third?.tags, ['a']);
  assert.deepEqual(second?.tags, ['a', 'yours']);
});

test('asks by itself for a value that cannot be copied for another caller', async () => {
  class Named {
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
  }
  const Person = z.object({ id: z.int(), name: z.string() }).transform(({ name }) => new Named(name));
  const mock = mockTransport(everyone);
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations: {
      getUser: get('/users/{userId}', { response: Person, collect: { into: 'getUsers' } }),
      getUsers: batch('/users/batch', {
        body: (ids) => ({ ids: ids.map(Number) }),
        item: z.object({ id: z.int(), name: z.string() }),
        keyOf: ({ id }) => id,
        valueIn: ({ name }) => new Named(name),
      }),
    },
    transport: mock,
  });
  const people = await Promise.all([1, 1, 2].map((userId) => client.getUser({ userId })));
  assert.ok(people.every((one) => one instanceof Named));
  assert.notEqual(people[0], people[1]);
  assert.deepEqual(
    mock.requests.map(({ method }) => method),
    ['POST', 'GET'],
  );
});

test('asks the cache first, keeps what a batch brought, and lets the fallback stand in', async () => {
  let away = false;
  const clock = new ManualClock();
  const mock = mockTransport((request) => (away ? answer(503) : everyone(request)));
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    retry: { maxRetries: 0 },
    operations: {
      getUser: get('/users/{userId}', {
        response: User,
        cache: { freshMs: 1_000 },
        fallback: () => 'somebody' as const,
        collect: { into: 'getUsers' },
      }),
      getUsers,
    },
    transport: mock,
    runtime: { clock, random: () => 0 },
  });
  const look = (...ids: number[]) => Promise.all(ids.map((userId) => client.getUser.withMeta({ userId })));
  await look(1, 2, 2);
  const again = await look(2, 1, 3, 4);
  assert.deepEqual(mock.requests.map(idsIn), [
    [1, 2],
    [3, 4],
  ]);
  assert.deepEqual(
    again.map(({ provenance }) => provenance),
    ['cached', 'cached', 'live', 'live'],
  );
  await clock.advance(1_000);
  away = true;
  for (const { value, provenance } of await look(1, 2)) {
    assert.equal(provenance, 'degraded');
    assert.ok(value.provenance === 'degraded' && value.value === 'somebody');
  }
});

test('runs a batch in the context, the trace and the request of the caller with the most time', async () => {
  const current = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const { client, clock, mock } = world((request) => {
    seen.push(current.getStore());
    return after(100, everyone(request) as never);
  });
  const incoming = (traceId: string, requestId: string, deadline: number) => ({
    deadline,
    trace: { traceId: traceId.repeat(32), spanId: '1'.repeat(16), flags: 1 },
    tracestate: undefined,
    requestId,
  });
  const hasty = current.run('hasty', () => withIncoming(incoming('a', 'r-1', 50), () => client.getUser({ userId: 1 })));
  const patient = current.run('patient', () =>
    withIncoming(incoming('b', 'r-2', 500), () => client.getUser({ userId: 2 })),
  );
  const late = assert.rejects(hasty, { code: 'SWITCHGEAR_DEADLINE_EXCEEDED' });
  await clock.advance(100);
  await late;
  assert.deepEqual(await patient, userOf(2));
  assert.deepEqual(seen, ['patient']);
  const [{ headers } = assert.fail()] = mock.requests;
  assert.deepEqual(
    [headers.traceparent?.slice(3, 35), headers['x-request-id'], headers['x-request-deadline-ms']],
    ['b'.repeat(32), 'r-2', '45'],
  );
});

test('keeps the deadline of what surrounds each caller, and no other’s', async () => {
  const { client, clock, runtime } = world((request) => after(100, everyone(request) as never));
  const hasty = withDeadline(50, () => client.getUser({ userId: 1 }), runtime);
  const patient = client.getUser({ userId: 2 });
  const late = assert.rejects(hasty, { code: 'SWITCHGEAR_DEADLINE_EXCEEDED' });
  await clock.advance(100);
  await late;
  assert.deepEqual(await patient, userOf(2));
});

test('has the span of a batch beneath that of a look-up in it', async () => {
  const { client, calls } = world();
  await Promise.all([1, 2].map((userId) => client.getUser({ userId })));
  const ofBatch = calls.find(({ operation }) => operation === 'getUsers');
  const [first] = calls.filter(({ operation }) => operation === 'getUser');
  assert.equal(ofBatch?.traceId, first?.traceId);
  assert.equal(ofBatch?.parentSpanId, first?.spanId);
  assert.equal(ofBatch?.requestId, first?.requestId);
});

test('asks for those who wait when the client is closed, and closes after them', async () => {
  const { client, clock, mock } = world(everyone, { waitMs: 5 });
  const users = Promise.all([1, 2].map((userId) => client.getUser({ userId })));
  await settle();
  const closed = client.close();
  await assert.rejects(client.getUser({ userId: 3 }), { code: 'SWITCHGEAR_CLIENT_CLOSED' });
  await clock.advance(5);
  assert.deepEqual((await users).map(idOf), [1, 2]);
  await closed;
  assert.deepEqual(mock.requests.map(idsIn), [[1, 2]]);
});

test('tells callers apart by the headers that interceptors set for them', async () => {
  const tenant = new AsyncLocalStorage<string>();
  const { client, mock } = world(
    everyone,
    {},
    {
      interceptors: [{ name: 'tenant', beforeCall: (_, headers) => headers.set('x-tenant', tenant.getStore() ?? '') }],
    },
  );
  await Promise.all(
    ['acme', 'acme', 'zeta', 'zeta'].map((name, i) => tenant.run(name, () => client.getUser({ userId: i }))),
  );
  assert.deepEqual(
    mock.requests.map((request) => [request.headers['x-tenant'], idsIn(request)]),
    [
      ['acme', [0, 1]],
      ['zeta', [2, 3]],
    ],
  );
});

test('leaves what the fetch of the client asks for as it is', async () => {
  const { client, mock } = world();
  const answers = await Promise.all([1, 2].map((id) => client.fetch(`http://users.internal/users/${id}`)));
  assert.deepEqual(await answers[1]?.json(), userOf(2));
  assert.deepEqual(
    mock.requests.map(({ method }) => method),
    ['GET', 'GET'],
  );
});

test('refuses a collection that cannot be, where it is written down', () => {
  const refused = { code: 'SWITCHGEAR_INVALID_CONFIG' };
  const collect = { into: 'getUsers' };
  const wrong: [() => unknown, string][] = [
    [() => get('/users/{id}', { collect: {} } as never), 'GET /users/{id}.collect.into'],
    [() => get('/users/{id}', { collect: { into: 'a', waitMs: -1 } }), 'GET /users/{id}.collect.waitMs'],
    [() => get('/users/{id}', { collect: { into: 'a', max: 1 } } as never), 'GET /users/{id}.collect.max'],
    [() => post('/users/{id}', { collect }), 'POST /users/{id}.collect'],
    [() => get('/users', { collect }), 'GET /users.collect'],
    [() => get('/users/{id}/keys/{key}', { collect }), 'GET /users/{id}/keys/{key}.collect'],
    [() => get('/users/{id}', { collect, responseAs: 'text' }), 'GET /users/{id}.collect'],
    [() => get('/users/{id}', { collect, response: 'none' }), 'GET /users/{id}.collect'],
    [() => get('/users/{id}', { collect, results: { 200: User } }), 'GET /users/{id}.collect'],
    [() => get('/users/{id}', { collect, query: z.object({}) }), 'GET /users/{id}.collect'],
    [() => get('/users/{id}', { collect, headers: z.object({}) }), 'GET /users/{id}.collect'],
    [() => world(everyone, { into: 'getUser' }), 'createServiceClient.operations.getUser.collect.into'],
    [() => world(everyone, { into: 'toString' }), 'createServiceClient.operations.getUser.collect.into'],
    [() => world(everyone, { maxKeys: 11 }), 'createServiceClient.operations.getUser.collect.maxKeys'],
    [() => world(everyone, { waitMs: 3_000 }), 'createServiceClient.operations.getUser.collect.waitMs'],
  ];
  for (const [make, path] of wrong) assert.throws(make, { ...refused, path }, path);
});
