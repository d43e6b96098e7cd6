/**
 * How long the circuit stays open, in milliseconds, for the n-th opening in a row (1 for the first). The nominal time
 * doubles up to the cap; the real one lies between half of it and all of it. The chance is taken inside the cap, so that
 * breakers which have all reached it still do not come back at the same moment.
 * Source: "equal jitter", M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
 * @param chance In [0, 1).
 */
export function openTimeMs(opening: number, openMs: number, maxOpenMs: number, chance: number): number {
  const nominalMs = Math.min(maxOpenMs, openMs * 2 ** (opening - 1));
  return nominalMs / 2 + (chance * nominalMs) / 2;
}
