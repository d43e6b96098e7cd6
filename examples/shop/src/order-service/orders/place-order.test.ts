import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aUser } from '../users/fake-user-service-client.ts';
import type { MadeUpUser, ShowableUser, StaleUser } from '../users/user-directory.ts';
import type { Order } from './order.ts';
import { type OrderDraft, placeOrder } from './place-order.ts';
import type { OrderRepository } from './repository.ts';

const KEY = { key: 'key-1', fingerprint: 'payload-1' };
const DRAFT: OrderDraft = {
  id: 'order-1',
  items: [{ sku: 'TEA', quantity: 2, unitPrice: 1_250 }],
  shippingAddress: { line1: '1 Quay', city: 'Leeds', postalCode: 'LS1 4AP', country: 'GB' },
  atMs: Date.UTC(2025, 2, 1, 9),
};

function emptyRepository() {
  const placed: Order[] = [];
  const repository: OrderRepository = {
    findByKey: async () => undefined,
    place: async (order) => {
      placed.push(order);
      return { kind: 'placed', order };
    },
    find: async () => undefined,
    list: async () => placed,
    ping: async () => {},
    close: async () => {},
  };
  return { placed, repository };
}

test('places an order of a live user, and records who that was', async () => {
  const { placed, repository } = emptyRepository();

  await placeOrder(repository, { provenance: 'live', user: aUser(1, { name: '김민준' }) }, DRAFT, KEY);

  assert.deepEqual(placed, [
    {
      id: 'order-1',
      user: { id: 1, name: '김민준', provenance: 'live', knownAt: '2025-03-01T09:00:00.000Z' },
      items: DRAFT.items,
      shippingAddress: DRAFT.shippingAddress,
      total: 2_500,
      createdAt: '2025-03-01T09:00:00.000Z',
    },
  ]);
});

test('records how old the knowledge of a fresh user was', async () => {
  const { placed, repository } = emptyRepository();

  await placeOrder(repository, { provenance: 'fresh', user: aUser(1), ageMs: 90_000 }, DRAFT, KEY);

  assert.equal(placed[0]?.user.provenance, 'fresh');
  assert.equal(placed[0]?.user.knownAt, '2025-03-01T08:58:30.000Z');
});

test('refuses a suspended user, a fresh one too', async () => {
  const { placed, repository } = emptyRepository();
  const user = aUser(1, { status: 'suspended' });

  for (const orderer of [
    { provenance: 'live', user },
    { provenance: 'fresh', user, ageMs: 1 },
  ] as const) {
    await assert.rejects(placeOrder(repository, orderer, DRAFT, KEY), {
      name: 'InvalidOrderError',
      kind: 'suspended-user',
    });
  }
  assert.deepEqual(placed, []);
});

test('refuses a total that is too large', async () => {
  const { placed, repository } = emptyRepository();
  const draft = { ...DRAFT, items: [{ sku: 'GOLD', quantity: 10_000, unitPrice: 1_000_000_000 }] };

  await assert.rejects(placeOrder(repository, { provenance: 'live', user: aUser(1) }, draft, KEY), {
    kind: 'total-too-large',
  });
  assert.deepEqual(placed, []);
});

test('cannot be handed a user who is only good enough to show', () => {
  const { repository } = emptyRepository();
  const stale: StaleUser = { provenance: 'stale', id: 1, name: '김민준', ageMs: 1 };
  const madeUp: MadeUpUser = { provenance: 'made-up', id: 1, reason: 'away' };
  const whoever = stale as ShowableUser;

  // Never run: the compiler's refusal is the claim, and it fails the type check if it ever stops refusing.
  const compiles = (): unknown[] => [
    // @ts-expect-error a stale user is no user to sell to
    placeOrder(repository, stale, DRAFT, KEY),
    // @ts-expect-error a made-up user is no user to sell to
    placeOrder(repository, madeUp, DRAFT, KEY),
    // @ts-expect-error nor is one of whom it is not known
    placeOrder(repository, whoever, DRAFT, KEY),
  ];

  assert.equal(typeof compiles, 'function');
  assert.ok(!('user' in stale) && !('user' in madeUp));
});
