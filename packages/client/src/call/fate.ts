import { RefusedError, SwitchgearError } from '@switchgear/policy';
import { DomainError } from '../contract/domain-error.ts';
import {
  AuthenticationError,
  ClientClosedError,
  EgressRefusedError,
  HttpStatusError,
  InterceptorError,
  InvalidRequestError,
  InvalidResponseError,
  RedirectRefusedError,
  ResponseTooLargeError,
  ThrottledError,
} from '../errors.ts';
import type { Fate } from '../events.ts';
import type { CallRecord } from './call-record.ts';

/** The fate of a call that a live answer came to. */
export function liveFate({ attempts, hedges, progress }: CallRecord): Fate {
  if (progress.answeredBy > 1) return 'ok-hedged';
  return attempts - hedges > 1 ? 'ok-retried' : 'ok';
}

/** The fate of a call that rejected. `cancelled` is what is left when the error is none of ours: the caller's reason. */
export function fateOf(error: unknown, cancelled: boolean): Fate {
  if (cancelled) return 'cancelled';
  if (!(error instanceof SwitchgearError)) return 'misused';
  if (error instanceof DomainError || error instanceof RedirectRefusedError) return 'answered';
  if (error instanceof HttpStatusError) return error.status < 500 ? 'answered' : 'unavailable';
  if (error instanceof ThrottledError) return 'throttled';
  if (error instanceof RefusedError) return 'refused';
  if (error instanceof InvalidRequestError || error instanceof ClientClosedError) return 'misused';
  if (error instanceof EgressRefusedError || error instanceof InterceptorError) return 'misused';
  if (error instanceof InvalidResponseError || error instanceof ResponseTooLargeError) return 'invalid';
  if (error instanceof AuthenticationError) return 'unauthenticated';
  if (error.code === 'SWITCHGEAR_DEADLINE_EXCEEDED' || error.code === 'SWITCHGEAR_ATTEMPT_TIMEOUT') return 'timed-out';
  return 'unavailable';
}
