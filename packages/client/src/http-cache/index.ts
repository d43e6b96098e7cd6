export type { HttpCaching } from '../contract/http-caching.ts';
export { type HttpCacheOptions, httpCache, httpCacheDefaults } from './http-cache.ts';
