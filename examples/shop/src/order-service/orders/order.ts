import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { MessageKey } from '../messages.ts';
import { says } from '../request-validation.ts';

export interface OrderItem {
  readonly sku: string;
  readonly quantity: number;
  /** In minor units of the shop's currency, such as cents: money never is a fraction of a number. */
  readonly unitPrice: number;
}

export interface ShippingAddress {
  readonly line1: string;
  readonly line2?: string | undefined;
  readonly city: string;
  readonly postalCode: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
}

/** Who ordered, as known when the order was placed. It stays as it is, whatever becomes of the user. */
export interface OrderingUser {
  readonly id: number;
  readonly name: string;
  /** How the user was known: asked just then, or a few minutes before. An order is never placed on less. */
  readonly provenance: 'live' | 'fresh';
  /** When the user-service last said so: ISO 8601 in UTC. */
  readonly knownAt: string;
}

export interface Order {
  readonly id: string;
  readonly user: OrderingUser;
  readonly items: readonly OrderItem[];
  readonly shippingAddress: ShippingAddress;
  /** In minor units. */
  readonly total: number;
  /** ISO 8601 in UTC, with milliseconds. */
  readonly createdAt: string;
}

export const ITEMS_LIMIT = 100;
const QUANTITY_LIMIT = 10_000;
const UNIT_PRICE_LIMIT = 1_000_000_000;
/**
 * Above it an order is a mistake or an attack. The limits of items, quantity and price alone would keep a total below
 * 2^53, so the sum is exact before it is compared.
 */
export const TOTAL_LIMIT = 1_000_000_000_000;

const integer = (min: number, max: number, key: MessageKey) => z.int(says(key)).min(min, says(key)).max(max, says(key));

const matching = (pattern: RegExp, key: MessageKey) => z.string(says(key)).trim().regex(pattern, says(key));

// Control characters forge log lines and labels, and a NUL or half a surrogate pair cannot be stored by PostgreSQL.
const line = matching(/^[^\p{Cc}\p{Cs}]{1,200}$/u, 'field.line');

export const OrderRequestSchema = z.strictObject(
  {
    userId: integer(1, Number.MAX_SAFE_INTEGER, 'field.user-id'),
    items: z
      .array(
        z.strictObject(
          {
            sku: matching(/^[A-Za-z0-9._-]{1,64}$/, 'field.sku'),
            quantity: integer(1, QUANTITY_LIMIT, 'field.quantity'),
            unitPrice: integer(0, UNIT_PRICE_LIMIT, 'field.unit-price'),
          },
          says('field.object'),
        ),
        says('field.items'),
      )
      .min(1, says('field.items'))
      .max(ITEMS_LIMIT, says('field.items')),
    shippingAddress: z.strictObject(
      {
        line1: line,
        line2: line.optional(),
        city: line,
        postalCode: line,
        country: matching(/^[A-Z]{2}$/, 'field.country'),
      },
      says('field.object'),
    ),
  },
  says('field.object'),
);

/** What a shopper asks for, checked. */
export type OrderRequest = z.output<typeof OrderRequestSchema>;

/** The price of all items, in minor units, or undefined when it is more than one order may be. */
export function totalOf(items: readonly OrderItem[]): number | undefined {
  const total = items.reduce((sum, item) => sum + item.quantity * item.unitPrice, 0);
  return total <= TOTAL_LIMIT ? total : undefined;
}

/**
 * A digest of what was understood, not of the bytes sent: the same order with its fields in another sequence, or with
 * other white space, is the same payload.
 */
export function fingerprintOf({ userId, items, shippingAddress: to }: OrderRequest): string {
  const payload = JSON.stringify([
    userId,
    items.map((item) => [item.sku, item.quantity, item.unitPrice]),
    [to.line1, to.line2 ?? null, to.city, to.postalCode, to.country],
  ]);
  return createHash('sha256').update(payload).digest('base64url');
}
