import { isSwitchgearError } from '@switchgear/policy';
import { readQuotas } from '../classify/rate-limit.ts';
import type { CallFinished, Fate } from '../events.ts';
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
  const { attempts, progress, requestId, startedAt, trace } = record;
  const now = parts.runtime.clock.now();
  const provenance = fate === 'degraded' || fate === 'cached' || fate === 'stale' ? fate : 'live';
  return {
    value,
    provenance,
    fate,
    attempts,
    durationMs: now - startedAt,
    timings: progress.clock.timings(now),
    quotas: readQuotas(progress.headers?.ratelimit, progress.headers?.['ratelimit-policy']),
    requestId,
    traceId: trace.traceId,
  };
}

/** Tells that a call has begun: once for each, before anything can go wrong with it. */
export function publishStarted(parts: OperationParts, record: CallRecord): void {
  const { definition, events, name: operation, runtime, settings } = parts;
  const { requestId, trace } = record;
  const { target, tracing } = settings;
  if (tracing === undefined && !events.wants('call.started')) return;
  const { method } = definition;
  const template = settings.prefix + definition.path.template;
  trace.begin({ target, operation, method, template, requestId });
  if (!events.wants('call.started')) return;
  events.publish({
    type: 'call.started',
    at: runtime.clock.now(),
    target,
    operation,
    method,
    template,
    requestId,
    traceId: trace.traceId,
    spanId: trace.spanId,
    parentSpanId: trace.parentSpanId,
  });
}

/** Tells that a call has ended: once for each. Its error learns where the time went, before anybody sees it. */
export function publishFinished(parts: OperationParts, record: CallRecord, fate: Fate, error: unknown): void {
  const { events, name: operation, runtime, settings } = parts;
  const { attempts, hedges, progress, requestId, startedAt, trace } = record;
  const at = runtime.clock.now();
  progress.end();
  // An error that several calls share tells of the first of them.
  if (isSwitchgearError(error) && Object.isExtensible(error)) error.spentMs ??= progress.clock.spent(at);
  if (record.intercepted !== undefined) {
    const outcome = { fate, attempts, durationMs: at - startedAt, error };
    parts.interceptors?.afterCall(record.intercepted, outcome, record.entered);
  }
  const { span } = trace;
  const wanted = events.wants('call.finished');
  if (!wanted && span === undefined) return;
  const finished: CallFinished = {
    type: 'call.finished',
    at,
    target: settings.target,
    operation,
    fate,
    durationMs: at - startedAt,
    attempts,
    retries: Math.max(0, attempts - 1 - hedges),
    hedges,
    overdueMs: Math.max(0, at - record.deadline),
    requestId,
    traceId: trace.traceId,
    spanId: trace.spanId,
    parentSpanId: trace.parentSpanId,
    timings: progress.clock.timings(at),
    error,
  };
  span?.end(finished);
  if (wanted) events.publish(finished);
}
