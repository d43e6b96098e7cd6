/** One thing that is kept. */
export interface LruEntry<V> {
  readonly key: string;
  readonly value: V;
  readonly weight: number;
}

interface Node<V> extends LruEntry<V> {
  value: V;
  weight: number;
  older: Node<V> | undefined;
  newer: Node<V> | undefined;
  /** How many hold it: above 0 it stands in no line, and cannot be dropped for another. */
  pins: number;
  /** False once it has been dropped or deleted. */
  kept: boolean;
}

/**
 * Keeps what was used last, within a count and a weight. A map finds, links between the entries keep the order: every
 * operation is O(1), and a hit allocates nothing. What is pinned stays, bounds or not, until its last pin is gone.
 */
export class Lru<V> {
  readonly #maxEntries: number;
  readonly #maxWeight: number;
  // A Map and not an object, so that `__proto__` is a key like any other.
  readonly #nodes = new Map<string, Node<V>>();
  #oldest: Node<V> | undefined;
  #newest: Node<V> | undefined;
  #weight = 0;

  constructor(maxEntries: number, maxWeight: number = Number.POSITIVE_INFINITY) {
    this.#maxEntries = maxEntries;
    this.#maxWeight = maxWeight;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Of all entries together. */
  get weight(): number {
    return this.#weight;
  }

  /** The one that was not used for longest, of those that are not pinned. */
  get oldest(): LruEntry<V> | undefined {
    return this.#oldest;
  }

  /** All entries in no promised order. */
  entries(): IterableIterator<LruEntry<V>> {
    return this.#nodes.values();
  }

  /** Finds an entry and makes it the newest. */
  use(key: string): LruEntry<V> | undefined {
    const node = this.#nodes.get(key);
    if (node !== undefined && node.pins === 0 && node !== this.#newest) {
      this.#unlink(node);
      this.#link(node);
    }
    return node;
  }

  /**
   * Puts an entry in as the newest, in place of one with its key, and drops the oldest until the bounds hold. One that
   * is heavier than all together may be is not kept, and neither is what it was to replace.
   */
  set(key: string, value: V, weight = 1): LruEntry<V> | undefined {
    if (weight > this.#maxWeight) {
      this.delete(key);
      return undefined;
    }
    let node = this.#nodes.get(key);
    if (node === undefined) {
      node = { key, value, weight, older: undefined, newer: undefined, pins: 0, kept: true };
      this.#nodes.set(key, node);
    } else {
      this.#weight -= node.weight;
      node.value = value;
      node.weight = weight;
      if (node.pins === 0) this.#unlink(node);
    }
    this.#weight += weight;
    // Room is made before it joins the line, so that it is never the one that has to go.
    this.#makeRoom();
    if (node.pins === 0) this.#link(node);
    return node;
  }

  /** Whether there was such an entry. */
  delete(key: string): boolean {
    const node = this.#nodes.get(key);
    if (node === undefined) return false;
    this.#drop(node);
    return true;
  }

  clear(): void {
    for (const node of this.#nodes.values()) node.kept = false;
    this.#nodes.clear();
    this.#oldest = undefined;
    this.#newest = undefined;
    this.#weight = 0;
  }

  /** Keeps an entry until it is unpinned as often. It must be one that `use` or `set` of this Lru just gave. */
  pin(entry: LruEntry<V>): void {
    const node = entry as Node<V>;
    if (node.pins === 0 && node.kept) this.#unlink(node);
    node.pins++;
  }

  /** Takes a pin back. With the last one the entry is the newest, and one among others again. */
  unpin(entry: LruEntry<V>): void {
    const node = entry as Node<V>;
    node.pins--;
    if (node.pins > 0 || !node.kept) return;
    this.#link(node);
    this.#makeRoom();
  }

  #makeRoom(): void {
    while ((this.#nodes.size > this.#maxEntries || this.#weight > this.#maxWeight) && this.#oldest !== undefined) {
      this.#drop(this.#oldest);
    }
  }

  #drop(node: Node<V>): void {
    if (node.pins === 0) this.#unlink(node);
    node.kept = false;
    this.#nodes.delete(node.key);
    this.#weight -= node.weight;
  }

  #link(node: Node<V>): void {
    node.older = this.#newest;
    node.newer = undefined;
    if (this.#newest === undefined) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
  }

  #unlink(node: Node<V>): void {
    if (node.older === undefined) this.#oldest = node.newer;
    else node.older.newer = node.newer;
    if (node.newer === undefined) this.#newest = node.older;
    else node.newer.older = node.older;
    node.older = undefined;
    node.newer = undefined;
  }
}
