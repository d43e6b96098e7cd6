/** What a handle holds: something that refuses every call while at least one handle holds it. */
export interface Isolatable {
  isolatedBy(handle: Isolation): void;
  releasedBy(handle: Isolation): void;
}

/**
 * A handle that keeps any number of breakers isolated until it is released: for maintenance, or because a human knows
 * more than the numbers do. A breaker is isolated while at least one handle holds it. After a release the handle may be
 * used again.
 */
export class Isolation implements Disposable {
  /** Who isolates, or why; stands in explanations. '' when unnamed. */
  readonly name: string;
  #held = new Set<Isolatable>();

  constructor(name: string) {
    this.name = name;
  }

  /** How many breakers it holds. */
  get holds(): number {
    return this.#held.size;
  }

  /** What `breaker.isolate(handle)` calls. Holding twice is holding once. */
  hold(one: Isolatable): void {
    this.#held.add(one);
    one.isolatedBy(this);
  }

  /** Lets go of all that it holds. To do so twice changes nothing. */
  release(): void {
    const held = this.#held;
    // A listener may use the handle again while it hears of the release.
    this.#held = new Set();
    for (const one of held) one.releasedBy(this);
  }

  /** The same as `release`, for `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/** Makes a handle by which many breakers can be isolated, and released, at once. */
export function isolation(name = ''): Isolation {
  return new Isolation(name);
}
