import type { Order } from './order.ts';

/** A shopper's promise that an order which is sent again is the same order. */
export interface OrderKey {
  readonly key: string;
  /** A digest of the payload: the same key with another payload is a mistake, not a repetition. */
  readonly fingerprint: string;
}

export type PlaceOutcome =
  | { readonly kind: 'placed'; readonly order: Order }
  /** The key has placed this order before. What was to be placed now was not. */
  | { readonly kind: 'replayed'; readonly order: Order }
  | { readonly kind: 'key-reused' };

/** What a key has done so far. */
export type KeyOutcome = Exclude<PlaceOutcome, { readonly kind: 'placed' }>;

/**
 * Where orders live. An order that was answered is durable: it survives a process that is killed in the next instant.
 * A key is kept as long as its order, so it never places two.
 */
export interface OrderRepository {
  /** What the key has done, or undefined when it is new. */
  findByKey(key: OrderKey): Promise<KeyOutcome | undefined>;
  /** Stores the order and its key in one transaction. Of several that race with one key, one places and the rest read. */
  place(order: Order, key: OrderKey): Promise<PlaceOutcome>;
  find(id: string): Promise<Order | undefined>;
  /** Newest first. */
  list(limit: number): Promise<readonly Order[]>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** What a stored order says about a key, once one was found. */
export function keyOutcome(stored: { readonly order: Order; readonly fingerprint: string }, key: OrderKey): KeyOutcome {
  return stored.fingerprint === key.fingerprint ? { kind: 'replayed', order: stored.order } : { kind: 'key-reused' };
}
