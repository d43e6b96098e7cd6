import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, seededRandom } from '@switchgear/policy/testing';
import { bearer } from '../auth/bearer.ts';
import { DomainError } from '../contract/domain-error.ts';
import { get, head, put, query } from '../contract/operation.ts';
import type { Live, Stale } from '../contract/provenance.ts';
import { createServiceClient } from '../service-client.ts';
import { after, answer, answerRaw, mockTransport, type Reply, refuse, stall } from '../testing/index.ts';
import { httpCache, httpCacheDefaults } from './index.ts';

class GoneError extends DomainError {}

type Say = (path: string, headers: Readonly<Record<string, string>>) => Reply;

/** A client whose every read is cached as HTTP has it, of a service that says what a test says. */
function world(say: Say, { auth = false, maxEntries = 100, maxBytes = 1_000_000 } = {}) {
  const clock = new ManualClock();
  const mock = mockTransport(({ path, headers }) => say(path, headers));
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    ...(auth ? { auth: bearer('secret') } : {}),
    retry: { maxRetries: 0 },
    operations: {
      getUser: get('/users/{id}', { cache: httpCache({ maxEntries, maxBytes }), errors: { 404: GoneError } }),
      getMenu: get('/menu/{id}', { cache: httpCache({ allowStale: true }) }),
      hasUser: head('/users/{id}', { cache: httpCache() }),
      rename: put('/users/{id}', { response: 'none' }),
    },
    transport: mock,
    runtime: { clock, random: () => 0 },
  });
  const paths = (): string[] => mock.requests.map(({ path }) => path);
  return { clock, client, mock, paths };
}

/** What the nth answer is, from 1, and how many there were. */
function counting(headers: Record<string, string>): { say: Say; count: () => number } {
  let n = 0;
  return { say: () => answer(200, { n: ++n, list: [1] }, headers), count: () => n };
}

test('gives an answer again for as long as it says, without a request', async () => {
  const { say } = counting({ 'cache-control': 'max-age=60' });
  const { client, clock, mock } = world(say);
  const first = await client.getUser.withMeta({ id: 1 });
  await clock.advance(59_000);
  const second = await client.getUser.withMeta({ id: 1 });
  assert.deepEqual([first.provenance, second.provenance, second.attempts], ['live', 'cached', 0]);
  assert.deepEqual(second.value, first.value);
  await clock.advance(1_000);
  assert.equal((await client.getUser.withMeta({ id: 1 })).provenance, 'live');
  assert.equal(mock.requests.length, 2);
});

test('a jump of the wall clock makes nothing older or younger', async () => {
  const { say } = counting({ 'cache-control': 'max-age=60' });
  const clock = new ManualClock();
  let jumpMs = 0;
  const jumping = {
    now: () => clock.now(),
    wallNow: () => clock.wallNow() + jumpMs,
    setTimer: clock.setTimer.bind(clock),
  };
  const mock = mockTransport(({ path, headers }) => say(path, headers));
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations: { getUser: get('/users/{id}', { cache: httpCache() }) },
    transport: mock,
    runtime: { clock: jumping, random: () => 0 },
  });
  await client.getUser({ id: 1 });
  for (const jump of [-3_600_000, 3_600_000]) {
    jumpMs = jump;
    assert.equal((await client.getUser.withMeta({ id: 1 })).provenance, 'cached');
  }
  await clock.advance(60_000);
  assert.equal((await client.getUser.withMeta({ id: 1 })).provenance, 'live');
});

test('asks with the validator once its time is over, and reads what is kept when it still holds', async () => {
  const asked: (string | undefined)[] = [];
  let tag = '"a"';
  const { client, clock } = world((_, headers) => {
    asked.push(headers['if-none-match']);
    const said = { etag: tag, 'cache-control': 'max-age=10' };
    return headers['if-none-match'] === tag ? answer(304, undefined, said) : answer(200, { tag }, said);
  });
  assert.deepEqual(await client.getUser({ id: 1 }), { tag: '"a"' });
  await clock.advance(10_000);
  const held = await client.getUser.withMeta({ id: 1 });
  assert.deepEqual([held.value, held.provenance, held.attempts], [{ tag: '"a"' }, 'live', 1]);
  // The 304 has made it fresh again.
  await clock.advance(9_000);
  assert.equal((await client.getUser.withMeta({ id: 1 })).provenance, 'cached');
  tag = '"b"';
  await clock.advance(1_000);
  assert.deepEqual(await client.getUser({ id: 1 }), { tag: '"b"' });
  assert.deepEqual(asked, [undefined, '"a"', '"a"']);
});

test('asks by date where there is no tag, and at once where the answer says no-cache', async () => {
  const asked: (string | undefined)[] = [];
  const { client } = world((_, headers) => {
    asked.push(headers['if-modified-since']);
    return answer(200, {}, { 'last-modified': 'Tue, 01 Dec 2020 00:00:00 GMT', 'cache-control': 'no-cache' });
  });
  await client.getUser({ id: 1 });
  await client.getUser({ id: 1 });
  assert.deepEqual(asked, [undefined, 'Tue, 01 Dec 2020 00:00:00 GMT']);
});

test('must-revalidate is fresh while it is fresh', async () => {
  const { say, count } = counting({ 'cache-control': 'Max-Age=60, Must-Revalidate' });
  const { client, clock } = world(say);
  await client.getUser({ id: 1 });
  await client.getUser({ id: 1 });
  assert.equal(count(), 1);
  await clock.advance(60_000);
  await client.getUser({ id: 1 });
  assert.equal(count(), 2);
});

test('a 304 that answers no condition of ours is still a redirect that nobody asked for', async () => {
  const { client } = world(() => answer(304));
  await assert.rejects(client.getUser({ id: 1 }), { code: 'SWITCHGEAR_HTTP_STATUS' });
});

const neverKept: readonly (readonly [string, Reply])[] = [
  ['no-store', answer(200, {}, { 'cache-control': 'no-store, max-age=60' })],
  ['private, when nobody is named', answer(200, {}, { 'cache-control': 'private, max-age=60' })],
  ['private with nothing in it', answer(200, {}, { 'cache-control': 'max-age=60, private=""' })],
  ['a rule that cannot be read', answer(200, {}, { 'cache-control': 'max-age=60, private="' })],
  ['rules that come twice', answer(200, {}, { 'cache-control': ['max-age=60', 'max-age=6'] })],
  ['a session', answer(200, {}, { 'cache-control': 'max-age=60', 'set-cookie': 'sid=1' })],
  ['a part', answer(206, {}, { 'cache-control': 'max-age=60' })],
  ['what varies by everything', answer(200, {}, { 'cache-control': 'max-age=60', vary: '*' })],
  ['an answer without times', answer(200, {})],
  ['one that was over as it came', answer(200, {}, { 'cache-control': 'max-age=60', age: '60' })],
  [
    'one that is not what it should be',
    answerRaw(200, '{', { 'content-type': 'application/json', 'cache-control': 'max-age=60' }),
  ],
  ['an error', answer(500, {}, { 'cache-control': 'max-age=60' })],
];

for (const [what, reply] of neverKept) {
  test(`never gives again: ${what}`, async () => {
    const { client, mock } = world(() => reply);
    await client.getUser({ id: 1 }).catch(() => {});
    await client.getUser({ id: 1 }).catch(() => {});
    assert.equal(mock.requests.length, 2);
  });
}

test('keeps for a named principal what is private, and for nobody else', async () => {
  const { client, mock } = world((_, { authorization }) =>
    answer(200, { authorization }, { 'cache-control': 'private, max-age=60' }),
  );
  await client.getUser({ id: 1 }, { principal: 'ada' });
  assert.equal((await client.getUser.withMeta({ id: 1 }, { principal: 'ada' })).provenance, 'cached');
  assert.equal((await client.getUser.withMeta({ id: 1 }, { principal: 'bo' })).provenance, 'live');
  assert.equal((await client.getUser.withMeta({ id: 1 })).provenance, 'live');
  assert.equal(mock.requests.length, 3);
});

test('an answer to an authorised request is for all only if it says so', async () => {
  for (const [control, requests] of [
    ['max-age=60', 2],
    ['public, max-age=60', 1],
  ] as const) {
    const { client, mock } = world(() => answer(200, {}, { 'cache-control': control }), { auth: true });
    await client.getUser({ id: 1 });
    await client.getUser({ id: 1 });
    assert.equal(mock.requests.length, requests, control);
  }
});

test("serves nobody what is another principal's, whatever comes in which order", async () => {
  const random = seededRandom(7);
  const { client, clock } = world((path, { 'x-for': who }) =>
    answer(200, { path, who }, { 'cache-control': 'max-age=30', etag: '"e"' }),
  );
  for (let i = 0; i < 2_000; i++) {
    const who = `p${Math.floor(random() * 1_000)}`;
    const id = Math.floor(random() * 5);
    const value = await client.getUser({ id }, { principal: who, headers: { 'x-for': who } });
    assert.deepEqual(value, { path: `/users/${id}`, who });
    if (random() < 0.05) await clock.advance(10_000);
  }
});

test('one request for all who ask meanwhile, each with a value of their own', async () => {
  const { client, clock, mock } = world(() =>
    after(100, answer(200, { list: [1] }, { 'cache-control': 'max-age=60' })),
  );
  const asking = Promise.all(Array.from({ length: 20 }, () => client.getUser({ id: 1 })));
  await clock.advance(100);
  const values = (await asking) as { list: number[] }[];
  values[0]?.list.push(2);
  assert.deepEqual(values[1], { list: [1] });
  assert.deepEqual(await client.getUser({ id: 1 }), { list: [1] });
  assert.equal(mock.requests.length, 1);
});

test('who leaves takes nobody along: the next of those who wait asks', async () => {
  const { client, clock, mock } = world(() => after(100, answer(200, {}, { 'cache-control': 'max-age=60' })));
  const leaver = new AbortController();
  const left = assert.rejects(client.getUser({ id: 1 }, { signal: leaver.signal }), /left/);
  await clock.advance(0);
  const others = Promise.all([client.getUser({ id: 1 }), client.getUser({ id: 1 })]);
  await clock.advance(50);
  leaver.abort(new Error('left'));
  await left;
  await clock.advance(100);
  await others;
  assert.equal(mock.requests.length, 2);
});

test('one that waits for another ends at its own deadline', async () => {
  const { client, clock } = world(() => stall());
  const first = client.getUser({ id: 1 }).catch(() => {});
  await clock.advance(0);
  const second = assert.rejects(client.getUser({ id: 1 }, { deadlineMs: 200 }), {
    code: 'SWITCHGEAR_DEADLINE_EXCEEDED',
  });
  await clock.advance(200);
  await second;
  await clock.advance(3_000);
  await first;
});

test('gives what is old at once where the answer allows it, and asks anew behind it', async () => {
  const { say, count } = counting({ 'cache-control': 'max-age=10, stale-while-revalidate=30' });
  const { client, clock } = world(say);
  const first: Live<unknown> | Stale<unknown> = await client.getMenu({ id: 1 });
  assert.equal(first.provenance, 'live');
  await clock.advance(15_000);
  const old = await client.getMenu({ id: 1 });
  assert.ok(old.provenance === 'stale' && old.ageMs === 15_000);
  await clock.advance(0);
  assert.equal(count(), 2);
  assert.deepEqual((await client.getMenu({ id: 1 })).value, { n: 2, list: [1] });
  // Without allowStale the same answer is asked for anew.
  const strict = world(say);
  await strict.client.getUser({ id: 1 });
  await strict.clock.advance(15_000);
  assert.equal((await strict.client.getUser.withMeta({ id: 1 })).provenance, 'live');
});

test('gives what is old when the service is away, within the time that the answer allows', async () => {
  let away = false;
  const say =
    (control: string): Say =>
    () =>
      away ? refuse() : answer(200, { ok: true }, { 'cache-control': control });
  const { client, clock } = world(say('max-age=10, stale-if-error=60'));
  await client.getMenu({ id: 1 });
  away = true;
  await clock.advance(30_000);
  const old = await client.getMenu.withMeta({ id: 1 });
  assert.deepEqual([old.provenance, old.value.provenance], ['stale', 'stale']);
  await clock.advance(40_000);
  await assert.rejects(client.getMenu({ id: 1 }), { code: 'SWITCHGEAR_CONNECT_FAILED' });

  away = false;
  const strict = world(say('max-age=10, stale-if-error=60, must-revalidate'));
  await strict.client.getMenu({ id: 1 });
  away = true;
  await strict.clock.advance(30_000);
  await assert.rejects(strict.client.getMenu({ id: 1 }), { code: 'SWITCHGEAR_CONNECT_FAILED' });
});

test('says a "no" again for as long as it says', async () => {
  const { client, clock, mock } = world(() => answer(404, {}, { 'cache-control': 'max-age=5' }));
  await assert.rejects(client.getUser({ id: 1 }), GoneError);
  await assert.rejects(client.getUser({ id: 1 }), GoneError);
  assert.equal(mock.requests.length, 1);
  await clock.advance(5_000);
  await assert.rejects(client.getUser({ id: 1 }), GoneError);
  assert.equal(mock.requests.length, 2);
});

test('a change forgets what was kept of its path, for all, and of no other', async () => {
  const { say } = counting({ 'cache-control': 'max-age=60' });
  const { client, paths } = world(say);
  const ask = async (): Promise<void> => {
    for (const principal of ['ada', 'bo']) for (const id of [1, 2]) await client.getUser({ id }, { principal });
  };
  await ask();
  await client.rename({ id: 1 });
  await ask();
  assert.deepEqual(paths().slice(4), ['/users/1', '/users/1', '/users/1']);
});

test('what was asked for before a change is not kept after it', async () => {
  let n = 0;
  const { client, clock } = world((path) =>
    after(path.endsWith('/1') && n < 1 ? 100 : 0, answer(200, { n: ++n }, { 'cache-control': 'max-age=60' })),
  );
  const before = client.getUser({ id: 1 });
  await clock.advance(50);
  await client.rename({ id: 1 });
  await clock.advance(50);
  await before;
  assert.equal((await client.getUser.withMeta({ id: 1 })).provenance, 'live');
});

test('keeps no more than it may, in number and in bytes, the latest used', async () => {
  const { say } = counting({ 'cache-control': 'max-age=60' });
  const few = world(say, { maxEntries: 2 });
  for (const id of [1, 2, 1, 3]) await few.client.getUser({ id });
  const found: string[] = [];
  for (const id of [1, 2]) found.push((await few.client.getUser.withMeta({ id })).provenance);
  assert.deepEqual(found, ['cached', 'live']);

  const small = world((path) => answer(200, path.padEnd(5_000), { 'cache-control': 'max-age=60' }), {
    maxBytes: 4_000,
  });
  await small.client.getUser({ id: 1 });
  assert.equal((await small.client.getUser.withMeta({ id: 1 })).provenance, 'live');
});

test('reads rules of 64 KB of anything without hanging on them', async () => {
  for (const text of [
    ' '.repeat(65_000),
    ','.repeat(65_000),
    'a='.repeat(32_000),
    `"${'\\"'.repeat(32_000)}`,
    'private,'.repeat(8_000),
  ]) {
    const { client, mock } = world(() => answer(200, {}, { 'cache-control': text }));
    await client.getUser({ id: 1 });
    assert.equal(mock.requests.length, 1);
  }
});

test('refuses options that it does not know, and methods that HTTP does not cache', () => {
  assert.throws(() => httpCache({ maxEntries: 0 }), { code: 'SWITCHGEAR_INVALID_CONFIG' });
  assert.throws(() => httpCache({ ttl: 3 } as never), { code: 'SWITCHGEAR_INVALID_CONFIG' });
  assert.throws(() => query('/search', { body: undefined as never, bodyAs: 'text', cache: httpCache() }), /QUERY/);
  assert.equal(httpCacheDefaults.maxBytes, 16_777_216);
});
