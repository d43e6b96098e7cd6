/** An answer of the service itself, for this call. */
export interface Live<T> {
  readonly provenance: 'live';
  readonly value: T;
}

/**
 * An answer that the service gave some while ago, kept past its time. No field in common with the real value, as for
 * `Degraded`.
 */
export interface Stale<T> {
  readonly provenance: 'stale';
  readonly value: T;
  /** How long ago it was loaded, in milliseconds. */
  readonly ageMs: number;
}

/**
 * An answer made up because the service was away. A type of its own: it has no field in common with the real value, so
 * it cannot flow into a write before someone has looked.
 */
export interface Degraded<F> {
  readonly provenance: 'degraded';
  readonly value: F;
  /** Why there is no live answer. */
  readonly error: unknown;
}
