import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { ConfigError, EventBus, type PolicyEvent, withDeadline } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import * as undici8 from 'undici';
import * as undici7 from 'undici-7';
import { closedPort, hang, json, LoopbackServer, reset } from '../../../test/loopback-server.ts';
import { received, StreamServer } from '../../../test/stream-server.ts';
import { faultServer } from '../../testing/index.ts';
import { type ResilienceOptions, requestSettings, resilience } from './index.ts';

/** The two undicis as one: what these tests use of them is the same. */
const versions = [
  ['8', undici8],
  ['7.30', undici7 as unknown as typeof undici8],
] as const;

/** What the fault of one test must not do to its next request. */
const patient = {
  retry: { baseMs: 1, maxMs: 2 },
  breaker: { minimumCalls: 1_000, consecutiveFailures: 0 },
} as const;

function rig(undici: typeof undici8, options: ResilienceOptions = {}, clock?: ManualClock) {
  const events = new EventBus<PolicyEvent>();
  const heard: PolicyEvent[] = [];
  events.on((event) => heard.push(event));
  const runtime = clock === undefined ? undefined : { clock, random: () => 0.5, events };
  const guard = resilience({ ...patient, ...options }, runtime);
  const agent = new undici.Agent({ connections: 4 });
  return { agent, dispatcher: agent.compose(guard), guard, heard, request: undici.request };
}

/** Everything that a stack had taken is free again. */
async function assertIdle(guard: ReturnType<typeof resilience>): Promise<void> {
  await settle();
  for (const [origin, stack] of guard.stacks.entries()) {
    assert.equal(stack.bulkhead.snapshot().active, 0, `${origin} holds a place`);
    assert.equal(stack.bulkhead.snapshot().queued, 0, `${origin} holds a place in the queue`);
  }
}

for (const [version, undici] of versions) {
  const name = (claim: string): string => `undici ${version}: ${claim}`;

  test(name('hands on an answer as it came, trailers and raw headers included'), async () => {
    await using server = await StreamServer.start((_, response) => {
      response.writeHead(200, { trailer: 'x-sum', 'x-kind': 'plain' });
      response.write('one ');
      response.addTrailers({ 'x-sum': '7' });
      response.end('two');
    });
    const { agent, dispatcher, guard, request } = rig(undici);
    const { statusCode, headers, body, trailers } = await request(server.url, { dispatcher });
    assert.deepEqual([statusCode, headers['x-kind'], await body.text()], [200, 'plain', 'one two']);
    assert.equal(trailers['x-sum'], '7');
    const raw = await request(server.url, { dispatcher, responseHeaders: 'raw' });
    assert.ok(JSON.stringify(raw.headers).includes('x-kind'), 'as they came');
    await raw.body.dump();
    await assertIdle(guard);
    await agent.close();
  });

  test(name('sends a GET again after a reset and a 503, and hands on the answer that follows'), async () => {
    await using server = await LoopbackServer.start(reset, json(503, {}), json(200, { ok: true }));
    const { agent, dispatcher, guard, request } = rig(undici);
    const { statusCode, body } = await request(`${server.url}/a`, { dispatcher });
    assert.deepEqual([statusCode, await body.json()], [200, { ok: true }]);
    assert.deepEqual(
      server.hits.map(({ path }) => path),
      ['/a', '/a', '/a'],
    );
    assert.equal(guard.stacks.get(server.url).budget.snapshot().retriesInWindow, 2);
    await assertIdle(guard);
    await agent.close();
  });

  test(name('never sends a POST twice, unless it carries a key or never left'), async () => {
    await using server = await LoopbackServer.start(reset);
    const { agent, dispatcher, guard, request } = rig(undici);
    await assert.rejects(request(server.url, { dispatcher, method: 'POST', body: 'order' }));
    assert.equal(server.hits.length, 1);
    server.script(json(503, { later: true }));
    const refused = await request(server.url, { dispatcher, method: 'POST', body: 'order' });
    assert.deepEqual([refused.statusCode, await refused.body.json()], [503, { later: true }]);
    assert.equal(server.hits.length, 2);

    server.script(reset, json(201, {}));
    const headers = { 'Idempotency-Key': 'k-1' };
    const kept = await request(server.url, { dispatcher, method: 'POST', body: 'order', headers });
    await kept.body.dump();
    assert.deepEqual(
      server.hits.slice(2).map((hit) => [hit.body, hit.headers['idempotency-key']]),
      [
        ['order', 'k-1'],
        ['order', 'k-1'],
      ],
    );

    const gone = `http://127.0.0.1:${await closedPort()}`;
    await assert.rejects(request(gone, { dispatcher, method: 'POST', body: 'order' }), { code: 'ECONNREFUSED' });
    assert.equal(guard.stacks.get(gone).budget.snapshot().retriesInWindow, 2, 'it never left, so it was tried again');
    await assertIdle(guard);
    await agent.close();
  });

  test(name('a stream that was begun is not sent again, and one that was not is'), async () => {
    const ports = await closedPort();
    await using server = await StreamServer.start(async (request, response) => {
      await received(request);
      response.socket?.resetAndDestroy();
    });
    const { agent, dispatcher, guard, request } = rig(undici);
    const body = () => Readable.from(['one ', Buffer.from('two')]);
    await assert.rejects(request(server.url, { dispatcher, method: 'PUT', body: body() }));
    assert.equal(server.requests, 1);
    assert.equal(guard.stacks.get(server.url).budget.snapshot().retriesInWindow, 0);

    const untouched = body();
    await assert.rejects(request(`http://127.0.0.1:${ports}`, { dispatcher, method: 'PUT', body: untouched }));
    assert.equal(guard.stacks.get(`http://127.0.0.1:${ports}`).budget.snapshot().retriesInWindow, 2);
    await assertIdle(guard);
    await agent.close();
  });

  test(name('a stream arrives whole, text chunks too, and a bytes body as often as it is sent'), async () => {
    await using server = await LoopbackServer.start(json(200, {}));
    const { agent, dispatcher, request } = rig(undici);
    const body = Readable.from(['one ', Buffer.from('two')]);
    await (await request(server.url, { dispatcher, method: 'PUT', body })).body.dump();
    server.script(reset, json(200, {}));
    const bytes = new Uint8Array(Buffer.from('bytes'));
    await (await request(server.url, { dispatcher, method: 'PUT', body: bytes })).body.dump();
    assert.deepEqual(
      server.hits.map((hit) => hit.body),
      ['one two', 'bytes', 'bytes'],
    );
    await agent.close();
  });

  test(name('once an answer has begun to be handed on, nothing is sent again'), async () => {
    await using server = await faultServer();
    server.set('truncated-length');
    const { agent, dispatcher, guard, request } = rig(undici);
    const { statusCode, body } = await request(server.url, { dispatcher });
    assert.equal(statusCode, 200);
    await assert.rejects(body.text());
    assert.equal(server.hits, 1);
    await assertIdle(guard);
    await agent.close();
  });

  test(name('hands on the last 503 when retries are over, its body whole, and keeps to Retry-After'), async () => {
    await using server = await LoopbackServer.start(
      json(503, { nth: 1 }),
      json(503, { nth: 2 }),
      json(503, { nth: 3 }),
    );
    const { agent, dispatcher, guard, request } = rig(undici);
    const last = await request(server.url, { dispatcher });
    assert.deepEqual([last.statusCode, await last.body.json()], [503, { nth: 3 }]);
    assert.equal(server.hits.length, 3);

    server.script(json(429, { wait: true }, { 'retry-after': '3600' }));
    const throttled = await request(server.url, { dispatcher });
    assert.deepEqual([throttled.statusCode, await throttled.body.json()], [429, { wait: true }]);
    assert.equal(server.hits.length, 4, 'an hour does not fit the deadline');
    await assertIdle(guard);
    await agent.close();
  });

  test(name('opens a circuit per origin, which refuses without a socket'), async () => {
    await using sick = await LoopbackServer.start(reset);
    await using well = await LoopbackServer.start(json(200, {}));
    const { agent, dispatcher, guard, request } = rig(undici, {
      retry: { maxRetries: 0 },
      breaker: { consecutiveFailures: 2 },
    });
    for (let i = 0; i < 2; i++) await assert.rejects(request(sick.url, { dispatcher }));
    await assert.rejects(request(sick.url, { dispatcher }), { code: 'SWITCHGEAR_CIRCUIT_OPEN', target: sick.url });
    assert.equal(sick.hits.length, 2);
    await (await request(well.url, { dispatcher })).body.dump();
    assert.deepEqual(
      guard.stacks.entries().map(([origin, stack]) => [origin, stack.breaker.state]),
      [
        [sick.url, 'open'],
        [well.url, 'closed'],
      ],
    );
    await agent.close();
  });

  test(name('keeps a place until the body has ended'), async () => {
    const finish: (() => void)[] = [];
    await using server = await StreamServer.start((_, response) => {
      response.write('half');
      finish.push(() => response.end(' done'));
    });
    const { agent, dispatcher, guard, request } = rig(undici, { bulkhead: { maxConcurrent: 1, maxQueue: 0 } });
    const first = await request(server.url, { dispatcher });
    await assert.rejects(request(server.url, { dispatcher }), { code: 'SWITCHGEAR_BULKHEAD_FULL' });
    finish[0]?.();
    assert.equal(await first.body.text(), 'half done');
    await assertIdle(guard);
    assert.equal(server.requests, 1);
    await agent.close();
  });

  test(name('an attempt timeout ends an attempt, and is retried for a GET alone'), async () => {
    const clock = new ManualClock();
    const arrived: (() => void)[] = [];
    await using server = await LoopbackServer.start(() => arrived.shift()?.());
    const { agent, dispatcher, guard, request } = rig(
      undici,
      { attemptTimeoutMs: 100, deadlineMs: 1_000, retry: { maxRetries: 1, baseMs: 1, maxMs: 1 } },
      clock,
    );
    const hit = () => new Promise<void>((resolve) => arrived.push(resolve));
    for (const [method, times] of [
      ['GET', 2],
      ['POST', 1],
    ] as const) {
      const failed = assert.rejects(request(server.url, { dispatcher, method }), {
        code: 'SWITCHGEAR_ATTEMPT_TIMEOUT',
        sent: 'maybe',
        attempts: times,
      });
      for (let i = 0; i < times; i++) {
        await hit();
        await clock.advance(101);
      }
      await failed;
    }
    assert.equal(server.hits.length, 3);
    await assertIdle(guard);
    await agent.destroy();
  });

  test(name('the deadline ends a body that does not, and is kept from what surrounds the request'), async () => {
    const clock = new ManualClock();
    await using server = await StreamServer.start((_, response) => void response.write('half'));
    const { agent, dispatcher, guard, request } = rig(undici, {}, clock);
    const runtime = { clock, random: () => 0.5 };
    const { body } = await request(server.url, { dispatcher });
    const broken = assert.rejects(body.text(), { code: 'SWITCHGEAR_DEADLINE_EXCEEDED', phase: 'body' });
    await clock.advance(3_000);
    await broken;

    const inner = await withDeadline(50, () => request(server.url, { dispatcher }), runtime);
    const sooner = assert.rejects(inner.body.text(), { code: 'SWITCHGEAR_DEADLINE_EXCEEDED' });
    await clock.advance(50);
    await sooner;
    const own = await request(server.url, { dispatcher, ...requestSettings({ deadlineMs: 20 }) });
    const soonest = assert.rejects(own.body.text(), { code: 'SWITCHGEAR_DEADLINE_EXCEEDED' });
    await clock.advance(20);
    await soonest;
    await assertIdle(guard);
    await agent.destroy();
  });

  test(
    name('a caller that leaves is told its own reason: before it began, in a queue, connecting, waiting, in a body'),
    async () => {
      await using server = await LoopbackServer.start(hang);
      await using half = await StreamServer.start((_, response) => void response.write('half'));
      await using faults = await faultServer();
      const { agent, dispatcher, guard, request } = rig(undici, { bulkhead: { maxConcurrent: 2, maxQueue: 2 } });
      const gone = new Error('gone');
      const leaving = (url: string, when: (caller: AbortController) => unknown) => {
        const caller = new AbortController();
        const failed = assert.rejects(
          request(url, { dispatcher, signal: caller.signal }).then(({ body }) => body.text()),
          (error) => error === gone,
        );
        void when(caller);
        return failed;
      };
      await leaving(server.url, (caller) => caller.abort(gone));
      const before = new AbortController();
      before.abort(gone);
      await assert.rejects(request(server.url, { dispatcher, signal: before.signal }), (error) => error === gone);
      assert.equal(server.hits.length, 0);

      const hole = await faults.urlOf('tls-stall');
      await leaving(hole, (caller) => setImmediate(() => caller.abort(gone)));

      server.script((_, __, incoming) => void incoming.socket.emit('seen'));
      const callers = [new AbortController(), new AbortController(), new AbortController()];
      const waiting = callers.map((caller) =>
        assert.rejects(request(server.url, { dispatcher, signal: caller.signal }), (error) => error === gone),
      );
      while (server.hits.length < 2) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(guard.stacks.get(server.url).bulkhead.snapshot().queued, 1);
      callers[2]?.abort(gone);
      await waiting[2];
      callers[0]?.abort(gone);
      callers[1]?.abort(gone);
      await Promise.all(waiting);

      const caller = new AbortController();
      const { body } = await request(half.url, { dispatcher, signal: caller.signal });
      const broken = assert.rejects(body.text(), (error) => error === gone);
      caller.abort(gone);
      await broken;
      await assertIdle(guard);
      assert.deepEqual(
        guard.stacks
          .entries()
          .map(([, { breaker, budget }]) => [breaker.snapshot().failures, budget.snapshot().retriesInWindow]),
        [
          [0, 0],
          [0, 0],
          [0, 0],
        ],
      );
      await agent.destroy();
    },
  );

  test(name('a caller that leaves during a back-off is told at once'), async () => {
    const clock = new ManualClock();
    await using server = await LoopbackServer.start(json(503, {}));
    const { agent, dispatcher, guard, heard, request } = rig(undici, { retry: { baseMs: 500 } }, clock);
    const caller = new AbortController();
    const gone = new Error('gone');
    const failed = assert.rejects(
      request(server.url, { dispatcher, signal: caller.signal }),
      (error) => error === gone,
    );
    while (!heard.some(({ type }) => type === 'retry.scheduled')) await new Promise((resolve) => setImmediate(resolve));
    caller.abort(gone);
    await failed;
    assert.equal(server.hits.length, 1);
    await assertIdle(guard);
    await agent.close();
  });

  test(name('an answer that is thrown away keeps its connection if it is small, and costs it if not'), async () => {
    const large = 'x'.repeat(256 * 1024);
    for (const [body, sockets] of [
      ['small', 1],
      [large, 2],
    ] as const) {
      const seen = new Set<unknown>();
      await using server = await StreamServer.start((request, response, nth) => {
        seen.add(request.socket);
        response.writeHead(nth === 1 ? 503 : 200);
        response.end(nth === 1 ? body : 'good');
      });
      const { agent, dispatcher, request } = rig(undici, { retry: { baseMs: 20, maxMs: 20, jitter: 'none' } });
      const answer = await request(server.url, { dispatcher });
      assert.equal(await answer.body.text(), 'good');
      assert.equal(seen.size, sockets);
      await agent.close();
    }
  });

  test(name('says in undici’s own words what undici said, and names no URL in an event'), async () => {
    const clock = new ManualClock();
    const gone = await closedPort();
    const { agent, dispatcher, heard, request } = rig(undici, { retry: { maxRetries: 0 } }, clock);
    const url = `http://127.0.0.1:${gone}/users/canary-path?token=canary-query`;
    await assert.rejects(request(url, { dispatcher }), { code: 'ECONNREFUSED' });
    const { agent: other, dispatcher: named, heard: also } = rig(undici, { retry: { maxRetries: 0 } }, clock);
    await assert.rejects(undici.request(url, { dispatcher: named, ...requestSettings({ operation: 'getUser' }) }));
    assert.ok(!JSON.stringify([heard, also]).includes('canary'));
    const operations = (events: PolicyEvent[]) =>
      new Set(events.flatMap((event) => ('operation' in event ? [event.operation] : [])));
    assert.deepEqual([operations(heard), operations(also)], [new Set(['_other']), new Set(['getUser'])]);
    await Promise.all([agent.close(), other.close()]);
  });

  test(name('does not come back to an origin that asks not to be asked again'), async () => {
    await using server = await LoopbackServer.start(json(503, {}, { 'x-should-retry': 'false' }), json(200, {}));
    const { agent, dispatcher, request } = rig(undici);
    const { statusCode, body } = await request(server.url, { dispatcher });
    await body.dump();
    assert.deepEqual([statusCode, server.hits.length], [503, 1]);
    await agent.close();
  });

  test(
    name('tells the origin what is left of the time, where that is asked for, and changes no header of the caller’s'),
    async () => {
      await using server = await LoopbackServer.start(json(200, {}));
      const { agent, dispatcher, request } = rig(undici, { deadlineHeader: 'x-left' });
      const headers: [string, string][] = [['x-a', '1']];
      for (const each of [{ 'x-a': '1' }, ['x-a', '1'], new Map(headers)]) {
        await (await request(server.url, { dispatcher, headers: each as Record<string, string> })).body.dump();
      }
      const given = await request(server.url, { dispatcher, headers: { 'X-Left': '5' } });
      await given.body.dump();
      for (const hit of server.hits.slice(0, 3)) {
        assert.equal(hit.headers['x-a'], '1');
        assert.ok(Number(hit.headers['x-left']) > 0 && Number(hit.headers['x-left']) <= 990);
      }
      assert.equal(server.hits[3]?.headers['x-left'], '5');
      await agent.close();
    },
  );

  test(name('a handler that throws ends its request and nothing else'), async () => {
    await using server = await LoopbackServer.start(json(200, { ok: true }));
    const { agent, dispatcher, guard } = rig(undici);
    for (const where of ['onRequestStart', 'onResponseStart', 'onResponseData'] as const) {
      const heard = new Promise<Error>((resolve) => {
        const handler = {
          onRequestStart: () => {},
          onResponseStart: () => {},
          onResponseData: () => {},
          onResponseEnd: () => {},
          onResponseError: (_: unknown, error: Error) => resolve(error),
          [where]: () => {
            throw new Error(where);
          },
        };
        dispatcher.dispatch({ origin: server.url, path: '/', method: 'GET' }, handler);
      });
      assert.equal((await heard).message, where);
    }
    await assertIdle(guard);
    await agent.close();
  });

  test(name('serves fetch as well, and what is no request to wait for passes by'), async () => {
    await using server = await LoopbackServer.start(reset, json(200, { ok: true }));
    const { agent, dispatcher, guard } = rig(undici);
    const answer = await undici.fetch(server.url, { dispatcher });
    assert.deepEqual([answer.status, await answer.json()], [200, { ok: true }]);
    assert.equal(server.hits.length, 2);
    server.script(reset);
    const body = { method: 'POST', body: 'order', dispatcher };
    await assert.rejects(undici.fetch(server.url, body), TypeError);
    assert.equal(server.hits.length, 3);

    const tunnels = createServer((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      socket.on('error', () => {});
    });
    tunnels.listen(0, '127.0.0.1');
    await once(tunnels, 'listening');
    const { port } = tunnels.address() as { port: number };
    const { socket } = await dispatcher.connect({ origin: `http://127.0.0.1:${port}`, path: 'users:80' });
    socket.destroy();
    tunnels.close();
    assert.deepEqual(guard.stacks.keys(), [server.url]);
    await agent.destroy();
  });

  test(name('a dispatcher that takes no request is asked once'), async () => {
    await using server = await LoopbackServer.start(json(200, {}));
    const { agent, dispatcher, guard, request } = rig(undici);
    await agent.destroy();
    await assert.rejects(request(server.url, { dispatcher }), { code: 'UND_ERR_DESTROYED' });
    const stack = guard.stacks.get(server.url);
    assert.deepEqual([stack.budget.snapshot().retriesInWindow, stack.breaker.snapshot().failures], [0, 0]);
  });
}

test('knows no more origins than it is told to', async () => {
  await using one = await LoopbackServer.start(json(200, {}));
  await using two = await LoopbackServer.start(json(200, {}));
  const { agent, dispatcher, guard, request } = rig(undici8, { registry: { maxKeys: 1 } });
  for (const { url } of [one, two]) await (await request(url, { dispatcher })).body.dump();
  assert.deepEqual(guard.stacks.keys(), [two.url]);
  await agent.close();
});

test('refuses settings that cannot be, at construction and at a request, and reads own properties alone', async () => {
  const refused = (options: object): unknown => {
    try {
      return resilience(options);
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.path;
    }
  };
  assert.equal(refused({ retries: 1 }), 'resilience.retries');
  assert.equal(refused({ attemptTimeoutMs: 5_000 }), 'standard.attemptTimeoutMs');
  assert.equal(refused({ retry: { maxRetries: -1 } }), 'retry.maxRetries');
  assert.equal(refused({ registry: { maxKeys: 0 } }), 'registry.maxKeys');
  assert.equal(refused({ deadlineHeader: 'x y' }), 'resilience.deadlineHeader');

  await using server = await LoopbackServer.start(reset);
  const { agent, dispatcher, request } = rig(undici8);
  const wrong = requestSettings({ deadline: 5 } as object);
  await assert.rejects(request(server.url, { dispatcher, ...wrong }), { path: 'dispatch.switchgear.deadline' });
  assert.equal(server.hits.length, 0);
  Object.assign(Object.prototype, { switchgear: { idempotent: true }, idempotent: true });
  try {
    await assert.rejects(request(server.url, { dispatcher, method: 'POST' }));
  } finally {
    Reflect.deleteProperty(Object.prototype, 'switchgear');
    Reflect.deleteProperty(Object.prototype, 'idempotent');
  }
  assert.equal(server.hits.length, 1);
  await agent.close();
});
