import type { HedgeOptions } from '@switchgear/policy';
import type { Check } from '@switchgear/policy/options';
import type { Method, OperationOptions } from './operation.ts';

/** When a slow attempt is sent once more. What copies are paid from, and how they are judged, is the client's to say. */
export type HedgeSettings = Omit<HedgeOptions, 'budget' | 'classify' | 'action' | 'dispose'>;

/** Whether attempts of an operation are hedged, and how. The values themselves are checked where the hedge is made. */
export const hedgeSettings: Check<HedgeSettings | false> = {
  expected: 'an object of options, or false',
  ok: (value): value is HedgeSettings | false =>
    value === false || (typeof value === 'object' && value !== null && !Array.isArray(value)),
};

/**
 * Whether an operation may have several requests under way at once: nothing that must not be done twice, and no upload,
 * whose source would be read by all of them.
 */
export function mayHedge(method: Method, { bodyAs, idempotencyKey, idempotent }: OperationOptions): boolean {
  if (bodyAs === 'stream') return false;
  return idempotencyKey === true || (idempotent ?? (method !== 'POST' && method !== 'PATCH'));
}
