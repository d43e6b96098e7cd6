import { type Call, DeadlineExceededError, type ErrorFacts, type Policy } from '@switchgear/policy';
import { ClientClosedError } from '../errors.ts';
import type { Fate } from '../events.ts';
import type { Streamed } from '../response/streamed-answer.ts';
import { fateOf } from './fate.ts';
import type { InFlight } from './in-flight.ts';

/** The call that was answered with a stream. */
export interface StreamingCall {
  readonly target: string;
  readonly operation: string;
  readonly attempts: number;
  /** The fate of the call if its body is read to the end. */
  readonly fate: Fate;
  /** In monotonic milliseconds. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  /** Ends at the deadline, or when the caller leaves, what it runs. */
  readonly inTime: Policy;
  readonly inFlight: InFlight;
}

/**
 * Keeps a call that was answered with a stream until its body has ended: it counts as under way, keeps its deadline and
 * hears its caller. One that nobody has begun to read ends when the client is closed.
 * @param ended Told once how the call ended.
 */
export function watchStream(
  streamed: Streamed,
  call: StreamingCall,
  ended: (fate: Fate, error: unknown) => void,
): void {
  const { target, operation, attempts, fate, deadline, signal, inFlight } = call;
  const facts: ErrorFacts = { target, operation, attempts, sent: 'answered', phase: 'body' };
  inFlight.begin();
  const stayOpen = inFlight.onClose(() => {
    if (!streamed.begun)
      streamed.destroy(new ClientClosedError('the client was closed before the body was read', facts));
  });
  const give = (reason: unknown): void => {
    streamed.destroy(
      reason instanceof DeadlineExceededError
        ? new DeadlineExceededError('the deadline passed before the body had been read', facts)
        : inFlight.isCancelledBy(reason)
          ? new ClientClosedError('the client was closed before the body had been read', facts)
          : reason,
    );
  };
  const body = (timed: Call): Promise<unknown> => {
    timed.progress('body', 'answered');
    return new Promise((resolve) => streamed.onEnd(resolve));
  };
  // Rejects when the time is up or the caller gone, which may be so by now.
  call.inTime.execute(body, { target, operation, deadline, signal, group: inFlight.group }).catch(give);
  streamed.onEnd((end) => {
    stayOpen();
    if (end.how === 'read') ended(fate, undefined);
    else if (end.how === 'left') ended('cancelled', undefined);
    else {
      const left = (signal?.aborted === true && end.error === signal.reason) || end.error instanceof ClientClosedError;
      ended(fateOf(end.error, left), end.error);
    }
    inFlight.end();
  });
}
