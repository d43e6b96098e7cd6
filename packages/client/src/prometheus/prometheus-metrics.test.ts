import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from '@prometheus-io/client';
import { ManualClock } from '@switchgear/policy/testing';
import { Registry as OldRegistry } from 'prom-client';
import { parseExposition, sampleOf } from '../../test/exposition.ts';
import { checkMetrics, withoutPromtool } from '../../test/promtool.ts';
import { type ClientEvent, createServiceClient, get, type ServiceClientOptions } from '../index.ts';
import { type MetricDefinition, metricDefinitions, prometheusName } from '../metrics/index.ts';
import type { MeasuredClient } from '../metrics/record-metrics.ts';
import { after, answer, type MockScript, mockTransport, reset, stall } from '../testing/index.ts';
import { prometheusMetrics } from './index.ts';

const operations = { getUser: get('/users/{userId}', { cache: { freshMs: 1_000 } }), find: get('/users') };

function aClient(script: MockScript, more: Partial<ServiceClientOptions> = {}) {
  const clock = new ManualClock(5_000);
  const client = createServiceClient({
    target: 'user-service',
    baseUrl: 'http://users.internal:8081',
    operations,
    retry: { jitter: 'none', baseMs: 100 },
    transport: mockTransport(script),
    runtime: { clock, random: () => 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  return { client, clock };
}

/** A histogram is told by the number of its values. */
const seriesName = (metric: MetricDefinition): string =>
  metric.kind === 'histogram' ? `${prometheusName(metric)}_count` : prometheusName(metric);

/** Calls that go well, are sent again, fail, open the breaker and are refused. */
async function anEventfulHour(metrics: { watch(client: MeasuredClient): unknown }) {
  const script = [
    answer(200, {}),
    answer(503),
    after(20, answer(200, {})),
    ...Array<ReturnType<typeof reset>>(9).fill(reset()),
  ];
  const { client, clock } = aClient(script, { breaker: { consecutiveFailures: 3, openMs: 60_000, maxOpenMs: 60_000 } });
  metrics.watch(client);
  for (let i = 0; i < 6; i++) {
    const call = client.find().catch(() => {});
    await clock.advance(500);
    await call;
  }
  return { client, clock };
}

for (const [library, Made] of [
  ['@prometheus-io/client', Registry],
  ['prom-client', OldRegistry],
] as const) {
  test(`what a registry of ${library} is scraped for is what happened`, async () => {
    const registry = new Made();
    const metrics = prometheusMetrics({ registry });
    const { client } = await anEventfulHour(metrics);
    const samples = parseExposition(await registry.metrics());
    const value = (key: keyof typeof metricDefinitions, labels: Record<string, string>) =>
      sampleOf(samples, seriesName(metricDefinitions[key]), labels);
    const of = { target: 'user-service', operation: 'find' };
    assert.equal(value('operationDuration', { ...of, fate: 'ok' }), 1);
    assert.equal(value('operationDuration', { ...of, fate: 'ok-retried' }), 1);
    assert.equal(value('operationDuration', { ...of, fate: 'unavailable' }), 1);
    assert.equal(value('operationDuration', { ...of, fate: 'refused' }), 3);
    assert.equal(value('attempts', { ...of, kind: 'retry', result: 'unavailable' }), 2);
    assert.equal(value('rejections', { target: 'user-service', reason: 'circuit-open' }), 3);
    const breaker = { target: 'user-service', breaker: 'user-service' };
    assert.equal(value('breakerState', { ...breaker, state: 'open' }), 1);
    assert.equal(value('breakerState', { ...breaker, state: 'closed' }), 0);
    assert.equal(value('retryBudgetTokens', { target: 'user-service' }), client.snapshot().budget.available);
    const request = {
      http_request_method: 'GET',
      server_address: 'users.internal',
      server_port: '8081',
      url_template: '/users',
    };
    assert.equal(value('requestDuration', { ...request, http_response_status_code: '200' }), 2);
    const retried = (suffix: string, labels = {}) =>
      sampleOf(samples, `switchgear_operation_duration_seconds_${suffix}`, { ...of, fate: 'ok-retried', ...labels });
    assert.equal(retried('sum'), 0.12);
    assert.deepEqual(
      ['0.1', '0.25', '10', '+Inf'].map((le) => retried('bucket', { le })),
      [0, 1, 1, 1],
    );
  });
}

test('every metric of the registry of metrics is there, by its name', async () => {
  const registry = new Registry();
  prometheusMetrics({ registry });
  const text = await registry.metrics();
  for (const definition of Object.values(metricDefinitions)) {
    assert.match(text, new RegExp(`^# TYPE ${prometheusName(definition)} ${definition.kind}$`, 'm'));
  }
});

test('Prometheus itself reads it, under all names there are', { skip: withoutPromtool }, async () => {
  const registry = new Registry();
  const metrics = prometheusMetrics({ registry });
  await anEventfulHour(metrics);
  assert.equal(checkMetrics(await registry.metrics()), '');
  const compatible = new Registry();
  await anEventfulHour(prometheusMetrics({ registry: compatible, alsoAs: ['article', 'resilience4j'] }));
  // These names are what they are: promtool reads them, and finds fault with nothing but how they are spelled.
  const faults = checkMetrics(await compatible.metrics()).split('\n');
  assert.deepEqual(
    faults.filter((line) => !/^(http_|circuit_breaker_|resilience4j_)/.test(line)),
    [],
  );
});

test('an OpenMetrics registry is served as well', async () => {
  const registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
  const metrics = prometheusMetrics({ registry });
  await anEventfulHour(metrics);
  const text = await registry.metrics();
  assert.deepEqual(
    text.split('\n').filter((line) => line.includes('switchgear_rejections')),
    [
      `# HELP switchgear_rejections ${metricDefinitions.rejections.help}`,
      '# TYPE switchgear_rejections counter',
      'switchgear_rejections_total{target="user-service",reason="circuit-open"} 3',
    ],
  );
  assert.ok(text.endsWith('# EOF\n'));
  metrics.close();
  assert.equal(await registry.metrics(), '\n# EOF\n');
});

test('the names of a hand-written client can be told as well', async () => {
  const registry = new Registry();
  await anEventfulHour(prometheusMetrics({ registry, alsoAs: ['article'] }));
  const samples = parseExposition(await registry.metrics());
  const request = { method: 'GET', service: 'user-service' };
  assert.equal(sampleOf(samples, 'http_requests_total', { ...request, endpoint: '/users' }), 6);
  assert.equal(sampleOf(samples, 'http_responses_total', { ...request, status_code: '200' }), 2);
  const failed = { ...request, status_code: 'network_error', error_type: 'unavailable' };
  assert.equal(sampleOf(samples, 'http_errors_total', failed), 3);
  assert.equal(sampleOf(samples, 'http_errors_total', { ...failed, status_code: '503' }), 1);
  const took = { ...request, endpoint: '/users' };
  assert.equal(sampleOf(samples, 'http_request_duration_ms_count', { ...took, status_code: '200' }), 2);
  assert.equal(sampleOf(samples, 'http_request_duration_ms_count', { ...took, status_code: 'error' }), 3);
  const opened = { service: 'user-service', reason: 'consecutive-failures' };
  assert.equal(sampleOf(samples, 'circuit_breaker_opened', opened), 1);
  for (const name of ['circuit_breaker_half_opened', 'circuit_breaker_closed']) {
    assert.equal(sampleOf(samples, name, { service: 'user-service' }), 0);
  }
});

test('the names of resilience4j can be told as well', async () => {
  const registry = new Registry();
  await anEventfulHour(prometheusMetrics({ registry, alsoAs: ['resilience4j'] }));
  const samples = parseExposition(await registry.metrics());
  const value = (name: string, labels: object = {}) =>
    sampleOf(samples, `resilience4j_${name}`, { name: 'user-service', ...labels });
  assert.equal(value('circuitbreaker_calls_seconds_count', { kind: 'successful' }), 2);
  assert.equal(value('circuitbreaker_calls_seconds_count', { kind: 'failed' }), 4);
  assert.equal(value('circuitbreaker_not_permitted_calls_total', { kind: 'not_permitted' }), 3);
  assert.equal(value('circuitbreaker_state', { state: 'open' }), 1);
  assert.equal(value('circuitbreaker_state', { state: 'half_open' }), 0);
  assert.equal(value('circuitbreaker_buffered_calls', { kind: 'failed' }), 4);
  assert.equal(value('bulkhead_max_allowed_concurrent_calls'), 64);
  assert.equal(value('bulkhead_available_concurrent_calls'), 64);
  assert.equal(value('retry_calls_total', { kind: 'successful_without_retry' }), 1);
  assert.equal(value('retry_calls_total', { kind: 'successful_with_retry' }), 1);
  assert.equal(value('retry_calls_total', { kind: 'failed_with_retry' }), 1);
  assert.equal(value('retry_calls_total', { kind: 'failed_without_retry' }), 3);
});

/** A client that says what a test makes it say. */
function sayingClient() {
  let say: (event: ClientEvent) => void = () => {};
  const { client } = aClient([]);
  const listeners: ((event: ClientEvent) => void)[] = [];
  say = (event) => {
    for (const listener of listeners) listener(event);
  };
  const fake: MeasuredClient = {
    target: 'user-service',
    snapshot: () => client.snapshot(),
    on(listener) {
      listeners.push(listener);
      return () => {};
    },
  };
  return { fake, say: (event: ClientEvent) => say(event) };
}

test('a million hostile names make no more series than a few, whatever they are the names of', async () => {
  const registry = new Registry();
  const metrics = prometheusMetrics({ registry, maxNames: 20, alsoAs: ['article', 'resilience4j'] });
  const { client } = aClient([answer(200, {})]);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  await client.find();
  const { fake, say } = sayingClient();
  metrics.watch(fake);
  const lines = async () => (await registry.metrics()).split('\n').length;
  const shout = (from: number, to: number): void => {
    for (const event of events) {
      for (let i = from; i < to; i++) {
        const name = `/u/${i}?q="\n\\`;
        const more = { operation: name, template: name, host: `http://${i}.test`, breaker: name, code: name };
        // Not `find`: every event has a name of its own, as one that made names of URLs would have.
        say({ ...event, ...('operation' in event ? more : {}) } as ClientEvent);
      }
    }
  };
  shout(0, 1_000);
  const after1e3 = await lines();
  const perType = Math.ceil(1_000_000 / events.length);
  shout(1_000, perType);
  assert.equal(await lines(), after1e3);
  const samples = parseExposition(await registry.metrics());
  const calls = samples.filter(({ name }) => name === 'switchgear_operation_duration_seconds_count');
  assert.equal(calls.length, 21);
  assert.equal(calls.find(({ labels }) => labels.operation === '_other')?.value, perType - 20);
});

test('a fetch of any URL adds no series: what is no operation of the contract is one', async () => {
  const registry = new Registry();
  const metrics = prometheusMetrics({ registry, alsoAs: ['article'] });
  const { client } = aClient(() => answer(200, {}));
  metrics.watch(client);
  const lines = async () => (await registry.metrics()).split('\n').length;
  const ask = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i++) await (await client.fetch(`/u/${i}/${'x'.repeat(i % 50)}?q=${i}`)).text();
  };
  await ask(0, 10);
  const before = await lines();
  await ask(10, 1_000);
  assert.equal(await lines(), before);
  const of = { target: 'user-service', operation: '_other', fate: 'ok' };
  const samples = parseExposition(await registry.metrics());
  assert.equal(sampleOf(samples, 'switchgear_operation_duration_seconds_count', of), 1_000);
});

test('names that hold quotes, backslashes and line breaks stay names', { skip: withoutPromtool }, async () => {
  const registry = new Registry();
  const metrics = prometheusMetrics({ registry });
  const { client } = aClient([answer(200, {})], { target: 'a "target"\n\\with{everything="in it"} 1' });
  metrics.watch(client);
  await client.find();
  const text = await registry.metrics();
  assert.equal(checkMetrics(text), '');
});

test('of two clients of one target, what is counted adds up, and the worse state is there to be seen', async () => {
  const registry = new Registry();
  const metrics = prometheusMetrics({ registry });
  const one = aClient(() => answer(200, {}));
  const two = aClient(() => stall(), { breaker: { consecutiveFailures: 1 }, retry: { maxRetries: 0 } });
  metrics.watch(one.client);
  metrics.watch(two.client);
  await one.client.find();
  const late = two.client.find().catch(() => {});
  await two.clock.advance(1_000);
  await late;
  const samples = parseExposition(await registry.metrics());
  const breaker = { target: 'user-service', breaker: 'user-service' };
  assert.equal(sampleOf(samples, 'switchgear_breaker_state', { ...breaker, state: 'open' }), 1);
  assert.equal(sampleOf(samples, 'switchgear_breaker_state', { ...breaker, state: 'closed' }), 1);
  assert.equal(sampleOf(samples, 'switchgear_bulkhead_limit', { target: 'user-service' }), 128);
});

test('what is watched no more is counted no more, and its gauges are gone', async () => {
  const registry = new Registry();
  const metrics = prometheusMetrics({ registry, alsoAs: ['article', 'resilience4j'] });
  const { client } = aClient(() => answer(200, {}));
  const stop = metrics.watch(client);
  await client.find();
  stop();
  stop();
  await client.find();
  const text = await registry.metrics();
  const samples = parseExposition(text);
  const of = { target: 'user-service', operation: 'find', fate: 'ok' };
  assert.equal(sampleOf(samples, 'switchgear_operation_duration_seconds_count', of), 1);
  assert.doesNotMatch(text, /^(switchgear_breaker_state|resilience4j_bulkhead)\S*\{/m);
});

test('leaves nothing behind in the registry: closed, or refused because it has such metrics already', async () => {
  const registry = new Registry();
  const metrics = prometheusMetrics({ registry });
  assert.throws(() => prometheusMetrics({ registry }), /already been registered/);
  const before = await registry.metrics();
  assert.match(before, /switchgear_operation_duration_seconds/);
  metrics.close();
  assert.equal((await registry.metrics()).trim(), '');
  assert.throws(() => metrics.watch(aClient([]).client), { code: 'SWITCHGEAR_INVALID_CONFIG' });
  prometheusMetrics({ registry }).close();
});

test('begins anew when the registry is told to, as tests do', async () => {
  const registry = new Registry();
  const metrics = prometheusMetrics({ registry });
  const { client } = aClient(() => answer(200, {}));
  metrics.watch(client);
  await client.find();
  registry.resetMetrics();
  await client.find();
  const samples = parseExposition(await registry.metrics());
  const of = { target: 'user-service', operation: 'find', fate: 'ok' };
  assert.equal(sampleOf(samples, 'switchgear_operation_duration_seconds_count', of), 1);
});

test('options are checked when it is made', () => {
  const refuses = (options: object, path: string): void =>
    assert.throws(() => prometheusMetrics(options as never), { code: 'SWITCHGEAR_INVALID_CONFIG', path });
  refuses({}, 'prometheusMetrics.registry');
  refuses({ registry: {} }, 'prometheusMetrics.registry');
  refuses({ registry: new Registry(), alsoAs: ['toString'] }, 'prometheusMetrics.alsoAs');
  refuses({ registry: new Registry(), maxNames: 0 }, 'prometheusMetrics.maxNames');
  refuses({ registry: new Registry(), names: [] }, 'prometheusMetrics.names');
});
