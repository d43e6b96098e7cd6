import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anOrder } from '../order-service/orders/order-repository-contract.ts';
import { Telemetry } from '../order-service/telemetry.ts';
import { checkPromises, type WhatHappened } from './promises.ts';
import { keyMark } from './shopper.ts';

const run = 'run-1';

/** An order as the shopper's keys would have stored it. */
function stored(id: string, key: string, userId = 1) {
  const order = anOrder();
  const { shippingAddress, user } = order;
  return { ...order, id, user: { ...user, id: userId }, shippingAddress: { ...shippingAddress, line2: keyMark + key } };
}

function happened(change: Partial<WhatHappened> = {}): WhatHappened {
  const clock = { now: () => 60_000, wallNow: () => 0 };
  const { at, totals, seconds } = new Telemetry(clock as never).report();
  const report = {
    service: 'order-service',
    at,
    uptimeMs: 60_000,
    promises: { maxAttempts: 3, deadlineMs: 3_150 },
    totals: { ...totals, calls: 100, attempts: 120, mostAttempts: 3 },
    seconds,
  };
  return {
    run,
    accepted: [{ key: `${run}-1`, id: 'a', userId: 1 }],
    doubled: 0,
    acceptedUnknown: 0,
    stored: [stored('a', `${run}-1`)],
    userExists: (id) => id < 100,
    report: report as unknown as WhatHappened['report'],
    ...change,
  };
}

const broken = (what: WhatHappened): string[] =>
  checkPromises(what).flatMap(({ promise, kept }) => (kept ? [] : [promise]));

function reporting(totals: object): Partial<WhatHappened> {
  const { report } = happened();
  return { report: { ...report, totals: { ...report.totals, ...totals } } };
}

test('a story in which all went well breaks no promise', () => {
  assert.deepEqual(broken(happened()), []);
});

test('each promise can be broken, and is found out by itself', () => {
  const cases: [Partial<WhatHappened>, string][] = [
    [{ stored: [] }, 'no accepted order is lost'],
    [{ stored: [stored('a', `${run}-1`), stored('b', `${run}-1`)] }, 'no order is stored twice'],
    [{ doubled: 1 }, 'no order is stored twice'],
    [{ stored: [stored('a', `${run}-1`, 500)] }, 'no order has a user that does not exist'],
    [{ acceptedUnknown: 1 }, 'no order has a user that does not exist'],
    [reporting({ mostAttempts: 4 }), 'attempts stay within what is stated'],
    [reporting({ attempts: 100 * 1.2 + 3 * 61 + 1 }), 'attempts stay within what is stated'],
    [reporting({ overdue: { calls: 1, worstMs: 251 } }), 'no call outlasts its deadline'],
  ];
  for (const [change, promise] of cases) assert.deepEqual(broken(happened(change)), [promise]);
});

test("orders of another run with the same database are nobody's double", () => {
  const others = [stored('x', 'run-0-1'), stored('y', 'run-0-1')];
  assert.deepEqual(broken(happened({ stored: [stored('a', `${run}-1`), ...others] })), []);
});
