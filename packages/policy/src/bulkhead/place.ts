import type { Permit } from '../contract/gate.ts';

/** Where places come from and go back to. */
export interface Places {
  /** Takes a place back. */
  release(orphaned: boolean): void;
  /** The caller of a place has gone, and its work has not ended. */
  orphan(): void;
}

/** A place that is taken. However often it is given back, it is given back once. */
export class Place implements Permit {
  readonly admitted = true;
  /** A bulkhead has no states: every result counts alike. */
  readonly epoch = 0;
  #places: Places | undefined;
  #orphaned = false;

  constructor(places: Places) {
    this.#places = places;
  }

  success(): void {
    this.#end();
  }

  failure(): void {
    this.#end();
  }

  throttled(): void {
    this.#end();
  }

  ignored(): void {
    this.#end();
  }

  orphaned(): void {
    if (this.#orphaned || this.#places === undefined) return;
    this.#orphaned = true;
    this.#places.orphan();
  }

  #end(): void {
    const places = this.#places;
    this.#places = undefined;
    places?.release(this.#orphaned);
  }
}
