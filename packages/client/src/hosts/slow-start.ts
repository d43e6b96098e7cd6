/** What a host gets from the first moment, or nobody would ever learn how it does. */
export const leastShare = 0.1;

/**
 * The share of its usual calls that a new or returned host stands for: rising evenly until the time is over. A process
 * that has just begun has cold caches and cold code, and one that was ill may be ill still.
 * Source: Envoy, "Slow start mode", with an aggression of 1.
 */
export function rampShare(elapsedMs: number, rampMs: number): number {
  if (elapsedMs >= rampMs) return 1;
  return Math.max(leastShare, elapsedMs / rampMs);
}
