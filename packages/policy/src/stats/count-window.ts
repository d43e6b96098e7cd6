import type { OutcomeWindow } from './outcome-window.ts';

/** The last `size` outcomes, however long ago they were. A ring: each outcome costs the same, whatever the size. */
export class CountWindow implements OutcomeWindow {
  calls = 0;
  failures = 0;
  /** 1 for a failure. The place at `#next` holds the oldest outcome once the ring is full. */
  readonly #ring: Uint8Array;
  #next = 0;

  /** @param size How many outcomes are kept: a whole number, at least 1. */
  constructor(size: number) {
    this.#ring = new Uint8Array(size);
  }

  record(failed: boolean): void {
    const ring = this.#ring;
    const at = this.#next;
    const bit = failed ? 1 : 0;
    // A place not yet used holds 0, so that taking its outcome out of the sum is right for it too.
    this.failures += bit - (ring[at] as number);
    ring[at] = bit;
    if (this.calls < ring.length) this.calls++;
    this.#next = at + 1 === ring.length ? 0 : at + 1;
  }

  /** Time alone makes nothing too old here. */
  expire(): void {}
}
