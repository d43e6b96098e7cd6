import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { seededRandom } from '@switchgear/policy/testing';
import { readStored } from '../src/storyline/databases.ts';
import { ServiceProcess } from '../src/storyline/service-process.ts';
import { freePort } from './free-port.ts';

const kills = 6;
const shoppers = 6;
const users = 500;
const seed = Number(process.env.SWITCHGEAR_SEED ?? 11);

interface Answered {
  readonly key: string;
  readonly id: string;
}

test('kill -9 of either service at any moment loses no accepted order and stores none twice', async (t) => {
  t.diagnostic(`seed ${seed} (SWITCHGEAR_SEED)`);
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-kill-'));
  const orderFile = join(folder, 'orders.sqlite');
  const userFile = join(folder, 'users.sqlite');
  const [orderPort, userPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${orderPort}`;
  const userService = new ServiceProcess({
    name: 'user-service',
    entry: new URL('../src/user-service/main.ts', import.meta.url),
    url: `http://127.0.0.1:${userPort}`,
    logFile: join(folder, 'user-service.log'),
    env: {
      USER_SERVICE_PORT: String(userPort),
      USER_DATABASE_FILE: userFile,
      SEED_USERS: String(users),
      DATABASE_URL: '',
    },
  });
  const orderService = new ServiceProcess({
    name: 'order-service',
    entry: new URL('../src/order-service/main.ts', import.meta.url),
    url,
    logFile: join(folder, 'order-service.log'),
    env: {
      ORDER_SERVICE_PORT: String(orderPort),
      ORDER_DATABASE_FILE: orderFile,
      USER_SERVICE_URL: userService.url,
      DATABASE_URL: '',
      ORDER_DATABASE_URL: '',
    },
  });
  const answered: Answered[] = [];
  let keys = 0;
  let done = false;
  try {
    await userService.start();
    await orderService.start();

    // Each shopper asks until answered, with the same key: what an order-service killed in the middle has promised to
    // survive. One in five presses the button twice.
    const shop = async (): Promise<void> => {
      while (!done) {
        const key = `kill-${keys++}`;
        const userId = 1 + Math.floor(random() * users);
        for (let tries = 0; tries < 200; tries++) {
          const order = await place(url, key, userId);
          if (order) {
            answered.push(order);
            if (random() < 0.2) {
              const again = await place(url, key, userId);
              if (again) answered.push(again);
            }
          }
          if (order !== undefined || done) break;
          await wait(20);
        }
      }
    };
    const crowd = Array.from({ length: shoppers }, shop);

    for (let kill = 0; kill < kills; kill++) {
      const before = answered.length;
      while (answered.length < before + 20) await wait(5);
      // Anywhere inside the handling of a request, not always between two.
      await wait(random() * 20);
      const victim = kill % 3 === 2 ? userService : orderService;
      await victim.kill();
      await victim.start();
    }
    const before = answered.length;
    while (answered.length < before + 20) await wait(5);
    done = true;
    await Promise.all(crowd);
  } finally {
    done = true;
    await orderService.close();
    await userService.close();
  }

  const { orders } = await readStored({ orderFile, userFile, orderUrl: undefined, userUrl: undefined }, 1_000_000);
  const stored = new Map<string, string[]>();
  for (const order of orders) {
    const key = order.shippingAddress.line2 ?? '';
    stored.set(key, [...(stored.get(key) ?? []), order.id]);
  }
  for (const { key, id } of answered) assert.deepEqual(stored.get(key), [id], `order of ${key}`);
  for (const [key, ids] of stored) assert.equal(ids.length, 1, `${key} is stored ${ids.length} times`);
  assert.ok(answered.length >= kills * 20);
  t.diagnostic(`${kills} kills, ${answered.length} answers, ${orders.length} orders`);
  rmSync(folder, { recursive: true, force: true });
});

/** One try. `undefined` when there was no answer, or one that says to come back; `null` when the order is declined. */
async function place(url: string, key: string, userId: number): Promise<Answered | null | undefined> {
  const order = {
    userId,
    items: [{ sku: 'tea-jasmine', quantity: 1, unitPrice: 1_200 }],
    shippingAddress: { line1: '1 Sejong-daero', line2: key, city: 'Seoul', postalCode: '04524', country: 'KR' },
  };
  try {
    const response = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(5_000),
    });
    const body = (await response.json()) as { id: string };
    if (response.status === 201 || response.status === 200) return { key, id: body.id };
    // A suspended user may not order: another answer that is final, without an order.
    if (response.status === 422) return null;
    assert.equal(response.status, 503, `order of ${key}`);
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
  }
  return undefined;
}
