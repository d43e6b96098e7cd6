import type { ErrorFacts } from '@switchgear/policy';
import type { CallTrace } from '../trace/call-trace.ts';

/** What a call that is part of a larger one, as a request of a batch is, has from there. */
export interface CallPart {
  /** In monotonic milliseconds, as everywhere. */
  readonly deadline: number;
  readonly requestId: string;
  readonly trace: CallTrace;
  /** The deadline that the service is told, where that is earlier: of several callers, the first one's. */
  readonly toldDeadline?: (() => number) | undefined;
  /** Makes the value of what was answered, within the attempt. What it throws says how the attempt failed. */
  readonly interpret: (answer: unknown, status: number, facts: ErrorFacts) => unknown;
}
