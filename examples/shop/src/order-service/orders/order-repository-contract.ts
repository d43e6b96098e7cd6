import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Order } from './order.ts';
import type { OrderRepository } from './repository.ts';

export interface RepositoryUnderTest {
  readonly repository: OrderRepository;
  /** A second way into the same storage, as another process has it. */
  readonly sameStorage: () => Promise<OrderRepository>;
}

/** Runs `body` on an empty repository and cleans up after it, or skips the test with its reason. */
export type WithRepository = (t: TestContext, body: (under: RepositoryUnderTest) => Promise<void>) => Promise<void>;

export function anOrder(change: Partial<Order> = {}): Order {
  return {
    id: 'order-1',
    user: { id: 42, name: '김민준', provenance: 'live', knownAt: '2025-03-01T08:59:59.900Z' },
    items: [
      { sku: 'TEA-100', quantity: 2, unitPrice: 1_250 },
      { sku: 'CUP.blue', quantity: 1, unitPrice: 900 },
    ],
    shippingAddress: { line1: '세종대로 110', city: '서울', postalCode: '04524', country: 'KR' },
    total: 3_400,
    createdAt: '2025-03-01T09:00:00.000Z',
    ...change,
  };
}

const KEY = { key: 'key-1', fingerprint: 'payload-1' };

/** What every `OrderRepository` does, whatever it stores orders in. */
export function testOrderRepository(name: string, withRepository: WithRepository): void {
  const claim = (title: string, body: (under: RepositoryUnderTest) => Promise<void>): void => {
    test(`${name}: ${title}`, (t) => withRepository(t, body));
  };

  claim('answers an order as it was placed', async ({ repository }) => {
    const order = anOrder();

    assert.deepEqual(await repository.place(order, KEY), { kind: 'placed', order });

    assert.deepEqual(await repository.find(order.id), order);
  });

  claim('keeps an optional address line and a fresh user', async ({ repository }) => {
    const order = anOrder({
      user: { id: 7, name: 'Iris Reed', provenance: 'fresh', knownAt: '2025-03-01T08:57:00.000Z' },
      shippingAddress: { line1: '1 Quay', line2: 'Flat 2', city: 'Leeds', postalCode: 'LS1 4AP', country: 'GB' },
      total: 999_999_999_999,
    });

    await repository.place(order, KEY);

    assert.deepEqual(await repository.find(order.id), order);
  });

  claim('finds no order that was not placed', async ({ repository }) => {
    assert.equal(await repository.find('order-1'), undefined);
    assert.equal(await repository.findByKey(KEY), undefined);
  });

  claim('replays the first order when its key comes again', async ({ repository }) => {
    const first = anOrder();
    await repository.place(first, KEY);

    const again = await repository.place(anOrder({ id: 'order-2', createdAt: '2025-03-01T09:00:05.000Z' }), KEY);

    assert.deepEqual(again, { kind: 'replayed', order: first });
    assert.deepEqual(await repository.findByKey(KEY), { kind: 'replayed', order: first });
    assert.equal((await repository.list(10)).length, 1);
  });

  claim('refuses a key that comes again with another payload', async ({ repository }) => {
    await repository.place(anOrder(), KEY);
    const other = { ...KEY, fingerprint: 'payload-2' };

    assert.deepEqual(await repository.place(anOrder({ id: 'order-2' }), other), { kind: 'key-reused' });

    assert.deepEqual(await repository.findByKey(other), { kind: 'key-reused' });
    assert.equal((await repository.list(10)).length, 1);
  });

  claim('tells keys apart by their case', async ({ repository }) => {
    await repository.place(anOrder(), { key: 'Key', fingerprint: 'payload' });

    const other = await repository.place(anOrder({ id: 'order-2' }), { key: 'key', fingerprint: 'payload' });

    assert.equal(other.kind, 'placed');
  });

  claim('stores one order when a key races with itself', async ({ repository, sameStorage }) => {
    const elsewhere = await sameStorage();
    try {
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          (index % 2 === 0 ? repository : elsewhere).place(anOrder({ id: `order-${index}` }), KEY),
        ),
      );

      const placed = outcomes.filter((outcome) => outcome.kind === 'placed');
      const stored = await repository.list(100);
      assert.equal(placed.length, 1);
      assert.deepEqual(stored, [placed[0]?.order]);
      for (const outcome of outcomes) assert.deepEqual('order' in outcome && outcome.order, stored[0]);
    } finally {
      await elsewhere.close();
    }
  });

  claim('shows an order to another process as soon as it is placed', async ({ repository, sameStorage }) => {
    const order = anOrder();
    await repository.place(order, KEY);
    const elsewhere = await sameStorage();
    try {
      assert.deepEqual(await elsewhere.find(order.id), order);
    } finally {
      await elsewhere.close();
    }
  });

  claim('lists the newest orders first, as many as asked', async ({ repository }) => {
    // Within one millisecond, so that the time alone could not order them.
    for (const id of ['a', 'b', 'c']) await repository.place(anOrder({ id }), { key: id, fingerprint: id });

    assert.deepEqual(
      (await repository.list(2)).map((order) => order.id),
      ['c', 'b'],
    );
  });

  claim('does not store two orders with one id', async ({ repository }) => {
    await repository.place(anOrder(), KEY);

    await assert.rejects(repository.place(anOrder(), { key: 'key-2', fingerprint: 'payload-2' }));

    assert.equal((await repository.list(10)).length, 1);
    assert.equal(await repository.findByKey({ key: 'key-2', fingerprint: 'payload-2' }), undefined);
  });

  claim('answers a ping while it is open, and fails one when it is closed', async ({ sameStorage }) => {
    const repository = await sameStorage();
    await repository.ping();

    await repository.close();

    await assert.rejects(repository.ping());
  });
}
