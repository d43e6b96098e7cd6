import type { Clock, Timer } from '../contract/runtime.ts';

interface ManualTimer {
  readonly dueAt: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told to move. Time in a test is what the test says it is. */
export class ManualClock implements Clock {
  #now: number;
  #wallOffset: number;
  #order = 0;
  #timers = new Set<ManualTimer>();

  /** @param start Monotonic milliseconds at the beginning. @param wallStart What `wallNow()` says then. */
  constructor(start = 0, wallStart = 1_700_000_000_000) {
    this.#now = start;
    this.#wallOffset = wallStart - start;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#now + this.#wallOffset;
  }

  /** Timers set and neither run nor cancelled: zero when everything was cleaned up. */
  get pending(): number {
    return this.#timers.size;
  }

  setTimer(ms: number, run: () => void): Timer {
    const timer: ManualTimer = { dueAt: this.#now + Math.max(0, ms), order: this.#order++, run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer), unref: () => {} };
  }

  /** Moves the wall clock alone, as a time server would. */
  jumpWall(ms: number): void {
    this.#wallOffset += ms;
  }

  /**
   * Moves time on, running each timer at its own moment, in order. What those timers set in motion, promises included,
   * is over before the next one runs and before this returns.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let next = this.#nextDue(until); next !== undefined; next = this.#nextDue(until)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.dueAt);
      next.run();
      await settle();
    }
    this.#now = until;
  }

  /** Moves time on without running a timer: a process that was stopped, an event loop that was blocked. */
  freeze(ms: number): void {
    this.#now += ms;
  }

  #nextDue(until: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt > until) continue;
      if (next === undefined || timer.dueAt < next.dueAt || (timer.dueAt === next.dueAt && timer.order < next.order)) {
        next = timer;
      }
    }
    return next;
  }
}

/** Lets every promise that can settle do so. Not a wait: `setImmediate` runs when the microtask queue is empty. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
