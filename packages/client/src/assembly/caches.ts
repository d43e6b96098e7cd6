import { ConfigError, type Policy, type Runtime } from '@switchgear/policy';
import { OperationCache } from '../cache/operation-cache.ts';
import type { ClientSettings } from '../client-options.ts';

/**
 * The caches of the operations that have one. Each is its own, so that one of them cannot push out what others keep.
 * @throws ConfigError if an operation is to invalidate what has no cache.
 */
export function openCaches(
  { operations, deadlineMs }: ClientSettings,
  inTime: Policy,
  runtime: Runtime,
): ReadonlyMap<string, OperationCache> {
  const caches = new Map<string, OperationCache>();
  for (const [name, { options }] of Object.entries(operations)) {
    if (options.cache === undefined) continue;
    const at = `createServiceClient.operations.${name}.cache`;
    caches.set(name, new OperationCache(at, name, options.cache, options.deadlineMs ?? deadlineMs, inTime, runtime));
  }
  for (const [name, { options }] of Object.entries(operations)) {
    const unknown = options.invalidates?.find((forgotten) => !caches.has(forgotten));
    if (unknown === undefined) continue;
    const expected = `operations with a cache, of which there are: ${[...caches.keys()].join(', ') || 'none'}`;
    throw new ConfigError(`createServiceClient.operations.${name}.invalidates`, expected, unknown);
  }
  return caches;
}
