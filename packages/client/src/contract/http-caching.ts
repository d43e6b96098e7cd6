import type { Policy, Runtime } from '@switchgear/policy';
import type { CallCache } from '../cache/call-cache.ts';

/** What the cache of an operation is opened with. */
export interface CachePlace {
  /** The operation, as events name it. */
  readonly operation: string;
  /** How long a load in the background may take, in milliseconds. */
  readonly refreshDeadlineMs: number;
  /** Ends a wait at the deadline of its call, or when its caller leaves. */
  readonly inTime: Policy;
  readonly runtime: Runtime;
}

/** HTTP caching for an operation, made by `httpCache()` of `@switchgear/client/http-cache`. */
export interface HttpCaching<AllowStale extends boolean = boolean> {
  /** Whether answers may be given that are no longer fresh; their type then says so. */
  readonly allowStale: AllowStale;
  open(place: CachePlace): CallCache;
}

/** Whether the `cache` of an operation is one that goes by what the answers say. */
export function isHttpCaching(cache: unknown): cache is HttpCaching {
  return typeof cache === 'object' && cache !== null && typeof (cache as { open?: unknown }).open === 'function';
}
