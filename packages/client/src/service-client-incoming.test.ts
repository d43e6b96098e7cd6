import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { ConfigError } from '@switchgear/policy';
import { ManualClock, seededRandom } from '@switchgear/policy/testing';
import fc from 'fast-check';
import * as z from 'zod';
import {
  batch,
  type CallFinished,
  createServiceClient,
  get,
  type Incoming,
  post,
  readIncoming,
  type ServiceClientOptions,
  withIncoming,
} from './index.ts';
import { after, answer, type MockScript, mockTransport, reset, type SeenRequest, stall } from './testing/index.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const callersSpan = '00f067aa0ba902b7';
const nobody: Incoming = { deadline: Infinity, trace: undefined, tracestate: undefined, requestId: undefined };

const operations = {
  getUser: get('/users/{userId}'),
  quickly: get('/quick', { deadlineMs: 100, attemptTimeoutMs: 100 }),
  createUser: post('/users'),
  getUsers: batch('/users/batch', { key: z.int(), body: (ids) => ({ ids }), keyOf: () => 1, maxKeys: 2 }),
};

function world(script: MockScript, more: Partial<ServiceClientOptions> = {}, clock = new ManualClock(5_000)) {
  const mock = mockTransport(script);
  const runtime = { clock, random: seededRandom(7) };
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations,
    retry: { jitter: 'none', baseMs: 100 },
    transport: mock,
    runtime,
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const calls: CallFinished[] = [];
  client.on((event) => event.type === 'call.finished' && calls.push(event));
  const header = (name: string) => mock.requests.map(({ headers }) => headers[name]);
  return { clock, runtime, client, mock, calls, header };
}

const ok = () => answer(200, {});

// Deadlines

test('tells the service the time of the attempt less the margin, in each attempt less of it', async () => {
  const { client, clock, header } = world([after(900, reset()), after(900, reset()), ok()]);
  const call = client.getUser({ userId: 1 });
  await clock.runAll();
  await call;
  // An attempt has a second; of the third there were 900 ms left of three seconds.
  assert.deepEqual(header('x-request-deadline-ms'), ['990', '990', '890']);
});

test('keeps back what it is told to, and never more than a tenth', async () => {
  const { client, header } = world(ok, { deadlineMarginMs: 200 });
  await client.quickly({});
  await client.getUser({ userId: 1 });
  assert.deepEqual(header('x-request-deadline-ms'), ['90', '900']);
});

test('tells the time left in the header of its choice, in that header’s form, or not at all', async () => {
  const told = async (more: Partial<ServiceClientOptions>, name: string) => {
    const { client, header } = world(ok, more);
    await client.getUser({ userId: 1 });
    return [...header(name), ...header('x-request-deadline-ms')];
  };
  assert.deepEqual(await told({ deadlineHeader: 'Grpc-Timeout' }, 'grpc-timeout'), ['990m', undefined]);
  assert.deepEqual(await told({ deadlineHeader: 'X-Left' }, 'x-left'), ['990', undefined]);
  assert.deepEqual(await told({ deadlineHeader: false }, 'x-left'), [undefined, undefined]);
});

test('the time told strictly falls along a chain of services, and no attempt begins without any', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5_000 }),
      fc.array(fc.record({ marginMs: fc.integer({ min: 1, max: 50 }), workMs: fc.integer({ min: 0, max: 300 }) }), {
        minLength: 1,
        maxLength: 5,
      }),
      async (firstMs, services) => {
        const clock = new ManualClock(5_000);
        const told: number[] = [firstMs];
        /** What the service at a place of the chain does with a request. */
        const handle = async (place: number, headers: Readonly<Record<string, string>>): Promise<void> => {
          const service = services[place];
          if (service === undefined) return;
          const { client, runtime } = world(
            async ({ headers: next }: SeenRequest) => {
              told.push(Number(next['x-request-deadline-ms']));
              await handle(place + 1, next);
              return answer(200, {});
            },
            {
              deadlineMs: 9_000,
              attemptTimeoutMs: 9_000,
              deadlineMarginMs: service.marginMs,
              retry: { maxRetries: 0 },
            },
            clock,
          );
          await withIncoming(
            readIncoming(headers, {}, runtime),
            async () => {
              await new Promise<void>((resolve) => void clock.setTimer(service.workMs, resolve));
              await client.getUser({ userId: 1 });
            },
            runtime,
          );
        };
        const chain = handle(0, { 'x-request-deadline-ms': String(firstMs) }).catch(() => {});
        await clock.runAll();
        await chain;
        for (const [i, ms] of told.entries()) {
          if (i === 0) continue;
          const before = told[i - 1] as number;
          assert.ok(before > 0 && ms >= 0 && ms < before, told.join(' > '));
        }
      },
    ),
    { numRuns: 200 },
  );
});

// Attempts

test('says of each attempt which one it is, and of how many at most', async () => {
  const { client, clock, header } = world([reset(), reset(), ok()]);
  const call = client.getUser({ userId: 1 });
  await clock.runAll();
  await call;
  assert.deepEqual(header('x-request-attempt'), ['1;max=3', '2;max=3', '3;max=3']);
});

test('counts the copies of a hedged call among its attempts', async () => {
  const { client, clock, header } = world([after(400, ok()), ok(), ok()], {
    hedge: { delayMs: 50, maxHedges: 2 },
    retry: { maxRetries: 3 },
  });
  const call = client.getUser({ userId: 1 });
  await clock.advance(100);
  await call;
  assert.deepEqual(header('x-request-attempt'), ['1;max=12', '2;max=12']);
  const created = client.createUser({});
  await clock.runAll();
  await created;
  assert.equal(header('x-request-attempt').at(-1), '1;max=4');
});

test('counts in the header of its choice, or not at all', async () => {
  for (const [attemptHeader, expected] of [
    ['X-Try', ['1;max=3', undefined]],
    [false, [undefined, undefined]],
  ] as const) {
    const { client, header } = world(ok, { attemptHeader });
    await client.getUser({ userId: 1 });
    assert.deepEqual([...header('x-try'), ...header('x-request-attempt')], expected);
  }
});

test('all attempts send the same but for their number, their span and the time left', async () => {
  const { client, clock, mock } = world([reset(), ok()], { xTraceHeaders: true, baggageTo: ['users.internal'] });
  const incoming = { ...nobody, baggage: 'a=1', requestId: 'r-1' };
  const call = withIncoming(incoming, () => client.getUser({ userId: 1 }, { headers: { 'x-own': '1' } }));
  await clock.runAll();
  await call;
  const [first, second] = mock.requests.map(({ headers }) => headers);
  const differing = Object.keys({ ...first, ...second }).filter((name) => first?.[name] !== second?.[name]);
  // The time left of an attempt is a whole attempt's in both.
  assert.deepEqual(differing.sort(), ['traceparent', 'x-request-attempt', 'x-span-id']);
});

// Trace and baggage

test('tells the trace in the older headers as well, where that is switched on', async () => {
  const { client, clock, mock } = world([reset(), ok()], { xTraceHeaders: true });
  const spans: (string | undefined)[] = [];
  client.on((event) => event.type === 'call.started' && spans.push(event.spanId, event.parentSpanId));
  const trace = { traceId, spanId: callersSpan, flags: 1 };
  const call = withIncoming({ ...nobody, trace }, () => client.getUser({ userId: 1 }));
  await clock.runAll();
  await call;
  assert.equal(spans[1], callersSpan);
  for (const { headers } of mock.requests) {
    const [, , spanId] = String(headers.traceparent).split('-');
    assert.deepEqual(
      [headers['x-trace-id'], headers['x-span-id'], headers['x-parent-span-id']],
      [traceId, spanId, spans[0]],
    );
  }
  const plain = world(ok);
  await plain.client.getUser({ userId: 1 });
  assert.deepEqual(plain.header('x-trace-id'), [undefined]);
});

test('passes baggage on to those who are named, and to nobody else', async () => {
  const baggage = 'plan=gold';
  const sent = async (more: Partial<ServiceClientOptions>, incoming: Incoming = { ...nobody, baggage }) => {
    const { client, header } = world(ok, more);
    await withIncoming(incoming, () => client.getUser({ userId: 1 }));
    return header('baggage')[0];
  };
  assert.equal(await sent({}), undefined);
  assert.equal(await sent({ baggageTo: ['orders.internal'] }), undefined);
  assert.equal(await sent({ baggageTo: ['*.internal'] }), baggage);
  assert.equal(await sent({ baggageTo: ['http://users.internal'] }), baggage);
  const tooMuch = readIncoming({ baggage: `a=${'x'.repeat(10_240)}` });
  assert.equal(await sent({ baggageTo: ['*.internal'] }, { ...nobody, ...tooMuch }), undefined);
});

test('of several hosts, tells baggage to the one that is named', async () => {
  const { client, mock } = world(ok, {
    baseUrl: ['http://users.internal', 'http://users.partner.test'],
    baggageTo: ['*.internal'],
  });
  for (let i = 0; i < 20; i++) {
    await withIncoming({ ...nobody, baggage: 'a=1' }, () => client.getUser({ userId: 1 }));
  }
  const told = mock.requests.map(({ origin, headers }) => `${origin} ${headers.baggage}`);
  assert.deepEqual([...new Set(told)].sort(), ['http://users.internal a=1', 'http://users.partner.test undefined']);
});

test('lets no caller set what it says itself', async () => {
  const { client, mock } = world(ok, { xTraceHeaders: true, baggageTo: ['users.internal'] });
  for (const name of ['X-Request-Attempt', 'x-request-deadline-ms', 'X-Trace-ID', 'x-parent-span-id', 'Baggage']) {
    await assert.rejects(client.getUser({ userId: 1 }, { headers: { [name]: '1' } }), {
      code: 'SWITCHGEAR_INVALID_REQUEST',
    });
  }
  assert.equal(mock.requests.length, 0);
});

// Cancellation

test('cancels the calls of a request whose sender has left, with the reason of that signal', async () => {
  const { client, clock, mock, calls } = world(() => stall());
  const left = new AbortController();
  const reason = new Error('gone');
  const ended = withIncoming({ ...nobody, signal: left.signal }, () => [
    assert.rejects(client.getUser({ userId: 1 }), reason),
    assert.rejects(client.getUsers([1, 2, 3]), reason),
  ]);
  await clock.advance(10);
  assert.deepEqual([client.snapshot().inFlight, mock.requests.length], [2, 3]);
  left.abort(reason);
  await Promise.all(ended);
  await clock.advance(0);
  assert.deepEqual([client.snapshot().inFlight, client.snapshot().bulkhead.active], [0, 0]);
  assert.deepEqual([...new Set(calls.map(({ fate }) => fate))], ['cancelled']);
  assert.equal(getEventListeners(left.signal, 'abort').length, 0);
});

test('a call ends by its own signal or that of the request, whichever comes first', async () => {
  for (const first of [0, 1]) {
    const { client, clock, calls } = world(() => stall());
    const both = [new AbortController(), new AbortController()];
    const reasons = [new Error('the caller left'), new Error('the sender left')];
    const ended = withIncoming({ ...nobody, signal: both[1]?.signal }, () =>
      assert.rejects(client.getUser({ userId: 1 }, { signal: both[0]?.signal }), reasons[first]),
    );
    await clock.advance(10);
    both[first]?.abort(reasons[first]);
    await ended;
    both[1 - first]?.abort(reasons[1 - first]);
    assert.deepEqual(
      calls.map(({ fate }) => fate),
      ['cancelled'],
    );
  }
});

test('sends nothing for a request whose sender has left already', async () => {
  const { client, mock } = world(ok);
  const reason = new Error('gone');
  const incoming = { ...nobody, signal: AbortSignal.abort(reason) };
  await withIncoming(incoming, async () => {
    await assert.rejects(client.getUser({ userId: 1 }), reason);
    await assert.rejects(client.getUsers([1]), reason);
    await assert.rejects(client.fetch('/users/1'), reason);
  });
  assert.equal(mock.requests.length, 0);
});

test('refuses settings that cannot be', () => {
  const wrong: [options: Record<string, unknown>, path: string][] = [
    [{ deadlineMarginMs: 0 }, 'deadlineMarginMs'],
    [{ deadlineMarginMs: 60_001 }, 'deadlineMarginMs'],
    [{ deadlineHeader: 'x y' }, 'deadlineHeader'],
    [{ deadlineHeader: true }, 'deadlineHeader'],
    [{ attemptHeader: 'traceparent' }, 'attemptHeader'],
    [{ xTraceHeaders: 'yes' }, 'xTraceHeaders'],
    [{ baggageTo: 'users.internal' }, 'baggageTo'],
    [{ baggageTo: ['users.internal', 'a b'] }, 'baggageTo.1'],
  ];
  for (const [options, path] of wrong) {
    assert.throws(
      () => world(ok, options),
      (error) => error instanceof ConfigError && error.path === `createServiceClient.${path}`,
      path,
    );
  }
});
