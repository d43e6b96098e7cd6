import { SwitchgearError } from '@switchgear/policy';
import { isAway } from '../errors.ts';
import type { CallInput, OperationParts } from './operation-parts.ts';

/** The fallback's answer, or `undefined` when there is none to give: not asked for, not an outage, or the fallback failed. */
export function degrade(parts: OperationParts, input: CallInput, error: unknown): unknown {
  const { fallback } = parts.definition.options;
  if (fallback === undefined || !isAway(error)) return undefined;
  let value: unknown;
  try {
    value = fallback({ error, input });
  } catch {
    return undefined;
  }
  // The time of the call is up, so a promise is not waited for. The compiler refuses one; this is for who has none.
  if (typeof (value as PromiseLike<unknown> | undefined)?.then === 'function') {
    Promise.resolve(value).catch(() => {});
    return undefined;
  }
  if (parts.events.wants('fallback.used')) {
    const attempts = error instanceof SwitchgearError ? error.attempts : 0;
    parts.events.publish({
      type: 'fallback.used',
      at: parts.runtime.clock.now(),
      target: parts.settings.target,
      operation: parts.name,
      attempt: Math.max(1, attempts),
      error,
    });
  }
  return { provenance: 'degraded', value, error };
}
