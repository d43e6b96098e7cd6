import { InvalidOrderError } from '../errors.ts';
import type { OrderableUser } from '../users/user-directory.ts';
import { type OrderItem, type ShippingAddress, totalOf } from './order.ts';
import type { OrderKey, OrderRepository, PlaceOutcome } from './repository.ts';

/** What is ordered, apart from who orders it. */
export interface OrderDraft {
  readonly id: string;
  readonly items: readonly OrderItem[];
  readonly shippingAddress: ShippingAddress;
  /** Wall-clock milliseconds. */
  readonly atMs: number;
}

/**
 * Stores an order of a user who is known well enough: the type admits no other. Resolves once the order is durable.
 * @throws InvalidOrderError when the user is suspended or the total too large.
 */
export async function placeOrder(
  orders: OrderRepository,
  orderer: OrderableUser,
  draft: OrderDraft,
  key: OrderKey,
): Promise<PlaceOutcome> {
  const { user, provenance } = orderer;
  if (user.status === 'suspended') throw new InvalidOrderError('suspended-user');
  const total = totalOf(draft.items);
  if (total === undefined) throw new InvalidOrderError('total-too-large');
  const ageMs = provenance === 'live' ? 0 : orderer.ageMs;
  const knownAt = new Date(draft.atMs - ageMs).toISOString();
  return orders.place(
    {
      id: draft.id,
      user: { id: user.id, name: user.name, provenance, knownAt },
      items: draft.items,
      shippingAddress: draft.shippingAddress,
      total,
      createdAt: new Date(draft.atMs).toISOString(),
    },
    key,
  );
}
