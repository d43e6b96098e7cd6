import {
  type Cache,
  type CacheAnswer,
  cache,
  type ErrorFacts,
  type Policy,
  type Runtime,
  SwitchgearError,
} from '@switchgear/policy';
import { type Asker, askerKey } from '../call/asker.ts';
import { type OperationCacheOptions, readCacheOptions } from '../contract/cache-options.ts';
import type { BuiltRequest } from '../request/build-request.ts';
import type { CacheQuestion, CallCache } from './call-cache.ts';

/** The cache of one operation of one client. */
export class OperationCache implements CallCache {
  readonly #cache: Cache;
  readonly #inTime: Policy;
  readonly #maxEntries: number;
  /** How often a request has been forgotten: in its key, so that nothing from before is found. */
  readonly #generations = new Map<string, number>();

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
    this.#maxEntries = options.maxEntries;
  }

  /** Answers from memory, or waits for the one load of its key. */
  async ask({ call, load }: CacheQuestion): Promise<CacheAnswer<unknown>> {
    try {
      // Whoever waits for the load of another has a deadline of their own.
      return await this.#inTime.execute((own) => this.#cache.ask((loading) => load(loading), own), call);
    } catch (error) {
      // The time was up at once for the load and for who waited: what is old is still better than nothing.
      if (!(error instanceof SwitchgearError) || error.code !== 'SWITCHGEAR_DEADLINE_EXCEEDED') throw error;
      const held = this.#cache.lookup(call.key);
      if (held === undefined || held.found === 'negative' || held.found === 'fresh') throw error;
      return { value: held.value, found: held.found, ageMs: held.ageMs };
    }
  }

  /** What it keeps is kept by request; `invalidates` says which operations change it. */
  forgetPath(): void {}

  /**
   * What an answer is kept under: who asks, and the request as it is sent, so that two inputs that become one request are
   * one and two that do not are never. `undefined` for a body that has no text.
   */
  keyOf(request: BuiltRequest, asker: Asker, facts: ErrorFacts): string | undefined {
    const whose = askerKey(asker, facts);
    const asked = requestKey(request);
    if (asked === undefined) return undefined;
    // JSON has no line break of its own, so none of these can be mistaken for another.
    return `${this.#generationOf(asked, asker.principal)}\n${whose}\n${asked}`;
  }

  /** Forgets what is kept of a request, whoever it was for or for one principal alone. */
  invalidate(request: BuiltRequest, principal: string | undefined): void {
    const asked = requestKey(request);
    if (asked === undefined) return;
    // Who asks is a part of the key, and who has asked is not known. So from now on the same request has another key, and
    // what is kept under the former one is never found again; it goes when there is no more room.
    const forgotten = principal === undefined ? asked : ofPrincipal(asked, principal);
    this.#generations.set(forgotten, (this.#generations.get(forgotten) ?? 0) + 1);
    if (this.#generations.size > this.#maxEntries) this.clear();
  }

  clear(): void {
    this.#cache.clear();
    this.#generations.clear();
  }

  #generationOf(asked: string, principal = ''): string {
    // Nearly always nothing has been forgotten.
    if (this.#generations.size === 0) return '0.0';
    return `${this.#generations.get(asked) ?? 0}.${this.#generations.get(ofPrincipal(asked, principal)) ?? 0}`;
  }
}

function ofPrincipal(asked: string, principal: string): string {
  return `${asked}\n${principal}`;
}

/** The request as it is sent, in a text. `undefined` for a body that has none. */
export function requestKey({ path, body, headers }: BuiltRequest): string | undefined {
  if (body !== undefined && !(body instanceof Uint8Array)) return undefined;
  return JSON.stringify([
    path,
    body === undefined ? null : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64'),
    [...(headers ?? [])].sort(),
  ]);
}
