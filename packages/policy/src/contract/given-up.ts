import { isSwitchgearError } from './errors.ts';
import type { RetryStop } from './events.ts';
import type { Outcome } from './outcome.ts';

/*
 * Retries in layers multiply: three layers of two retries each send 27 times. So a failure is retried in one layer, the
 * innermost that can, and what that has given up on is given up further out as well. Only an error of ours can say so;
 * nothing is written on one of somebody else's.
 */

/**
 * Why a retry beneath has given up on a failure for everybody: its budget was empty, or it had sent again and that did not
 * help. One that could not or might not send again at all has left it to whoever is around.
 */
export function givenUpBeneath(outcome: Outcome): RetryStop | undefined {
  if (outcome.ok || !isSwitchgearError(outcome.error)) return undefined;
  const { stopped, retries = 0 } = outcome.error;
  return stopped === 'budget-empty' || retries > 0 ? stopped : undefined;
}

/**
 * Whether a retry beneath has found that a failure must not, or would not help to, be repeated. It knows what it sends;
 * what is around it may take anything for repeatable.
 */
export function ruledOutBeneath(outcome: Outcome): boolean {
  return !outcome.ok && isSwitchgearError(outcome.error) && outcome.error.stopped === 'not-retryable';
}
