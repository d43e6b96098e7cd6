/** What a window of calls told of the other side. */
export interface LimitSample {
  /** How long its calls took, in milliseconds: their mean, or a quantile; `undefined` when none was answered. */
  readonly latencyMs: number | undefined;
  /** The most calls that were under way at once. */
  readonly inFlight: number;
  /** Whether all places were taken when the window ended. */
  readonly full: boolean;
  /** Whether a noticeable share of its calls was throttled or ran out of time. */
  readonly dropped: boolean;
}

/**
 * How a limit moves: an algorithm, apart from who may enter. One instance belongs to one limiter and remembers what it
 * needs, such as how fast the other side is when nobody waits there.
 * The split is that of `Limit` and `Limiter` in Netflix/concurrency-limits.
 */
export interface Limit {
  /** Which algorithm it is, such as `vegas`. */
  readonly name: string;
  /** The latency of a window is this quantile of its calls, above 0 and at most 1; their mean when `undefined`. */
  readonly quantile?: number | undefined;
  /** Calls that make a window worth looking at; 10 when `undefined`. */
  readonly minimumSamples?: number | undefined;
  /**
   * The limit after a window, from the one in force. It may be a fraction, and may lie outside the bounds: who may enter
   * goes by the whole number below it, inside the bounds. What is not a finite number leaves the limit as it is.
   */
  onSample(limit: number, sample: LimitSample): number;
}

/** Makes the algorithm of one limiter. `random` is chance as the limiter's runtime has it, in [0, 1). */
export type LimitFactory = (random: () => number) => Limit;

/**
 * The step by which a limit moves: the whole part of its decimal logarithm, at least 1. So a limit of 20 moves by ones,
 * one of 200 by twos. Source: `Log10RootIntFunction` in Netflix/concurrency-limits, `Log10Func` in failsafe-go.
 */
export function stepOf(limit: number): number {
  return Math.max(1, Math.floor(Math.log10(Math.max(1, Math.floor(limit)))));
}
