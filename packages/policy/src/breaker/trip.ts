import { badOf, type OutcomeTally } from '../stats/outcome-window.ts';

/** The rules a window is held against. */
export interface TripRules {
  readonly minimumCalls: number;
  readonly failureRatio: number;
  /** Left out, no call is ever slow, and the two rules below are off. */
  readonly slowMs?: number | undefined;
  readonly slowRatio: number;
  /** Left out, the rule is off. */
  readonly badRatio?: number | undefined;
  /** 0 turns the rule off. */
  readonly consecutiveFailures: number;
}

/** Which rule opened a circuit. */
export type TripCause = 'failure-ratio' | 'slow-ratio' | 'bad-ratio' | 'consecutive-failures';

/**
 * Which rule says that the circuit opens, if one does. Asked after a call that failed or was slow, and after no other:
 * a quick success never opens.
 */
export function trips(rules: TripRules, tally: OutcomeTally, failuresInARow: number): TripCause | undefined {
  const { calls, failures, slow } = tally;
  if (calls >= rules.minimumCalls) {
    if (reaches(failures, calls, rules.failureRatio)) return 'failure-ratio';
    if (rules.slowMs !== undefined) {
      if (reaches(slow, calls, rules.slowRatio)) return 'slow-ratio';
      if (rules.badRatio !== undefined && reaches(badOf(tally), calls, rules.badRatio)) return 'bad-ratio';
    }
  }
  if (rules.consecutiveFailures > 0 && failuresInARow >= rules.consecutiveFailures) return 'consecutive-failures';
  return undefined;
}

/**
 * What the probes answered so far have decided, as early as it can be known: `reopen` once the ratio is reached
 * whatever the rest says, `close` once the rest can no longer make it be reached. Decided at the latest when all are in.
 */
export function decides(
  probes: number,
  successes: number,
  failures: number,
  failureRatio: number,
): 'reopen' | 'close' | undefined {
  if (reaches(failures, probes, failureRatio)) return 'reopen';
  if (!reaches(probes - successes, probes, failureRatio)) return 'close';
  return undefined;
}

/**
 * By division, not multiplication: `9 / 10 >= 0.9` is exact for every ratio a person writes down, while 0.07 × 100 is
 * more than 7.
 */
function reaches(some: number, of: number, ratio: number): boolean {
  return some / of >= ratio;
}
