import type { EventBase, PolicyEvent } from '@switchgear/policy';

/**
 * How a call ended. Exhaustive and exclusive: the fates of all calls add up to the calls.
 * - `ok`, `ok-retried`: a live answer, at the first send or a later one
 * - `degraded`: the fallback answered
 * - `answered`: the service said no, with a status of its contract or another one below 500
 * - `throttled`: the service asks for less
 * - `refused`: breaker or bulkhead, before anything was sent
 * - `timed-out`: the deadline, or the last attempt's timeout
 * - `unavailable`: no connection, a lost one, a 5xx, no token to be had
 * - `invalid`: an answer that does not hold to the contract, or is too large
 * - `unauthenticated`: credentials refused
 * - `cancelled`: the caller left
 * - `misused`: the call could not be made at all
 */
export type Fate =
  | 'ok'
  | 'ok-retried'
  | 'degraded'
  | 'answered'
  | 'throttled'
  | 'refused'
  | 'timed-out'
  | 'unavailable'
  | 'invalid'
  | 'unauthenticated'
  | 'cancelled'
  | 'misused';

/** A call of an operation ended. Exactly one per call. */
export interface CallFinished extends EventBase {
  readonly type: 'call.finished';
  readonly operation: string;
  readonly fate: Fate;
  readonly durationMs: number;
  /** Attempts that were begun. */
  readonly attempts: number;
  /** How far past its deadline it ended, in milliseconds; 0 when in time. */
  readonly overdueMs: number;
  readonly requestId: string;
  readonly traceId: string;
  /** What it rejected with, or what the fallback stood in for. */
  readonly error: unknown;
}

/** A token was asked for, with or without success. */
export interface TokenRefreshed extends EventBase {
  readonly type: 'token.refreshed';
  readonly ok: boolean;
  /** Counts the tokens of this credential, from 1. */
  readonly generation: number;
  readonly durationMs: number;
  readonly error: unknown;
}

/** An attempt was answered with 401 and is sent once more with a newer token. */
export interface AttemptReauthorised extends EventBase {
  readonly type: 'attempt.reauthorised';
  readonly operation: string;
  readonly attempt: number;
}

/** All that a client says: what its policies say, and what it adds. */
export type ClientEvent = PolicyEvent | CallFinished | TokenRefreshed | AttemptReauthorised;
