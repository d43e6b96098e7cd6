import { type CacheAnswer, type CallOptions, type ErrorFacts, SwitchgearError } from '@switchgear/policy';
import type { CacheQuestion, CallCache, Revalidation } from '../cache/call-cache.ts';
import { requestKey } from '../cache/operation-cache.ts';
import { type Asker, askerKey } from '../call/asker.ts';
import type { CachePlace } from '../contract/http-caching.ts';
import { isAway } from '../errors.ts';
import type { BuiltRequest } from '../request/build-request.ts';
import type { WireResponse } from '../transport/transport.ts';
import { Entries, type Kept } from './entries.ts';
import { type CachedRequest, FreshnessRules } from './freshness.ts';

/** Bounds of a cache, and whether what is old may be given. */
export interface HttpCacheSettings {
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly allowStale: boolean;
}

/** Sent with one call alone, so that an answer cannot be kept for one of their values. */
const ofOneCall: ReadonlySet<string> = new Set(['x-request-id', 'traceparent', 'tracestate', 'baggage']);

/**
 * The answers of one operation, kept for as long as they say themselves. They are kept as they came and read anew for
 * each caller, so that what one does with a value is not seen by another.
 */
export class HttpCallCache implements CallCache {
  readonly #settings: HttpCacheSettings;
  readonly #place: CachePlace;
  readonly #entries: Entries;
  /** Where a principal is named an answer is theirs alone, and the cache is private. Elsewhere it is a shared one. */
  readonly #ofOne: FreshnessRules;
  readonly #ofAll: FreshnessRules;
  /** The one load per key. */
  readonly #loads = new Map<string, Load>();
  /** Counts what has been forgotten: an answer that was asked for before may be of before the change. */
  #epoch = 0;

  constructor(settings: HttpCacheSettings, place: CachePlace) {
    const { clock } = place.runtime;
    this.#settings = settings;
    this.#place = place;
    this.#entries = new Entries(settings.maxEntries, settings.maxBytes);
    const now = (): number => clock.now();
    const wallNow = (): number => clock.wallNow();
    this.#ofOne = new FreshnessRules(now, wallNow, false);
    this.#ofAll = new FreshnessRules(now, wallNow, true);
  }

  async ask(question: CacheQuestion): Promise<CacheAnswer<unknown>> {
    const request = requestOf(question);
    for (;;) {
      const found = await this.#find(question, request);
      if (found !== undefined) return found;
      const load = this.#loadToJoin(question.key);
      if (load === undefined) return this.#lead(question, request);
      // Whoever waits for the load of another has a deadline of their own.
      const ended = await this.#place.inTime.execute(() => load.ended, question.call);
      if (!ended.ok && !ended.isOfItsCaller) return this.#orStale(question, ended.error);
    }
  }

  /** What is kept and may be given at once. */
  async #find(question: CacheQuestion, request: CachedRequest): Promise<CacheAnswer<unknown> | undefined> {
    const { key, call } = question;
    const kept = this.#entries.get(key)?.kept;
    const use = kept?.freshness.useFor(request, this.#settings.allowStale);
    if (kept === undefined || use === undefined || use === 'revalidate') return undefined;
    if (use === 'stale-while-revalidate') this.#refresh(question, request);
    return this.#give(question, kept, use === 'fresh' ? 'fresh' : 'stale', call);
  }

  async #give(
    { read }: CacheQuestion,
    kept: Kept,
    found: CacheAnswer<unknown>['found'],
    call: CallOptions,
  ): Promise<CacheAnswer<unknown>> {
    this.#publishLookedUp(call, found);
    const ageMs = kept.freshness.ageMs();
    return { value: await this.#place.inTime.execute(async () => read(kept.response), call), found, ageMs };
  }

  /** Answers that are not kept are of no use to those who would wait for them. */
  #loadToJoin(key: string): Load | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.kept === undefined ? undefined : this.#loads.get(key);
  }

  async #lead(question: CacheQuestion, request: CachedRequest): Promise<CacheAnswer<unknown>> {
    const { call } = question;
    try {
      const value = await this.#load(question, request, call);
      this.#publishLookedUp(call, 'miss');
      return { value, found: 'miss', ageMs: 0 };
    } catch (error) {
      return this.#orStale(question, error);
    }
  }

  /** What is kept, where the service is away and the answer allows it. */
  #orStale(question: CacheQuestion, error: unknown): Promise<CacheAnswer<unknown>> {
    const kept = this.#settings.allowStale && isAway(error) ? this.#entries.get(question.key)?.kept : undefined;
    if (kept?.freshness.mayStandIn()) {
      // The time may be up, and what is kept needs none.
      return this.#give(question, kept, 'stale-on-error', { ...question.call, deadline: Number.POSITIVE_INFINITY });
    }
    this.#publishLookedUp(question.call, 'miss');
    return Promise.reject(error);
  }

  /** Loads for nobody: a stale answer has been given already. It keeps no caller's deadline and hears no caller's abort. */
  #refresh(question: CacheQuestion, request: CachedRequest): void {
    if (this.#loads.has(question.key)) return;
    const { refreshDeadlineMs, runtime } = this.#place;
    const deadline = runtime.clock.now() + refreshDeadlineMs;
    this.#load(question, request, { ...question.call, signal: undefined, deadline }).catch(() => {});
  }

  /** Asks the service. Those who come meanwhile wait for it; what comes is kept once it has been read without a fault. */
  async #load(question: CacheQuestion, request: CachedRequest, call: CallOptions): Promise<unknown> {
    const { key } = question;
    const epoch = this.#epoch;
    const before = this.#entries.get(key)?.kept;
    const asked = new Asked(request, before, question.principal === '' ? this.#ofAll : this.#ofOne);
    const load = new Load();
    this.#loads.set(key, load);
    try {
      const value = await question.load(call, asked);
      if (epoch === this.#epoch) this.#entries.set(key, question, asked.kept);
      load.end({ ok: true });
      return value;
    } catch (error) {
      // A proper "no" is an answer like any other; one that does not hold to the contract is none.
      if (isProperAnswer(error) && asked.isAnswered && epoch === this.#epoch)
        this.#entries.set(key, question, asked.kept);
      const left = call.signal?.aborted === true && error === call.signal.reason;
      load.end({ ok: false, error, isOfItsCaller: left || isDeadline(error) });
      throw error;
    } finally {
      if (this.#loads.get(key) === load) this.#loads.delete(key);
    }
  }

  keyOf(request: BuiltRequest, asker: Asker, facts: ErrorFacts): string | undefined {
    const asked = requestKey(request);
    return asked === undefined ? undefined : `${askerKey(asker, facts)}\n${asked}`;
  }

  /** All that is kept of the path: who asks with which headers is a part of the key. */
  invalidate(request: BuiltRequest, principal: string | undefined): void {
    this.#forget(request.path, principal);
  }

  forgetPath(path: string): void {
    this.#forget(path, undefined);
  }

  #forget(path: string, principal: string | undefined): void {
    this.#epoch++;
    this.#entries.deletePath(path, principal);
    this.#loads.clear();
  }

  clear(): void {
    this.#epoch++;
    this.#entries.clear();
    this.#loads.clear();
  }

  #publishLookedUp({ target = '', operation = '' }: CallOptions, found: CacheAnswer<unknown>['found']): void {
    const { events, clock } = this.#place.runtime;
    if (!events?.wants('cache.looked-up')) return;
    const cache = this.#place.operation;
    events.publish({ type: 'cache.looked-up', at: clock.now(), target, operation, attempt: 1, cache, found });
  }
}

/** How a load ended, for those who waited for it. */
type Ended =
  | { readonly ok: true }
  /** `isOfItsCaller`: it failed because the one who began it left or had no time, which is nobody else's business. */
  | { readonly ok: false; readonly error: unknown; readonly isOfItsCaller: boolean };

class Load {
  readonly ended: Promise<Ended>;
  readonly end: (ended: Ended) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<Ended>();
    this.ended = promise;
    this.end = resolve;
  }
}

/** Asks with the validators of what is kept, and takes what comes. */
class Asked implements Revalidation {
  readonly headers: readonly string[];
  /** What is to be kept now. */
  kept: Kept | undefined;
  isAnswered = false;
  readonly #request: CachedRequest;
  readonly #before: Kept | undefined;
  readonly #rules: FreshnessRules;

  constructor(request: CachedRequest, before: Kept | undefined, rules: FreshnessRules) {
    this.#request = request;
    this.#before = before;
    this.#rules = rules;
    this.headers = before?.freshness.conditions(request) ?? [];
  }

  answered(response: WireResponse): WireResponse {
    this.isAnswered = true;
    if (response.status === 304 && this.#before !== undefined) {
      this.kept = this.#before.freshness.confirmedBy(this.#request, response);
      // The body is what it was, even where the validator is another: only the next call has to ask for it whole.
      return (this.kept ?? this.#before).response;
    }
    const freshness = this.#rules.of(this.#request, response);
    // A copy: what was read shares its buffer with whatever else came over the connection.
    this.kept = freshness && { freshness, response: { ...response, body: new Uint8Array(response.body) } };
    return response;
  }
}

function isProperAnswer(error: unknown): boolean {
  return error instanceof SwitchgearError && error.sent === 'answered' && error.verdict(true).kind === 'success';
}

function isDeadline(error: unknown): boolean {
  return error instanceof SwitchgearError && error.code === 'SWITCHGEAR_DEADLINE_EXCEEDED';
}

function requestOf({ method, path, headers, isAuthorised }: CacheQuestion): CachedRequest {
  const named: Record<string, string> = Object.create(null);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!ofOneCall.has(name)) named[name] = headers[i + 1] as string;
  }
  // What it says does not matter, only that there is one: an answer to it is for everybody only if it says so.
  if (isAuthorised) named.authorization = 'set';
  return { method, url: path, headers: named };
}
