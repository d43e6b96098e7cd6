import type { Call, CallContext } from '../contract/call.ts';
import { BulkheadClosedError, BulkheadFullError, DeadlineExceededError, withoutStack } from '../contract/errors.ts';
import type { RefusalReason } from '../contract/events.ts';
import type { Refusal } from '../contract/gate.ts';
import { criticalities } from './criticality.ts';
import type { BulkheadSettings } from './options.ts';

/** No place is free, and there is no room to wait for one of the given rank; without one, for anybody. */
export function fullRefusal({ maxConcurrent, maxQueue, name }: BulkheadSettings, rank?: number): Refusal {
  const taken = `all ${maxConcurrent} places are taken`;
  if (maxQueue === 0) return refusal(BulkheadFullError, 'bulkhead-full', taken, name);
  const whose = rank === undefined ? '' : `, or what it has for ${criticalities[rank]} calls`;
  return refusal(BulkheadFullError, 'bulkhead-full', `${taken}, and the queue of ${maxQueue}${whose}`, name);
}

/** No place came in time. */
export function lateRefusal({ queueTimeoutMs, name }: BulkheadSettings): Refusal {
  const late = `no place became free in ${queueTimeoutMs} ms`;
  return refusal(BulkheadFullError, 'bulkhead-queue-timeout', late, name);
}

/** There are no places any more. */
export function closedRefusal({ name }: BulkheadSettings): Refusal {
  return refusal(BulkheadClosedError, 'bulkhead-closed', 'the bulkhead is closed', name);
}

/** The same answer for every call it is given to; only the error is made anew. */
function refusal(
  RefusalError: typeof BulkheadFullError | typeof BulkheadClosedError,
  reason: RefusalReason,
  message: string,
  name: string,
): Refusal {
  return Object.freeze<Refusal>({
    admitted: false,
    reason,
    retryAfterMs: undefined,
    toError: ({ target, operation, attempt }: Call) =>
      withoutStack(
        () =>
          new RefusalError(message, reason, {
            target: target === '' ? name : target,
            operation,
            attempts: attempt - 1,
          }),
      ),
  });
}

/** The deadline of a call came before its turn. */
export function deadlinePassed(call: CallContext): DeadlineExceededError {
  const { target, operation, attempts, sent, phase } = call;
  return withoutStack(
    () =>
      new DeadlineExceededError('the deadline passed while waiting for a place', {
        target,
        operation,
        attempts,
        sent,
        phase,
      }),
  );
}
