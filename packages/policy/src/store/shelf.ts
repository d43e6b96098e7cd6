import { Lru } from '../stats/lru.ts';

interface Stored<S> {
  readonly state: S;
  readonly until: number;
}

/**
 * States by key, each with an end, and no more of them than there may be: then the one that was not used for longest goes
 * first. No timer: what is over is gone when somebody looks, and those that nobody asks for make room as others come.
 */
export class Shelf<S> {
  readonly #lru: Lru<Stored<S>>;

  constructor(maxKeys: number) {
    this.#lru = new Lru(maxKeys);
  }

  /** How many there are, of those that may be over and have not been looked for. */
  get size(): number {
    return this.#lru.size;
  }

  /** What is stored under a key and not over yet. */
  find(key: string, now: number): S | undefined {
    const entry = this.#lru.use(key);
    if (entry === undefined) return undefined;
    if (now < entry.value.until) return entry.value.state;
    this.#lru.delete(key);
    return undefined;
  }

  /** @param until From when on it is gone, in monotonic milliseconds. */
  put(key: string, state: S, until: number, now: number): void {
    for (let oldest = this.#lru.oldest; oldest !== undefined; oldest = this.#lru.oldest) {
      if (now < oldest.value.until) break;
      this.#lru.delete(oldest.key);
    }
    this.#lru.set(key, { state, until });
  }

  delete(key: string): void {
    this.#lru.delete(key);
  }

  clear(): void {
    this.#lru.clear();
  }
}
