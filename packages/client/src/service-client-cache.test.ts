import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@switchgear/policy/testing';
import { get, post } from './contract/operation.ts';
import type { Live } from './contract/provenance.ts';
import type { ClientEvent } from './events.ts';
import { createServiceClient } from './service-client.ts';
import { after, answer, mockTransport, refuse } from './testing/index.ts';

/** A service whose users grow a version older with every answer, and a client that keeps what it said. */
function world() {
  const clock = new ManualClock();
  let version = 0;
  let away = false;
  let slow = false;
  const mock = mockTransport(({ method, path }) => {
    if (away) return refuse();
    if (path.endsWith('/404')) return answer(404);
    const reply = method === 'GET' ? answer(200, { path, version: ++version, tags: ['a'] }) : answer(204);
    return slow ? after(100, reply) : reply;
  });
  const cache = { freshMs: 1_000, negativeMs: 500 };
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    retry: { maxRetries: 0 },
    operations: {
      getUser: get('/users/{userId}', { cache }),
      getProfile: get('/profiles/{userId}', { cache: { ...cache, staleIfErrorMs: 10_000 } }),
      getMenu: get('/menu', { cache: { freshMs: 1_000, staleWhileRevalidateMs: 5_000 } }),
      rename: post('/users/{userId}', { response: 'none', invalidates: ['getUser'] }),
    },
    transport: mock,
    runtime: { clock, random: () => 0 },
  });
  const fates: string[] = [];
  client.on((event: ClientEvent) => {
    if (event.type === 'call.finished') fates.push(event.fate);
  });
  const setAway = (now: boolean): void => {
    away = now;
  };
  const setSlow = (now: boolean): void => {
    slow = now;
  };
  return { clock, client, mock, fates, setAway, setSlow };
}

test('answers again while an answer is fresh, without a place, an attempt or a request', async () => {
  const { client, clock, mock, fates } = world();
  const first = await client.getUser({ userId: 1 });
  const second = await client.getUser.withMeta({ userId: 1 });
  assert.deepEqual(second.value, first);
  assert.deepEqual([second.provenance, second.attempts, mock.requests.length], ['cached', 0, 1]);
  assert.equal(client.snapshot().bulkhead.active, 0);
  await clock.advance(1_000);
  await client.getUser({ userId: 1 });
  assert.equal(mock.requests.length, 2);
  assert.deepEqual(fates, ['ok', 'cached', 'ok']);
});

test('keeps apart what differs in argument, principal or header', async () => {
  const { client, mock } = world();
  await client.getUser({ userId: 1 });
  await client.getUser({ userId: 2 });
  await client.getUser({ userId: 1 }, { principal: 'alice' });
  await client.getUser({ userId: 1 }, { principal: 'bob' });
  await client.getUser({ userId: 1 }, { headers: { 'accept-language': 'ko' } });
  await client.getUser({ userId: 1, query: { full: true } });
  assert.equal(mock.requests.length, 6);
  await client.getUser({ userId: 1 }, { principal: 'alice' });
  assert.equal(mock.requests.length, 6);
});

test('never gives one of a thousand principals the answer of another', async () => {
  const { client } = world();
  const kept = new Map<string, number>();
  for (let i = 0; i < 3_000; i++) {
    const principal = `p${(i * 7919) % 1_000}`;
    const { value, provenance } = await client.getUser.withMeta({ userId: 1 }, { principal });
    const { version } = value as { version: number };
    if (provenance === 'cached') assert.equal(version, kept.get(principal));
    else assert.ok(![...kept.values()].includes(version), 'an answer that was another principal’s');
    kept.set(principal, version);
  }
  assert.equal(kept.size, 1_000);
});

test('loads once for callers that ask at the same time', async () => {
  const { client, mock } = world();
  const all = await Promise.all(Array.from({ length: 20 }, () => client.getUser({ userId: 1 })));
  assert.equal(mock.requests.length, 1);
  assert.equal(new Set(all.map((user) => (user as { version: number }).version)).size, 1);
});

test('does not let one caller change what the next one gets', async () => {
  const { client } = world();
  const first = (await client.getUser({ userId: 1 })) as { tags: string[] };
  try {
    first.tags.push('mine');
  } catch {
    // Frozen is as good as copied.
  }
  assert.deepEqual(((await client.getUser({ userId: 1 })) as { tags: string[] }).tags, ['a']);
});

test('says no again for a while, and no longer', async () => {
  const { client, clock, mock, fates } = world();
  for (let i = 0; i < 2; i++) await assert.rejects(client.getUser({ userId: 404 }), { status: 404 });
  assert.equal(mock.requests.length, 1);
  await clock.advance(500);
  await assert.rejects(client.getUser({ userId: 404 }), { status: 404 });
  assert.equal(mock.requests.length, 2);
  assert.deepEqual(new Set(fates), new Set(['answered']));
});

test('gives what is old when the service is away, says so in its type, and not for ever', async () => {
  const { client, clock, fates, setAway } = world();
  const live = await client.getProfile({ userId: 1 });
  assert.equal(live.provenance, 'live');
  await clock.advance(2_000);
  setAway(true);
  const old = await client.getProfile({ userId: 1 });
  assert.ok(old.provenance === 'stale' && old.ageMs === 2_000);
  assert.deepEqual(old.value, live.value);
  // @ts-expect-error An old answer is no live one: what writes has to look first.
  const written: Live<unknown> = await client.getProfile({ userId: 1 });
  assert.equal(written.provenance, 'stale');
  await clock.advance(20_000);
  await assert.rejects(client.getProfile({ userId: 1 }), { code: 'SWITCHGEAR_CONNECT_FAILED' });
  assert.deepEqual(fates, ['ok', 'stale', 'stale', 'unavailable']);
});

test('gives what is old at once while it asks in the background', async () => {
  const { client, clock, mock } = world();
  await client.getMenu();
  await clock.advance(1_500);
  const old = await client.getMenu();
  assert.equal(old.provenance, 'stale');
  await clock.advance(0);
  assert.equal(mock.requests.length, 2);
  const renewed = await client.getMenu.withMeta();
  assert.equal(renewed.provenance, 'cached');
  assert.equal((renewed.value.value as { version: number }).version, 2);
  await client.close();
});

test('forgets after a write what the write names, whoever it was for', async () => {
  const { client, mock } = world();
  await client.getUser({ userId: 1 }, { principal: 'alice' });
  await client.rename({ userId: 1 });
  await client.getUser({ userId: 1 }, { principal: 'alice' });
  assert.deepEqual(
    mock.requests.map(({ method }) => method),
    ['GET', 'POST', 'GET'],
  );
});

test('keeps nothing that was loaded from before a write', async () => {
  const { client, clock, mock, setSlow } = world();
  setSlow(true);
  const before = client.getUser({ userId: 1 });
  await clock.advance(0);
  setSlow(false);
  await client.rename({ userId: 1 });
  await clock.advance(200);
  await before;
  await client.getUser({ userId: 1 });
  assert.deepEqual(
    mock.requests.map(({ method }) => method),
    ['GET', 'POST', 'GET'],
  );
});

test('lets who waits for the load of another leave at their own deadline', async () => {
  const { client, clock, mock, setSlow } = world();
  setSlow(true);
  const first = client.getUser({ userId: 1 });
  await clock.advance(0);
  const hasty = assert.rejects(client.getUser({ userId: 1 }, { deadlineMs: 50 }), {
    code: 'SWITCHGEAR_DEADLINE_EXCEEDED',
  });
  await clock.advance(200);
  await hasty;
  assert.equal(((await first) as { version: number }).version, 1);
  assert.equal(mock.requests.length, 1);
});

test('refuses a cache that cannot be, where it is written down', () => {
  const wrong: [() => unknown, string][] = [
    [() => get('/users', { cache: {} } as never), 'GET /users.cache.freshMs'],
    [() => get('/users', { cache: { freshMs: -1 } }), 'GET /users.cache.freshMs'],
    [() => get('/users', { cache: { freshMs: 1, ttl: 5 } } as never), 'GET /users.cache.ttl'],
    [() => post('/users', { cache: { freshMs: 1 } }), 'POST /users.cache'],
    [() => get('/users', { cache: { freshMs: 1 }, responseAs: 'stream' }), 'GET /users.cache'],
    [
      () =>
        createServiceClient({
          target: 'users',
          baseUrl: 'http://users.internal',
          operations: { getUser: get('/users'), rename: post('/users', { invalidates: ['getUser'] }) },
        }),
      'createServiceClient.operations.rename.invalidates',
    ],
  ];
  for (const [make, path] of wrong) assert.throws(make, { code: 'SWITCHGEAR_INVALID_CONFIG', path }, path);
});
