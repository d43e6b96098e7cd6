import type { CallOptions, ErrorFacts } from '@switchgear/policy';
import type { HeaderChanges } from '../interceptors/header-editor.ts';
import type { InterceptedCall } from '../interceptors/interceptor.ts';
import type { Interceptors } from '../interceptors/interceptors.ts';
import type { CallRecord } from './call-record.ts';
import type { OperationParts } from './operation-parts.ts';

/** Takes a call through the client's interceptors, within its deadline. @throws InterceptorError */
export async function interceptCall(
  interceptors: Interceptors,
  parts: OperationParts,
  record: CallRecord,
  headers: readonly string[],
  call: CallOptions,
  facts: ErrorFacts,
): Promise<HeaderChanges> {
  const { definition, inTime, name: operation, settings } = parts;
  const { deadline, requestId, trace } = record;
  const seen: InterceptedCall = Object.freeze({
    target: settings.target,
    operation,
    method: definition.method,
    template: settings.prefix + definition.path.template,
    requestId,
    traceId: trace.traceId,
    spanId: trace.spanId,
    deadline,
    idempotent: call.idempotent ?? true,
  });
  record.intercepted = seen;
  return interceptors.beforeCall(seen, headers, record.entered, facts, (work) => inTime.execute(() => work, call));
}

/** The caller's headers and those of the interceptors: what a cache tells answers apart by. */
export function saidHeaders(
  said: Readonly<Record<string, string>> | undefined,
  { changes }: HeaderChanges,
): Readonly<Record<string, string>> | undefined {
  if (changes.size === 0) return said;
  const all = new Map(Object.entries(said ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  // One that was left out is not the same as one that nobody spoke of.
  for (const [name, value] of changes) all.set(name, value ?? '');
  return Object.assign(Object.create(null), Object.fromEntries(all));
}
