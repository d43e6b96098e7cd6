import { Lru } from '../stats/lru.ts';
import type { Kept } from './isolation.ts';
import type { Lifetime } from './ttl.ts';

/**
 * What a cache keeps of one key. A store holds it and hands back the very same object: what is in it is the cache's, and
 * its moments, those of this process's monotonic clock, mean nothing to another process.
 */
export interface CacheEntry {
  /** What `sizeOf` said of the value, a whole number of at least 1; 1 where nobody weighs. For a store that counts bytes. */
  readonly bytes: number;
  /** In monotonic milliseconds: from here on it is good for nothing. For a store that drops what is past use. */
  readonly deadAt: number;
}

/** An entry as the cache itself sees it. */
export class StoredEntry implements CacheEntry {
  readonly kept: Kept;
  /** Whether an error is kept rather than a value. */
  readonly negative: boolean;
  readonly lifetime: Lifetime;
  readonly bytes: number;
  readonly deadAt: number;
  /** No refresh in the background begins before this, because the one before it failed. */
  refreshFrom: number = Number.NEGATIVE_INFINITY;

  constructor(kept: Kept, negative: boolean, lifetime: Lifetime, bytes: number) {
    this.kept = kept;
    this.negative = negative;
    this.lifetime = lifetime;
    this.bytes = bytes;
    this.deadAt = Math.max(lifetime.staleUntil, lifetime.errorUntil);
  }
}

/**
 * Where a cache keeps its entries: in this process, at once, and bounded. A `Map` has the right methods and no bound; an
 * `LRUCache` of lru-cache has both. A method that throws costs a hit, never a call.
 */
export interface CacheStore {
  get(key: string): CacheEntry | undefined;
  /** May keep it or not, and drop whatever else it likes. */
  set(key: string, entry: CacheEntry): unknown;
  delete(key: string): unknown;
  clear(): void;
  readonly size: number;
}

/** The store of a cache that is given none: what was used last, within a count and a number of bytes. */
export class MemoryStore implements CacheStore {
  readonly #lru: Lru<CacheEntry>;

  constructor(maxEntries: number, maxBytes: number) {
    this.#lru = new Lru(maxEntries, maxBytes);
  }

  get size(): number {
    return this.#lru.size;
  }

  /** Of all entries together. */
  get bytes(): number {
    return this.#lru.weight;
  }

  get(key: string): CacheEntry | undefined {
    return this.#lru.use(key)?.value;
  }

  set(key: string, entry: CacheEntry): void {
    this.#lru.set(key, entry, entry.bytes);
  }

  delete(key: string): boolean {
    return this.#lru.delete(key);
  }

  clear(): void {
    this.#lru.clear();
  }
}
