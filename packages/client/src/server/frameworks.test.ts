import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  request as send,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ConfigError, currentDeadline, type Runtime, resilient, systemRuntime } from '@switchgear/policy';
import { ManualClock } from '@switchgear/policy/testing';
import express from 'express';
import fastify from 'fastify';
import {
  type CallFinished,
  createServiceClient,
  currentIncoming,
  get,
  type Incoming,
  type ServiceClientOptions,
} from '../index.ts';
import { answer, type MockScript, mockTransport, stall } from '../testing/index.ts';
import { expressIncoming, fastifyIncoming, httpIncoming, type ServerOptions } from './index.ts';

/** What a service does with a request, whose body has been read. */
type Handle = (body: string) => Promise<Answer>;
interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface Running extends AsyncDisposable {
  readonly url: string;
}

type Start = (handle: Handle, options?: ServerOptions, runtime?: Runtime) => Promise<Running>;

async function listening(server: Server): Promise<Running> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function respond(response: ServerResponse, handle: Handle, body: string): Promise<void> {
  try {
    const { status, headers, body: text } = await handle(body);
    response.writeHead(status, headers);
    response.end(text);
  } catch (error) {
    response.statusCode = (error as { status?: number }).status ?? 500;
    response.end();
  }
}

/** The same service, on each of the three. */
const frameworks: Readonly<Record<string, Start>> = {
  'node:http, by the events of the body': (handle, options, runtime) =>
    listening(
      createServer(
        httpIncoming(
          (request: IncomingMessage, response: ServerResponse) => {
            const chunks: Buffer[] = [];
            request.on('data', (chunk: Buffer) => chunks.push(chunk));
            request.on('end', () => void respond(response, handle, Buffer.concat(chunks).toString()));
          },
          options,
          runtime,
        ) as RequestListener,
      ),
    ),
  'node:http, by iterating the body': (handle, options, runtime) =>
    listening(
      createServer(
        httpIncoming(
          async (request: IncomingMessage, response: ServerResponse) => {
            const chunks: Buffer[] = [];
            for await (const chunk of request) chunks.push(chunk as Buffer);
            await respond(response, handle, Buffer.concat(chunks).toString());
          },
          options,
          runtime,
        ),
      ),
    ),
  express: (handle, options, runtime) => {
    const app = express();
    app.use(expressIncoming(options, runtime));
    app.use(express.text({ type: '*/*' }));
    app.use((request, response, next) => {
      handle(typeof request.body === 'string' ? request.body : '').then(
        ({ status, headers, body }) =>
          response
            .status(status)
            .set(headers ?? {})
            .send(body),
        next,
      );
    });
    const onError: express.ErrorRequestHandler = (error, _request, response, _next) => {
      response.status(error.status ?? 500).send(error.code);
    };
    app.use(onError);
    return listening(createServer(app));
  },
  fastify: async (handle, options, runtime) => {
    const app = fastify();
    app.register(fastifyIncoming(options, runtime));
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, _request, reply) =>
      reply.code(error.statusCode ?? 500).send(error.code),
    );
    app.all('/', async (request, reply) => {
      const { status, headers, body } = await handle(typeof request.body === 'string' ? request.body : '');
      return reply
        .code(status)
        .headers(headers ?? {})
        .send(body);
    });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    return { url, [Symbol.asyncDispose]: () => app.close() };
  },
};

/** A client of a further service, and what it was asked and came to. */
function further(script: MockScript, more: Partial<ServiceClientOptions> = {}) {
  const mock = mockTransport(script);
  const operations = { look: get('/look') };
  const client = createServiceClient({
    target: 'further',
    baseUrl: 'http://further.internal',
    operations,
    retry: { baseMs: 1, maxMs: 1 },
    transport: mock,
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const calls: CallFinished[] = [];
  client.on((event) => event.type === 'call.finished' && calls.push(event));
  return { client, mock, calls };
}

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const brought = {
  'x-request-id': 'from-outside',
  traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
  baggage: 'plan=gold',
  'grpc-timeout': '2S',
  'x-request-attempt': '2;max=3',
  'x-envoy-attempt-count': '2',
};
const fine = async (): Promise<Answer> => ({ status: 200 });
const post = (url: string, headers: Record<string, string> = {}, body = 'hello'): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'text/plain', ...headers }, body });

for (const [framework, start] of Object.entries(frameworks)) {
  const claim = (text: string): string => `${framework}: ${text}`;

  test(claim('the handler finds what the request brought, and so do the calls that it makes'), async () => {
    const { client, mock } = further(() => answer(200, {}), { baggageTo: ['further.internal'] });
    let found: Incoming | undefined;
    let left = 0;
    await using service = await start(async (body) => {
      found = currentIncoming();
      left = currentDeadline() - systemRuntime.clock.now();
      await client.look();
      return { status: 200, body };
    });
    const response = await post(service.url, brought);
    assert.deepEqual([response.status, await response.text()], [200, 'hello']);
    assert.equal(response.headers.get('x-request-id'), 'from-outside');
    assert.deepEqual([found?.requestId, found?.trace?.traceId, found?.baggage], ['from-outside', traceId, 'plan=gold']);
    assert.deepEqual([found?.attempt, found?.meshAttempt], [{ attempt: 2, max: 3 }, 2]);
    assert.ok(left > 0 && left <= 2_000, String(left));
    const headers = mock.requests[0]?.headers ?? {};
    assert.deepEqual(
      [headers['x-request-id'], headers.traceparent?.split('-')[1], headers.baggage],
      ['from-outside', traceId, 'plan=gold'],
    );
    assert.ok(Number(headers['x-request-deadline-ms']) < 2_000);
    assert.equal(currentIncoming(), undefined);
  });

  test(claim('requests that are handled side by side do not see each other'), async () => {
    const { client, mock } = further(() => answer(200, {}));
    await using service = await start(async (body) => {
      for (let i = 0; i < 5; i++) await turn();
      await client.look();
      return { status: 200, body: `${currentIncoming()?.requestId} ${body}` };
    });
    const ids = Array.from({ length: 10 }, (_, i) => `r-${i}`);
    const answers = await Promise.all(
      ids.map(async (id) => (await post(service.url, { 'x-request-id': id }, `body of ${id}`)).text()),
    );
    assert.deepEqual(
      answers,
      ids.map((id) => `${id} body of ${id}`),
    );
    assert.deepEqual(mock.requests.map(({ headers }) => headers['x-request-id']).sort(), ids);
  });

  test(claim('an id that is none is replaced, and the new one is what is echoed and passed on'), async () => {
    const { client, mock } = further(() => answer(200, {}));
    await using service = await start(async () => {
      await client.look();
      return { status: 200 };
    });
    for (const id of ['two words', 'x'.repeat(201)]) {
      const given = (await post(service.url, { 'x-request-id': id })).headers.get('x-request-id');
      assert.match(String(given), /^[0-9a-f-]{36}$/);
      assert.equal(mock.requests.at(-1)?.headers['x-request-id'], given);
    }
  });

  test(claim('what comes too late is answered at once, and nobody is to send it again'), async () => {
    let handled = 0;
    const handle: Handle = async () => {
      handled++;
      return { status: 200 };
    };
    await using service = await start(handle);
    for (const late of [
      { 'x-request-deadline-ms': '0' },
      { 'x-request-deadline-ms': '-9' },
      { 'grpc-timeout': '0n' },
    ]) {
      const response = await post(service.url, late as Record<string, string>);
      await response.text();
      assert.deepEqual([response.status, response.headers.get('x-should-retry')], [504, 'false']);
    }
    await using other = await start(handle, { lateStatus: 503 });
    assert.equal((await post(other.url, { 'x-request-deadline-ms': '0' })).status, 503);
    assert.equal(handled, 0);
    await using lenient = await start(handle, { lateStatus: false });
    assert.equal((await post(lenient.url, { 'x-request-deadline-ms': '0' })).status, 200);
    assert.equal(handled, 1);
  });

  test(claim('when the sender leaves, the calls made for it are cancelled'), async () => {
    const { client, calls } = further(() => stall());
    const called = Promise.withResolvers<AbortSignal | undefined>();
    const ended = Promise.withResolvers<unknown>();
    await using service = await start(async () => {
      const call = client.look();
      called.resolve(currentIncoming()?.signal);
      await call.catch(ended.resolve);
      return { status: 200 };
    });
    const request = send(service.url);
    request.on('error', () => {});
    request.end();
    const signal = await called.promise;
    assert.equal(signal?.aborted, false);
    request.destroy();
    const reason = (await ended.promise) as Error;
    assert.deepEqual([reason.name, reason === signal?.reason], ['AbortError', true]);
    assert.deepEqual(
      calls.map(({ fate }) => fate),
      ['cancelled'],
    );
  });

  test(claim('when the sender leaves, calls go on where that is asked for'), async () => {
    let answerIt: () => void = () => {};
    const { client, calls } = further(async () => {
      await new Promise<void>((resolve) => {
        answerIt = resolve;
        request.destroy();
      });
      return answer(200, {});
    });
    const closed = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    await using service = await start(
      async () => {
        assert.equal(currentIncoming()?.signal, undefined);
        ended.resolve(await client.look());
        return { status: 200 };
      },
      { cancelOnDisconnect: false },
    );
    const request = send(service.url);
    request.on('error', () => {});
    request.on('close', () => closed.resolve());
    request.end();
    await closed.promise;
    await turn();
    answerIt();
    assert.deepEqual(await ended.promise, {});
    assert.equal(calls[0]?.fate, 'ok');
  });

  test(claim('what has been answered is not cancelled'), async () => {
    let signal: AbortSignal | undefined;
    await using service = await start(async () => {
      signal = currentIncoming()?.signal;
      return { status: 200 };
    });
    await (await post(service.url, { connection: 'close' })).text();
    await turn();
    assert.equal(signal?.aborted, false);
  });

  test(claim('a failure that retries here have not helped is not to be retried by the caller'), async () => {
    const { client, mock } = further(() => answer(503, {}));
    await using service = await start(() => client.look().then(fine));
    const response = await post(service.url);
    assert.deepEqual([response.status >= 500, response.headers.get('x-should-retry')], [true, 'false']);
    assert.equal(mock.requests.length, 3);
  });

  test(claim('answers that are none of that, the caller may retry as ever'), async () => {
    const away = () => further(() => answer(503, {})).client;
    const fails = async (answered: Answer): Promise<Answer> => {
      await away()
        .look()
        .catch(() => {});
      return answered;
    };
    const cases: [handle: Handle, retry: string | null][] = [
      // It was done without, or turned out to be the caller's fault.
      [() => fails({ status: 200 }), null],
      [() => fails({ status: 404 }), null],
      [() => fails({ status: 429 }), 'false'],
      // Somebody knows better.
      [() => fails({ status: 503, headers: { 'x-should-retry': 'true' } }), 'true'],
      // A failure of our own, after calls that went well.
      [
        () =>
          further(() => answer(200, {}))
            .client.look()
            .then(() => ({ status: 503 })),
        null,
      ],
      // A client that does not retry leaves it to others, and so does a place that is taken here alone.
      [
        () =>
          further(() => answer(503, {}), { retry: { maxRetries: 0 } })
            .client.look()
            .then(fine),
        null,
      ],
      [
        () =>
          further(() => answer(404, {}))
            .client.look()
            .then(fine),
        null,
      ],
    ];
    for (const [i, [handle, retry]] of cases.entries()) {
      await using service = await start(handle);
      const response = await post(service.url);
      await response.text();
      assert.equal(response.headers.get('x-should-retry'), retry, String(i));
    }
    await using silent = await start(() => away().look().then(fine), { stopRetries: false });
    assert.equal((await post(silent.url)).headers.get('x-should-retry'), null);
  });

  test(claim('an outer client hears "do not retry" from an inner one, and one layer retries'), async () => {
    const { client: inner, mock } = further(() => answer(503, {}));
    await using service = await start(() => inner.look().then(fine));
    const outer = createServiceClient({
      target: 'service',
      baseUrl: service.url,
      retry: { maxRetries: 5, baseMs: 1, maxMs: 1 },
      operations: { look: get('/', { retryStatuses: [500] }) },
    });
    await assert.rejects(outer.look(), { code: 'SWITCHGEAR_HTTP_STATUS', attempts: 1, stopped: 'not-retryable' });
    assert.equal(mock.requests.length, 3);
    await outer.close();
  });

  test(claim('an inner budget that is empty stops the outer client, too'), async () => {
    const { client: inner, mock } = further(() => answer(503, {}), { budget: { minPerSecond: 0 } });
    await using service = await start(() => inner.look().then(fine));
    const outer = createServiceClient({
      target: 'service',
      baseUrl: service.url,
      retry: { maxRetries: 5, baseMs: 1, maxMs: 1 },
      operations: { look: get('/', { retryStatuses: [500] }) },
    });
    await assert.rejects(outer.look(), { attempts: 1 });
    assert.equal(mock.requests.length, 1);
    await outer.close();
  });
}

test('fastify: hooks from the first one on, the error handler and a stream of the answer run inside', async () => {
  const app = fastify();
  const seen: Record<string, string | undefined> = {};
  const note = (where: string): void => {
    seen[where] = currentIncoming()?.requestId;
  };
  app.register(fastifyIncoming());
  app.register(async (scope) => {
    scope.addHook('onRequest', async () => note('onRequest'));
    scope.addHook('preParsing', async () => note('preParsing'));
    scope.addHook('preValidation', async () => note('preValidation'));
    scope.addHook('preHandler', async () => note('preHandler'));
    scope.addHook('onSend', async () => note('onSend'));
    scope.setErrorHandler((_error, _request, reply) => {
      note('errorHandler');
      return reply.code(500).send();
    });
    scope.post('/', async (_request, reply) => {
      async function* lines() {
        for (let i = 0; i < 3; i++) {
          await turn();
          note(`stream ${i}`);
          yield `${i}\n`;
        }
      }
      return reply.send(ReadableStream.from(lines()));
    });
    scope.post('/fails', async () => {
      throw new Error('a defect');
    });
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const response = await post(url, { 'x-request-id': 'r-1', 'content-type': 'application/json' }, '{}');
  assert.equal(await response.text(), '0\n1\n2\n');
  await post(`${url}/fails`, { 'x-request-id': 'r-1', 'content-type': 'application/json' }, '{}');
  assert.deepEqual([...new Set(Object.values(seen))], ['r-1'], JSON.stringify(seen));
  assert.equal(Object.keys(seen).length, 9);
  await app.close();
});

test('fastify: what was in time when it came and is not when its body is there is answered at once', async () => {
  const clock = new ManualClock(1_000);
  const app = fastify();
  let handled = 0;
  app.register(fastifyIncoming({}, { clock, random: () => 0 }));
  app.post('/', async () => ++handled);
  const parsing = Promise.withResolvers<void>();
  app.addHook('preParsing', async () => parsing.resolve());
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const request = send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': '2', 'x-request-deadline-ms': '100' },
  });
  request.write('{');
  await parsing.promise;
  clock.freeze(100);
  request.end('}');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  assert.deepEqual([response.statusCode, handled], [504, 0]);
  await app.close();
});

test('fastify: an error of a policy of its own tells the caller not to retry, beneath others too', async () => {
  const app = fastify();
  app.register(fastifyIncoming());
  const query = resilient(
    async () => {
      throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
    },
    { retry: { maxRetries: 1, baseMs: 1, maxMs: 1 }, breaker: { consecutiveFailures: 1, minimumCalls: 1_000 } },
  );
  app.get('/', async () => {
    try {
      await query();
    } catch (cause) {
      throw new Error('no orders to be had', { cause: new Error('the database', { cause }) });
    }
  });
  const first = await app.inject('/');
  const second = await app.inject('/');
  // The first is an error of somebody else, which says nothing; then the breaker is open, and says so.
  assert.deepEqual([first.statusCode, second.statusCode], [500, 500]);
  assert.equal(second.headers['x-should-retry'], 'false');
  await app.close();
});

test('what is late is told to error handlers as an error of ours', async () => {
  const app = fastify();
  app.register(fastifyIncoming({ lateStatus: 503 }));
  app.get('/', async () => 'fine');
  const response = await app.inject({ url: '/', headers: { 'x-request-deadline-ms': '0' } });
  assert.deepEqual(
    [response.statusCode, response.json().code, response.json().message],
    [503, 'SWITCHGEAR_LATE_REQUEST', 'the deadline of this request has passed'],
  );
  await app.close();
});

test('node:http: what is late is told as a problem', async () => {
  await using service = await (frameworks['node:http, by iterating the body'] as Start)(fine);
  const response = await post(service.url, { 'x-request-deadline-ms': '0' });
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  assert.deepEqual(await response.json(), {
    type: 'about:blank',
    title: 'Too late',
    status: 504,
    detail: 'the deadline of this request has passed',
  });
});

test('refuses options that cannot be, where the helper is made', () => {
  const wrong: [options: Record<string, unknown>, option: string][] = [
    [{ lateStatus: 200 }, 'lateStatus'],
    [{ lateStatus: true }, 'lateStatus'],
    [{ cancelOnDisconnect: 'no' }, 'cancelOnDisconnect'],
    [{ stopRetries: 1 }, 'stopRetries'],
    [{ deadlineHeader: 'x y' }, 'deadlineHeader'],
    [{ attemptHeader: '' }, 'attemptHeader'],
    [{ timeout: 1 }, 'timeout'],
  ];
  const helpers = { httpIncoming: (given: object) => httpIncoming(fine, given), expressIncoming, fastifyIncoming };
  for (const [name, helper] of Object.entries(helpers)) {
    for (const [options, option] of wrong) {
      assert.throws(
        () => helper(options),
        (error) => error instanceof ConfigError && error.path === `${name}.${option}`,
        option,
      );
    }
  }
});
