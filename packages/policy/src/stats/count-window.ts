import { badOf, type OutcomeTally, type OutcomeWindow } from './outcome-window.ts';

const failedBit = 1;
const slowBit = 2;

/** The last `size` outcomes, however long ago they were. A ring: each outcome costs the same, whatever the size. */
export class CountWindow implements OutcomeWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  slowFailures = 0;
  /** The bits of each outcome. The place at `#next` holds the oldest one once the ring is full. */
  readonly #ring: Uint8Array;
  #next = 0;
  /** Outcomes ever, by which a mark knows whether its place still holds its call. */
  #recorded = 0;

  /** @param size How many outcomes are kept: a whole number, at least 1. */
  constructor(size: number) {
    this.#ring = new Uint8Array(size);
  }

  get size(): number {
    return this.#ring.length;
  }

  record(failed: boolean, _now?: number, slow = false): void {
    this.#push((failed ? failedBit : 0) | (slow ? slowBit : 0));
  }

  recordUnfinished(): number {
    this.#push(slowBit);
    return this.#recorded;
  }

  /** In its place, so that nobody's outcome is forgotten for it; as a new one once its place is another's. */
  settle(mark: number, failed: boolean): void {
    const back = this.#recorded - mark;
    if (back >= this.size) this.record(failed, undefined, true);
    else if (failed) this.#put((this.#next - 1 - back + 2 * this.size) % this.size, failedBit | slowBit);
  }

  /** More than fit are taken in proportion. Their order is not known: the good ones are forgotten first. */
  take(tally: OutcomeTally): void {
    const share = Math.min(1, this.size / tally.calls);
    const times = (many: number, bits: number): void => {
      for (let i = Math.floor(many * share); i > 0; i--) this.#push(bits);
    };
    times(tally.calls - badOf(tally), 0);
    times(tally.slow - tally.slowFailures, slowBit);
    times(tally.failures - tally.slowFailures, failedBit);
    times(tally.slowFailures, failedBit | slowBit);
  }

  /** The latest of these outcomes in a window of another size, or in one that forgets which of them were slow. */
  resized(size: number, { countsSlow }: { readonly countsSlow: boolean }): CountWindow {
    const window = new CountWindow(size);
    const ring = this.#ring;
    const kept = Math.min(this.calls, size);
    const mask = countsSlow ? failedBit | slowBit : failedBit;
    for (let i = kept; i > 0; i--) window.#push(mask & (ring[(this.#next - i + ring.length) % ring.length] as number));
    return window;
  }

  /** Time alone makes nothing too old here. */
  expire(): void {}

  #push(bits: number): void {
    const at = this.#next;
    this.#put(at, bits);
    this.#recorded++;
    if (this.calls < this.#ring.length) this.calls++;
    this.#next = at + 1 === this.#ring.length ? 0 : at + 1;
  }

  #put(at: number, bits: number): void {
    const ring = this.#ring;
    // A place not yet used holds 0, so that taking its outcome out of the sums is right for it too.
    const before = ring[at] as number;
    if (before === bits) return;
    ring[at] = bits;
    this.failures += (bits & failedBit) - (before & failedBit);
    this.slow += (bits >> 1) - (before >> 1);
    this.slowFailures += (bits === 3 ? 1 : 0) - (before === 3 ? 1 : 0);
  }
}
