import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after as afterAll, afterEach, before, beforeEach, test } from 'node:test';
import { context, propagation, SpanKind } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { type DataPoint, type Histogram, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { type ClientEvent, createServiceClient, get } from '../index.ts';
import { type HttpMode, otelMetrics, otelTracing, undiciHooks } from './index.ts';

/* The real instrumentation of undici beside this client, over the real undici: every request is told of once. */

class AskedReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

const heard: string[][] = [];
/** Fails the first request of each call, so that there is a second. */
let requestsSoFar = 0;
const server = createServer((request, response) => {
  const sent = request.rawHeaders.filter((_, i, all) => i % 2 === 1 && all[i - 1]?.toLowerCase() === 'traceparent');
  heard.push(sent);
  response.writeHead(requestsSoFar++ % 2 === 0 ? 503 : 200, { 'content-type': 'application/json' });
  response.end('{}');
});
let baseUrl = '';

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });

beforeEach(() => {
  exporter.reset();
  heard.length = 0;
  requestsSoFar = 0;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
afterEach(() => {
  context.disable();
  propagation.disable();
});

/** One call that takes two requests. */
async function oneCall(http: HttpMode, instrumented: false | object) {
  const reader = new AskedReader();
  const meterProvider = new MeterProvider({ readers: [reader] });
  const instrumentation = instrumented === false ? undefined : new UndiciInstrumentation(instrumented);
  instrumentation?.setTracerProvider(provider);
  instrumentation?.setMeterProvider(meterProvider);
  const metrics = otelMetrics({ meter: meterProvider.getMeter('ours'), http });
  const client = createServiceClient({
    target: 'user-service',
    baseUrl,
    operations: { getUser: get('/users/{userId}') },
    retry: { baseMs: 1, maxMs: 1 },
    tracing: otelTracing({ tracer: provider.getTracer('ours'), http }),
  });
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  metrics.watch(client);
  try {
    await client.getUser({ userId: 7 });
  } finally {
    await client.close();
    metrics.close();
    instrumentation?.disable();
  }
  const { resourceMetrics } = await reader.collect();
  const measured = resourceMetrics.scopeMetrics
    .flatMap((scope) => scope.metrics)
    .filter(({ descriptor }) => descriptor.name === 'http.client.request.duration')
    .flatMap(({ dataPoints }) => dataPoints as DataPoint<Histogram>[])
    .reduce((sum, { value }) => sum + value.count, 0);
  const finished = exporter.getFinishedSpans();
  return {
    call: finished.find(({ kind }) => kind === SpanKind.INTERNAL) as ReadableSpan,
    requests: finished.filter(({ kind }) => kind === SpanKind.CLIENT),
    measured,
    exchanges: events.filter((event) => event.type === 'exchange.finished'),
  };
}

const told = (span: ReadableSpan): string[] => {
  const { traceId, spanId } = span.spanContext();
  return [`00-${traceId}-${spanId}-01`];
};

for (const [how, http, instrumented] of [
  ['nobody else listens', 'auto', false],
  ['the instrumentation is there', 'auto', {}],
  ['the instrumentation is there with our hooks', 'auto', undiciHooks()],
  ['the instrumentation is there and this client is to tell of requests', 'own', {}],
] as const) {
  test(`each request has one span and one traceparent when ${how}`, async () => {
    const { call, requests } = await oneCall(http, instrumented);
    assert.equal(requests.length, 2);
    for (const request of requests) assert.equal(request.parentSpanContext?.spanId, call.spanContext().spanId);
    assert.deepEqual(heard, requests.map(told));
  });
}

test('each request is measured once, by whoever makes its span', async () => {
  assert.equal((await oneCall('auto', false)).measured, 2);
  assert.equal((await oneCall('auto', {})).measured, 2);
});

test('the hooks add what the instrumentation cannot know, and take out what may be secret', async () => {
  const { requests, exchanges } = await oneCall('auto', undiciHooks());
  assert.deepEqual(
    requests.map(({ name, attributes }) => [
      name,
      attributes['http.request.resend_count'],
      attributes['url.template'],
      attributes['url.full'],
    ]),
    [
      ['GET /users/{userId}', undefined, '/users/{userId}', `${baseUrl}/users/{userId}`],
      ['GET /users/{userId}', 1, '/users/{userId}', `${baseUrl}/users/{userId}`],
    ],
  );
  assert.deepEqual(
    exchanges.map(({ spanId }) => spanId),
    requests.map((span) => span.spanContext().spanId),
  );
});

test('the hooks leave requests of others as they are', () => {
  const { requestHook, startSpanHook } = undiciHooks();
  assert.deepEqual(startSpanHook(), {});
  requestHook(provider.getTracer('others').startSpan('theirs'));
});
