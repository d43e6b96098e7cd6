import type { Call } from './call.ts';
import { DeadlineExceededError, RefusedError } from './errors.ts';
import { classifyOutcome, type VerdictKind } from './outcome.ts';

/**
 * Whether a failure says that there is no one to ask: a failure or throttling by its verdict, a refusal by a gate, or a
 * deadline that passed. Not when the other side gave a proper answer, such as "no such user", and not when somebody left.
 */
export function isAway(error: unknown, call: Call): boolean {
  if (error instanceof RefusedError || error instanceof DeadlineExceededError) return true;
  // Somebody aborted the operation by a signal that the call does not know of. That is leaving, not sickness.
  if (error instanceof Error && error.name === 'AbortError') return false;
  const kind = kindOf(error, call);
  return kind === 'failure' || kind === 'throttled';
}

/** Whether a failure is the other side's proper answer, such as "no such user". */
export function isProperAnswer(error: unknown, call: Call): boolean {
  return kindOf(error, call) === 'success';
}

/** An error class of the caller's may throw in its `verdict`: then nothing is known of it but that it failed. */
function kindOf(error: unknown, call: Call): VerdictKind {
  try {
    return classifyOutcome({ ok: false, error }, call).kind;
  } catch {
    return 'failure';
  }
}
