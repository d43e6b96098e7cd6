import type { CacheFinding } from '@switchgear/policy';
import type { CallProgress } from '../attempt/call-progress.ts';
import type { InterceptedCall } from '../interceptors/interceptor.ts';
import type { Entered } from '../interceptors/interceptors.ts';
import type { StreamsOfCall } from '../response/streamed-answer.ts';
import type { CallTrace } from '../trace/call-trace.ts';

/** What is known of a call that is under way. */
export interface CallRecord {
  /** In monotonic milliseconds, as is the deadline. */
  readonly startedAt: number;
  deadline: number;
  readonly requestId: string;
  readonly trace: CallTrace;
  readonly progress: CallProgress;
  /** For an operation that answers with a stream. */
  readonly streams: StreamsOfCall | undefined;
  attempts: number;
  /** Path and query, once the request has been built. */
  path?: string;
  /** Those of them that were further copies of a slow one. */
  hedges: number;
  /** Where the client has interceptors. */
  intercepted?: InterceptedCall;
  /** How many of them the call has gone through. */
  readonly entered: Entered;
  /** For an operation with `cache`, what was found there. */
  found?: CacheFinding;
  /** How long ago the answer was loaded, in milliseconds. */
  ageMs?: number;
}
