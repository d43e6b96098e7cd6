/** The rules a window is held against. */
export interface TripRules {
  readonly minimumCalls: number;
  readonly failureRatio: number;
  /** 0 turns the rule off. */
  readonly consecutiveFailures: number;
}

/** Which rule says that the circuit opens, if one does. Asked after a failure only: a success never opens. */
export function trips(
  rules: TripRules,
  calls: number,
  failures: number,
  failuresInARow: number,
): 'failure-ratio' | 'consecutive-failures' | undefined {
  if (calls >= rules.minimumCalls && reaches(failures, calls, rules.failureRatio)) return 'failure-ratio';
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
function reaches(failures: number, of: number, ratio: number): boolean {
  return failures / of >= ratio;
}
