import type { Fate } from '../events.ts';
import type { CallRecord } from './call-record.ts';
import type { OperationParts } from './operation-parts.ts';
import type { WithMeta } from './with-meta.ts';

/** Tells that a call has ended, and makes its result. */
export function finished(
  parts: OperationParts,
  record: CallRecord,
  fate: Fate,
  error: unknown,
  value: unknown,
): WithMeta<unknown> {
  publishFinished(parts, record, fate, error);
  return metaOf(parts, record, fate, value);
}

/** A result, and how it came about so far. */
export function metaOf(parts: OperationParts, record: CallRecord, fate: Fate, value: unknown): WithMeta<unknown> {
  const { attempts, requestId, traceId } = record;
  const durationMs = parts.runtime.clock.now() - record.startedAt;
  const provenance = fate === 'degraded' || fate === 'cached' || fate === 'stale' ? fate : 'live';
  return { value, provenance, attempts, durationMs, requestId, traceId };
}

/** Tells that a call has ended: once for each. */
export function publishFinished(parts: OperationParts, record: CallRecord, fate: Fate, error: unknown): void {
  if (!parts.events.wants('call.finished')) return;
  const at = parts.runtime.clock.now();
  const { attempts, requestId, traceId } = record;
  parts.events.publish({
    type: 'call.finished',
    at,
    target: parts.settings.target,
    operation: parts.name,
    fate,
    durationMs: at - record.startedAt,
    attempts,
    overdueMs: Math.max(0, at - record.deadline),
    requestId,
    traceId,
    error,
  });
}
