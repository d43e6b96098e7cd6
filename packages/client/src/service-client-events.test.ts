import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSwitchgearError, type Phase, type Sent, type SwitchgearError } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import {
  bearer,
  type CallFinished,
  type CallStarted,
  type ClientEvent,
  createServiceClient,
  type ExchangeFinished,
  get,
  type OpenTransport,
  post,
  type ServiceClientOptions,
  type WireResponse,
  withIncoming,
} from './index.ts';
import { after, answer, mockTransport, type Reply, refuse, reset, stall } from './testing/index.ts';

const operations = {
  getUser: get('/users/{userId}'),
  getSlowly: get('/users/{userId}', {
    response: {
      '~standard': { version: 1 as const, vendor: 'test', validate: () => new Promise<never>(() => {}) },
    },
  }),
  createUser: post('/users'),
  watch: get('/feed', { responseAs: 'stream' }),
};

function world(transport: OpenTransport, more: Partial<ServiceClientOptions> = {}) {
  const clock = new ManualClock(5_000);
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal/api',
    operations,
    retry: { jitter: 'none', baseMs: 100 },
    transport,
    runtime: { clock, random: () => 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  const of = <T extends ClientEvent['type']>(type: T) =>
    events.filter((event): event is Extract<ClientEvent, { type: T }> => event.type === type);
  const exchanges = (): ExchangeFinished[] => of('exchange.finished');
  const finished = (): CallFinished[] => of('call.finished');
  const started = (): CallStarted[] => of('call.started');
  return { clock, client, events, exchanges, finished, started };
}

const scripted = (...replies: Reply[]) => mockTransport(replies);

/** A transport that takes each phase in turn, for so long, and then answers. */
function paced(clock: () => ManualClock, status: number, ...steps: [Phase, Sent, ms: number][]): OpenTransport {
  return () => ({
    async send(_, call): Promise<WireResponse> {
      for (const [phase, sent, ms] of steps) {
        call.progress(phase, sent);
        clock().freeze(ms);
      }
      return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from('{}'), protocol: '1.1' };
    },
    stream: () => assert.fail('streamed'),
    close: async () => {},
    destroy: async () => {},
  });
}

async function failure(call: Promise<unknown>): Promise<SwitchgearError> {
  const error = await call.catch((reason: unknown) => reason);
  assert.ok(isSwitchgearError(error));
  return error;
}

const sum = (timings: object): number => Object.values(timings).reduce((all, ms) => all + ms, 0);

test('tells of every exchange: whom it asked, why it was made, what came of it', async () => {
  const mock = scripted(answer(503), refuse(), answer(200, {}));
  const { client, clock, exchanges } = world(mock);
  const call = client.getUser({ userId: 7 });
  await clock.runAll();
  await call;
  const facts = ['attempt', 'kind', 'resends', 'status', 'code', 'sent', 'phase', 'cancelled'] as const;
  assert.deepEqual(
    exchanges().map((event) => facts.map((fact) => event[fact])),
    [
      [1, 'initial', 0, 503, 'SWITCHGEAR_HTTP_STATUS', 'answered', 'decode', false],
      [2, 'retry', 1, undefined, 'SWITCHGEAR_CONNECT_FAILED', 'never', 'connect', false],
      [3, 'retry', 2, 200, undefined, 'answered', 'decode', false],
    ],
  );
  for (const { target, operation, method, template, host } of exchanges()) {
    assert.deepEqual([target, operation, method], ['users', 'getUser', 'GET']);
    assert.deepEqual([template, host], ['/api/users/{userId}', 'http://users.internal']);
  }
});

test('ties the exchanges of a call to it, and to the span of the request being handled', async () => {
  const mock = scripted(answer(503), answer(200, {}));
  const { client, clock, exchanges, finished, started } = world(mock);
  const trace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', flags: 1 };
  const incoming = { deadline: Number.POSITIVE_INFINITY, trace, tracestate: undefined, requestId: 'shared' };
  const call = withIncoming(incoming, () => client.getUser({ userId: 7 }));
  await clock.runAll();
  await call;
  const [begun] = started();
  const [ended] = finished();
  assert.match(begun?.spanId as string, /^[0-9a-f]{16}$/);
  assert.deepEqual([ended?.spanId, ended?.traceId], [begun?.spanId, trace.traceId]);
  assert.deepEqual([begun?.parentSpanId, ended?.parentSpanId], [trace.spanId, trace.spanId]);
  assert.deepEqual([begun?.method, begun?.template], ['GET', '/api/users/{userId}']);
  assert.deepEqual(
    exchanges().map(({ spanId }) => `00-${trace.traceId}-${spanId}-01`),
    mock.requests.map(({ headers }) => headers.traceparent),
  );
  for (const exchange of exchanges()) assert.equal(exchange.parentSpanId, begun?.spanId);
  assert.equal(new Set(exchanges().map(({ spanId }) => spanId)).size, 2);
});

test('says that a call began, then of its exchanges, then that it ended, also of one that could not be made', async () => {
  const { client, events } = world(scripted(answer(200, {})));
  await client.getUser({ userId: 7 });
  await assert.rejects(client.getUser({ userId: '..' }));
  const told = events.map(({ type }) => type).filter((type) => /^(call|exchange)\./.test(type));
  assert.deepEqual(told, ['call.started', 'exchange.finished', 'call.finished', 'call.started', 'call.finished']);
});

test('says where the time of an exchange went, by phase', async () => {
  let clock = new ManualClock();
  const transport = paced(
    () => clock,
    200,
    ['queue', 'never', 3],
    ['dns', 'never', 5],
    ['connect', 'never', 7],
    ['tls', 'never', 11],
    ['write', 'maybe', 13],
    ['wait', 'maybe', 17],
    ['body', 'answered', 19],
  );
  const made = world(transport);
  clock = made.clock;
  const { timings, durationMs } = await made.client.getUser.withMeta({ userId: 7 });
  const phases = { queueMs: 3, authMs: 0, dnsMs: 5, connectMs: 7, tlsMs: 11, writeMs: 13, waitMs: 17, bodyMs: 19 };
  const [exchange] = made.exchanges();
  assert.deepEqual(exchange?.timings, { ...phases, decodeMs: 0 });
  assert.deepEqual([exchange?.startedAt, exchange?.durationMs, exchange?.protocol], [5_000, 75, '1.1']);
  assert.deepEqual(timings, { ...phases, decodeMs: 0, admissionMs: 0, backoffMs: 0 });
  assert.equal(durationMs, 75);
});

test('accounts for every moment of a call: its queue, its attempts and the waits between them', async () => {
  const mock = scripted(after(200, answer(200, {})), after(40, reset()), after(30, answer(200, {})));
  const { client, clock, finished } = world(mock, { bulkhead: { maxConcurrent: 1 } });
  const first = client.getUser({ userId: 1 });
  await clock.advance(10);
  const second = client.getUser.withMeta({ userId: 2 });
  await clock.runAll();
  await first;
  const { timings, durationMs, attempts } = await second;
  const { admissionMs, waitMs, backoffMs } = timings;
  assert.deepEqual([admissionMs, waitMs, backoffMs, attempts], [190, 70, 100, 2]);
  assert.equal(sum(timings), durationMs);
  assert.deepEqual(finished()[1]?.timings, timings);
});

test('a failed call explains where its time went, and tells it in JSON', async () => {
  const mock = scripted(after(40, answer(503)), after(900, answer(200, {})));
  const { client, clock, finished } = world(mock, { deadlineMs: 500, attemptTimeoutMs: 500 });
  const failed = failure(client.getUser({ userId: 1 }));
  await clock.runAll();
  const error = await failed;
  assert.equal(
    error.explain(),
    'users.getUser: the deadline passed 360 ms into attempt 2. 2 attempts, the request may have reached the other side. ' +
      'Of 500 ms: 400 for the answer to begin, 100 between attempts. ' +
      'Not sent again: the same request must not be, or would not help to be, repeated.',
  );
  assert.deepEqual(error.toJSON().spentMs, { wait: 400, backoff: 100 });
  assert.equal(finished()[0]?.error, error);
});

test('an error that took no time says nothing of it', async () => {
  const { client } = world(scripted());
  const error = await failure(client.getUser({ userId: '..' }));
  assert.doesNotMatch(error.explain(), /Of \d/);
});

test('tells of both when a request goes again with a newer token, each with the span that it carried', async () => {
  const mock = scripted(answer(401), answer(200, {}));
  let token = 0;
  const auth = bearer(async () => `t${++token}`);
  const { client, exchanges, events } = world(mock, { auth });
  await client.getUser({ userId: 7 }).catch((error) => assert.fail(error.explain?.() ?? error));
  assert.deepEqual(
    exchanges().map(({ attempt, resends, status, code, kind }) => [attempt, resends, status, code, kind]),
    [
      [1, 0, 401, undefined, 'initial'],
      [1, 1, 200, undefined, 'resend'],
    ],
  );
  assert.deepEqual(
    exchanges().map(({ spanId }) => spanId),
    mock.requests.map(({ headers }) => headers.traceparent?.slice(36, 52)),
  );
  assert.equal(events.filter(({ type }) => type === 'attempt.reauthorised').length, 1);
});

test('tells of a redirect that is followed, and of where it led', async () => {
  const mock = scripted(answer(302, undefined, { location: '/api/users/8' }), answer(200, {}));
  const { client, exchanges } = world(mock, { followRedirects: 1 });
  await client.getUser({ userId: 7 });
  assert.deepEqual(
    exchanges().map(({ attempt, resends, status, error }) => [attempt, resends, status, error]),
    [
      [1, 0, 302, undefined],
      [1, 1, 200, undefined],
    ],
  );
});

test('a caller who leaves has cancelled the exchange; a timeout has not, and both are told of before the call', async () => {
  const { client, clock, events, exchanges, finished } = world(scripted(stall(), stall('connect')), {
    retry: { maxRetries: 0 },
  });
  const caller = new AbortController();
  const left = client.getUser({ userId: 1 }, { signal: caller.signal }).catch((error) => error);
  await settle();
  caller.abort('gone');
  assert.equal(await left, 'gone');
  const late = client.getUser({ userId: 2 }).catch((error) => error);
  await clock.advance(1_000);
  await late;
  assert.deepEqual(
    exchanges().map(({ cancelled, code, phase, sent }) => [cancelled, code, phase, sent]),
    [
      [true, undefined, 'wait', 'maybe'],
      [false, 'SWITCHGEAR_ATTEMPT_TIMEOUT', 'connect', 'never'],
    ],
  );
  assert.equal(exchanges()[0]?.error, 'gone');
  assert.deepEqual(
    finished().map(({ fate }) => fate),
    ['cancelled', 'timed-out'],
  );
  const told = events.map(({ type }) => type).filter((type) => /^(exchange|call)\.finished$/.test(type));
  assert.deepEqual(told, ['exchange.finished', 'call.finished', 'exchange.finished', 'call.finished']);
});

test('tells of an exchange whose answer is never made sense of when it is given up', async () => {
  const { client, clock, exchanges } = world(scripted(answer(200, {})), { retry: { maxRetries: 0 } });
  const late = assert.rejects(client.getSlowly({ userId: 1 }), { code: 'SWITCHGEAR_ATTEMPT_TIMEOUT', phase: 'decode' });
  await clock.advance(1_000);
  await late;
  const [exchange, ...more] = exchanges();
  assert.deepEqual([exchange?.phase, exchange?.status, exchange?.timings.decodeMs, more], ['decode', 200, 1_000, []]);
});

test('tells of a streamed answer when its body has ended', async () => {
  const { client, exchanges } = world(scripted(answer(200, { a: 1 })));
  const answered = await client.watch();
  assert.equal(exchanges().length, 0);
  for await (const _ of answered.body);
  assert.deepEqual(
    exchanges().map(({ status, error }) => [status, error]),
    [[200, undefined]],
  );
});

test('what a background refresh takes is no time of the call that began it', async () => {
  const mock = mockTransport(() => after(50, answer(200, {})));
  const { client, clock, finished } = world(mock, {
    operations: { getUser: get('/users/{userId}', { cache: { freshMs: 10, staleWhileRevalidateMs: 10_000 } }) },
  });
  const first = client.getUser({ userId: 1 });
  await clock.advance(50);
  await first;
  await clock.advance(100);
  await client.getUser({ userId: 1 });
  await clock.advance(500);
  assert.deepEqual(
    finished().map(({ fate, durationMs, timings }) => [fate, durationMs, sum(timings)]),
    [
      ['ok', 50, 50],
      ['stale', 0, 0],
    ],
  );
});
