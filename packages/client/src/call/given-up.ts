import {
  BulkheadFullError,
  ConcurrencyLimitedError,
  isSwitchgearError,
  RefusedError,
  type SwitchgearError,
} from '@switchgear/policy';
import { ThrottledError } from '../errors.ts';
import type { Incoming } from '../trace/incoming.ts';

/** Tells the request that a call was made for when it would not help to send that call again from further out. */
export function tellGivenUp(incoming: Incoming | undefined, error: unknown): void {
  if (incoming?.onGivenUp === undefined || !isGivenUp(error)) return;
  try {
    incoming.onGivenUp(error);
  } catch {
    // It was told; what it makes of that is its own affair.
  }
}

/**
 * Whether a failed call has been tried as often as makes sense, by whoever is next to what failed: its retries have not
 * helped, or could not be paid for; the service asks for less; a breaker, a throttle or a rate limit lets nothing through.
 * Retries further out would only multiply it. A full bulkhead says something about this process alone, and another one
 * may have room.
 */
export function isGivenUp(error: unknown): error is SwitchgearError {
  if (!isSwitchgearError(error)) return false;
  if (error instanceof RefusedError) {
    return !(error instanceof BulkheadFullError || error instanceof ConcurrencyLimitedError);
  }
  if (error instanceof ThrottledError) return true;
  const tried = error.stopped === 'budget-empty' || (error.stopped !== undefined && (error.retries ?? 0) > 0);
  // "No such user" is an answer, also when it came with the second attempt.
  return tried && error.verdict(true).kind !== 'success';
}
