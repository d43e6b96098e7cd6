import { types } from 'node:util';
import { isAway, isProperAnswer } from '../contract/away.ts';
import { CallContext, type CallOptions, type Operation, outsideDeadlines } from '../contract/call.ts';
import { DeadlineExceededError, isSwitchgearError, withoutStack } from '../contract/errors.ts';
import { type CacheFinding, type EventSink, sinkOf } from '../contract/events.ts';
import { hush } from '../contract/hush.ts';
import type { Policy } from '../contract/policy.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { type DeadlineWheel, WheelEntry, wheelOf } from '../stats/deadline-wheel.ts';
import { type Kept, keep, keepError } from './isolation.ts';
import { type Ended, Load, runOnce } from './load.ts';
import { type CacheOptions, type CacheSettings, readCacheOptions } from './options.ts';
import { type CacheStore, MemoryStore, StoredEntry } from './store.ts';
import { lifetimeOf, usabilityAt } from './ttl.ts';

/** A value, and where it comes from. */
export interface CacheAnswer<T> {
  readonly value: T;
  /** `miss` when it was loaded for this call, or the call passed by the cache; never `negative`. */
  readonly found: CacheFinding;
  /** How long ago it was loaded, in milliseconds; 0 for a `miss`. */
  readonly ageMs: number;
}

/** What a cache holds under a key. `stale-on-error` is used only if loading fails; under `negative` there is an error. */
export type CacheLookup =
  | { readonly found: 'fresh' | 'stale' | 'stale-on-error'; readonly value: unknown; readonly ageMs: number }
  | { readonly found: 'negative'; readonly error: unknown; readonly ageMs: number };

/** A cache at one moment. */
export interface CacheSnapshot {
  readonly name: string;
  /** As the store counts them: those past use and not yet dropped included. */
  readonly entries: number;
  /** Loads under way, those in the background included. */
  readonly loading: number;
  /** Values that were not kept, so far: callers could have reached each other through them, or their size was no size. */
  readonly notKept: number;
  /** Times the store threw, so far. */
  readonly storeErrors: number;
}

/** How an answer is handed to the caller: bare, or with where it comes from. */
type Shape<R> = (value: unknown, found: CacheFinding, ageMs: number) => R;

const withProvenance: Shape<CacheAnswer<unknown>> = (value, found, ageMs) => ({ value, found, ageMs });
const bare: Shape<unknown> = (value) => value;

/** What a call that needs a load brings along. */
interface Wish<T, R> {
  readonly key: string;
  readonly operation: Operation<T>;
  readonly call: CallContext;
  readonly shape: Shape<R>;
  /** What is still good enough if loading fails. */
  readonly spare: StoredEntry | undefined;
}

/** Stands for a value that could not be had. Not `undefined`, which is a value. */
const gone: unique symbol = Symbol('gone');

/**
 * Answers again what was answered before, for as long as that may be. Make one per operation and keep it: its memory is
 * the point of it.
 */
export class Cache implements Policy {
  readonly name = 'cache';
  /** Whose cache it is; '' when unnamed. */
  readonly label: string;
  readonly #settings: CacheSettings;
  readonly #store: CacheStore;
  readonly #runtime: Runtime;
  readonly #events: EventSink;
  readonly #wheel: DeadlineWheel;
  /** The one load per key. A load that is no longer here answers those who wait for it, and is not stored. */
  readonly #loads = new Map<string, Load>();
  #notKept = 0;
  #storeErrors = 0;

  /** @throws ConfigError when an option is wrong, unknown, or contradicts another. */
  constructor(options: CacheOptions, runtime: Runtime = systemRuntime) {
    const settings = readCacheOptions(options);
    this.label = settings.name;
    this.#settings = settings;
    this.#store = settings.store ?? new MemoryStore(settings.maxEntries, settings.maxBytes);
    this.#runtime = runtime;
    this.#events = sinkOf(runtime);
    this.#wheel = wheelOf(runtime.clock);
  }

  /** Answers from memory, or runs the operation and remembers. Calls that are not idempotent pass by. */
  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T> {
    return this.#answer(operation, options, bare as Shape<T>);
  }

  /** The same, and says where the value comes from. */
  ask<T>(operation: Operation<T>, options?: CallOptions): Promise<CacheAnswer<T>> {
    return this.#answer(operation, options, withProvenance as Shape<CacheAnswer<T>>);
  }

  /** What is held under a key now, without loading anything; `undefined` when nothing that may still be used. */
  lookup(key: string): CacheLookup | undefined {
    const now = this.#runtime.clock.now();
    const entry = this.#find(key, now);
    if (entry === undefined) return undefined;
    const ageMs = now - entry.lifetime.storedAt;
    if (entry.negative) return { found: 'negative', error: entry.kept.take(), ageMs };
    const found = usabilityAt(entry.lifetime, now) as Exclude<CacheFinding, 'negative' | 'miss'>;
    const value = this.#take(key, entry);
    return value === gone ? undefined : { found, value, ageMs };
  }

  /**
   * Forgets what is held under a key, such as after a write. A load under way answers those who wait for it, but is not
   * kept and takes in nobody more: it may have read what was there before.
   */
  invalidate(key: string): void {
    this.#loads.delete(key);
    this.#forget(key);
  }

  /** Forgets everything, as `invalidate` does one key. */
  clear(): void {
    this.#loads.clear();
    try {
      this.#settleStore(this.#store.clear());
    } catch {
      this.#storeErrors++;
    }
  }

  snapshot(): CacheSnapshot {
    return {
      name: this.label,
      entries: this.#store.size,
      loading: this.#loads.size,
      notKept: this.#notKept,
      storeErrors: this.#storeErrors,
    };
  }

  describe(): string {
    const { freshMs, staleMs, staleIfErrorMs, negativeMs, maxEntries, store } = this.#settings;
    const parts = [`fresh for ${freshMs} ms`];
    if (staleMs > 0) parts.push(`stale for ${staleMs} ms`);
    if (staleIfErrorMs > 0) parts.push(`stale on error for ${staleIfErrorMs} ms`);
    if (negativeMs > 0) parts.push(`errors for ${negativeMs} ms`);
    parts.push(store === undefined ? `at most ${maxEntries} entries` : 'in a store of its own');
    return `cache: ${parts.join(', ')}`;
  }

  #answer<T, R>(operation: Operation<T>, options: CallOptions | undefined, shape: Shape<R>): Promise<R> {
    const call = CallContext.of(options);
    if (call.cancelled) return Promise.reject(call.reason);
    const key = this.#keyOf(call);
    if (key === undefined) return passBy(operation, call, shape);

    const now = this.#runtime.clock.now();
    const entry = this.#find(key, now);
    let spare: StoredEntry | undefined;
    if (entry !== undefined) {
      const ageMs = now - entry.lifetime.storedAt;
      if (entry.negative) {
        this.#publishLookedUp('negative', call);
        return Promise.reject(entry.kept.take());
      }
      const found = usabilityAt(entry.lifetime, now);
      if (found === 'stale-on-error') spare = entry;
      else if (found !== 'nothing') {
        const value = this.#take(key, entry);
        if (value !== gone) {
          if (found === 'stale' && now >= entry.refreshFrom) this.#refresh(key, operation, call, now);
          this.#publishLookedUp(found, call);
          return Promise.resolve(shape(value, found, ageMs));
        }
      }
    }
    // With something to spare, what was found is known when the load has ended.
    if (spare === undefined) this.#publishLookedUp('miss', call);
    return this.#load({ key, operation, call, shape, spare });
  }

  /** Runs the operation for this call, or waits for whoever runs it already. */
  #load<T, R>(wish: Wish<T, R>): Promise<R> {
    const { key, operation, call, shape } = wish;
    let load = this.#loads.get(key);
    // Past its deadline it should have ended: whatever holds it up must not hold up all who come after.
    const leads = load === undefined || this.#runtime.clock.now() >= load.deadline;
    if (load === undefined || leads) load = this.#begin(key, operation, call, false);
    else if (load.isAround(call)) return passBy(operation, call, shape);
    load.waiting++;
    if (!leads) {
      // Whatever was sent for the others counts as sent for this call too.
      call.progress('wait', 'maybe');
      this.#publishJoined(load, call);
    }
    return this.#wait(load, leads, wish);
  }

  /** Ends when the load does or the caller leaves, whichever is first. */
  #wait<T, R>(load: Load, leads: boolean, wish: Wish<T, R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      let left = false;
      const stop = wish.call.onCancel((reason) => {
        left = true;
        load.leave(leads, reason);
        reject(reason);
      });
      void load.ended.then((ended) => {
        if (left) return;
        stop();
        load.waiting--;
        try {
          resolve(this.#finish(load, leads, ended, wish));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** What a caller makes of the end of a load. */
  #finish<T, R>(load: Load, leads: boolean, ended: Ended, wish: Wish<T, R>): R | Promise<R> {
    const { operation, call, shape, spare } = wish;
    if (ended.ok) {
      if (spare !== undefined) this.#publishLookedUp('miss', call);
      if (leads) return shape(ended.value, 'miss', 0);
      const value = ended.kept === undefined ? gone : takenFrom(ended.kept);
      // What cannot be shared is not: this caller runs the operation after all.
      return value === gone ? passBy(operation, call, shape) : shape(value, 'miss', 0);
    }
    const { error } = ended;
    const now = this.#runtime.clock.now();
    const away = isAway(error, call);
    if (spare !== undefined) {
      const value = away && now < spare.lifetime.errorUntil ? takenFrom(spare.kept) : gone;
      this.#publishLookedUp(value === gone ? 'miss' : 'stale-on-error', call);
      if (value !== gone) return shape(value, 'stale-on-error', now - spare.lifetime.storedAt);
    }
    // It failed for want of time, and this caller has more of that than the one who began it. The next load is begun by
    // one of those who waited, so there are no more of them than there were callers, one after the other.
    const more = call.deadline > load.deadline && call.deadline > now;
    if (away && more && ranOut(load, error, now)) return this.#load({ ...wish, spare: undefined });
    throw error;
  }

  /** Loads for nobody: a stale answer has been given already. */
  #refresh<T>(key: string, operation: Operation<T>, call: CallContext, now: number): void {
    const under = this.#loads.get(key);
    if (under !== undefined && now < under.deadline) return;
    const { target, operation: name, idempotent, group, work } = call;
    const deadline = now + this.#settings.refreshDeadlineMs;
    // Whatever else its caller's context holds, such as whose token to send, it keeps: the key is theirs.
    const load = outsideDeadlines(() => {
      const root = CallContext.of({ target, operation: name, key: call.key, idempotent, deadline, group });
      root.work = work;
      return this.#begin(key, operation, root, true);
    });
    const limit = new RefreshLimit(load);
    this.#wheel.add(limit);
    // The caller may leave; where all calls are ended together, this one is among them.
    const leave = group?.onCancel((reason) => load.cancel(reason));
    void load.ended.then((ended) => {
      leave?.();
      this.#wheel.remove(limit);
      const later = this.#runtime.clock.now();
      const entry = ended.ok ? undefined : this.#find(key, later);
      if (entry !== undefined) entry.refreshFrom = later + this.#settings.refreshPauseMs;
    });
  }

  #begin<T>(key: string, operation: Operation<T>, parent: CallContext, refresh: boolean): Load {
    const load = new Load(key, parent, refresh, this.#giveUp);
    this.#loads.set(key, load);
    load.run(
      operation,
      (value) => this.#loaded(load, value),
      (error) => this.#failed(load, error),
    );
    return load;
  }

  readonly #giveUp = (load: Load): void => {
    if (this.#loads.get(load.cacheKey) === load) this.#loads.delete(load.cacheKey);
  };

  #loaded(load: Load, value: unknown): Ended {
    const kept = keep(value, this.#settings.clone);
    if (this.#isCurrent(load)) {
      const bytes = kept === undefined ? undefined : this.#sizeOf(value, load.cacheKey);
      if (kept === undefined || bytes === undefined) {
        this.#notKept++;
        // What was there before is no longer the latest answer.
        this.#forget(load.cacheKey);
      } else this.#keep(load.cacheKey, kept, false, bytes);
    }
    return { ok: true, value, kept };
  }

  #failed(load: Load, error: unknown): Ended {
    if (this.#isCurrent(load)) {
      // A value that may still be of use is worth more than the news that the other side is away.
      const spared = isAway(error, load) && this.#find(load.cacheKey, this.#runtime.clock.now()) !== undefined;
      if (!spared && this.#isNegative(error, load)) this.#keep(load.cacheKey, keepError(error), true, 1);
      // "No such user" says that the user we remember is gone.
      else if (isProperAnswer(error, load)) this.#forget(load.cacheKey);
    }
    return { ok: false, error };
  }

  /** Whether a load that has ended is still the one for its key; from now on there is none. */
  #isCurrent(load: Load): boolean {
    if (this.#loads.get(load.cacheKey) !== load) return false;
    this.#loads.delete(load.cacheKey);
    return true;
  }

  #isNegative(error: unknown, call: CallContext): boolean {
    const { negativeMs, negative } = this.#settings;
    if (negativeMs === 0) return false;
    try {
      if (negative === undefined) return isProperAnswer(error, call);
      const said: unknown = negative(error);
      if (said === true) return true;
      hush(said);
    } catch {}
    return false;
  }

  #keep(key: string, kept: Kept, negative: boolean, bytes: number): void {
    const { negativeMs, ttlJitterRatio } = this.#settings;
    const { clock, random } = this.#runtime;
    const ttl = negative ? { freshMs: negativeMs, staleMs: 0, staleIfErrorMs: 0 } : this.#settings;
    try {
      const now = clock.now();
      const entry = new StoredEntry(kept, negative, lifetimeOf(ttl, ttlJitterRatio, now, random), bytes);
      // Where errors alone are remembered, a value is past use as it comes.
      if (entry.deadAt > now) this.#settleStore(this.#store.set(key, entry));
      else this.#forget(key);
    } catch {
      this.#storeErrors++;
      // Half a write may have left the old one.
      this.#forget(key);
    }
  }

  /** The size of a value, when it has a proper one. */
  #sizeOf(value: unknown, key: string): number | undefined {
    const { sizeOf } = this.#settings;
    if (sizeOf === undefined) return 1;
    try {
      const bytes = sizeOf(value, key);
      if (Number.isFinite(bytes) && bytes >= 0) return Math.max(1, Math.ceil(bytes));
      hush(bytes);
    } catch {}
    return undefined;
  }

  #keyOf(call: CallContext): string | undefined {
    // Answering a write from memory would lose the write.
    if (!call.idempotent) return undefined;
    try {
      const key: unknown = this.#settings.key(call);
      if (typeof key === 'string') return key;
      hush(key);
    } catch {}
    return undefined;
  }

  /** What is held under a key and still good for something. */
  #find(key: string, now: number): StoredEntry | undefined {
    let entry: unknown;
    try {
      entry = this.#store.get(key);
    } catch {
      this.#storeErrors++;
      return undefined;
    }
    if (!(entry instanceof StoredEntry)) {
      if (entry !== undefined) this.#settleStore(entry);
      return undefined;
    }
    if (now < entry.deadAt) return entry;
    this.#forget(key);
    return undefined;
  }

  /** The value of an entry for one caller. One that can no longer be copied is of no use to anybody. */
  #take(key: string, entry: StoredEntry): unknown {
    const value = takenFrom(entry.kept);
    if (value === gone) this.#forget(key);
    return value;
  }

  #forget(key: string): void {
    try {
      this.#settleStore(this.#store.delete(key));
    } catch {
      this.#storeErrors++;
    }
  }

  /** A store that answers with promises is none: what it says comes too late, and what it rejects with is caught here. */
  #settleStore(answer: unknown): void {
    if (!types.isPromise(answer)) return;
    this.#storeErrors++;
    answer.catch(() => {});
  }

  #publishLookedUp(found: CacheFinding, call: CallContext): void {
    if (!this.#events.wants('cache.looked-up')) return;
    const { target, operation, attempt } = call;
    const at = this.#runtime.clock.now();
    this.#events.publish({ type: 'cache.looked-up', at, target, operation, attempt, cache: this.label, found });
  }

  #publishJoined(load: Load, call: CallContext): void {
    if (!this.#events.wants('call.joined')) return;
    const { target, operation, attempt } = call;
    const at = this.#runtime.clock.now();
    this.#events.publish({ type: 'call.joined', at, target, operation, attempt, waiting: load.waiting });
  }
}

/** Ends a refresh that takes longer than it may. */
class RefreshLimit extends WheelEntry {
  readonly #load: Load;

  constructor(load: Load) {
    super();
    this.dueAt = load.deadline;
    this.#load = load;
  }

  override expire(): void {
    const { target, operation, attempts, sent, phase } = this.#load;
    const facts = { target, operation, attempts, sent, phase };
    this.#load.cancel(withoutStack(() => new DeadlineExceededError('a refresh took too long', facts)));
  }
}

/**
 * Answers again what was answered before, for as long as that may be: at once while it is fresh, at once and with a
 * refresh in the background while it is stale, and in place of an error for some time after.
 * @throws ConfigError when an option is wrong, unknown, or contradicts another.
 */
export function cache(options: CacheOptions, runtime: Runtime = systemRuntime): Cache {
  return new Cache(options, runtime);
}

/** Runs the operation as if there were no cache. */
function passBy<T, R>(operation: Operation<T>, call: CallContext, shape: Shape<R>): Promise<R> {
  const running = runOnce(operation, call);
  return (shape as unknown) === bare
    ? (running as Promise<unknown> as Promise<R>)
    : running.then((value) => shape(value, 'miss', 0));
}

function takenFrom(kept: Kept): unknown {
  try {
    return kept.take();
  } catch {
    return gone;
  }
}

/** Whether a load failed because the one who began it had no time left. */
function ranOut(load: Load, error: unknown, now: number): boolean {
  return now >= load.deadline || (isSwitchgearError(error) && error.stopped === 'deadline-too-near');
}
