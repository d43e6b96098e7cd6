import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ManualClock } from '@switchgear/policy/testing';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { createLogger } from '../service/logger.ts';
import { Readiness } from '../service/readiness.ts';
import { buildOrderService } from './app.ts';
import type { OrderRepository } from './orders/repository.ts';
import { openSqliteOrderRepository } from './orders/sqlite-order-repository.ts';
import { aUser, FakeUserServiceClient } from './users/fake-user-service-client.ts';

/** Any headers and any body, as a client may send them. */
type Sent = Readonly<Record<string, unknown>>;

export class OrderServiceUnderTest {
  readonly app: FastifyInstance;
  readonly orders: OrderRepository;
  readonly users: FakeUserServiceClient;
  readonly clock: ManualClock;
  readonly readiness: Readiness;
  /** Every log line written so far. */
  readonly log: string[] = [];

  constructor(orders: OrderRepository, users: FakeUserServiceClient) {
    this.orders = orders;
    this.users = users;
    this.clock = new ManualClock(0, Date.UTC(2025, 2, 1, 9));
    this.readiness = new Readiness();
    let placed = 0;
    this.app = buildOrderService({
      orders,
      users,
      clock: this.clock,
      readiness: this.readiness,
      logger: createLogger({
        service: 'order-service',
        level: 'trace',
        destination: { write: (line) => void this.log.push(line) },
      }),
      newOrderId: () => {
        placed += 1;
        return `order-${placed}`;
      },
    });
  }

  /** Sends an order with a valid key; a header set to undefined is left out. */
  post(payload: Sent | string, headers: Readonly<Record<string, string | undefined>> = {}) {
    const all = { 'content-type': 'application/json', 'idempotency-key': 'key-1', ...headers };
    const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return this.app.inject({ method: 'POST', url: '/orders', headers: Object.fromEntries(sent), payload });
  }

  get(url: string, headers: Readonly<Record<string, string>> = {}) {
    return this.app.inject({ method: 'GET', url, headers });
  }
}

export interface UnderTestOptions {
  readonly users?: FakeUserServiceClient;
  /** Wraps the repository, to watch it or to make it fail. */
  readonly around?: (orders: OrderRepository) => OrderRepository;
}

/** The service on an empty database and a user-service in memory that knows 1 to 3; 3 is suspended. */
export function orderServiceForTest(
  t: TestContext,
  { users = new FakeUserServiceClient(threeUsers()), around = (orders) => orders }: UnderTestOptions = {},
): OrderServiceUnderTest {
  const folder = mkdtempSync(join(tmpdir(), 'shop-orders-'));
  const orders = openSqliteOrderRepository(join(folder, 'orders.sqlite'));
  const under = new OrderServiceUnderTest(around(orders), users);
  t.after(async () => {
    await under.app.close();
    await orders.close();
    rmSync(folder, { recursive: true });
  });
  return under;
}

function threeUsers() {
  return [aUser(1, { name: '김민준' }), aUser(2, { name: 'Iris Reed' }), aUser(3, { status: 'suspended' })];
}

export const ADDRESS = { line1: '세종대로 110', city: '서울', postalCode: '04524', country: 'KR' };

/** An order request, as JSON. */
export function anOrderRequest(change: Sent = {}): Sent {
  return { userId: 1, items: [{ sku: 'TEA-100', quantity: 2, unitPrice: 1_250 }], shippingAddress: ADDRESS, ...change };
}

export function codeOf(response: LightMyRequestResponse): unknown {
  return response.json().code;
}
