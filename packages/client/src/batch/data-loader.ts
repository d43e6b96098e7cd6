import type { KeyOutcome } from './key-outcome.ts';

/**
 * Outcomes as the batch function of a DataLoader gives them: a value or an error for each key, in the order asked, and
 * `null` where there is nothing.
 * ```ts
 * const users = new DataLoader(async (ids) => dataLoaderValues(await client.batchGetUsers(ids)));
 * ```
 */
export function dataLoaderValues<V>(outcomes: readonly KeyOutcome<unknown, V>[]): (V | Error | null)[] {
  return outcomes.map((one) => {
    if (one.outcome === 'found') return one.value;
    if (one.outcome === 'missing') return null;
    return one.error instanceof Error ? one.error : new Error('the look-up failed', { cause: one.error });
  });
}
