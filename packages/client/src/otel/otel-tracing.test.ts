import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  CompositePropagator,
  isTracingSuppressed,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { SwitchgearError } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { z } from 'zod';
import {
  batch,
  bearer,
  type ClientEvent,
  createServiceClient,
  DomainError,
  get,
  post,
  readIncoming,
  type ServiceClientOptions,
  withIncoming,
} from '../index.ts';
import { after, answer, type MockScript, mockTransport, refuse, stall } from '../testing/index.ts';
import { otelTracing } from './index.ts';
import { suppressTracing } from './suppress-tracing.ts';

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });

beforeEach(() => {
  exporter.reset();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
});

afterEach(() => {
  context.disable();
  propagation.disable();
});

class UserNotFound extends DomainError {}

const operations = {
  getUser: get('/users/{userId}', { errors: { 404: UserNotFound } }),
  getHedged: get('/hedged/{userId}', { hedge: { delayMs: 50 } }),
  search: get('/search', {
    query: { '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) } },
  }),
  createUser: post('/users'),
  watch: get('/feed', { responseAs: 'stream' }),
};

function world(script: MockScript, more: Partial<ServiceClientOptions> = {}) {
  const clock = new ManualClock(5_000);
  const mock = mockTransport(script);
  const client = createServiceClient({
    target: 'user-service',
    baseUrl: 'https://users.internal/api',
    operations,
    retry: { jitter: 'none', baseMs: 100 },
    tracing: otelTracing({ tracer: provider.getTracer('test') }),
    transport: mock,
    runtime: { clock, random: () => 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  return { client, clock, mock };
}

const spans = (kind: SpanKind): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.kind === kind);
const calls = (): ReadableSpan[] => spans(SpanKind.INTERNAL);
const requests = (): ReadableSpan[] => spans(SpanKind.CLIENT);
const traceparentOf = (span: ReadableSpan): string => {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-0${traceFlags}`;
};

test('a call is an INTERNAL span, each request in it a CLIENT span that says how often it was sent before', async () => {
  const { client, clock, mock } = world([answer(503), refuse(), answer(200, {})]);
  const call = client.getUser({ userId: 7 });
  await clock.runAll();
  await call;
  const [ofCall] = calls();
  assert.equal(calls().length, 1);
  assert.equal(ofCall?.name, 'user-service.getUser');
  assert.deepEqual(
    [ofCall?.attributes['switchgear.fate'], ofCall?.attributes['switchgear.attempts'], ofCall?.status.code],
    ['ok-retried', 3, SpanStatusCode.UNSET],
  );
  assert.deepEqual(
    requests().map(({ name, status, attributes }) => [
      name,
      status.code,
      attributes['http.request.resend_count'],
      attributes['http.response.status_code'],
      attributes['error.type'],
    ]),
    [
      ['GET /api/users/{userId}', SpanStatusCode.ERROR, undefined, 503, '503'],
      ['GET /api/users/{userId}', SpanStatusCode.ERROR, 1, undefined, 'SWITCHGEAR_CONNECT_FAILED'],
      ['GET /api/users/{userId}', SpanStatusCode.UNSET, 2, 200, undefined],
    ],
  );
  const [first] = requests();
  assert.deepEqual(
    ['http.request.method', 'server.address', 'server.port', 'url.scheme', 'url.template', 'url.full'].map(
      (name) => first?.attributes[name],
    ),
    ['GET', 'users.internal', 443, 'https', '/api/users/{userId}', 'https://users.internal/api/users/{userId}'],
  );
  for (const { parentSpanContext } of requests()) {
    assert.deepEqual(parentSpanContext?.spanId, ofCall?.spanContext().spanId);
  }
  assert.deepEqual(
    mock.requests.map(({ headers }) => headers.traceparent),
    requests().map(traceparentOf),
  );
});

test('what the service hears is the span of its request, in the trace of the span that is active', async () => {
  const { client, mock } = world([answer(200, {})]);
  const tracer = provider.getTracer('test');
  const outer = tracer.startSpan('outer');
  await context.with(trace.setSpan(context.active(), outer), () => client.getUser({ userId: 7 }));
  outer.end();
  const [call] = calls();
  assert.equal(call?.parentSpanContext?.spanId, outer.spanContext().spanId);
  assert.equal(call?.spanContext().traceId, outer.spanContext().traceId);
  assert.equal(mock.requests[0]?.headers.traceparent, traceparentOf(requests()[0] as ReadableSpan));
  assert.deepEqual(mock.requests[0]?.headers.tracestate, undefined);
});

test('without an active span, a call is made in the request that is being handled', async () => {
  const { client } = world([answer(200, {})]);
  const of = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
  const incoming = readIncoming({ traceparent: `00-${of.traceId}-${of.spanId}-01` });
  await withIncoming(incoming, () => client.getUser({ userId: 7 }));
  const [call] = calls();
  assert.deepEqual([call?.spanContext().traceId, call?.parentSpanContext?.spanId], [of.traceId, of.spanId]);
  assert.equal(call?.parentSpanContext?.isRemote, true);
});

test('events and spans have the same ids', async () => {
  const { client } = world([answer(200, {})]);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  await client.getUser({ userId: 7 });
  const ids = (type: string) => {
    const { traceId, spanId, parentSpanId } = events.find((event) => event.type === type) as never;
    return { traceId, spanId, parentSpanId };
  };
  const of = (span: ReadableSpan | undefined) => ({
    traceId: span?.spanContext().traceId,
    spanId: span?.spanContext().spanId,
    parentSpanId: span?.parentSpanContext?.spanId,
  });
  assert.deepEqual(ids('call.started'), of(calls()[0]));
  assert.deepEqual(ids('call.finished'), of(calls()[0]));
  assert.deepEqual(ids('exchange.finished'), of(requests()[0]));
});

test('a copy that lost its race is no error, nor is a caller who left; a timeout is', async () => {
  const { client, clock } = world([after(400, answer(200, 1)), answer(200, 2), stall(), stall()], {
    retry: { maxRetries: 0 },
  });
  const hedged = client.getHedged({ userId: 1 });
  await clock.advance(50);
  await hedged;
  const caller = new AbortController();
  const left = client.getUser({ userId: 1 }, { signal: caller.signal }).catch(() => {});
  await settle();
  caller.abort('gone');
  await left;
  const late = client.getUser({ userId: 2 }).catch(() => {});
  await clock.advance(1_000);
  await late;
  assert.deepEqual(
    requests().map(({ attributes, status }) => [
      attributes['switchgear.attempt.kind'],
      status.code,
      attributes['error.type'],
      attributes['switchgear.cancelled'],
    ]),
    [
      ['hedge', SpanStatusCode.UNSET, undefined, undefined],
      ['initial', SpanStatusCode.UNSET, undefined, true],
      ['initial', SpanStatusCode.UNSET, undefined, true],
      ['initial', SpanStatusCode.ERROR, 'SWITCHGEAR_ATTEMPT_TIMEOUT', undefined],
    ],
  );
  assert.deepEqual(
    calls().map(({ attributes, status }) => [attributes['switchgear.fate'], status.code]),
    [
      ['ok-hedged', SpanStatusCode.UNSET],
      ['cancelled', SpanStatusCode.UNSET],
      ['timed-out', SpanStatusCode.ERROR],
    ],
  );
});

test('a call that comes to nothing is an error that explains itself; a "no" of the contract is an answer', async () => {
  const { client } = world([answer(404, {}), answer(500)], { retry: { maxRetries: 0 } });
  await client.getUser({ userId: 1 }).catch(() => {});
  const error = (await client.getUser({ userId: 2 }).catch((reason) => reason)) as SwitchgearError;
  const [no, nothing] = calls();
  assert.deepEqual([no?.status.code, no?.attributes['switchgear.fate']], [SpanStatusCode.UNSET, 'answered']);
  assert.deepEqual(nothing?.status, { code: SpanStatusCode.ERROR, message: error.explain() });
  assert.equal(nothing?.attributes['error.type'], 'SWITCHGEAR_HTTP_STATUS');
  // On the wire a 404 is an error of the client's, as the semantic conventions have it.
  assert.deepEqual(
    requests().map(({ status }) => status.code),
    [SpanStatusCode.ERROR, SpanStatusCode.ERROR],
  );
});

test('a call that is refused has a span, and no request in it', async () => {
  const { client } = world([]);
  await assert.rejects(client.getUser({ userId: '..' }));
  assert.deepEqual([calls().length, requests().length], [1, 0]);
  assert.equal(calls()[0]?.status.code, SpanStatusCode.ERROR);
});

test('a stream has its spans until its body has ended', async () => {
  const { client } = world([answer(200, { a: 1 })]);
  const { body } = await client.watch();
  assert.equal(exporter.getFinishedSpans().length, 0);
  for await (const _ of body);
  assert.deepEqual([calls().length, requests().length], [1, 1]);
});

test('a request that is not made for want of a token has no span; one with a newer token has one of its own', async () => {
  let tokens = 0;
  const { client } = world([answer(401), answer(200, {})], { auth: bearer(async () => `t${++tokens}`) });
  await client.getUser({ userId: 1 });
  assert.deepEqual(
    requests().map(({ attributes }) => [
      attributes['switchgear.attempt.kind'],
      attributes['http.request.resend_count'],
    ]),
    [
      ['initial', undefined],
      ['resend', 1],
    ],
  );
  exporter.reset();
  const away = world([], {
    retry: { maxRetries: 0 },
    auth: bearer(async () => {
      throw new Error('away');
    }),
  });
  await assert.rejects(away.client.getUser({ userId: 1 }));
  assert.deepEqual([calls().length, requests().length], [1, 0]);
});

test('no secret of a call is in its spans: no query value, parameter, header, body or password', async () => {
  const canaries = { userId: 'canary-id', token: 'canary-token', header: 'canary-header', body: 'canary-body' };
  const { client, clock } = world(
    [answer(200, { leak: 'canary-answer' }), answer(500, { leak: 'canary-answer' }), answer(200, {}), answer(201, {})],
    { auth: bearer(canaries.token) },
  );
  const all = [
    client.getUser({ userId: canaries.userId }, { headers: { 'x-mine': canaries.header } }),
    client.getUser({ userId: canaries.userId }).catch(() => {}),
    client.search({ query: { q: 'canary-query' } }),
  ];
  await clock.runAll();
  await Promise.all(all);
  const told = JSON.stringify(
    exporter.getFinishedSpans().map(({ name, attributes, status, events }) => ({ name, attributes, status, events })),
  );
  assert.equal(requests().length, 3);
  assert.doesNotMatch(told, /canary/);
});

test('without an SDK, a client goes on with a trace of its own', async () => {
  const { client, mock } = world([answer(200, {})], { tracing: otelTracing() });
  await client.getUser({ userId: 1 });
  assert.match(mock.requests[0]?.headers.traceparent as string, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

test('without a propagator, traceparent is sent all the same; a strange one cannot break a request', async () => {
  propagation.disable();
  const { client, mock } = world(() => answer(200, {}));
  await client.getUser({ userId: 1 });
  assert.equal(mock.requests[0]?.headers.traceparent, traceparentOf(requests()[0] as ReadableSpan));
  propagation.setGlobalPropagator({
    inject: (_context, carrier) => {
      Object.assign(carrier as object, { B3: 'fine', 'bad name': 'x', evil: 'a\r\nx-injected: 1', number: 5 });
    },
    extract: (of) => of,
    fields: () => [],
  });
  await client.getUser({ userId: 1 });
  const { headers } = mock.requests[1] as { headers: Record<string, string> };
  assert.equal(headers.b3, 'fine');
  assert.deepEqual(
    ['bad name', 'evil', 'number', 'x-injected', 'traceparent'].filter((name) => name in headers),
    [],
  );
});

test('look-ups that go together have a span each, and their one request is in that of the first', async () => {
  const User = z.object({ id: z.number() });
  const client = createServiceClient({
    target: 'user-service',
    baseUrl: 'https://users.internal',
    operations: {
      getUser: get('/users/{userId}', { response: User, collect: { into: 'getUsers' } }),
      getUsers: batch('/users/batch', {
        key: z.int(),
        body: (ids) => ({ ids }),
        item: User,
        keyOf: ({ id }) => id,
        maxKeys: 9,
      }),
    },
    tracing: otelTracing({ tracer: provider.getTracer('test') }),
    transport: mockTransport([answer(200, [{ id: 1 }, { id: 2 }])]),
  });
  const outer = provider.getTracer('test').startSpan('outer');
  await context.with(trace.setSpan(context.active(), outer), () =>
    Promise.all([1, 2].map((userId) => client.getUser({ userId }))),
  );
  await client.close();
  const named = (name: string) => calls().filter((span) => span.name === `user-service.${name}`);
  const [together, ...more] = named('getUsers');
  const [request] = requests();
  assert.deepEqual([named('getUser').length, more.length, requests().length], [2, 0, 1]);
  const lookUps = named('getUser').map((span) => span.spanContext().spanId);
  assert.ok(lookUps.includes(together?.parentSpanContext?.spanId ?? ''));
  assert.equal(request?.parentSpanContext?.spanId, together?.spanContext().spanId);
  for (const span of named('getUser')) assert.equal(span.parentSpanContext?.spanId, outer.spanContext().spanId);
});

test('baggage is told to those who are named, and once', async () => {
  const { client, mock } = world(() => answer(200, {}), { baggageTo: ['users.internal'] });
  const other = world(() => answer(200, {}));
  const bagged = propagation.setBaggage(context.active(), propagation.createBaggage({ tenant: { value: 'acme' } }));
  const incoming = readIncoming({ traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, baggage: 'from=outside' });
  await context.with(bagged, () => withIncoming(incoming, () => client.getUser({ userId: 1 })));
  await context.with(bagged, () => other.client.getUser({ userId: 1 }));
  // Without any in the context, what the request being handled brought is passed on as it came.
  await withIncoming(incoming, () => client.getUser({ userId: 1 }));
  assert.equal(mock.requests[0]?.headers.baggage, 'tenant=acme');
  assert.equal(other.mock.requests[0]?.headers.baggage, undefined);
  assert.equal(mock.requests[1]?.headers.baggage, 'from=outside');
});

test('what is not sampled is told as such, and keeps its place in the trace', async () => {
  const { client, mock } = world([answer(200, {})]);
  const of = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', traceFlags: 0 };
  await context.with(trace.setSpanContext(context.active(), of), () => client.getUser({ userId: 1 }));
  const [, traceId, spanId, flags] = String(mock.requests[0]?.headers.traceparent).split('-');
  assert.deepEqual([traceId, flags], [of.traceId, '00']);
  assert.notEqual(spanId, of.spanId);
  assert.equal(exporter.getFinishedSpans().length, 0);
});

test('with requests off, the service hears of the span of the call', async () => {
  const tracing = otelTracing({ tracer: provider.getTracer('test'), http: 'off' });
  const { client, mock } = world([answer(200, {})], { tracing });
  await client.getUser({ userId: 1 });
  assert.deepEqual([calls().length, requests().length], [1, 0]);
  assert.equal(mock.requests[0]?.headers.traceparent, traceparentOf(calls()[0] as ReadableSpan));
});

test('what a call runs is in its span; a token is asked for on behalf of all who wait for it, and is in nobody’s', async () => {
  const seen: Record<string, string | undefined> = {};
  const note = (place: string): void => {
    seen[place] = trace.getActiveSpan()?.spanContext().spanId;
  };
  const { client } = world([answer(200, {})], {
    auth: bearer(async () => {
      note('token');
      return 'token';
    }),
    interceptors: [{ name: 'mine', beforeCall: () => note('beforeCall'), beforeAttempt: () => note('beforeAttempt') }],
  });
  await client.getUser({ userId: 1 });
  const own = calls()[0]?.spanContext().spanId;
  assert.deepEqual(seen, { beforeCall: own, beforeAttempt: own, token: undefined });
  assert.equal(trace.getActiveSpan(), undefined);
});

test('the key by which spans are suppressed is the one of the SDK', () => {
  assert.equal(isTracingSuppressed(suppressTracing(context.active())), true);
  assert.equal(isTracingSuppressed(context.active()), false);
});

test('options are checked when it is made', () => {
  const refuses = (make: () => unknown, path: string): void =>
    assert.throws(make, { code: 'SWITCHGEAR_INVALID_CONFIG', path });
  refuses(() => otelTracing({ http: 'both' as never }), 'otelTracing.http');
  refuses(() => otelTracing({ tracer: {} as never }), 'otelTracing.tracer');
  refuses(() => otelTracing({ meter: {} } as never), 'otelTracing.meter');
  refuses(() => world([], { tracing: {} as never }), 'createServiceClient.tracing');
});
