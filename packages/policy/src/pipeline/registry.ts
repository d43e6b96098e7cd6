import { type Call, CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import { hush } from '../contract/hush.ts';
import { type Checks, milliseconds, readOptions, whole } from '../contract/options.ts';
import type { FallbackOf, Policy } from '../contract/policy.ts';
import { type Clock, type Runtime, systemRuntime } from '../contract/runtime.ts';
import { Lru, type LruEntry } from '../stats/lru.ts';

/** How many policies are kept, and for how long. */
export interface RegistryOptions {
  /** Keys that are kept, a whole number of at least 1; the one not used for longest goes first. @default 1_000 */
  readonly maxKeys?: number;
  /** How long a key is kept without being used, in milliseconds, above 0. @default 600_000 */
  readonly idleMs?: number;
}

/** What holds where `RegistryOptions` are silent. */
export const registryDefaults: Required<RegistryOptions> = Object.freeze({ maxKeys: 1_000, idleMs: 600_000 });

const checks: Checks<RegistryOptions> = { maxKeys: whole(1), idleMs: milliseconds() };

/** A policy that stays the one of its key until it is let go. */
export interface Lease<P> {
  readonly policy: P;
  /** Lets go. A second time changes nothing. */
  release(): void;
  [Symbol.dispose](): void;
}

interface Slot<P> {
  readonly policy: P;
  /** In monotonic milliseconds. */
  usedAt: number;
}

/**
 * A policy per key, such as a breaker per host: made when first asked for, the same one from then on, and forgotten when
 * nobody has used it for long. A key with calls under way is never forgotten, so two callers of one key never hold two
 * policies, and a limit is not doubled. There may be more than `maxKeys` only while more than that are in use at once.
 */
export class Registry<P extends Policy<unknown>> {
  readonly #make: (key: string) => P;
  readonly #maxKeys: number;
  readonly #idleMs: number;
  readonly #clock: Clock;
  readonly #slots: Lru<Slot<P>>;
  /** Keys that are being made now: one that is asked for while it is would be made for ever. */
  readonly #making = new Set<string>();

  /** @throws ConfigError if `make` is no function, or an option is wrong or unknown. */
  constructor(make: (key: string) => P, options: RegistryOptions = {}, runtime: Runtime = systemRuntime) {
    if (typeof make !== 'function') throw new ConfigError('registry.make', 'a function', make);
    const { maxKeys, idleMs } = readOptions('registry', options, checks, registryDefaults);
    this.#make = make;
    this.#maxKeys = maxKeys;
    this.#idleMs = idleMs;
    this.#clock = runtime.clock;
    this.#slots = new Lru(maxKeys);
  }

  /** Keys that are kept now. */
  get size(): number {
    this.#forgetIdle(this.#clock.now());
    return this.#slots.size;
  }

  /**
   * The policy of a key, made if need be. To look at it or to change it; what runs through it goes by `execute` or a
   * `lease`, or the registry does not know that it is in use.
   * @throws ConfigError if the key is no string. What `make` throws, and a `ConfigError` if it makes no policy.
   */
  get(key: string): P {
    return this.#use(key).value.policy;
  }

  /** The policy of a key, for use without `execute`, until it is released. Throws what `get` does. */
  lease(key: string): Lease<P> {
    const entry = this.#use(key);
    this.#slots.pin(entry);
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      this.#unpin(entry);
    };
    return { policy: entry.value.policy, release, [Symbol.dispose]: release };
  }

  /** Runs an operation under the policy of a key. Rejects with what `get` throws. */
  async execute<T>(key: string, operation: Operation<T>, options?: CallOptions): Promise<T | FallbackOf<P>> {
    const entry = this.#use(key);
    const call = CallContext.of(options);
    this.#slots.pin(entry);
    try {
      return (await entry.value.policy.execute(operation, call)) as T | FallbackOf<P>;
    } finally {
      // Work that was given up still holds its place in this very policy.
      if (call.hasOrphans) call.afterOrphans(() => this.#unpin(entry));
      else this.#unpin(entry);
    }
  }

  /**
   * The registry as one policy, for a pipeline: each call goes through the policy of its key. A call for which `keyOf`
   * throws or gives no string passes by.
   */
  by(keyOf: (call: Call) => string | undefined): Policy<FallbackOf<P>> {
    if (typeof keyOf !== 'function') throw new ConfigError('registry.by', 'a function', keyOf);
    return {
      name: 'registry',
      execute: <T>(operation: Operation<T>, options?: CallOptions): Promise<T | FallbackOf<P>> => {
        const call = CallContext.of(options);
        const key = keyFrom(keyOf, call);
        return key === undefined ? passBy(operation, call) : this.execute(key, operation, call);
      },
      describe: () => this.describe(),
    };
  }

  /** The keys that are kept now, in no promised order. */
  keys(): string[] {
    return this.entries().map(([key]) => key);
  }

  /** Keys and policies, as `keys`. Looking is no use: it keeps nothing from being forgotten. */
  entries(): [key: string, policy: P][] {
    this.#forgetIdle(this.#clock.now());
    return Array.from(this.#slots.entries(), ({ key, value }) => [key, value.policy]);
  }

  describe(): string {
    return `registry: a policy per key, at most ${this.#maxKeys}, forgotten when idle for ${this.#idleMs} ms`;
  }

  #use(key: string): LruEntry<Slot<P>> {
    if (typeof key !== 'string') throw new ConfigError('registry.key', 'a string', key);
    const now = this.#clock.now();
    this.#forgetIdle(now);
    const known = this.#slots.use(key);
    if (known === undefined)
      return this.#slots.set(key, { policy: this.#madeFor(key), usedAt: now }) as LruEntry<Slot<P>>;
    known.value.usedAt = now;
    return known;
  }

  #madeFor(key: string): P {
    if (this.#making.has(key))
      throw new ConfigError('registry.make', 'a function that does not ask for its own key', key);
    this.#making.add(key);
    try {
      const policy = this.#make(key);
      if (typeof policy?.execute !== 'function')
        throw new ConfigError('registry.make', 'a function that makes a policy', policy);
      return policy;
    } finally {
      this.#making.delete(key);
    }
  }

  #unpin(entry: LruEntry<Slot<P>>): void {
    entry.value.usedAt = this.#clock.now();
    this.#slots.unpin(entry);
  }

  /** Instead of a timer: whoever asks makes time pass. The least used come first, so it looks at what goes and one more. */
  #forgetIdle(now: number): void {
    for (let oldest = this.#slots.oldest; oldest !== undefined; oldest = this.#slots.oldest) {
      if (now - oldest.value.usedAt < this.#idleMs) return;
      this.#slots.delete(oldest.key);
    }
  }
}

/**
 * Keeps a policy per key, so that one sick host does not open the circuit of all.
 * @param make Makes the policy of a key, when it is first asked for.
 * @throws ConfigError if `make` is no function, or an option is wrong or unknown.
 */
export function registry<P extends Policy<unknown>>(
  make: (key: string) => P,
  options: RegistryOptions = {},
  runtime: Runtime = systemRuntime,
): Registry<P> {
  return new Registry(make, options, runtime);
}

function keyFrom(keyOf: (call: Call) => string | undefined, call: CallContext): string | undefined {
  try {
    const key: unknown = keyOf(call);
    if (typeof key === 'string') return key;
    hush(key);
  } catch {}
  return undefined;
}

function passBy<T>(operation: Operation<T>, call: CallContext): Promise<T> {
  try {
    return operation(call);
  } catch (error) {
    return Promise.reject(error);
  }
}
