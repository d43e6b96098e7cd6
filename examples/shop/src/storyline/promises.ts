import type { Order } from '../order-service/orders/order.ts';
import type { OpsReport } from '../order-service/telemetry.ts';
import { type Accepted, keyMark } from './shopper.ts';

/** One promise of the shop, held against what happened. */
export interface PromiseCheck {
  readonly promise: string;
  readonly kept: boolean;
  /** The numbers. */
  readonly evidence: string;
}

/** What the promises are held against. */
export interface WhatHappened {
  readonly run: string;
  readonly accepted: readonly Accepted[];
  /** Times a repeated key was answered with another order. */
  readonly doubled: number;
  readonly acceptedUnknown: number;
  /** Every order in the database, read from it and not through the service. */
  readonly stored: readonly Order[];
  /** Whether a user of this id is in the user-service's own database. */
  readonly userExists: (id: number) => boolean;
  readonly report: OpsReport;
}

/**
 * Timers of a busy process fire late, and a call that was due meanwhile ends with them. What is beyond this is not a
 * late timer but a deadline that did not hold.
 */
const lateTimerMs = 250;

/** Holds every promise against what happened. The databases are asked, not the services. */
export function checkPromises(happened: WhatHappened): readonly PromiseCheck[] {
  return [noneLost(happened), noneTwice(happened), noneUnknown(happened), attemptsBounded(happened), inTime(happened)];
}

function noneLost({ accepted, stored }: WhatHappened): PromiseCheck {
  const ids = new Set(stored.map((order) => order.id));
  const lost = accepted.filter((order) => !ids.has(order.id)).length;
  return {
    promise: 'no accepted order is lost',
    kept: lost === 0,
    evidence: `${accepted.length} accepted, ${lost} missing from the database`,
  };
}

function noneTwice({ run, stored, doubled }: WhatHappened): PromiseCheck {
  const ordersOf = new Map<string, number>();
  for (const order of stored) {
    const key = order.shippingAddress.line2?.slice(keyMark.length) ?? '';
    if (key.startsWith(run)) ordersOf.set(key, (ordersOf.get(key) ?? 0) + 1);
  }
  const twice = [...ordersOf.values()].filter((count) => count > 1).length;
  return {
    promise: 'no order is stored twice',
    kept: twice === 0 && doubled === 0,
    evidence: `${ordersOf.size} keys with an order, ${twice} of them with more than one, ${doubled} repeated in vain`,
  };
}

function noneUnknown({ stored, userExists, acceptedUnknown }: WhatHappened): PromiseCheck {
  const unknown = stored.filter((order) => !userExists(order.user.id)).length;
  return {
    promise: 'no order has a user that does not exist',
    kept: unknown === 0 && acceptedUnknown === 0,
    evidence: `${stored.length} orders stored, ${unknown} of unknown users`,
  };
}

function attemptsBounded({ report }: WhatHappened): PromiseCheck {
  const { calls, attempts, mostAttempts } = report.totals;
  const { maxAttempts } = report.promises;
  // The bound that the retry budget states, with its defaults: a fifth of the calls, and three per second.
  const bound = Math.ceil(calls * 1.2 + 3 * (report.uptimeMs / 1000 + 1));
  return {
    promise: 'attempts stay within what is stated',
    kept: mostAttempts <= maxAttempts && attempts <= bound,
    evidence: `at most ${mostAttempts} of ${maxAttempts} for one call; ${attempts} for ${calls} calls (bound ${bound})`,
  };
}

function inTime({ report }: WhatHappened): PromiseCheck {
  const { calls, overdue, latency } = report.totals;
  return {
    promise: 'no call outlasts its deadline',
    kept: overdue.worstMs <= lateTimerMs,
    evidence: `${calls} calls, the longest ${Math.round(latency.maxMs)} ms; latest end ${overdue.worstMs.toFixed(1)} ms after its deadline`,
  };
}
