import { currentDeadline, type ErrorFacts } from '@switchgear/policy';
import { InvalidRequestError } from '../errors.ts';
import type { CallSettings } from './call-settings.ts';
import type { OperationParts } from './operation-parts.ts';

/**
 * When a call must be over, in monotonic milliseconds.
 * @throws InvalidRequestError if the caller asks for what is no time.
 */
export function deadlineOf(parts: OperationParts, settings: CallSettings, now: number, facts: ErrorFacts): number {
  const ms = settings.deadlineMs ?? parts.definition.options.deadlineMs ?? parts.settings.deadlineMs;
  if (!Number.isFinite(ms) || ms < 0) {
    throw new InvalidRequestError([`deadlineMs: expected milliseconds, 0 or more, got ${String(ms)}`], facts);
  }
  // Someone else's deadline can only be kept, never made later: that of the request being handled, or of `withDeadline`.
  return Math.min(now + ms, currentDeadline(parts.runtime));
}
