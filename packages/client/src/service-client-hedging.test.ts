import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@switchgear/policy/testing';
import {
  type ClientEvent,
  createServiceClient,
  get,
  type Operations,
  post,
  type ServiceClientOptions,
} from './index.ts';
import { after, answer, type MockScript, mockTransport, type Reply, reset, stall } from './testing/index.ts';

const operations = {
  getUser: get('/users/{userId}'),
  createUser: post('/users'),
  createOnce: post('/orders', { idempotencyKey: true }),
  getPlainly: get('/plain', { hedge: false }),
  watch: get('/feed', { responseAs: 'stream' }),
};

function world(script: MockScript, more: Partial<ServiceClientOptions> = {}) {
  const clock = new ManualClock(5_000);
  const mock = mockTransport(script);
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations,
    retry: { jitter: 'none', baseMs: 100 },
    hedge: { delayMs: 50 },
    transport: mock,
    runtime: { clock, random: () => 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  const of = <T extends ClientEvent['type']>(type: T) =>
    events.filter((event): event is Extract<ClientEvent, { type: T }> => event.type === type);
  return { clock, client, mock, of };
}

const slowThenQuick = (): MockScript => [after(400, answer(200, { from: 1 })), after(20, answer(200, { from: 2 }))];

test('sends a slow call once more, and gives the answer that comes first', async () => {
  const { client, clock, mock, of } = world(slowThenQuick());
  const call = client.getUser.withMeta({ userId: 1 });
  await clock.advance(70);
  const { value, fate, attempts, durationMs } = await call;
  assert.deepEqual([value, fate, attempts, durationMs], [{ from: 2 }, 'ok-hedged', 2, 70]);
  assert.equal(mock.requests.length, 2);
  const [finished] = of('call.finished');
  assert.deepEqual([finished?.fate, finished?.hedges, finished?.retries], ['ok-hedged', 1, 0]);
  assert.deepEqual(
    of('exchange.finished').map(({ kind, cancelled, status }) => [kind, cancelled, status]),
    [
      ['hedge', false, 200],
      ['initial', true, undefined],
    ],
  );
});

test('a call whose first copy answers first is ok, whatever was sent beside it', async () => {
  const { client, clock, of } = world([after(60, answer(200, 1)), after(60, answer(200, 2))]);
  const call = client.getUser.withMeta({ userId: 1 });
  await clock.advance(60);
  assert.deepEqual([(await call).value, (await call).fate], [1, 'ok']);
  assert.deepEqual([of('call.finished')[0]?.hedges, of('call.finished')[0]?.retries], [1, 0]);
});

test('a copy that follows a failure is a copy, and a retry that answers is a retry', async () => {
  const failing = world([answer(503), answer(200, 'copy')]);
  const copied = failing.client.getUser.withMeta({ userId: 1 });
  await failing.clock.runAll();
  assert.equal((await copied).fate, 'ok-hedged');
  const { client, clock, of } = world([answer(503), answer(503), answer(200, 'retry')]);
  const retried = client.getUser.withMeta({ userId: 1 });
  await clock.runAll();
  assert.equal((await retried).fate, 'ok-retried');
  assert.deepEqual([of('call.finished')[0]?.hedges, of('call.finished')[0]?.retries], [1, 1]);
  assert.deepEqual(
    of('exchange.finished').map(({ kind }) => kind),
    ['initial', 'hedge', 'retry'],
  );
});

test('never races what must not be done twice, unless it carries a key', async () => {
  const { client, clock, mock } = world(() => after(400, answer(201, {})));
  const made = client.createUser();
  await clock.advance(400);
  await made;
  assert.equal(mock.requests.length, 1);
  const once = client.createOnce();
  await clock.advance(400);
  await once;
  assert.equal(mock.requests.length, 3);
  const [, first, copy] = mock.requests;
  assert.equal(first?.headers['idempotency-key'], copy?.headers['idempotency-key']);
  const plain = client.getPlainly();
  await clock.advance(400);
  await plain;
  assert.equal(mock.requests.length, 4);
});

test('copies are paid from the budget of the retries: an empty one sends none', async () => {
  const { client, clock, mock } = world(() => after(400, answer(200, {})), {
    budget: { ratio: 0, minPerSecond: 1 },
  });
  const calls = [1, 2, 3].map((userId) => client.getUser({ userId }));
  await clock.advance(400);
  await Promise.all(calls);
  assert.equal(mock.requests.length, 4);
  assert.equal(client.snapshot().budget.retriesInWindow, 1);
});

test('every copy goes through the breaker: an open one takes none', async () => {
  const { client, clock, mock, of } = world(() => stall(), {
    breaker: { consecutiveFailures: 1 },
    retry: { maxRetries: 0 },
    attemptTimeoutMs: 100,
    deadlineMs: 1_000,
    hedge: { delayMs: 90 },
  });
  const first = client.getUser({ userId: 1 }).catch((error) => error);
  await clock.advance(20);
  const second = client.getUser({ userId: 2 }).catch((error) => error);
  // The first copy of the first call times out and opens the breaker, before the second call's copy is due.
  await clock.advance(200);
  await Promise.all([first, second]);
  const copies = of('exchange.finished').filter(({ kind }) => kind === 'hedge').length;
  assert.deepEqual([mock.requests.length, copies], [3, 1]);
  assert.equal(of('call.refused')[0]?.reason, 'circuit-open');
});

test('the loser is no failure of the target, and its connection is given back', async () => {
  const { client, clock } = world([stall(), answer(200, {})]);
  const call = client.getUser({ userId: 1 });
  await clock.advance(50);
  await call;
  const { breaker, bulkhead, inFlight } = client.snapshot();
  assert.deepEqual([breaker.failures, breaker.calls, bulkhead.active, inFlight], [0, 1, 0, 0]);
});

test('a streamed answer that loses its race is destroyed, the winner is read to its end', async () => {
  const { client, clock, of } = world([after(60, answer(200, { a: 1 })), after(5, answer(200, { b: 2 }))]);
  const call = client.watch();
  await clock.advance(60);
  const { body } = await call;
  const text: string[] = [];
  for await (const chunk of body) text.push(Buffer.from(chunk).toString());
  assert.equal(text.join(''), '{"b":2}');
  assert.deepEqual([of('call.finished')[0]?.fate, client.snapshot().bulkhead.active], ['ok-hedged', 0]);
});

test('of several hosts, a copy goes to another one', async () => {
  const asked: string[] = [];
  const transport = (options: { origin: string }) => {
    const reply: Reply = options.origin.includes('one') ? after(400, answer(200, 1)) : after(10, answer(200, 2));
    const open = mockTransport(() => {
      asked.push(options.origin);
      return reply;
    });
    return open(options as never);
  };
  const { client, clock } = world([], { baseUrl: ['http://one.internal', 'http://two.internal'], transport });
  const call = client.getUser.withMeta({ userId: 1 });
  await clock.advance(400);
  await call;
  assert.equal(new Set(asked).size, asked.length);
});

test('a wrong hedge is refused when the client, or the operation, is made', () => {
  const refuses = (make: () => unknown, path: string): void => {
    assert.throws(make, { code: 'SWITCHGEAR_INVALID_CONFIG', path });
  };
  refuses(() => post('/users', { hedge: {} }), 'POST /users.hedge');
  refuses(() => post('/users', { idempotent: true, bodyAs: 'stream', hedge: {} }), 'POST /users.hedge');
  refuses(() => get('/users', { hedge: 5 as never }), 'GET /users.hedge');
  const client = (options: object, more: Operations = operations) =>
    createServiceClient({ target: 'u', baseUrl: 'http://127.0.0.1:1', operations: more, ...options } as never);
  refuses(() => client({ hedge: { delayMs: 1_000 } }), 'createServiceClient.hedge.delayMs');
  const slow = { find: get('/', { hedge: { delayMs: 500 }, attemptTimeoutMs: 400 }) };
  refuses(() => client({}, slow), 'createServiceClient.operations.find.hedge.delayMs');
  refuses(() => client({ hedge: { maxHedges: 99 } }), 'hedge.maxHedges');
  refuses(() => client({ hedge: { budget: {} } }), 'createServiceClient.hedge.budget');
  refuses(() => client({ hedge: 'yes' }), 'createServiceClient.hedge');
});

test('says among its policies that it hedges', () => {
  const { client } = world([reset()]);
  assert.match(client.describe(), /hedge: at most 1, after 50 ms, budget/);
});
