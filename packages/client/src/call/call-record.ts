import type { CacheFinding } from '@switchgear/policy';
import type { StreamsOfCall } from '../response/streamed-answer.ts';

/** What is known of a call that is under way. */
export interface CallRecord {
  /** In monotonic milliseconds, as is the deadline. */
  readonly startedAt: number;
  deadline: number;
  readonly requestId: string;
  readonly traceId: string;
  /** For an operation that answers with a stream. */
  readonly streams: StreamsOfCall | undefined;
  attempts: number;
  /** For an operation with `cache`, what was found there. */
  found?: CacheFinding;
  /** How long ago the answer was loaded, in milliseconds. */
  ageMs?: number;
}
