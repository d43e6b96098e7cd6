import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CircuitOpenError, ConfigError, isSwitchgearError, type SwitchgearError } from '@switchgear/policy';
import { ManualClock, seededRandom } from '@switchgear/policy/testing';
import {
  type ClientEvent,
  createServiceClient,
  type FaultInjectionOptions,
  get,
  hostsFrom,
  type IsolateOptions,
  post,
  type ServiceClientOptions,
} from '../index.ts';
import { answer, mockTransport } from '../testing/index.ts';

const operations = {
  getUser: get('/users/{userId}'),
  getOrder: get('/orders/{orderId}', { attemptTimeoutMs: 500, deadlineMs: 600 }),
  createUser: post('/users'),
  watch: get('/feed', { responseAs: 'stream' }),
};

function world(more: Partial<ServiceClientOptions> = {}) {
  const clock = new ManualClock();
  const mock = mockTransport(() => answer(200, {}));
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal/api',
    operations,
    retry: { maxRetries: 0 },
    transport: mock,
    runtime: { clock, random: () => 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  const of = <T extends ClientEvent['type']>(type: T) =>
    events.filter((event): event is Extract<ClientEvent, { type: T }> => event.type === type);
  return { clock, client, events, mock, of };
}

async function failure(call: Promise<unknown>): Promise<SwitchgearError> {
  const error = await call.catch((reason: unknown) => reason);
  assert.ok(isSwitchgearError(error), String(error));
  return error;
}

const always = { rate: 1, expiresInMs: 60_000, reason: 'game day' } as const;

test('isolates every operation at once, says why, and lets calls through again when the last one is released', async () => {
  const { client, mock, of } = world();
  const first = client.operator.isolate('maintenance until noon');
  using second = client.operator.isolate('the pager');
  const error = await failure(client.getUser({ userId: 1 }));
  assert.ok(error instanceof CircuitOpenError);
  assert.deepEqual([error.reason, mock.requests.length], ['circuit-isolated', 0]);
  assert.match(client.explain(), /maintenance until noon/);
  const { breaker, controls } = client.snapshot();
  assert.deepEqual(breaker.isolatedBy, ['maintenance until noon', 'the pager']);
  assert.deepEqual(
    controls.map(({ id, kind, reason, expiresInMs }) => [id, kind, reason, expiresInMs]),
    [
      [first.id, 'isolation', 'maintenance until noon', null],
      [second.id, 'isolation', 'the pager', null],
    ],
  );
  first.release();
  first.release();
  await failure(client.getUser({ userId: 1 }));
  assert.equal(client.operator.release(second.id), true);
  assert.equal(client.operator.release(second.id), false);
  await client.getUser({ userId: 1 });
  assert.deepEqual(
    of('control.began').map(({ control }) => control.reason),
    ['maintenance until noon', 'the pager'],
  );
  assert.deepEqual(
    of('control.ended').map(({ control, because }) => [control.reason, because]),
    [
      ['maintenance until noon', 'released'],
      ['the pager', 'released'],
    ],
  );
  assert.deepEqual(client.snapshot().controls, []);
});

test('an isolation with an expiry ends by the clock', async () => {
  const { client, clock, of } = world();
  client.operator.isolate('deploying', { expiresInMs: 5_000 });
  await clock.advance(4_000);
  assert.equal(client.snapshot().controls[0]?.expiresInMs, 1_000);
  await failure(client.getUser({ userId: 1 }));
  await clock.advance(1_000);
  await client.getUser({ userId: 1 });
  assert.deepEqual(
    of('control.ended').map(({ because, at }) => [because, at]),
    [['expired', 5_000]],
  );
});

test('isolates every host, and one that is found later', async () => {
  const found = ['http://a.internal'];
  const baseUrl = hostsFrom('http://users.internal', async () => [...found], { ttlMs: 1_000 });
  const { client, clock, mock } = world({ baseUrl });
  await client.getUser({ userId: 1 });
  const control = client.operator.isolate('maintenance');
  found.push('http://b.internal');
  await clock.advance(2_000);
  await failure(client.getUser({ userId: 1 }));
  await clock.advance(1);
  await failure(client.getUser({ userId: 1 }));
  const hosts = client.snapshot().hosts ?? [];
  assert.deepEqual(
    hosts.map(({ origin, breaker }) => [origin, breaker.state]),
    [
      ['http://a.internal', 'isolated'],
      ['http://b.internal', 'isolated'],
    ],
  );
  control.release();
  await client.getUser({ userId: 1 });
  assert.equal(mock.requests.length, 2);
});

test('closing the circuit lets isolations go and calls through; a reset forgets and leaves isolations', async () => {
  const { client, mock, of } = world({ breaker: { consecutiveFailures: 1 } });
  mock.script([answer(503), answer(200, {}), answer(503), answer(200, {})]);
  await failure(client.getUser({ userId: 1 }));
  assert.equal(client.snapshot().breaker.state, 'open');
  const control = client.operator.isolate('looking');
  client.operator.closeCircuit('it is well again');
  assert.equal(client.snapshot().breaker.state, 'closed');
  assert.deepEqual(client.snapshot().controls, []);
  await client.getUser({ userId: 1 });
  control.release();

  await failure(client.getUser({ userId: 1 }));
  using isolated = client.operator.isolate('looking again');
  client.operator.reset('forget the deploy');
  assert.deepEqual([client.snapshot().breaker.state, client.snapshot().breaker.beneath], ['isolated', 'closed']);
  isolated.release();
  await client.getUser({ userId: 1 });
  assert.deepEqual(
    of('operator.acted').map(({ action, reason }) => [action, reason]),
    [
      ['close-circuit', 'it is well again'],
      ['reset', 'forget the deploy'],
    ],
  );
  assert.deepEqual(
    of('control.ended').map(({ because }) => because),
    ['circuit-closed', 'released'],
  );
});

test('an injected error is an answer of the service for retry and breaker, is sent nowhere, and counts as what it is', async () => {
  const { client, clock, mock, of } = world({
    retry: { maxRetries: 1, baseMs: 10, jitter: 'none' },
    breaker: { consecutiveFailures: 2 },
  });
  client.operator.injectFault({ ...always, kind: 'error' });
  const failed = failure(client.getUser({ userId: 1 }));
  await clock.advance(10);
  const error = await failed;
  assert.deepEqual([error.code, error.message], ['SWITCHGEAR_HTTP_STATUS', 'answered 503: a fault was injected']);
  assert.equal(mock.requests.length, 0);
  assert.equal(client.snapshot().breaker.state, 'open');
  assert.deepEqual(
    of('exchange.finished').map(({ attempt, status, injected }) => [attempt, status, injected]),
    [
      [1, 503, 'error'],
      [2, 503, 'error'],
    ],
  );
  assert.deepEqual(
    of('chaos.injected').map(({ attempt, operation }) => [attempt, operation]),
    [
      [1, 'getUser'],
      [2, 'getUser'],
    ],
  );
  assert.equal(client.snapshot().controls[0]?.fault?.hits, 2);
});

test('after an injected reset nobody knows whether a write happened, so it is not sent again', async () => {
  const { client, mock, of } = world({ retry: { maxRetries: 2, baseMs: 1 } });
  client.operator.injectFault({ ...always, kind: 'reset' });
  const error = await failure(client.createUser());
  assert.deepEqual(
    [error.code, error.sent, error.attempts, error.message],
    ['SWITCHGEAR_CONNECTION_LOST', 'maybe', 1, 'the connection was lost (INJECTED_FAULT)'],
  );
  assert.equal(mock.requests.length, 0);
  assert.equal(of('exchange.finished')[0]?.injected, 'reset');
});

test('injected latency holds an attempt up, and runs into its timeout as real slowness would', async () => {
  const { client, clock, mock, of } = world();
  const control = client.operator.injectFault({ ...always, kind: 'latency', latencyMs: 300 });
  const slow = client.getUser.withMeta({ userId: 1 });
  await clock.advance(299);
  assert.equal(mock.requests.length, 0);
  await clock.advance(1);
  const { timings } = await slow;
  assert.deepEqual([timings.waitMs, mock.requests.length], [300, 1]);
  control.release();
  client.operator.injectFault({ ...always, kind: 'latency', latencyMs: 30_000 });
  const late = failure(client.getUser({ userId: 1 }));
  await clock.advance(1_000);
  const error = await late;
  assert.deepEqual([error.code, error.phase], ['SWITCHGEAR_ATTEMPT_TIMEOUT', 'wait']);
  assert.equal(client.snapshot().breaker.failures, 1);
  assert.deepEqual(
    of('exchange.finished').map(({ injected, status }) => [injected, status]),
    [
      ['latency', 200],
      ['latency', undefined],
    ],
  );
});

test('hits the share of attempts that was asked for, of the operation that was named', async () => {
  const { client } = world({
    runtime: { clock: new ManualClock(), random: seededRandom(7) },
    breaker: { mode: 'disabled' },
  });
  client.operator.injectFault({ ...always, kind: 'error', rate: 0.2, operation: 'getUser' });
  let failures = 0;
  for (let i = 0; i < 1_000; i++) {
    await client.getUser({ userId: 1 }).catch(() => failures++);
    await client.getOrder({ orderId: 1 });
  }
  assert.ok(failures > 150 && failures < 250, `${failures} of 1000`);
  assert.equal(client.snapshot().controls[0]?.fault?.hits, failures);
});

test('a fault ends by the clock at the latest, and several add up while they last', async () => {
  const { client, clock, of } = world();
  client.operator.injectFault({ ...always, kind: 'latency', latencyMs: 50, expiresInMs: 10_000 });
  client.operator.injectFault({ ...always, kind: 'error', expiresInMs: 20_000 });
  const failed = failure(client.getUser({ userId: 1 }));
  await clock.advance(50);
  assert.equal((await failed).code, 'SWITCHGEAR_HTTP_STATUS');
  await clock.advance(10_000);
  assert.equal((await failure(client.getUser({ userId: 1 }))).code, 'SWITCHGEAR_HTTP_STATUS');
  await clock.advance(10_000);
  await client.getUser({ userId: 1 });
  assert.deepEqual(
    of('control.ended').map(({ at, because, control }) => [at, because, control.fault?.kind, control.fault?.hits]),
    [
      [10_000, 'expired', 'latency', 1],
      [20_000, 'expired', 'error', 2],
    ],
  );
});

test('a streamed answer is hit like any other', async () => {
  const { client } = world();
  const control = client.operator.injectFault({ ...always, kind: 'error' });
  assert.equal((await failure(client.watch())).code, 'SWITCHGEAR_HTTP_STATUS');
  control.release();
  const streamed = await client.watch();
  for await (const _ of streamed.body);
});

test('nothing that an operator began outlives the client, and nothing can be begun after it', async () => {
  const { client, clock, of } = world();
  client.operator.isolate('maintenance', { expiresInMs: 5_000 });
  client.operator.injectFault({ ...always, kind: 'error' });
  await client.close();
  assert.deepEqual([clock.pending, client.snapshot().controls], [0, []]);
  assert.deepEqual(
    of('control.ended').map(({ because }) => because),
    ['client-closed', 'client-closed'],
  );
  for (const begin of [
    () => client.operator.isolate('late'),
    () => client.operator.injectFault({ ...always, kind: 'error' }),
    () => client.operator.reset('late'),
    () => client.operator.closeCircuit('late'),
  ]) {
    assert.throws(begin, { code: 'SWITCHGEAR_CLIENT_CLOSED' });
  }
});

test('refuses what has no reason, no expiry or no sense, with the path', () => {
  const { client } = world();
  const { operator } = client;
  const fault = (change: Partial<Record<keyof FaultInjectionOptions, unknown>>) => () =>
    operator.injectFault({ ...always, kind: 'error', ...change } as FaultInjectionOptions);
  const table: [() => unknown, string][] = [
    [() => operator.isolate(''), 'isolate.reason'],
    [() => operator.isolate('a\nb'), 'isolate.reason'],
    [() => operator.isolate('x'.repeat(201)), 'isolate.reason'],
    [() => operator.isolate('why', { expiresInMs: 0 }), 'isolate.expiresInMs'],
    [() => operator.isolate('why', { expiresInMs: 86_400_001 }), 'isolate.expiresInMs'],
    [() => operator.isolate('why', { for: 1 } as IsolateOptions), 'isolate.for'],
    [() => operator.reset(''), 'reset.reason'],
    [() => operator.closeCircuit(undefined as unknown as string), 'closeCircuit.reason'],
    [fault({ reason: undefined }), 'injectFault.reason'],
    [fault({ expiresInMs: undefined }), 'injectFault.expiresInMs'],
    [fault({ expiresInMs: 3_600_001 }), 'injectFault.expiresInMs'],
    [fault({ rate: 0 }), 'injectFault.rate'],
    [fault({ rate: 1.1 }), 'injectFault.rate'],
    [fault({ kind: 'explosion' }), 'injectFault.kind'],
    [fault({ latencyMs: 10 }), 'injectFault.latencyMs'],
    [fault({ kind: 'latency' }), 'injectFault.latencyMs'],
    [fault({ operation: 'none' }), 'injectFault.operation'],
    [fault({ status: 500 } as never), 'injectFault.status'],
  ];
  for (const [act, path] of table) {
    assert.throws(act, (error) => error instanceof ConfigError && error.path === path, path);
  }
  assert.deepEqual(client.snapshot().controls, []);
});

test('shows the policies and the operations that are in effect, in values that survive JSON', () => {
  const { client } = world({ retry: { maxRetries: 4, retryWhen: () => true }, bulkhead: { maxConcurrent: 9 } });
  const snapshot = client.snapshot();
  assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot);
  assert.deepEqual(
    snapshot.policies.map(({ name }) => name),
    ['deadline', 'bulkhead', 'retry', 'retry-budget', 'breaker', 'attempt-timeout'],
  );
  const [deadline, bulkhead, retry] = snapshot.policies;
  assert.deepEqual(deadline?.options, { deadlineMs: 3_000 });
  assert.equal(bulkhead?.options.maxConcurrent, 9);
  assert.deepEqual([retry?.options.maxRetries, retry?.options.baseMs, retry?.options.retryWhen], [4, 50, 'a function']);
  assert.deepEqual(snapshot.operations[1], {
    name: 'getOrder',
    method: 'GET',
    template: '/api/orders/{orderId}',
    deadlineMs: 600,
    attemptTimeoutMs: 500,
    idempotent: true,
    cached: false,
    hedged: false,
    batch: false,
  });
});
