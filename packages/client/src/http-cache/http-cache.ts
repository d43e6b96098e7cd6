import { flag, readOptions, whole } from '@switchgear/policy/options';
import type { CachePlace, HttpCaching } from '../contract/http-caching.ts';
import { HttpCallCache } from './http-call-cache.ts';

/** What `httpCache` may keep, and whether it may give what is old. */
export interface HttpCacheOptions {
  /**
   * Gives answers past their time where they allow it: `stale-while-revalidate` and `stale-if-error` (RFC 5861). The
   * result becomes `Live<T> | Stale<T>`. @default false
   */
  readonly allowStale?: boolean;
  /** Answers that are kept; the one not used for longest goes first. @default 1_000 */
  readonly maxEntries?: number;
  /** Bytes that are kept, bodies and headers, as they came. @default 16_777_216 */
  readonly maxBytes?: number;
}

/** What `httpCache` takes when it is told nothing. */
export const httpCacheDefaults: Required<HttpCacheOptions> = Object.freeze({
  allowStale: false,
  maxEntries: 1_000,
  maxBytes: 16 * 1024 * 1024,
});

/**
 * Caches the answers of an operation as RFC 9111 has it: for as long as they say, and asking with their `ETag` or
 * `Last-Modified` when that time is over. An answer to a named `principal` is kept for them; where none is named the
 * cache is a shared one, which keeps nothing `private`, and of authorised requests only what is `public`.
 * @throws ConfigError if an option is unknown or out of range.
 */
export function httpCache<const O extends HttpCacheOptions = Record<never, never>>(
  options?: O,
): HttpCaching<O extends { readonly allowStale: true } ? true : false> {
  const settings = readOptions(
    'httpCache',
    (options ?? {}) as HttpCacheOptions,
    { allowStale: flag, maxEntries: whole(1), maxBytes: whole(1) },
    httpCacheDefaults,
  );
  return Object.freeze({
    allowStale: settings.allowStale as O extends { readonly allowStale: true } ? true : false,
    open: (place: CachePlace) => new HttpCallCache(settings, place),
  });
}
