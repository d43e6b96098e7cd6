import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retry } from '@switchgear/policy';
import { ManualClock } from '@switchgear/policy/testing';
import { createServiceClient, get, post, type ServiceClientOptions } from './index.ts';
import { answer, type MockScript, mockTransport } from './testing/index.ts';

const operations = {
  getUser: get('/users/{userId}'),
  createUser: post('/users'),
  createOnce: post('/orders', { idempotencyKey: true }),
};

function world(script: MockScript, more: Partial<ServiceClientOptions> = {}) {
  const clock = new ManualClock(5_000);
  const mock = mockTransport(script);
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations,
    transport: mock,
    runtime: { clock, random: () => 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  /** How long after the first request each of them came, in milliseconds. */
  const cameAt = () => mock.requests.map(({ at }) => at - (mock.requests[0]?.at ?? 0));
  return { clock, client, mock, cameAt };
}

const refusing = (headers: Record<string, string>, status = 503): MockScript => [
  answer(status, {}, headers),
  answer(200, {}),
];

test('asks again no earlier than any of the forms of a wish says', async () => {
  const table: [headers: Record<string, string>, ms: number][] = [
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after-ms': '250' }, 250],
    [{ 'retry-after': '1', 'retry-after-ms': '250' }, 250],
    [{ 'grpc-retry-pushback-ms': '700' }, 700],
    [{ ratelimit: '"a";r=0;t=2' }, 2_000],
    [{ ratelimit: '"a";r=0;t=2', 'retry-after': '1' }, 1_000],
  ];
  for (const [headers, ms] of table) {
    const { client, clock, cameAt } = world(refusing(headers));
    const call = client.getUser({ userId: 1 });
    await clock.advance(ms - 1);
    assert.deepEqual(cameAt(), [0], JSON.stringify(headers));
    await clock.runAll();
    await call;
    assert.deepEqual(cameAt(), [0, ms], JSON.stringify(headers));
  }
});

test('fails now, with the hint, when the wish is longer than there is time', async () => {
  for (const headers of [
    { 'retry-after': '9999999999' },
    { 'retry-after-ms': '9999999999' },
    { ratelimit: '"a";r=0;t=9999999999' },
    { 'retry-after': 'Fri, 31 Dec 2999 23:59:59 GMT' },
    { 'grpc-retry-pushback-ms': '9999999999' },
  ]) {
    const { client, clock, mock } = world(refusing(headers, 429));
    await assert.rejects(client.getUser({ userId: 1 }), {
      code: 'SWITCHGEAR_THROTTLED',
      retryAfterMs: 86_400_000,
      stopped: 'server-asks-too-long',
    });
    assert.deepEqual([clock.now(), mock.requests.length], [5_000, 1]);
  }
  const { client, mock } = world(refusing({ 'retry-after-ms': '2900' }));
  await assert.rejects(client.getUser({ userId: 1 }, { deadlineMs: 2_900 }), {
    retryAfterMs: 2_900,
    stopped: 'deadline-too-near',
  });
  assert.equal(mock.requests.length, 1);
});

test('does not come back when asked not to, and spends nothing on it', async () => {
  for (const headers of [{ 'x-should-retry': 'false' }, { 'grpc-retry-pushback-ms': '-1' }]) {
    for (const status of [429, 500, 502, 503, 504]) {
      const { client, mock } = world(refusing(headers, status));
      const { available } = client.snapshot().budget;
      await assert.rejects(client.getUser({ userId: 1 }), { attempts: 1, stopped: 'not-retryable' });
      assert.equal(mock.requests.length, 1);
      assert.ok(client.snapshot().budget.available >= available);
    }
  }
});

test('a server that asks for a retry gets one of what may be done twice, and of nothing else', async () => {
  const asked = () => refusing({ 'x-should-retry': 'true' }, 500);
  for (const [name, sends] of [
    ['getUser', 2],
    ['createOnce', 2],
    ['createUser', 1],
  ] as const) {
    const { client, clock, mock } = world(asked());
    const input = name === 'getUser' ? { userId: 1 } : {};
    const call = (client[name] as (input: object) => Promise<unknown>)(input).catch(() => {});
    await clock.runAll();
    await call;
    assert.equal(mock.requests.length, sends, name);
  }
  const plain = world(refusing({}, 500));
  await assert.rejects(plain.client.getUser({ userId: 1 }));
  assert.equal(plain.mock.requests.length, 1);
});

test('sends no further copy of a call that a server does not want again', async () => {
  const { client, clock, mock } = world(() => answer(503, {}, { 'x-should-retry': 'false' }), {
    hedge: { delayMs: 'on-failure', maxHedges: 3 },
  });
  const call = assert.rejects(client.getUser({ userId: 1 }), { code: 'SWITCHGEAR_HTTP_STATUS' });
  await clock.runAll();
  await call;
  assert.equal(mock.requests.length, 1);
});

test('tells what an answer says of quotas, and holds nothing back for it', async () => {
  const { client, clock, mock } = world(() =>
    answer(200, {}, { ratelimit: '"burst";r=0;t=30', 'ratelimit-policy': '"burst";q=100;w=60' }),
  );
  const { quotas, fate } = await client.getUser.withMeta({ userId: 1 });
  assert.equal(fate, 'ok');
  assert.deepEqual(quotas, [{ name: 'burst', remaining: 0, resetMs: 30_000, limit: 100, windowMs: 60_000 }]);
  await client.getUser({ userId: 2 });
  assert.deepEqual([mock.requests.length, clock.now()], [2, 5_000]);
  const plain = world(() => answer(200, {}));
  assert.deepEqual((await plain.client.getUser.withMeta({ userId: 1 })).quotas, []);
});

test('fetch hears what a server says, too', async () => {
  const { client, mock } = world(refusing({ 'x-should-retry': 'false' }));
  assert.equal((await client.fetch('/users/1')).status, 503);
  assert.equal(mock.requests.length, 1);
});

// In layers

test('a retry around a client does not add to what that has tried, or must not repeat', async () => {
  const cases: [name: 'getUser' | 'createUser', more: Partial<ServiceClientOptions>, sends: number][] = [
    ['getUser', {}, 3],
    ['getUser', { budget: { minPerSecond: 0 } }, 1],
    ['createUser', {}, 1],
    // This one does not retry, and leaves it to the one around.
    ['getUser', { retry: { maxRetries: 0 } }, 4],
  ];
  for (const [name, more, sends] of cases) {
    const { client, clock, mock } = world(() => answer(503, {}), more);
    const around = retry({ maxRetries: 3 }, { clock, random: () => 0 });
    const call = assert.rejects(
      around.execute(() => (name === 'getUser' ? client.getUser({ userId: 1 }) : client.createUser({}))),
      { code: 'SWITCHGEAR_HTTP_STATUS' },
    );
    await clock.runAll();
    await call;
    assert.equal(mock.requests.length, sends, `${name} ${JSON.stringify(more)}`);
  }
});
