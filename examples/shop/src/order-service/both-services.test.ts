import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { createLogger } from '../service/logger.ts';
import { CLIENT, userServiceForTests } from '../user-service/user-service-for-tests.ts';
import { buildOrderService } from './app.ts';
import { anOrderRequest } from './order-service-for-tests.ts';
import { openSqliteOrderRepository } from './orders/sqlite-order-repository.ts';
import { createUserServiceClient } from './users/user-service-client.ts';
import { USER_SERVICE_DEFAULTS } from './users/user-service-config.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLERS = {
  'x-request-id': 'checkout-42',
  traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01`,
  tracestate: 'shop=t61rcWkgMzE',
  'x-request-deadline-ms': '2000',
};

/** Both services on ports of their own, with what the user-service is sent for users. */
async function bothServices(t: TestContext, meanwhile: (request: FastifyRequest) => Promise<void> = async () => {}) {
  const userService = userServiceForTests(t);
  const sent: IncomingHttpHeaders[] = [];
  userService.app.addHook('onRequest', async (request) => {
    if (!request.url.startsWith('/users')) return;
    sent.push(request.headers);
    await meanwhile(request);
  });
  const baseUrl = await userService.app.listen({ host: '127.0.0.1', port: 0 });
  await userService.repository.create({
    user: { name: '김민준', email: 'minjun@example.test', status: 'active' },
    createdAt: '2025-01-01T00:00:00.000Z',
  });

  const folder = mkdtempSync(join(tmpdir(), 'shop-orders-'));
  const orders = openSqliteOrderRepository(join(folder, 'orders.sqlite'));
  const users = createUserServiceClient({ baseUrl, ...USER_SERVICE_DEFAULTS }, CLIENT);
  const log: string[] = [];
  const destination = { write: (line: string) => void log.push(line) };
  const logger = createLogger({ service: 'order-service', level: 'info', destination });
  const app = buildOrderService({ orders, users, logger });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  t.after(async () => {
    await app.close();
    await users.controls.close();
    await orders.close();
    rmSync(folder, { recursive: true });
  });
  const post = (headers: Record<string, string>, key: string, signal?: AbortSignal) =>
    fetch(`${url}/orders`, {
      method: 'POST',
      ...(signal !== undefined && { signal }),
      headers: { 'content-type': 'application/json', 'idempotency-key': key, ...headers },
      body: JSON.stringify(anOrderRequest()),
    });
  return { url, sent, post, log };
}

test('hands the request id, the trace and what is left of the deadline on to the user-service', async (t) => {
  const { url, sent, post } = await bothServices(t);

  const placed = await post(CALLERS, 'key-1');
  const { id } = (await placed.json()) as { id: string };
  // Once with a body to be read first, and once without.
  const shown = await fetch(`${url}/orders/${id}`, { headers: CALLERS });

  assert.deepEqual([placed.status, shown.status], [201, 200]);
  assert.equal(sent.length, 2);
  for (const headers of sent) {
    assert.equal(headers['x-request-id'], 'checkout-42');
    assert.equal(String(headers.traceparent).split('-')[1], TRACE_ID);
    assert.notEqual(String(headers.traceparent).split('-')[2], '00f067aa0ba902b7');
    assert.equal(headers.tracestate, 'shop=t61rcWkgMzE');
    const leftMs = Number(headers['x-request-deadline-ms']);
    assert.ok(leftMs > 0 && leftMs <= 2_000, String(leftMs));
    assert.equal(headers['user-agent'], 'order-service/1.0.0');
  }
});

test('keeps the requests of different callers apart', async (t) => {
  const { sent, post } = await bothServices(t);

  await Promise.all(
    Array.from({ length: 8 }, (_, index) => post({ ...CALLERS, 'x-request-id': `checkout-${index}` }, `key-${index}`)),
  );

  assert.deepEqual(
    sent.map((headers) => headers['x-request-id']).sort(),
    Array.from({ length: 8 }, (_, index) => `checkout-${index}`),
  );
});

test('gives calls the id that it answers under when the caller brought none', async (t) => {
  const { sent, post } = await bothServices(t);

  const response = await post({}, 'key-1');

  assert.equal(sent[0]?.['x-request-id'], response.headers.get('x-request-id'));
});

test('asks nothing of the user-service when the caller has stopped waiting', async (t) => {
  const { sent, post } = await bothServices(t);

  const response = await post({ ...CALLERS, 'x-request-deadline-ms': '0' }, 'key-1');

  assert.deepEqual([response.status, response.headers.get('x-should-retry')], [504, 'false']);
  assert.equal(((await response.json()) as { code: string }).code, 'TOO_LATE');
  assert.deepEqual(sent, []);
});

test('lets go of the user-service when its own caller has left, and logs no defect', async (t) => {
  const asked = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  const { post, log } = await bothServices(t, async (request) => {
    request.raw.socket.once('close', () => letGo.resolve());
    asked.resolve();
    await letGo.promise;
  });
  const caller = new AbortController();
  const left = post(CALLERS, 'key-1', caller.signal).catch((error: unknown) => error);
  await asked.promise;
  caller.abort();
  await left;
  await letGo.promise;
  while (!log.some((line) => line.includes('the caller has left'))) await turn();
  assert.doesNotMatch(log.join(''), /"level":50/);
});
