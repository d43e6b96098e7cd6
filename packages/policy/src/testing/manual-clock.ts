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

  /** When the next timer is due, in milliseconds of `now()`; `undefined` when there is none. */
  get nextDueAt(): number | undefined {
    return this.#nextDue(Number.POSITIVE_INFINITY)?.dueAt;
  }

  /** @throws RangeError if the time is not a number: a real clock would run such a timer at once, in a tight loop. */
  setTimer(ms: number, run: () => void): Timer {
    if (typeof ms !== 'number' || Number.isNaN(ms)) throw new RangeError(`a timer of ${ms} ms`);
    const timer: ManualTimer = { dueAt: this.#now + Math.max(0, ms), order: this.#order++, run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer), unref: () => {} };
  }

  /** Work that takes so many milliseconds of this clock. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.setTimer(ms, resolve));
  }

  /** Moves the wall clock alone, as a time server would, either way. */
  jumpWall(ms: number): void {
    this.#wallOffset += finite(ms);
  }

  /**
   * Moves time on, running each timer at its own moment, in order. What those timers set in motion, promises included,
   * is over before the next one runs and before this returns.
   * @throws RangeError if it would move time back.
   */
  async advance(ms: number): Promise<void> {
    await this.advanceTo(this.#now + forward(ms));
  }

  /**
   * As `advance`, up to a moment of `now()`.
   * @throws RangeError if that moment has passed.
   */
  async advanceTo(at: number): Promise<void> {
    forward(at - this.#now);
    await settle();
    for (let next = this.#nextDue(at); next !== undefined; next = this.#nextDue(at)) await this.#run(next);
    // Something that ran may have frozen the clock until after that moment: a monotonic clock never steps back.
    this.#now = Math.max(this.#now, at);
  }

  /**
   * Moves time on to every timer that is pending, and to those that they set, until none is left.
   * @param maxTimers Timers after which it stops with an error: something that sets a timer from a timer never ends.
   * @returns How many timers ran.
   * @throws Error if there are more.
   */
  async runAll(maxTimers = 1_000): Promise<number> {
    await settle();
    let ran = 0;
    for (let next = this.#nextDue(longest); next !== undefined; next = this.#nextDue(longest)) {
      if (ran === maxTimers) throw new Error(`after ${ran} timers there is one more, due at ${next.dueAt} ms`);
      await this.#run(next);
      ran++;
    }
    return ran;
  }

  /** Moves time on without running a timer: a process that was stopped, an event loop that was blocked. */
  freeze(ms: number): void {
    this.#now += forward(ms);
  }

  async #run(timer: ManualTimer): Promise<void> {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.dueAt);
    timer.run();
    await settle();
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

/** A timer that is due never is one that time cannot be moved to. */
const longest = Number.MAX_VALUE;

function finite(ms: number): number {
  if (Number.isFinite(ms)) return ms;
  throw new RangeError(`time moves by a finite number of milliseconds, not by ${ms}`);
}

function forward(ms: number): number {
  if (finite(ms) >= 0) return ms;
  throw new RangeError(`a monotonic clock does not move by ${ms} ms`);
}

/** Lets every promise that can settle do so. Not a wait: `setImmediate` runs when the microtask queue is empty. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
