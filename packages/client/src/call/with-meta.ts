import type { Fate } from '../events.ts';
import type { CallTimings } from '../timing/timings.ts';

/** A result, and how it came about. */
export interface WithMeta<T> {
  readonly value: T;
  readonly provenance: 'live' | 'cached' | 'stale' | 'degraded';
  /** The same, and what it took to have it, in the word that `call.finished` and the metrics have for it. */
  readonly fate: Fate;
  /** Attempts that were begun. */
  readonly attempts: number;
  readonly durationMs: number;
  /** Where that went; of an answer that is a stream, up to its head. */
  readonly timings: CallTimings;
  readonly requestId: string;
  readonly traceId: string;
}
