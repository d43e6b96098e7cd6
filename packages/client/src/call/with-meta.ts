/** A result, and how it came about. */
export interface WithMeta<T> {
  readonly value: T;
  readonly provenance: 'live' | 'cached' | 'stale' | 'degraded';
  /** Attempts that were begun. */
  readonly attempts: number;
  readonly durationMs: number;
  readonly requestId: string;
  readonly traceId: string;
}
