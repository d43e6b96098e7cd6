import type { Call, CallContext } from './call.ts';
import { DeadlineExceededError, type RefusedError } from './errors.ts';
import type { RefusalReason } from './events.ts';
import { hush } from './hush.ts';
import { type Classify, classifyOutcome, type Outcome, type Verdict, verdicts } from './outcome.ts';
import type { Policy } from './policy.ts';
import type { Runtime } from './runtime.ts';

/** Leave to call, given by a gate. It ends exactly once; a second ending changes nothing. */
export interface Permit {
  readonly admitted: true;
  /** The epoch of the gate in which it was given. A result of an earlier epoch moves nothing. */
  readonly epoch: number;
  success(): void;
  /** @param openForMs How long the result asks a breaker to stay open, in milliseconds; other gates pass it over. */
  failure(openForMs?: number): void;
  /** @param openForMs As for `failure`. */
  throttled(openForMs?: number): void;
  /** Nothing was learnt: the caller left, or our own side objected. */
  ignored(): void;
  /** The caller has been answered, but work that was given up goes on: the permit ends when that does. */
  orphaned?(): void;
  /** The call never began, so nothing was used either. A gate to which that makes no difference hears `ignored`. */
  unused?(): void;
}

/** The other answer of a gate: a value, not a throw. */
export interface Refusal {
  readonly admitted: false;
  readonly reason: RefusalReason;
  /** When asking again may help, in milliseconds, if the gate knows. */
  readonly retryAfterMs: number | undefined;
  /** The error that tells the caller. */
  toError(call: Call): RefusedError;
}

/** A policy that admits or refuses, and hears how it went. Usable bare, with `tryAcquire`. */
export interface Gate extends Policy {
  /** Asks for leave now. */
  tryAcquire(): Permit | Refusal;
  /** Asks for leave, waiting for a turn where the gate has a queue. Rejects with the reason when the call is cancelled. */
  acquire?(call: CallContext): Promise<Permit | Refusal>;
  /** Whether a permit stands for a place that is taken until the work really ends, cancelled or not. */
  readonly holdsPlace: boolean;
  readonly classify: Classify | undefined;
  readonly runtime: Runtime;
}

/**
 * Judges an outcome, whatever a classifier does: one that throws, or answers nonsense or a promise, is passed over.
 * A cancelled call says nothing about the other side, unless it was the deadline that cancelled it.
 */
export function judge(classify: Classify | undefined, outcome: Outcome, call: CallContext): Verdict {
  if (!outcome.ok && call.cancelled && !(call.reason instanceof DeadlineExceededError)) return verdicts.ignored;
  for (const judgeOf of classify === undefined ? [classifyOutcome] : [classify, classifyOutcome]) {
    try {
      const verdict = judgeOf(outcome, call);
      if (isVerdict(verdict)) return verdict;
      hush(verdict);
    } catch {
      // An error class of the caller's may throw in its `verdict` as well; then it is simply a failure.
    }
  }
  // A value is always judged above, since `classifyOutcome` never throws of one: this is for errors alone, but for the day
  // on which it does.
  return outcome.ok ? verdicts.success : verdicts.failureForGood;
}

const kinds: readonly unknown[] = ['success', 'failure', 'throttled', 'ignored'] satisfies Verdict['kind'][];
const again: readonly unknown[] = ['never', 'backoff', 'now'] satisfies Verdict['retry'][];

function isVerdict(value: unknown): value is Verdict {
  if (typeof value !== 'object' || value === null) return false;
  return kinds.includes(Reflect.get(value, 'kind')) && again.includes(Reflect.get(value, 'retry'));
}
