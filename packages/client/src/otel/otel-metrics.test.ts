import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DataPoint,
  type Histogram,
  MeterProvider,
  type MetricData,
  MetricReader,
} from '@opentelemetry/sdk-metrics';
import { ManualClock } from '@switchgear/policy/testing';
import { createServiceClient, get, type ServiceClientOptions } from '../index.ts';
import { durationBuckets, metricDefinitions } from '../metrics/index.ts';
import { after, answer, type MockScript, mockTransport, reset } from '../testing/index.ts';
import { otelMetrics } from './index.ts';

/** Collects when it is asked, and never by itself. */
class AskedReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}

  async read(): Promise<Map<string, MetricData>> {
    const { resourceMetrics, errors } = await this.collect();
    assert.deepEqual(errors, []);
    const all = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    return new Map(all.map((metric) => [metric.descriptor.name, metric]));
  }
}

function world(script: MockScript, more: Partial<ServiceClientOptions> = {}) {
  const reader = new AskedReader();
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter('test');
  const clock = new ManualClock(5_000);
  const client = createServiceClient({
    target: 'user-service',
    baseUrl: 'http://users.internal:8081',
    operations: { getUser: get('/users/{userId}') },
    retry: { jitter: 'none', baseMs: 100 },
    transport: mockTransport(script),
    runtime: { clock, random: () => 0 },
    ...more,
  } as ServiceClientOptions) as unknown as { getUser(input: object): Promise<unknown> } & Parameters<
    ReturnType<typeof otelMetrics>['watch']
  >[0];
  return { reader, meter, clock, client };
}

function points(metric: MetricData | undefined): [object, unknown][] {
  const all = (metric?.dataPoints ?? []) as readonly DataPoint<number | Histogram>[];
  return all.map(({ attributes, value }) => [attributes, value]);
}

test('measures calls and requests by their names, units and buckets', async () => {
  const { client, clock, meter, reader } = world([answer(503), after(30, answer(200, {}))]);
  otelMetrics({ meter, http: 'own' }).watch(client);
  const call = client.getUser({ userId: 1 });
  await clock.runAll();
  await call;
  const read = await reader.read();
  const duration = read.get('switchgear.operation.duration');
  assert.deepEqual(
    [duration?.descriptor.unit, duration?.descriptor.description],
    ['s', metricDefinitions.operationDuration.help],
  );
  const [first, ...more] = points(duration);
  const [attributes, histogram] = first ?? [];
  assert.deepEqual([attributes, more], [{ target: 'user-service', operation: 'getUser', fate: 'ok-retried' }, []]);
  const { buckets, count, sum } = histogram as Histogram;
  assert.deepEqual([buckets.boundaries, count, sum], [durationBuckets, 1, 0.13]);
  const request = read.get('http.client.request.duration');
  assert.equal(request?.descriptor.unit, 's');
  const of = {
    'http.request.method': 'GET',
    'server.address': 'users.internal',
    'server.port': 8081,
    'url.template': '/users/{userId}',
  };
  assert.deepEqual(
    points(request).map(([each]) => each),
    [
      { ...of, 'http.response.status_code': 503, 'error.type': '503' },
      { ...of, 'http.response.status_code': 200 },
    ],
  );
  assert.deepEqual(points(read.get('switchgear.attempts')), [
    [{ target: 'user-service', operation: 'getUser', kind: 'initial', result: 'unavailable' }, 1],
    [{ target: 'user-service', operation: 'getUser', kind: 'retry', result: 'ok' }, 1],
  ]);
});

test('tells how the policies stand whenever it is asked', async () => {
  const { client, clock, meter, reader } = world(() => reset(), {
    breaker: { consecutiveFailures: 3, openMs: 60_000, maxOpenMs: 60_000 },
  });
  otelMetrics({ meter }).watch(client);
  const states = async () =>
    points((await reader.read()).get('switchgear.breaker.state'))
      .filter(([, value]) => value === 1)
      .map(([attributes]) => (attributes as { state: string }).state);
  assert.deepEqual(await states(), ['closed']);
  const call = client.getUser({ userId: 1 }).catch(() => {});
  await clock.advance(1_000);
  await call;
  assert.deepEqual(await states(), ['open']);
  assert.deepEqual(points((await reader.read()).get('switchgear.bulkhead.limit')), [[{ target: 'user-service' }, 64]]);
});

test('of two clients of one target, what is counted adds up', async () => {
  const { client, meter, reader } = world([]);
  const other = world([]);
  const metrics = otelMetrics({ meter });
  metrics.watch(client);
  const stop = metrics.watch(other.client);
  const limit = async () => points((await reader.read()).get('switchgear.bulkhead.limit'))[0]?.[1];
  assert.equal(await limit(), 128);
  stop();
  stop();
  assert.equal(await limit(), 64);
});

test('with requests off they are not measured; what is closed measures nothing', async () => {
  const { client, meter, reader } = world(() => answer(200, {}));
  const metrics = otelMetrics({ meter, http: 'off' });
  metrics.watch(client);
  await client.getUser({ userId: 1 });
  assert.equal((await reader.read()).get('http.client.request.duration'), undefined);
  metrics.close();
  await client.getUser({ userId: 1 });
  const [, duration] = points((await reader.read()).get('switchgear.operation.duration'))[0] as [object, Histogram];
  assert.equal(duration.count, 1);
  assert.throws(() => metrics.watch(client), { code: 'SWITCHGEAR_INVALID_CONFIG', path: 'otelMetrics.watch' });
});

test('without an SDK it measures into nothing, and breaks nothing', async () => {
  const { client } = world(() => answer(200, {}));
  const metrics = otelMetrics();
  metrics.watch(client);
  await client.getUser({ userId: 1 });
  metrics.close();
});

test('options are checked when it is made', () => {
  const refuses = (options: object, path: string): void =>
    assert.throws(() => otelMetrics(options as never), { code: 'SWITCHGEAR_INVALID_CONFIG', path });
  refuses({ http: 'both' }, 'otelMetrics.http');
  refuses({ meter: {} }, 'otelMetrics.meter');
  refuses({ maxNames: 0 }, 'otelMetrics.maxNames');
  refuses({ tracer: {} }, 'otelMetrics.tracer');
});
