import { ConfigError, type Policy, type Runtime } from '@switchgear/policy';
import type { CallCache } from '../cache/call-cache.ts';
import { OperationCache } from '../cache/operation-cache.ts';
import type { ClientSettings } from '../client-options.ts';
import { isHttpCaching } from '../contract/http-caching.ts';

/**
 * The caches of the operations that have one. Each is its own, so that one of them cannot push out what others keep.
 * @throws ConfigError if an operation is to invalidate what has no cache.
 */
export function openCaches(
  { operations, deadlineMs }: ClientSettings,
  inTime: Policy,
  runtime: Runtime,
): ReadonlyMap<string, CallCache> {
  const caches = new Map<string, CallCache>();
  for (const [name, { options }] of Object.entries(operations)) {
    if (options.cache === undefined) continue;
    const refreshDeadlineMs = options.deadlineMs ?? deadlineMs;
    if (isHttpCaching(options.cache)) {
      caches.set(name, options.cache.open({ operation: name, refreshDeadlineMs, inTime, runtime }));
      continue;
    }
    const at = `createServiceClient.operations.${name}.cache`;
    caches.set(name, new OperationCache(at, name, options.cache, refreshDeadlineMs, inTime, runtime));
  }
  for (const [name, { options }] of Object.entries(operations)) {
    const unknown = options.invalidates?.find((forgotten) => !caches.has(forgotten));
    if (unknown === undefined) continue;
    const expected = `operations with a cache, of which there are: ${[...caches.keys()].join(', ') || 'none'}`;
    throw new ConfigError(`createServiceClient.operations.${name}.invalidates`, expected, unknown);
  }
  return caches;
}
