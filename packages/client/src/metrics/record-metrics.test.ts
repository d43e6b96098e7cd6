import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { MemoryMeter } from '../../test/memory-meter.ts';
import {
  bearer,
  createServiceClient,
  DomainError,
  get,
  post,
  type ServiceClient,
  type ServiceClientOptions,
} from '../index.ts';
import { after, answer, type MockScript, mockTransport, refuse, reset, stall } from '../testing/index.ts';
import { metricDefinitions as metrics, recordMetrics } from './index.ts';

class UserNotFound extends DomainError {}

const operations = {
  getUser: get('/users/{userId}', { errors: { 404: UserNotFound } }),
  getKept: get('/kept/{userId}', { cache: { freshMs: 1_000 } }),
  getHedged: get('/hedged/{userId}', { hedge: { delayMs: 50 } }),
  createUser: post('/users'),
};

function measured(script: MockScript, more: Partial<ServiceClientOptions> = {}) {
  const clock = new ManualClock(5_000);
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal/api',
    operations,
    retry: { jitter: 'none', baseMs: 100 },
    transport: mockTransport(script),
    runtime: { clock, random: () => 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>) as ServiceClient<typeof operations>;
  const meter = new MemoryMeter();
  const stop = recordMetrics(client, meter);
  return { clock, client, meter, stop };
}

test('counts every call once, by its fate, with its duration in seconds', async () => {
  const { client, clock, meter } = measured([
    after(30, answer(200, {})),
    answer(404, {}),
    answer(503),
    answer(200, {}),
  ]);
  const first = client.getUser({ userId: 1 });
  await clock.advance(30);
  await first;
  await assert.rejects(client.getUser({ userId: 2 }), UserNotFound);
  const third = client.getUser({ userId: 3 });
  await clock.runAll();
  await third;
  assert.deepEqual(meter.recorded(metrics.operationDuration), {
    'users getUser ok': [0.03],
    'users getUser answered': [0],
    'users getUser ok-retried': [0.1],
  });
  assert.deepEqual(meter.recorded(metrics.operationRetries), { 'users getUser': [1] });
  assert.deepEqual(meter.recorded(metrics.operationRetryDelay), { 'users getUser': [0.1] });
  assert.deepEqual(meter.counted(metrics.operationTime), { 'users wait': 0.03, 'users backoff': 0.1 });
});

test('counts requests by why they were made and what came of them, and measures each on the wire', async () => {
  let tokens = 0;
  const { client, clock, meter } = measured([answer(503), refuse(), answer(200, {}), answer(401), answer(200, {})], {
    auth: bearer(async () => `token-${++tokens}`),
  });
  const call = client.getUser({ userId: 1 });
  await clock.runAll();
  await call;
  await client.getUser({ userId: 2 }).catch(() => {});
  assert.deepEqual(meter.counted(metrics.attempts), {
    'users getUser initial unavailable': 1,
    'users getUser retry unavailable': 1,
    'users getUser retry ok': 1,
    'users getUser initial answered': 1,
    'users getUser resend ok': 1,
  });
  const at = 'GET users.internal 80 /api/users/{userId}';
  const durations = meter.recorded(metrics.requestDuration);
  assert.deepEqual(
    Object.entries(durations).map(([labels, values]) => [labels, values.length]),
    [
      [`${at} 503 503 -`, 1],
      [`${at} - SWITCHGEAR_CONNECT_FAILED -`, 1],
      [`${at} 200 - -`, 2],
      [`${at} 401 401 -`, 1],
    ],
  );
});

test('a caller who leaves is no error, a timeout is', async () => {
  const { client, clock, meter } = measured(() => stall(), { retry: { maxRetries: 0 } });
  const caller = new AbortController();
  const left = client.getUser({ userId: 1 }, { signal: caller.signal }).catch(() => {});
  await settle();
  caller.abort('gone');
  await left;
  const late = client.getUser({ userId: 2 }).catch(() => {});
  await clock.advance(1_000);
  await late;
  assert.deepEqual(meter.counted(metrics.attempts), {
    'users getUser initial cancelled': 1,
    'users getUser initial timed-out': 1,
  });
  assert.deepEqual(Object.keys(meter.recorded(metrics.requestDuration)), [
    'GET users.internal 80 /api/users/{userId} - - -',
    'GET users.internal 80 /api/users/{userId} - SWITCHGEAR_ATTEMPT_TIMEOUT -',
  ]);
});

test('follows the breaker: its state, its moves and why, who it turns away, and its probes', async () => {
  let up = false;
  const { client, clock, meter } = measured(() => (up ? answer(200, {}) : reset()), {
    retry: { maxRetries: 0 },
    breaker: { consecutiveFailures: 2, openMs: 1_000, probes: 2, rampMs: 0 },
  });
  const ask = () => client.getUser({ userId: 1 }).catch(() => {});
  const states = () =>
    Object.entries(meter.gauges(metrics.breakerState))
      .filter(([, value]) => value === 1)
      .map(([labels]) => labels);
  assert.deepEqual(states(), ['users users closed']);
  await ask();
  await ask();
  await ask();
  assert.deepEqual(states(), ['users users open']);
  assert.deepEqual(meter.gauges(metrics.breakerFailureRatio), { 'users users': 1 });
  assert.deepEqual(meter.gauges(metrics.breakerAdmittedShare), { 'users users': 0 });
  up = true;
  await clock.advance(2_000);
  await ask();
  await ask();
  await clock.advance(1);
  await ask();
  assert.deepEqual(states(), ['users users closed']);
  assert.deepEqual(meter.counted(metrics.breakerTransitions), {
    'users users open consecutive-failures': 1,
    'users users half-open open-time-over': 1,
    'users users closed probes-succeeded': 1,
  });
  assert.deepEqual(meter.counted(metrics.rejections), { 'users circuit-open': 1 });
  assert.equal(meter.counted(metrics.attempts)['users getUser probe ok'], 2);
});

test('tells how full things are: bulkhead, queue, budget, calls in flight', async () => {
  const { client, clock, meter } = measured(() => after(50, answer(200, {})), {
    bulkhead: { maxConcurrent: 1, maxQueue: 1 },
  });
  const calls = [1, 2, 3].map((userId) => client.getUser({ userId }).catch(() => {}));
  await settle();
  const now = (key: keyof typeof metrics) => meter.gauges(metrics[key]).users;
  assert.deepEqual(
    [now('bulkheadInFlight'), now('bulkheadLimit'), now('bulkheadQueued'), now('bulkheadQueueLimit')],
    [1, 1, 1, 1],
  );
  assert.equal(now('operationsInFlight'), 2);
  assert.equal(now('retryBudgetTokens'), client.snapshot().budget.available);
  assert.deepEqual(meter.counted(metrics.rejections), { 'users bulkhead-full': 1 });
  await clock.advance(200);
  await Promise.all(calls);
});

test('counts looks into the cache, copies of slow calls, tokens, and retries that were not made', async () => {
  const { client, clock, meter } = measured(
    (request) => (request.path.includes('hedged') ? after(70, answer(200, {})) : answer(200, {})),
    { auth: bearer(async () => 'token') },
  );
  await client.getKept({ userId: 1 });
  await client.getKept({ userId: 1 });
  const hedged = client.getHedged({ userId: 1 });
  await clock.advance(70);
  await hedged;
  assert.deepEqual(meter.counted(metrics.cacheLookups), { 'users getKept miss': 1, 'users getKept fresh': 1 });
  assert.deepEqual(meter.counted(metrics.hedges), { 'users getHedged lost': 1 });
  assert.deepEqual(meter.counted(metrics.authRefreshes), { 'users ok': 1 });
  const failing = measured(() => reset(), { retry: { maxRetries: 0 } });
  await failing.client.getUser({ userId: 1 }).catch(() => {});
  await failing.client.createUser().catch(() => {});
  assert.deepEqual(failing.meter.counted(metrics.retryStops), {
    'users getUser attempts-exhausted': 1,
    'users createUser not-retryable': 1,
  });
});

test('tells of each host, its breaker and where it stands', async () => {
  const { client, meter } = measured(() => answer(200, {}), { baseUrl: ['http://a.internal', 'http://b.internal'] });
  await client.getUser({ userId: 1 });
  assert.deepEqual(meter.gauges(metrics.hosts), {
    'users in-service': 2,
    'users ramping': 0,
    'users ejected': 0,
    'users draining': 0,
  });
  assert.deepEqual(Object.keys(meter.gauges(metrics.breakerWindowCalls)).sort(), [
    'users users at http://a.internal',
    'users users at http://b.internal',
  ]);
});

test('stops when told to: no event is made for it any more, and no snapshot taken', async () => {
  const { client, meter, stop } = measured(() => answer(200, {}));
  await client.getUser({ userId: 1 });
  stop();
  await client.getUser({ userId: 1 });
  assert.equal(meter.recorded(metrics.operationDuration)['users getUser ok']?.length, 1);
  assert.deepEqual(meter.gauges(metrics.operationsInFlight), {});
});

test('no two metrics have one name, and each has a unit, a sentence and labels of its own', () => {
  const all = Object.values(metrics);
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { help, kind, labels, buckets, unit, name } of all) {
    assert.match(unit, /^(s|1|\{[a-z]+\})$/, name);
    assert.match(help, /^[A-Z1].*[^.]$/, name);
    assert.equal(new Set(labels).size, labels.length, name);
    assert.equal(kind === 'histogram', buckets !== undefined, name);
    assert.deepEqual(
      buckets,
      buckets?.toSorted((a, b) => a - b),
      name,
    );
    // As OpenTelemetry asks: no unit and no `_total` in a name, which exporters add.
    assert.doesNotMatch(name, /_total$|seconds/, name);
  }
});
