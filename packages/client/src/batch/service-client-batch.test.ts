import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, settle } from '@switchgear/policy/testing';
import fc from 'fast-check';
import * as z from 'zod';
import type { ServiceClientOptions } from '../client-options.ts';
import { DomainError } from '../contract/domain-error.ts';
import type { BatchFinished, CallFinished, ClientEvent } from '../events.ts';
import { createServiceClient } from '../service-client.ts';
import { after, answer, type MockHandler, mockTransport, refuse, type SeenRequest, stall } from '../testing/index.ts';
import { withIncoming } from '../trace/incoming.ts';
import { batch } from './batch.ts';

const User = z.object({ id: z.int(), name: z.string() });
const userOf = (id: number) => ({ id, name: `User ${id}` });
const idsIn = ({ body }: SeenRequest): number[] => (JSON.parse(body) as { ids: number[] }).ids;
const everyone: MockHandler = (request) => answer(200, idsIn(request).map(userOf));

interface Bounds {
  readonly maxKeys?: number;
  readonly maxKeyBytes?: number;
  readonly concurrency?: number;
}

/** A client of a service that looks users up by a POST, and what it said and was asked. */
function world(handler: MockHandler = everyone, bounds: Bounds = {}, options: Partial<ServiceClientOptions> = {}) {
  const clock = new ManualClock();
  const mock = mockTransport(handler);
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    retry: { maxRetries: 0 },
    transport: mock,
    runtime: { clock, random: () => 0 },
    ...options,
    operations: {
      getUsers: batch('/users/batch', {
        key: z.int().positive(),
        body: (ids) => ({ ids }),
        item: User,
        keyOf: (user) => user.id,
        ...bounds,
      }),
    },
  });
  const calls: CallFinished[] = [];
  const batches: BatchFinished[] = [];
  client.on((event: ClientEvent) => {
    if (event.type === 'call.finished') calls.push(event);
    if (event.type === 'batch.finished') batches.push(event);
  });
  return { clock, mock, client, calls, batches };
}

/** Ids with duplicates; some do not exist, some are never answered for, and strangers come along. */
const lookUps = fc.record({
  ids: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }),
  missing: fc.uniqueArray(fc.integer({ min: 1, max: 40 })),
  poisoned: fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 2 }),
  strangers: fc.array(fc.integer({ min: 41, max: 60 }), { maxLength: 5 }),
  maxKeys: fc.integer({ min: 1, max: 15 }),
  concurrency: fc.integer({ min: 1, max: 5 }),
  shuffle: fc.func(fc.integer()),
});

test('gives each input its own outcome, whatever order, duplicates, misses, strangers and failures there are', async () => {
  await fc.assert(
    fc.asyncProperty(lookUps, async ({ ids, missing, poisoned, strangers, shuffle, ...bounds }) => {
      const { client, mock, batches } = world((request) => {
        const asked = idsIn(request);
        // A request with such an id in it fails as a whole, and no other does.
        if (asked.some((id) => poisoned.includes(id))) return answer(400);
        const known = [...asked.filter((id) => !missing.includes(id)), ...strangers].map(userOf);
        return answer(
          200,
          known.sort((a, b) => shuffle(a.id) - shuffle(b.id)),
        );
      }, bounds);

      const outcomes = await client.getUsers(ids);

      const requests = mock.requests.map(idsIn);
      assert.deepEqual(requests.flat(), [...new Set(ids)], 'each id is sent once');
      assert.ok(requests.every(({ length }) => length > 0 && length <= bounds.maxKeys));
      const failing = new Set(requests.filter((one) => one.some((id) => poisoned.includes(id))).flat());
      assert.equal(outcomes.length, ids.length);
      for (const [i, one] of outcomes.entries()) {
        const id = ids[i] as number;
        assert.equal(one.key, id);
        if (failing.has(id)) assert.ok(one.outcome === 'failed' && (one.error as { status: number }).status === 400);
        else if (missing.includes(id)) assert.deepEqual(one, { outcome: 'missing', key: id });
        else assert.deepEqual(one, { outcome: 'found', key: id, value: userOf(id) });
      }
      const [event] = batches;
      const ok = requests.filter((one) => !one.some((id) => poisoned.includes(id)));
      assert.equal(event?.strangers, ok.length * strangers.length);
      assert.equal(event?.keys, new Set(ids).size);
      assert.equal(event?.failed, failing.size);
    }),
    { numRuns: 500 },
  );
});

test('keeps as many requests under way as it may, and never more', async () => {
  await fc.assert(
    fc.asyncProperty(lookUps, async ({ ids, maxKeys, concurrency }) => {
      const { client, clock, mock } = world((request) => after(10, answer(200, idsIn(request).map(userOf))), {
        maxKeys,
        concurrency,
      });
      const found = client.getUsers(ids);
      const chunks = Math.ceil(new Set(ids).size / maxKeys);
      for (let sent = Math.min(concurrency, chunks); sent < chunks; sent = Math.min(sent + concurrency, chunks)) {
        await settle();
        assert.equal(mock.requests.length, sent);
        await clock.advance(10);
      }
      await clock.advance(10);
      assert.ok((await found).every(({ outcome }) => outcome === 'found'));
    }),
    { numRuns: 100 },
  );
});

test('sends nothing without keys, and nothing for keys that are none', async () => {
  const { client, mock, calls } = world();
  assert.deepEqual(await client.getUsers([]), []);
  const [wrong, half] = await client.getUsers([-1, 1.5]);
  assert.ok(wrong?.outcome === 'failed' && half?.outcome === 'failed');
  assert.equal((wrong.error as { code: string }).code, 'SWITCHGEAR_INVALID_REQUEST');
  assert.deepEqual([mock.requests.length, calls.length], [0, 0]);
});

test('fails a key that is none alone, and one whose item is broken', async () => {
  const { client, mock } = world((request) =>
    answer(
      200,
      idsIn(request).map((id) => (id === 3 ? { id } : userOf(id))),
    ),
  );
  const outcomes = await client.getUsers([1, -2, 3]);
  assert.deepEqual(
    outcomes.map(({ outcome }) => outcome),
    ['found', 'failed', 'failed'],
  );
  assert.deepEqual(mock.requests.map(idsIn), [[1, 3]]);
});

test('rejects what is no list of keys, and counts it', async () => {
  const { client, calls } = world();
  await assert.rejects(client.getUsers('1,2' as never), { code: 'SWITCHGEAR_INVALID_REQUEST' });
  await assert.rejects(client.getUsers([1], { deadlineMs: Number.NaN }), { code: 'SWITCHGEAR_INVALID_REQUEST' });
  assert.deepEqual(
    calls.map(({ fate }) => fate),
    ['misused', 'misused'],
  );
});

test('has one deadline over all requests, and keeps what was found before it', async () => {
  const { client, clock, mock, calls } = world((request) => after(400, answer(200, idsIn(request).map(userOf))), {
    maxKeys: 1,
    concurrency: 1,
  });
  const asked = client.getUsers([1, 2, 3, 4], { deadlineMs: 1_000 });
  await clock.advance(1_000);
  const outcomes = await asked;
  assert.deepEqual(
    outcomes.map(({ outcome }) => outcome),
    ['found', 'found', 'failed', 'failed'],
  );
  for (const one of outcomes.slice(2)) {
    assert.ok(one.outcome === 'failed');
    assert.equal((one.error as { code: string }).code, 'SWITCHGEAR_DEADLINE_EXCEEDED');
  }
  // The last one was not begun, and so is no call.
  assert.deepEqual(
    calls.map(({ fate }) => fate),
    ['ok', 'ok', 'timed-out'],
  );
  assert.deepEqual(
    mock.requests.map(({ headers }) => headers['x-request-deadline-ms']),
    ['990', '590', '190'],
  );
});

test('asks for nothing when there is no time, and says that the call ran out of it', async () => {
  const { client, mock, calls } = world(everyone, { maxKeys: 1, concurrency: 1 });
  const outcomes = await client.getUsers([1, 2], { deadlineMs: 0 });
  assert.ok(outcomes.every((one) => one.outcome === 'failed'));
  assert.equal(mock.requests.length, 0);
  assert.deepEqual(
    calls.map(({ fate }) => fate),
    ['timed-out'],
  );
});

test('ends all requests when the caller leaves, begins no further one, and rejects with the reason', async () => {
  const { client, clock, mock, calls } = world(() => stall(), { maxKeys: 1, concurrency: 2 });
  const caller = new AbortController();
  const reason = new Error('left');
  const left = assert.rejects(client.getUsers([1, 2, 3, 4], { signal: caller.signal }), reason);
  await clock.advance(10);
  caller.abort(reason);
  await left;
  await clock.advance(10);
  assert.equal(mock.requests.length, 2);
  assert.deepEqual(
    calls.map(({ fate }) => fate),
    ['cancelled', 'cancelled'],
  );
  assert.deepEqual([client.snapshot().inFlight, client.snapshot().bulkhead.active], [0, 0]);

  await assert.rejects(client.getUsers([1], { signal: caller.signal }), reason);
  assert.equal(mock.requests.length, 2);
  assert.equal(calls.at(-1)?.fate, 'cancelled');
});

test('goes through the whole stack: a request is a call that is sent again, and a POST too', async () => {
  let away = 2;
  const { client, clock, mock, calls } = world(
    (request) => (away-- > 0 ? answer(503) : everyone(request)),
    {},
    {
      retry: { maxRetries: 2 },
    },
  );
  const asked = client.getUsers.withMeta([1, 2]);
  await clock.runAll();
  const { value, attempts, provenance } = await asked;
  assert.ok(value.every(({ outcome }) => outcome === 'found'));
  assert.deepEqual([attempts, provenance, mock.requests.length], [3, 'live', 3]);
  assert.deepEqual(
    calls.map(({ fate, operation, attempts: made }) => [fate, operation, made]),
    [['ok-retried', 'getUsers', 3]],
  );
});

test('sends nothing twice where the contract says that it must not be', async () => {
  const mock = mockTransport([answer(503)]);
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations: {
      bill: batch('/bills', { body: (ids) => ids, keyOf: 'position', idempotent: false }),
    },
    transport: mock,
  });
  const [one] = await client.bill([1]);
  assert.equal(one?.outcome, 'failed');
  mock.done();
});

test('is refused by an open circuit like every call, key by key', async () => {
  const { client, calls } = world(
    () => refuse(),
    { maxKeys: 1, concurrency: 1 },
    { breaker: { consecutiveFailures: 2 } },
  );
  const outcomes = await client.getUsers([1, 2, 3]);
  assert.ok(outcomes.every(({ outcome }) => outcome === 'failed'));
  assert.deepEqual(
    calls.map(({ fate }) => fate),
    ['unavailable', 'unavailable', 'refused'],
  );
});

test('adds attempts up over all requests, and tells what became of the keys', async () => {
  const { client, batches } = world(
    (request) => {
      const ids = idsIn(request);
      return ids.includes(5) ? answer(500) : answer(200, [...ids.filter((id) => id !== 2), 99, 99].map(userOf));
    },
    { maxKeys: 3, concurrency: 1 },
  );
  const { attempts, requestId } = await client.getUsers.withMeta([1, 2, 3, 1, 4, 5, -6]);
  assert.equal(attempts, 2);
  assert.equal(batches.length, 1);
  const { asked, keys, found, missing, failed, requests, strangers, repeated } = batches[0] as BatchFinished;
  assert.deepEqual(
    { asked, keys, found, missing, failed, requests, strangers, repeated },
    { asked: 7, keys: 5, found: 2, missing: 1, failed: 2, requests: 2, strangers: 2, repeated: 0 },
  );
  assert.equal(batches[0]?.requestId, requestId);
});

test('has all of its requests in the trace and under the request id of the one that is handled', async () => {
  const { client, mock } = world(everyone, { maxKeys: 1 });
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: 1 };
  const incoming = { deadline: Number.POSITIVE_INFINITY, trace, tracestate: 'x=y', requestId: 'r-1' };
  await withIncoming(incoming, () => client.getUsers([1, 2]));
  const headers = mock.requests.map((request) => request.headers);
  assert.deepEqual(
    headers.map((one) => [one.traceparent?.slice(3, 35), one.tracestate, one['x-request-id']]),
    [
      [trace.traceId, 'x=y', 'r-1'],
      [trace.traceId, 'x=y', 'r-1'],
    ],
  );
  assert.notEqual(headers[0]?.traceparent, headers[1]?.traceparent);

  await client.getUsers([1, 2]);
  const [third, fourth] = mock.requests.slice(2).map((request) => request.headers);
  assert.equal(third?.traceparent?.slice(3, 35), fourth?.traceparent?.slice(3, 35));
  assert.equal(third?.['x-request-id'], fourth?.['x-request-id']);
});

test('puts keys where the contract says: into the query, the path, and headers', async () => {
  const mock = mockTransport(({ path }) => answer(200, path === '/v1/tags' ? { a: 1, b: 2 } : [1, null]));
  const client = createServiceClient({
    target: 'things',
    baseUrl: 'http://things.internal/v1',
    operations: {
      byQuery: batch('/things', {
        query: (id) => ({ id, full: true }),
        keyOf: 'position',
        response: z.array(z.unknown()),
      }),
      byPath: batch('/things/{ids}/names', { params: (keys) => ({ ids: keys.join(';') }), keyOf: 'position' }),
      byMap: batch('/tags', {
        method: 'QUERY',
        body: (names) => names,
        headers: (names) => ({ 'x-batch-size': String(names.length) }),
        response: z.record(z.string(), z.number()),
        items: (counts) => Object.entries(counts),
        keyOf: ([name]) => name,
        valueIn: ([, count]) => count,
      }),
    },
    transport: mock,
  });
  assert.deepEqual(
    (await client.byQuery(['a b', 'c'])).map(({ outcome }) => outcome),
    ['found', 'missing'],
  );
  await client.byPath([7, 8]);
  assert.deepEqual(await client.byMap(['b', 'c'], { headers: { 'x-other': '1' } }), [
    { outcome: 'found', key: 'b', value: 2 },
    { outcome: 'missing', key: 'c' },
  ]);
  assert.deepEqual(
    mock.requests.map(({ method, path, body }) => [method, path, body]),
    [
      ['GET', '/v1/things?id=a%20b&id=c&full=true', ''],
      ['GET', '/v1/things/7%3B8/names', ''],
      ['QUERY', '/v1/tags', '["b","c"]'],
    ],
  );
  const { headers = {} } = mock.requests[2] ?? {};
  assert.deepEqual(
    [headers['x-batch-size'], headers['x-other'], headers['content-type']],
    ['2', '1', 'application/json'],
  );
});

test('keeps the keys of a request within their bytes, and fails one that is larger alone', async () => {
  const mock = mockTransport(({ body }) => answer(200, JSON.parse(body)));
  const client = createServiceClient({
    target: 'things',
    baseUrl: 'http://things.internal',
    operations: { look: batch('/look', { body: (keys) => keys, keyOf: 'position', maxKeyBytes: 7 }) },
    transport: mock,
  });
  const outcomes = await client.look(['한', '글', 'abc', 'far too long']);
  assert.deepEqual(
    mock.requests.map(({ body }) => JSON.parse(body)),
    [['한', '글'], ['abc']],
  );
  assert.equal(outcomes[3]?.outcome, 'failed');
});

test('takes the names of what every object has for keys like any other', async () => {
  const mock = mockTransport(({ body }) =>
    answer(
      200,
      (JSON.parse(body) as string[]).map((id) => ({ id })),
    ),
  );
  const client = createServiceClient({
    target: 'things',
    baseUrl: 'http://things.internal',
    operations: {
      look: batch('/look', { body: (keys) => keys, item: z.object({ id: z.string() }), keyOf: ({ id }) => id }),
    },
    transport: mock,
  });
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'then'];
  assert.deepEqual(
    await client.look(names),
    names.map((id) => ({ outcome: 'found', key: id, value: { id } })),
  );
});

test('rejects with a domain error of the whole answer, and of one key', async () => {
  class NotAllowed extends DomainError {}
  let whole = false;
  const mock = mockTransport(() => (whole ? answer(403) : answer(200, [{ id: 1, error: 'NOT_YOURS' }, { id: 2 }])));
  const client = createServiceClient({
    target: 'things',
    baseUrl: 'http://things.internal',
    operations: {
      look: batch('/look', {
        body: (keys) => keys,
        item: z.object({ id: z.number(), error: z.string().optional() }),
        keyOf: ({ id }) => id,
        errorIn: ({ error }, said) =>
          error === undefined ? undefined : new NotAllowed({ ...said, status: 403, serviceCode: error }),
        errors: { 403: NotAllowed },
      }),
    },
    transport: mock,
  });
  const [first, second] = await client.look([1, 2]);
  assert.ok(first?.outcome === 'failed' && first.error instanceof NotAllowed);
  assert.equal(first.error.serviceCode, 'NOT_YOURS');
  assert.equal(second?.outcome, 'found');
  whole = true;
  assert.ok((await client.look([1, 2])).every((one) => one.outcome === 'failed' && one.error instanceof NotAllowed));
});

test('calls an answer that is not of the contract invalid, and its keys failed', async () => {
  const { client, calls } = world(() => answer(200, { users: [] }));
  const [one] = await client.getUsers([1]);
  assert.ok(one?.outcome === 'failed');
  assert.equal((one.error as { code: string }).code, 'SWITCHGEAR_INVALID_RESPONSE');
  assert.deepEqual(
    calls.map(({ fate }) => fate),
    ['invalid'],
  );
});

test('shows no key in what it says of contract code that fails on them', async () => {
  const client = createServiceClient({
    target: 'things',
    baseUrl: 'http://things.internal',
    operations: {
      look: batch('/look', {
        body: (keys): unknown => {
          throw new Error(String(keys));
        },
        keyOf: 'position',
      }),
    },
    transport: mockTransport([]),
  });
  const [one] = await client.look(['canary']);
  assert.ok(one?.outcome === 'failed');
  const { code, message } = one.error as { code: string; message: string };
  assert.equal(code, 'SWITCHGEAR_INVALID_REQUEST');
  assert.doesNotMatch(message + JSON.stringify(one.error), /canary/);
});

test('lets a batch that is under way ask for the rest when the client is closed, and refuses the next', async () => {
  const { client, clock, mock, calls } = world((request) => after(10, everyone(request) as never), {
    maxKeys: 1,
    concurrency: 1,
  });
  const asked = client.getUsers([1, 2]);
  await clock.advance(5);
  const closed = client.close();
  await assert.rejects(client.getUsers([3]), { code: 'SWITCHGEAR_CLIENT_CLOSED' });
  await clock.advance(20);
  assert.ok((await asked).every(({ outcome }) => outcome === 'found'));
  await closed;
  assert.equal(mock.requests.length, 2);
  assert.deepEqual(
    calls.map(({ fate }) => fate),
    ['misused', 'ok', 'ok'],
  );
});

test('goes on at another host of the service when one is away', async () => {
  const { client, mock } = world(
    (request) => (request.origin === 'http://a.internal' ? refuse() : everyone(request)),
    { maxKeys: 1, concurrency: 1 },
    { baseUrl: ['http://a.internal', 'http://b.internal'], retry: { maxRetries: 1 } },
  );
  const outcomes = await client.getUsers([1, 2]);
  assert.ok(outcomes.every(({ outcome }) => outcome === 'found'));
  const asked = mock.requests.map(({ origin }) => origin);
  assert.deepEqual(new Set(asked), new Set(['http://a.internal', 'http://b.internal']));
});

test('refuses a batch that cannot be, where it is written down', () => {
  const refused = { code: 'SWITCHGEAR_INVALID_CONFIG' };
  const wrong: [string, object, string][] = [
    ['/a', { body: (keys: unknown) => keys }, 'POST /a.keyOf'],
    ['/a', { body: (keys: unknown) => keys, keyOf: 'id' }, 'POST /a.keyOf'],
    ['/a', { keyOf: 'position' }, 'GET /a.body'],
    ['/a', { body: (keys: unknown) => keys, keyOf: 'position', method: 'GET' }, 'GET /a.body'],
    ['/a', { body: (keys: unknown) => keys, keyOf: 'position', method: 'PUT' }, 'PUT /a.method'],
    ['/a', { query: () => ({}), params: () => ({}), keyOf: 'position' }, 'GET /a.params'],
    ['/{a}', { query: () => ({}), keyOf: 'position' }, 'GET /{a}.params'],
    ['/a', { query: () => ({}), keyOf: 'position', maxKeys: 0 }, 'GET /a.maxKeys'],
    ['/a', { query: () => ({}), keyOf: 'position', maxKeyBytes: 1.5 }, 'GET /a.maxKeyBytes'],
    ['/a', { query: () => ({}), keyOf: 'position', concurrency: 0 }, 'GET /a.concurrency'],
    ['/a', { query: () => ({}), keyOf: 'position', key: 'number' }, 'GET /a.key'],
    ['/a', { query: () => ({}), keyOf: 'position', item: {} }, 'GET /a.item'],
    ['/a', { query: () => ({}), keyOf: 'position', cache: { freshMs: 1 } }, 'GET /a.cache'],
    ['/a', { query: () => ({}), keyOf: 'position', attemptTimeoutMs: 9, deadlineMs: 8 }, 'GET /a.attemptTimeoutMs'],
  ];
  for (const [path, options, at] of wrong) {
    assert.throws(() => batch(path, options as never), { ...refused, path: at }, at);
  }
  assert.throws(() => batch('/a', undefined as never), refused);
});
