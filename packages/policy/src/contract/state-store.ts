import type { Unsubscribe } from './call.ts';

/*
 * What a fleet of processes decides together. Each method is one decision, made where the state is: nothing is read,
 * judged by the caller and written back, since between the two another process would have done the same. So each can be
 * one script on a server, and one round trip.
 *
 * Time: only durations go in and out, in milliseconds. The store's own clock turns them into moments, so that the clocks
 * of the processes need not agree. If it steps back, as it may when a replica takes over, no time has passed.
 *
 * Forgetting: everything stored has an end of its own, set in the same step that stores it. A key that is missing, be it
 * over, evicted, lost in a failover or never seen, is that of a newcomer: a full bucket, an empty window, a closed
 * circuit, a free lease. So what is lost lets through one burst or one window too many, and nothing is blocked for ever.
 *
 * Keys: any string. Two that differ never share state, whatever is in them, and the kinds of state (tokens, retries,
 * outcomes, circuits, leases) do not meet under one key. A store that writes keys down hashes them to a fixed length, in
 * an encoding that keeps all of a string: UTF-8 makes all lone surrogates one.
 *
 * Ops: a driver that reconnects may send again what has arrived. So what adds up carries an `op`: a string that no other
 * change of this kind and key has, in the whole fleet, such as a random name of the process and a counter. An op that has
 * changed something changes nothing when it comes again, for at least `opMemoryMs`, and has the answer that it had. Leases
 * need none: asking again as the same owner is harmless by itself.
 *
 * Failing: every method settles within a time that the store bounds itself, and never throws at once. Without a decision
 * it rejects with a `StateStoreError`; it is not a value, because "could not ask" would then be one `granted: 0` away
 * from "asked, and refused", and who forgets to look would block, where who forgets to catch is told. Whoever asks keeps
 * state of its own and goes by that meanwhile. Arguments that cannot be are a rejected `ConfigError`, and change nothing.
 */

/** How long an op is known, at the least, in milliseconds: far longer than a driver takes to send it again. */
export const opMemoryMs: number = 10_000;

/** A rate that is kept together: tokens flow in evenly, up to the brim, and a bucket that is new is full. */
export interface SharedRate {
  /** Tokens per `intervalMs`, above 0. */
  readonly limit: number;
  /** In milliseconds, above 0. */
  readonly intervalMs: number;
  /** Tokens that it holds at most, above 0. */
  readonly burst: number;
}

/** Asks for tokens: for one call, or for a block of them that lets many calls go without asking. */
export interface TokenAsk {
  readonly op: string;
  /** How many would be taken, above 0. More than `burst` are never granted at once. */
  readonly tokens: number;
  /** How many are of use, above 0, at most `tokens` and `burst`: fewer are not taken. Left out, all of them. */
  readonly atLeast?: number;
}

/** What was decided about a `TokenAsk`. */
export interface TokenGrant {
  /** Tokens that were taken: from `atLeast` to `tokens`, the part above `atLeast` in whole ones; or 0. */
  readonly granted: number;
  /** Whole tokens that are left. */
  readonly remaining: number;
  /** 0 when granted; otherwise when `atLeast` will be there if nobody else comes, in milliseconds, rounded up. */
  readonly retryAfterMs: number;
}

/** Gives back tokens that were granted and will not be used. */
export interface UnusedTokens {
  /** That of the `TokenAsk` they were granted to. */
  readonly op: string;
  /** How many, above 0. What exceeds the grant is passed over. */
  readonly tokens: number;
}

/** How much may be sent on top of what was asked for: a share of the calls lately made, and a small allowance. */
export interface SharedBudget {
  /** Retries per call inside the window, from 0 to 1. */
  readonly ratio: number;
  /** Retries per second whatever the ratio says, 0 or more; one second's worth is kept, but one retry at least. */
  readonly minPerSecond: number;
  /** In milliseconds, above 0. Budgets of other windows are kept apart. */
  readonly windowMs: number;
}

/** What happened since the last draw, and what is wanted. All are whole numbers of at least 0. */
export interface RetryDraw {
  readonly op: string;
  /** Calls that have begun, retries not among them: what is earned by. */
  readonly calls: number;
  /** Retries to be had now, to be spent one by one without asking. */
  readonly retries: number;
  /** Retries granted before that will not be sent. */
  readonly unused: number;
}

/** What was decided about a `RetryDraw`. */
export interface RetryGrant {
  /** From 0 to the number that was wanted. */
  readonly granted: number;
  /** How many more there would have been. */
  readonly remaining: number;
}

/** How many outcomes there were, and of what kind. All are whole numbers of at least 0. */
export interface OutcomeCounts {
  readonly calls: number;
  readonly failures: number;
  /** Slow ones, failed or not. */
  readonly slow: number;
  /** Those that were both. */
  readonly slowFailures: number;
}

/** Outcomes since the last report. */
export interface OutcomeReport extends OutcomeCounts {
  readonly op: string;
  /** Over which stretch of time they are added up, in milliseconds, above 0. Windows of other lengths are kept apart. */
  readonly windowMs: number;
}

/** Tells the fleet that a breaker has opened. */
export interface CircuitOpening {
  readonly op: string;
  /** How long nobody should call, in milliseconds, above 0. */
  readonly openMs: number;
  /** How long after that only the holder of the lease should, in milliseconds, 0 or more. */
  readonly probeMs: number;
}

/** What the fleet knows of a circuit. */
export interface FleetCircuit {
  /** `half-open`: the open time is over, and whether the other side is well is the lease holder's to find out. */
  readonly state: 'closed' | 'open' | 'half-open';
  /** Which opening this is: a later one has a larger number, and none comes twice. 0 when closed. */
  readonly epoch: number;
  /** How much longer it stays in this state if nobody does anything, in milliseconds; 0 when closed. */
  readonly forMs: number;
}

/** Asks to be the one, until it is given up or over. */
export interface LeaseAsk {
  /** Who asks: a string that nobody else in the fleet uses. */
  readonly owner: string;
  /** How long it is held unless renewed, in milliseconds, above 0. */
  readonly ttlMs: number;
}

/** Who holds a lease now. */
export interface LeaseAnswer {
  /** Whether it is the one who asked. */
  readonly held: boolean;
  /** How much longer it is held, by whomever, in milliseconds. Who holds it counts from before it asked. */
  readonly forMs: number;
}

/** Where the state of a fleet is kept. */
export interface StateStore {
  /**
   * Takes tokens from the bucket of a key, all in one step. In any stretch of time, what is granted less what is given
   * back is at most `burst + limit × time / intervalMs`, boundaries of intervals or not. A refusal takes nothing.
   *
   * Processes that state different rates for a key, as during a deployment, draw on one bucket: what one has taken the
   * other misses, and no more goes than the larger rate and the larger burst allow.
   *
   * Rejects with a `ConfigError` if `atLeast` is more than `burst`, since no wait would help.
   */
  takeTokens(key: string, rate: SharedRate, ask: TokenAsk): Promise<TokenGrant>;

  /**
   * Gives tokens of one grant back, once: a second time changes nothing. What has flowed in since the grant is taken off,
   * because it may have been spilt at a brim that the tokens were missing from. Of an op that is not known, nothing is
   * taken back. A grant is known for as long as giving it back could be worth anything.
   */
  giveBackTokens(key: string, rate: SharedRate, unused: UnusedTokens): Promise<void>;

  /**
   * Pays in the calls made, takes unused retries back, and grants retries from what is there then, all in one step. At
   * any moment since the key was new, `granted - unused ≤ ratio × calls + minPerSecond × seconds + max(1, minPerSecond)`
   * in the whole fleet; the last two are 0 where `minPerSecond` is. A call counts for at least nine tenths of the window,
   * and never longer than it.
   *
   * Processes that state different budgets for a key and window draw on one, each judged by what it states itself.
   */
  drawRetries(key: string, budget: SharedBudget, draw: RetryDraw): Promise<RetryGrant>;

  /**
   * Adds outcomes to the window of a key and tells its sums, those just added included: the evidence of the whole fleet.
   * An outcome counts for at least nine tenths of `windowMs`, and never longer than it. A report of nothing only asks.
   */
  reportOutcomes(key: string, report: OutcomeReport): Promise<OutcomeCounts>;

  /**
   * Begins an opening, and tells what holds then. It only ever tightens: what would have ended later still does. Nobody
   * has to end it: it is half-open after `openMs`, and forgotten after `probeMs` more.
   */
  openCircuit(key: string, opening: CircuitOpening): Promise<FleetCircuit>;

  /**
   * Ends the opening of an epoch, because a probe of it has succeeded, and tells what holds then. If there has been
   * another opening since, nothing changes: the probe knew nothing of what led to it.
   */
  closeCircuit(key: string, epoch: number): Promise<FleetCircuit>;

  /**
   * Tells what the fleet knows. It is advice to a breaker, in one direction: one that is closed may hold its calls back
   * because the fleet is open; one that is open by its own evidence does not close because the fleet is not.
   */
  readCircuit(key: string): Promise<FleetCircuit>;

  /**
   * Hears that a circuit may have changed, as a hint to read it sooner. Polling has to do without: a hint may be late,
   * come for nothing, or never come at all. What `hint` throws reaches nobody.
   * @throws ConfigError if the key is no string, or the hint no function.
   */
  watchCircuit(key: string, hint: () => void): Unsubscribe;

  /** Takes the lease of a key if it is free, or renews it for its holder: at any moment at most one owner holds it. */
  acquireLease(key: string, ask: LeaseAsk): Promise<LeaseAnswer>;

  /** Gives a lease up before its time. Whose it is not changes nothing. */
  releaseLease(key: string, owner: string): Promise<void>;

  /** Lets connections and timers go. What comes afterwards rejects with `closed`; a second time changes nothing. */
  close(): Promise<void>;
}
