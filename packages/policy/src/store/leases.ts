import type { LeaseAnswer, LeaseAsk } from '../contract/state-store.ts';
import { Shelf } from './shelf.ts';

interface Held {
  readonly owner: string;
  readonly until: number;
}

/** Who holds what, by key. */
export class Leases {
  readonly #held: Shelf<Held>;

  constructor(maxKeys: number) {
    this.#held = new Shelf(maxKeys);
  }

  get size(): number {
    return this.#held.size;
  }

  acquire(key: string, { owner, ttlMs }: LeaseAsk, now: number): LeaseAnswer {
    const held = this.#held.find(key, now);
    if (held !== undefined && held.owner !== owner) return { held: false, forMs: held.until - now };
    this.#held.put(key, { owner, until: now + ttlMs }, now + ttlMs, now);
    return { held: true, forMs: ttlMs };
  }

  release(key: string, owner: string, now: number): void {
    if (this.#held.find(key, now)?.owner === owner) this.#held.delete(key);
  }

  clear(): void {
    this.#held.clear();
  }
}
