import type { Quota } from '../classify/rate-limit.ts';
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
  /**
   * What the service said is left of its quotas (`RateLimit`), in its last answer. Nothing is held back for it: whoever
   * wants to keep within one has the `rateLimiter` of the policies, and what is asked too often is answered with 429.
   */
  readonly quotas: readonly Quota[];
  readonly requestId: string;
  readonly traceId: string;
}
