import { type Call, classifyOutcome, DeadlineExceededError, type Verdict, verdicts } from '@switchgear/policy';

/**
 * What a failed attempt says of its host: as a gate in a pipeline would hear it. A call that its caller has left says
 * nothing, unless it was the deadline that ended it.
 */
export function verdictOf(error: unknown, call: Call): Verdict {
  if (wasLeft(call)) return verdicts.ignored;
  try {
    const verdict = classifyOutcome({ ok: false, error }, call);
    if (kinds.has(verdict.kind)) return verdict;
  } catch {
    // An error class of the caller's may throw in its `verdict`; then it is simply a failure.
  }
  return verdicts.failureForGood;
}

const kinds: ReadonlySet<unknown> = new Set<Verdict['kind']>(['success', 'failure', 'throttled', 'ignored']);

function wasLeft(call: Call): boolean {
  let left = false;
  // Heard at once if it has happened, and taken back if not.
  call.onCancel((reason) => {
    left = !(reason instanceof DeadlineExceededError);
  })();
  return left;
}
