import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ConfigError } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import {
  bearer,
  ClientClosedError,
  type ClientEvent,
  createServiceClient,
  get,
  hostsFrom,
  type OpenTransport,
  post,
  refreshToken,
  type ServiceClientOptions,
} from '../index.ts';
import { after, answer, mockTransport, type Reply, stall } from '../testing/index.ts';

const operations = {
  getUser: get('/users/{userId}'),
  getMenu: get('/menu', { cache: { freshMs: 10, staleWhileRevalidateMs: 60_000 } }),
  createUser: post('/users'),
  watch: get('/feed', { responseAs: 'stream' }),
};

function world(replies: readonly Reply[] | (() => Reply), more: Partial<ServiceClientOptions> = {}) {
  const clock = new ManualClock();
  const mock = mockTransport(replies);
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations,
    transport: mock,
    deadlineMs: 60_000,
    attemptTimeoutMs: 50_000,
    retry: { jitter: 'none', baseMs: 1_000 },
    runtime: { clock, random: () => 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  const fates = () => events.flatMap((event) => (event.type === 'call.finished' ? [event.fate] : []));
  return { clock, client, events, fates, mock };
}

const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => assert.fail('did not fail'),
    (reason: unknown) => reason,
  );

async function hasEnded(work: Promise<unknown>): Promise<boolean> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  work.then(end, end);
  await settle();
  return ended;
}

test('refuses new calls at once, and lets those under way end within their grace', async () => {
  const { client, clock, fates, events } = world([after(500, answer(200, { id: 1 }))]);
  const running = client.getUser({ userId: 1 });
  await settle();
  const closing = client.close({ graceMs: 1_000 });
  const refused = await failure(client.getUser({ userId: 2 }));
  assert.ok(refused instanceof ClientClosedError);
  assert.deepEqual([refused.sent, await hasEnded(closing)], ['never', false]);
  await clock.advance(500);
  assert.deepEqual(await running, { id: 1 });
  await closing;
  assert.deepEqual(fates(), ['misused', 'ok']);
  const told = events.filter(({ type }) => type === 'client.closing' || type === 'client.closed');
  assert.deepEqual(told, [
    { type: 'client.closing', at: 0, target: 'users', graceMs: 1_000, inFlight: 1 },
    { type: 'client.closed', at: 500, target: 'users', cancelled: 0 },
  ]);
});

test('cancels what has not ended when the grace is over, and tells each call how far it had come', async () => {
  const { client, clock, fates, events } = world([stall('wait'), answer(503)], { bulkhead: { maxConcurrent: 2 } });
  const waiting = failure(client.createUser());
  const backingOff = failure(client.getUser({ userId: 1 }));
  const queued = failure(client.getUser({ userId: 2 }));
  await settle();
  const closing = client.close({ graceMs: 400 });
  await clock.advance(399);
  assert.equal(await hasEnded(closing), false);
  await clock.advance(1);
  await closing;
  const errors = await Promise.all([waiting, backingOff, queued]);
  const facts = errors.map((error) => {
    assert.ok(error instanceof ClientClosedError);
    const { target, operation, attempts, sent } = error;
    return [target, operation, attempts, sent];
  });
  assert.deepEqual(facts, [
    ['users', 'createUser', 1, 'maybe'],
    ['users', 'getUser', 1, 'answered'],
    ['users', 'getUser', 0, 'never'],
  ]);
  assert.deepEqual(fates(), ['cancelled', 'cancelled', 'cancelled']);
  const [exchange] = events.filter((event) => event.type === 'exchange.finished' && event.cancelled);
  assert.ok(exchange !== undefined);
  const { inFlight, bulkhead, breaker } = client.snapshot();
  assert.deepEqual([inFlight, bulkhead.active, bulkhead.queued, breaker.failures], [0, 0, 0, 1]);
  assert.equal(events.filter((event) => event.type === 'client.closed')[0]?.cancelled, 3);
});

test('ends calls that wait for a token, for the hosts or for an interceptor', async () => {
  const never = () => new Promise<never>(() => {});
  const stuck: Partial<ServiceClientOptions>[] = [
    { auth: bearer(never) },
    { baseUrl: hostsFrom('http://users.internal', never) },
    { interceptors: [{ name: 'a', beforeCall: never }] },
    { interceptors: [{ name: 'a', beforeAttempt: never }] },
  ];
  for (const more of stuck) {
    const { client, clock, mock } = world([], more);
    const ended = failure(client.getUser({ userId: 1 }));
    await settle();
    const closing = client.close({ graceMs: 100 });
    await clock.advance(100);
    await closing;
    assert.ok((await ended) instanceof ClientClosedError);
    assert.equal(mock.requests.length, 0);
  }
});

test('ends a streamed answer that nobody has begun to read at once, and one that is being read after its grace', async () => {
  const open = mockTransport(() => answer(200, {}));
  const endless: OpenTransport = (options) => ({
    ...open(options),
    stream: async () => ({
      status: 200,
      headers: {},
      body: {
        async *[Symbol.asyncIterator]() {
          yield new Uint8Array(1);
          await new Promise(() => {});
        },
        destroy() {},
      },
    }),
  });
  const { client, clock, fates } = world([], { transport: endless });
  const unread = await client.watch();
  const { body } = await client.watch();
  const reader = body.getReader();
  await reader.read();
  const rest = failure(reader.read());
  const closing = client.close({ graceMs: 100 });
  assert.ok((await failure(unread.body.getReader().read())) instanceof ClientClosedError);
  assert.equal(await hasEnded(rest), false);
  await clock.advance(100);
  assert.ok((await rest) instanceof ClientClosedError);
  await closing;
  assert.deepEqual(fates(), ['cancelled', 'cancelled']);
});

test('ends a refresh of the cache in the background', async () => {
  const { client, clock, mock } = world([answer(200, 1), stall()]);
  await client.getMenu();
  await clock.advance(20);
  assert.deepEqual(await client.getMenu(), { provenance: 'stale', value: 1, ageMs: 20 });
  assert.equal(mock.requests.length, 2);
  const closing = client.close({ graceMs: 100 });
  assert.equal(await hasEnded(closing), false);
  await clock.advance(100);
  await closing;
});

test('waits for a refresh token that is being rotated, since it would be lost, but no longer than that may take', async () => {
  const saved: unknown[] = [];
  const token = { access_token: 'new', refresh_token: 'rotated', token_type: 'bearer' };
  const { client, clock } = world(() => after(300, answer(200, token)), {
    auth: refreshToken({
      tokenUrl: 'http://login.internal/token',
      clientId: 'id',
      refreshToken: 'first',
      onRotated: (tokens) => void saved.push(tokens.refreshToken),
    }),
  });
  const ended = failure(client.getUser({ userId: 1 }));
  await settle();
  const closing = client.close({ graceMs: 0 });
  assert.ok((await ended) instanceof ClientClosedError);
  assert.equal(await hasEnded(closing), false);
  await clock.advance(300);
  await closing;
  assert.deepEqual(saved, ['rotated']);
});

test('destroys connections that do not close within the grace', async () => {
  const done: string[] = [];
  const slow: OpenTransport = () => ({
    send: () => assert.fail('sent'),
    stream: () => assert.fail('sent'),
    close: () => new Promise(() => done.push('close')),
    destroy: async () => void done.push('destroy'),
  });
  for (const more of [{}, { baseUrl: ['http://a.internal', 'http://b.internal'] }]) {
    done.length = 0;
    const { client, clock } = world([], { transport: slow, ...more });
    const closing = client.close({ graceMs: 100 });
    assert.equal(await hasEnded(closing), false);
    assert.ok(done.includes('close') && !done.includes('destroy'));
    await clock.advance(100);
    await closing;
    assert.ok(done.includes('destroy'));
  }
});

test('is the same end however often it is asked for, at the sooner of the times', async () => {
  const { client, clock, events } = world([stall()]);
  const ended = failure(client.getUser({ userId: 1 }));
  await settle();
  const first = client.close();
  const later = client.close({ graceMs: 50_000 });
  await clock.advance(5_000);
  assert.equal(await hasEnded(first), false);
  const sooner = client.close({ graceMs: 100 });
  await clock.advance(100);
  await Promise.all([first, later, sooner]);
  assert.ok((await ended) instanceof ClientClosedError);
  await client.close();
  await client[Symbol.asyncDispose]();
  assert.equal(events.filter(({ type }) => type === 'client.closed').length, 1);
  assert.equal(events.filter(({ type }) => type === 'client.closing').length, 1);
});

test('with the grace that it has by default, no call that keeps to its default deadline is cut off', async () => {
  const { client, clock } = world([after(2_900, answer(200, {}))], { deadlineMs: 3_000, attemptTimeoutMs: 3_000 });
  const running = client.getUser({ userId: 1 });
  await settle();
  const closing = client.close();
  await clock.advance(2_900);
  assert.deepEqual(await running, {});
  await closing;
  assert.equal(await hasEnded(closing), true);
});

test('closes at the end of its block', async () => {
  let kept: { snapshot(): unknown } | undefined;
  {
    await using client = world([answer(200, {})]).client;
    await client.getUser({ userId: 1 });
    kept = client;
    assert.equal(await hasEnded(client.getUser({ userId: 1 }).catch(() => {})), true);
  }
  assert.ok(kept !== undefined);
  const { client } = world([]);
  await client[Symbol.asyncDispose]();
  await assert.rejects(client.getUser({ userId: 1 }), { code: 'SWITCHGEAR_CLIENT_CLOSED' });
});

test('refuses a grace that is no time', async () => {
  const { client } = world([answer(200, {})]);
  for (const options of [{ graceMs: -1 }, { graceMs: Number.NaN }, { grace: 1 }]) {
    await assert.rejects(client.close(options as never), (error) => error instanceof ConfigError);
  }
  // It has not begun to close.
  await client.getUser({ userId: 1 });
});

test('a process in the middle of everything ends by itself once its client has been closed, with nothing left', async () => {
  const script = new URL('../../test/closing-in-every-state.ts', import.meta.url).pathname;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--conditions=@switchgear/source', script], { timeout: 20_000 });
  const { ends, left, inFlight } = JSON.parse(stdout);
  assert.deepEqual(new Set(ends), new Set(['SWITCHGEAR_CLIENT_CLOSED', 'closed']));
  assert.deepEqual([left, inFlight], [[], 0]);
});
