import type { Clock, Timer } from '../contract/runtime.ts';
import type { RateMeter } from '../stats/rate-meter.ts';
import { type QueueEntry, WaiterQueue } from '../stats/waiter-queue.ts';

/** Someone in the line. */
export interface Turn {
  readonly weight: number;
  /** Whether somebody sleeps until it comes. A turn that nobody sleeps for comes when somebody looks. */
  readonly awaited: boolean;
  /** Whether it can still be used; asked when it comes. One that cannot costs nothing. */
  usable(now: number): boolean;
  /** It has come. Must not throw. */
  come(at: number): void;
}

/** A place in the line: what to give back to leave it. */
export type Place = QueueEntry<Turn>;

/**
 * Those who wait for tokens, first come first served, on one timer for all of them. Tokens are taken when a turn comes
 * and not when its wait begins: who leaves gives everything back by leaving, and after the process has slept, those who
 * are due get what a meter can hold and not what they had all been promised.
 */
export class Line {
  readonly #meter: RateMeter;
  readonly #clock: Clock;
  readonly #queue = new WaiterQueue<Turn>();
  #weight = 0;
  #awaited = 0;
  #timer: Timer | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(meter: RateMeter, clock: Clock) {
    this.#meter = meter;
    this.#clock = clock;
  }

  /** How many wait. */
  get size(): number {
    return this.#queue.size;
  }

  /** When a newcomer of this weight may go, behind all who wait. */
  readyAt(weight: number): number {
    return this.#meter.readyAt(weight, this.#weight);
  }

  /** Joins at the end. */
  join(turn: Turn, now: number): Place {
    const place = this.#queue.push(turn);
    this.#weight += turn.weight;
    if (turn.awaited) this.#awaited++;
    this.#arm(now);
    return place;
  }

  /** Leaves the line, which may let others go. Whether it was still in it. */
  leave(place: Place): boolean {
    if (!this.#queue.remove(place)) return false;
    this.#gone(place.value);
    this.move(this.#clock.now());
    return true;
  }

  /** Lets everyone go whose turn has come. */
  move(now: number): void {
    for (let first = this.#queue.first; first !== undefined; first = this.#queue.first) {
      if (this.#meter.readyAt(first.weight) > now) break;
      this.#queue.shift();
      this.#gone(first);
      if (!first.usable(now)) continue;
      this.#meter.take(first.weight, now);
      first.come(now);
    }
    this.#arm(now);
  }

  #gone(turn: Turn): void {
    // Set rather than reckoned when nobody is left, so that fractions of weights do not add up to a remainder.
    this.#weight = this.#queue.size === 0 ? 0 : this.#weight - turn.weight;
    if (turn.awaited) this.#awaited--;
  }

  /**
   * One timer, for the first in the line, and none when nobody sleeps. It keeps the process alive, as the wait before a
   * retry does: somebody is waiting for an answer, and there is no socket yet that would.
   */
  #arm(now: number): void {
    const first = this.#awaited === 0 ? undefined : this.#queue.first;
    const dueAt = first === undefined ? Number.POSITIVE_INFINITY : this.#meter.readyAt(first.weight);
    if (dueAt === this.#armedFor) return;
    this.#timer?.cancel();
    this.#armedFor = dueAt;
    this.#timer = first === undefined ? undefined : this.#clock.setTimer(Math.max(0, dueAt - now), this.#wake);
  }

  readonly #wake = (): void => {
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.move(this.#clock.now());
  };
}
