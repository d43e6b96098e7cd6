import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@switchgear/policy/testing';
import fc from 'fast-check';
import { get, post } from './contract/operation.ts';
import type { Live } from './contract/provenance.ts';
import type { ClientEvent } from './events.ts';
import { createServiceClient } from './service-client.ts';
import { after, answer, mockTransport, refuse } from './testing/index.ts';

/** A service whose users grow a version older with every answer, and a client that keeps what it said. */
function world(more: { readonly maxEntries?: number } = {}) {
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
  const cache = { freshMs: 1_000, negativeMs: 500, ...more };
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

test('forgets one input by hand, for everybody or for one principal, and nothing else', async () => {
  const { client, mock } = world();
  const whom = ['alice', 'bob'];
  const askAll = async (): Promise<string[]> => {
    mock.clear();
    for (const principal of whom) {
      for (const userId of [1, 2])
        await client.getUser({ userId }, { principal, headers: { 'accept-language': 'ko' } });
    }
    return mock.requests.map(({ path }) => path);
  };
  assert.equal((await askAll()).length, 4);
  assert.deepEqual(await askAll(), []);
  await client.getUser.invalidate({ userId: 1 });
  assert.deepEqual(await askAll(), ['/users/1', '/users/1']);
  assert.deepEqual(await askAll(), []);
  await client.getUser.invalidate({ userId: 2 }, { principal: 'bob' });
  assert.deepEqual(await askAll(), ['/users/2']);
  await client.getUser.invalidate({ userId: 2 }, { principal: 'nobody' });
  await client.getUser.invalidate({ userId: 2, query: { full: true } });
  assert.deepEqual(await askAll(), []);
  client.getUser.clear();
  assert.equal((await askAll()).length, 4);
});

test('agrees with a naive cache on any sequence of look-ups and of what is forgotten', async () => {
  const principal = fc.constantFrom('', 'alice', '__proto__', 'a\nb');
  const userId = fc.integer({ min: 1, max: 3 });
  const steps = fc.array(
    fc.oneof(
      fc.record({ step: fc.constant('ask' as const), userId, principal }),
      fc.record({
        step: fc.constant('invalidate' as const),
        userId,
        principal: fc.option(principal, { nil: undefined }),
      }),
      fc.record({ step: fc.constant('clear' as const) }),
    ),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { client, mock } = world({ maxEntries: 100 });
      const kept = new Map<string, unknown>();
      for (const one of all) {
        if (one.step === 'clear') {
          kept.clear();
          client.getUser.clear();
        } else if (one.step === 'invalidate') {
          const whose = one.principal === undefined ? ['', 'alice', '__proto__', 'a\nb'] : [one.principal];
          for (const each of whose) kept.delete(`${one.userId} ${each}`);
          await client.getUser.invalidate({ userId: one.userId }, { principal: one.principal });
        } else {
          const before = mock.requests.length;
          const user = await client.getUser({ userId: one.userId }, { principal: one.principal });
          const name = `${one.userId} ${one.principal}`;
          assert.equal(mock.requests.length - before, kept.has(name) ? 0 : 1);
          if (kept.has(name)) assert.deepEqual(user, kept.get(name));
          kept.set(name, user);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('keeps nothing that was asked for before it was forgotten, and answers who had asked', async () => {
  const { client, clock, mock, setSlow } = world();
  setSlow(true);
  const before = client.getUser({ userId: 1 });
  await clock.advance(0);
  await client.getUser.invalidate({ userId: 1 });
  setSlow(false);
  assert.equal(((await client.getUser({ userId: 1 })) as { version: number }).version, 2);
  await clock.advance(200);
  assert.equal(((await before) as { version: number }).version, 1);
  assert.equal(((await client.getUser({ userId: 1 })) as { version: number }).version, 2);
  assert.equal(mock.requests.length, 2);
});

test('forgets no matter how much is forgotten, and keeps no account of it for ever', async () => {
  const { client, mock } = world({ maxEntries: 2 });
  await client.getUser({ userId: 1 });
  for (let userId = 1; userId <= 50; userId++) await client.getUser.invalidate({ userId });
  await client.getUser({ userId: 1 });
  assert.equal(mock.requests.length, 2);
});

test('takes for what is to be forgotten only what could be asked for', async () => {
  const { client } = world();
  const invalid = { code: 'SWITCHGEAR_INVALID_REQUEST', operation: 'getUser' };
  await assert.rejects(client.getUser.invalidate({ userId: '../1' }), invalid);
  await assert.rejects(client.getUser.invalidate({ userId: 1 }, { principal: 7 as never }), invalid);
  // @ts-expect-error What keeps nothing has nothing to forget.
  assert.equal(client.rename.invalidate, undefined);
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
