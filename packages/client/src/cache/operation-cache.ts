import {
  type Cache,
  type CacheAnswer,
  type CallOptions,
  cache,
  type ErrorFacts,
  type Operation,
  type Policy,
  type Runtime,
  SwitchgearError,
} from '@switchgear/policy';
import { type Asker, askerKey } from '../call/asker.ts';
import { type OperationCacheOptions, readCacheOptions } from '../contract/cache-options.ts';
import type { BuiltRequest } from '../request/build-request.ts';

/** The cache of one operation of one client. */
export class OperationCache {
  readonly #cache: Cache;
  readonly #inTime: Policy;

  /** @param refreshDeadlineMs How long a load in the background may take. @throws ConfigError naming its place, `at`. */
  constructor(
    at: string,
    name: string,
    given: OperationCacheOptions,
    refreshDeadlineMs: number,
    inTime: Policy,
    runtime: Runtime,
  ) {
    const { staleWhileRevalidateMs: staleMs, ...options } = readCacheOptions(at, given);
    this.#cache = cache({ ...options, staleMs, refreshDeadlineMs, key: (call) => call.key, name }, runtime);
    this.#inTime = inTime;
  }

  /** Answers from memory, or waits for the one load of its key. */
  async ask<T>(operation: Operation<T>, call: CallOptions & { readonly key: string }): Promise<CacheAnswer<T>> {
    try {
      // Whoever waits for the load of another has a deadline of their own.
      return await this.#inTime.execute((own) => this.#cache.ask(operation, own), call);
    } catch (error) {
      // The time was up at once for the load and for who waited: what is old is still better than nothing.
      if (!(error instanceof SwitchgearError) || error.code !== 'SWITCHGEAR_DEADLINE_EXCEEDED') throw error;
      const held = this.#cache.lookup(call.key);
      if (held === undefined || held.found === 'negative' || held.found === 'fresh') throw error;
      return { value: held.value as T, found: held.found, ageMs: held.ageMs };
    }
  }

  clear(): void {
    this.#cache.clear();
  }
}

/**
 * What an answer is kept under: who asks, and the request as it is sent, so that two inputs that become one request are
 * one and two that do not are never. `undefined` for a body that has no text.
 */
export function cacheKey(request: BuiltRequest, asker: Asker, facts: ErrorFacts): string | undefined {
  const { body } = request;
  if (body !== undefined && !(body instanceof Uint8Array)) return undefined;
  return JSON.stringify([
    askerKey(asker, facts),
    request.path,
    body === undefined ? null : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64'),
    [...(request.headers ?? [])].sort(),
  ]);
}
