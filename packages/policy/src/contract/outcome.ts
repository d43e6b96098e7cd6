import type { Call } from './call.ts';
import { isSwitchgearError } from './errors.ts';
import { type Verdict, verdicts } from './verdict.ts';

export { type Verdict, type VerdictKind, verdicts } from './verdict.ts';

/** How an attempt ended. */
export type Outcome<T = unknown> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

/** Judges an outcome. Must not throw; one that does makes the call's own outcome stand as `classifyOutcome` sees it. */
export type Classify = (outcome: Outcome, call: Call) => Verdict;

/**
 * The verdict when no one has a better one: a value is a success, an error of ours says itself what it is, and any
 * other error is a failure, sent again only if the call is idempotent.
 */
export const classifyOutcome: Classify = (outcome, call) => {
  if (outcome.ok) return verdicts.success;
  const { error } = outcome;
  if (isSwitchgearError(error)) return error.verdict(call.idempotent);
  return call.idempotent ? verdicts.failure : verdicts.failureForGood;
};
