import type { Call } from '../contract/call.ts';
import { hush } from '../contract/hush.ts';

/**
 * How much it matters that a call is made, most first. Source of the classes: B. Beyer et al. (eds.), "Site Reliability
 * Engineering", 2016, chapter 21, "Handling Overload".
 */
export const criticalities = ['critical-plus', 'critical', 'sheddable-plus', 'sheddable'] as const;

/**
 * `critical-plus`: users notice at once and badly; `critical`: users notice; `sheddable-plus`: may fail for minutes, as
 * in a batch; `sheddable`: may fail for hours.
 */
export type Criticality = (typeof criticalities)[number];

/** Up to which share of the queue calls of each class may join it. */
export type QueueShares = Readonly<Record<Criticality, number>>;

/** Where the class of a call that has none stands. */
const unclassified = criticalities.indexOf('critical');

/** The place of a call's class among them, 0 for the most critical, whatever the function that says so does. */
export function rankOf(call: Call, priority: (call: Call) => Criticality): number {
  try {
    const said: unknown = priority(call);
    const rank = (criticalities as readonly unknown[]).indexOf(said);
    if (rank >= 0) return rank;
    hush(said);
  } catch {
    // A call is not refused because nobody could say how much it matters.
  }
  return unclassified;
}

/**
 * How many may be waiting, of whatever class, for one of each class to join them. Rounded down: what is kept free for
 * more critical calls is really free.
 *
 * Reserving, rather than showing the least critical out when a more critical call comes: who was let in has been told to
 * wait, and a refusal late is worse than one at once. Telephone exchanges have done so for long ("trunk reservation").
 */
export function queueLimits(maxQueue: number, shares: QueueShares): number[] {
  return criticalities.map((name) => Math.floor(maxQueue * shares[name]));
}
