/** How long a value may be used for what, in milliseconds from when it came. */
export interface Ttl {
  readonly freshMs: number;
  readonly staleMs: number;
  readonly staleIfErrorMs: number;
}

/** The same as moments, in monotonic milliseconds. Each names the first moment at which it no longer may. */
export interface Lifetime {
  readonly storedAt: number;
  readonly freshUntil: number;
  readonly staleUntil: number;
  readonly errorUntil: number;
}

/** What a value is still good for: `stale-on-error` only if there is nothing better, `nothing` for nothing. */
export type Usability = 'fresh' | 'stale' | 'stale-on-error' | 'nothing';

/**
 * When a value that came now stops being fresh, stale and of any use. The fresh time is shortened by chance, so that
 * what was stored together does not expire together; the other two begin where it ends.
 */
export function lifetimeOf(ttl: Ttl, jitterRatio: number, now: number, random: () => number): Lifetime {
  const freshUntil = now + jittered(ttl.freshMs, jitterRatio, random);
  return {
    storedAt: now,
    freshUntil,
    staleUntil: freshUntil + ttl.staleMs,
    errorUntil: freshUntil + ttl.staleIfErrorMs,
  };
}

/** A time shortened by up to the given share of it, never lengthened. */
export function jittered(ms: number, ratio: number, random: () => number): number {
  if (ratio === 0) return ms;
  const drawn = random();
  // Chance that answers nonsense shortens nothing.
  return drawn > 0 && drawn <= 1 ? ms * (1 - ratio * drawn) : ms;
}

/** What a value is good for at the given moment. */
export function usabilityAt(lifetime: Lifetime, now: number): Usability {
  if (now < lifetime.freshUntil) return 'fresh';
  if (now < lifetime.staleUntil) return 'stale';
  return now < lifetime.errorUntil ? 'stale-on-error' : 'nothing';
}
