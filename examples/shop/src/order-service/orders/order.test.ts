import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fingerprintOf, OrderRequestSchema, TOTAL_LIMIT, totalOf } from './order.ts';

const ADDRESS = { line1: '1 Quay', city: 'Leeds', postalCode: 'LS1 4AP', country: 'GB' };
const REQUEST = { userId: 1, items: [{ sku: 'TEA', quantity: 2, unitPrice: 1_250 }], shippingAddress: ADDRESS };

const items = fc.array(
  fc.record({
    sku: fc.constant('TEA'),
    quantity: fc.integer({ min: 1, max: 10_000 }),
    unitPrice: fc.integer({ min: 0, max: 1_000_000_000 }),
  }),
  { minLength: 1, maxLength: 100 },
);

test('adds up to the last minor unit, or says that it is too much', () => {
  fc.assert(
    fc.property(items, (ordered) => {
      const exact = ordered.reduce((sum, item) => sum + BigInt(item.quantity) * BigInt(item.unitPrice), 0n);
      const total = totalOf(ordered);

      if (exact > BigInt(TOTAL_LIMIT)) assert.equal(total, undefined);
      else assert.equal(BigInt(total ?? -1), exact);
    }),
  );
});

test('keeps the largest order the schema admits exact before it is refused', () => {
  const largest = Array.from({ length: 100 }, () => ({ sku: 'A', quantity: 10_000, unitPrice: 1_000_000_000 }));

  assert.ok(Number.isSafeInteger(100 * 10_000 * 1_000_000_000));
  assert.equal(totalOf(largest), undefined);
});

test('gives the same order the same fingerprint, however it was written', () => {
  const { line1, city, postalCode, country } = ADDRESS;
  const reordered = {
    shippingAddress: { country, postalCode, city, line1: `  ${line1} ` },
    items: [{ unitPrice: 1_250, sku: 'TEA', quantity: 2 }],
    userId: 1,
  };

  assert.equal(fingerprintOf(OrderRequestSchema.parse(reordered)), fingerprintOf(OrderRequestSchema.parse(REQUEST)));
});

const CHANGES: readonly (readonly [what: string, change: object])[] = [
  ['another user', { userId: 2 }],
  ['another quantity', { items: [{ sku: 'TEA', quantity: 3, unitPrice: 1_250 }] }],
  ['another price', { items: [{ sku: 'TEA', quantity: 2, unitPrice: 1_251 }] }],
  ['an item more', { items: [...REQUEST.items, ...REQUEST.items] }],
  ['a second address line', { shippingAddress: { ...ADDRESS, line2: 'Flat 2' } }],
  ['another country', { shippingAddress: { ...ADDRESS, country: 'KR' } }],
];

for (const [what, change] of CHANGES) {
  test(`gives an order with ${what} another fingerprint`, () => {
    const changed = OrderRequestSchema.parse({ ...REQUEST, ...change });

    assert.notEqual(fingerprintOf(changed), fingerprintOf(OrderRequestSchema.parse(REQUEST)));
  });
}
