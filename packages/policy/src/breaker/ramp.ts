/**
 * Lets calls back in step by step after the circuit closed, without chance: of the calls offered since then, at most a
 * few and a share are admitted, and the share rises from nothing to all. A trickle never notices; a herd that waited for
 * the circuit to close is held back.
 */
export class Ramp {
  /** Openings in a row before this close. They are forgotten only when the ramp is over. */
  readonly openings: number;
  readonly #startedAt: number;
  readonly #rampMs: number;
  readonly #free: number;
  #offered = 0;
  #admitted = 0;

  /** @param free Calls admitted at once, whatever the share. */
  constructor(startedAt: number, rampMs: number, free: number, openings: number) {
    this.openings = openings;
    this.#startedAt = startedAt;
    this.#rampMs = rampMs;
    this.#free = free;
  }

  /** From 0 to 1. */
  share(now: number): number {
    return Math.min(1, (now - this.#startedAt) / this.#rampMs);
  }

  isOver(now: number): boolean {
    return now - this.#startedAt >= this.#rampMs;
  }

  /** Counts one more call as offered, and says whether it is admitted. */
  admits(now: number): boolean {
    this.#offered++;
    if (this.#admitted >= this.#free + this.share(now) * this.#offered) return false;
    this.#admitted++;
    return true;
  }

  /** When the next call will be admitted if no other comes before it, in milliseconds. Asked after a refusal. */
  waitMs(now: number): number {
    const shareNeeded = (this.#admitted - this.#free) / (this.#offered + 1);
    return Math.max(0, this.#startedAt + shareNeeded * this.#rampMs - now);
  }
}
