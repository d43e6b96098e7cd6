import type { Clock, Timer } from '../contract/runtime.ts';

/** Something with an end in time. The wheel links entries through their own fields, so arming one allocates nothing. */
export interface Timed {
  /** Monotonic milliseconds. */
  readonly dueAt: number;
  /** Used by the wheel alone. */
  wheelNext: Timed | undefined;
  wheelPrevious: Timed | undefined;
  /** Negative while it is in no wheel. */
  wheelSlot: number;
  /** Runs once when the time has come. Must not throw. */
  expire(): void;
}

/** The usual way to be timed, for what need not be of another class. */
export abstract class WheelEntry implements Timed {
  dueAt: number = Number.POSITIVE_INFINITY;
  wheelNext: Timed | undefined;
  wheelPrevious: Timed | undefined;
  wheelSlot = -1;

  abstract expire(): void;
}

/** A firing this late means that the event loop stood still, or the process was stopped. */
const lateMs = 50;
const tickMs = 16;
const slots = 1024;

/**
 * Many deadlines on one timer. Nearly every call ends long before its deadline, so arming and disarming must be cheap
 * and expiry may be less so: an entry is linked into the slot of its tick in O(1), and the one timer is armed for the
 * earliest of them. When it fires and that entry has long gone, it is armed for the next.
 *
 * A hashed wheel: entries further off than one turn (16 s) share a slot with nearer ones and wait for their turn.
 * Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987, scheme 6.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #heads: (Timed | undefined)[] = new Array(slots);
  #size = 0;
  #timer: Timer | undefined;
  #armedFor: number = Number.POSITIVE_INFINITY;
  #deferred = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Entries armed and not yet expired. */
  get size(): number {
    return this.#size;
  }

  /** Arms an entry for its `dueAt`. An infinite one is left alone. */
  add(entry: Timed): void {
    if (entry.dueAt === Number.POSITIVE_INFINITY || entry.wheelSlot >= 0) return;
    const slot = slotOf(entry.dueAt);
    const head = this.#heads[slot];
    entry.wheelSlot = slot;
    entry.wheelNext = head;
    if (head !== undefined) head.wheelPrevious = entry;
    this.#heads[slot] = entry;
    this.#size++;
    if (entry.dueAt < this.#armedFor) this.#arm(entry.dueAt);
  }

  /** Disarms an entry. The timer is left: taking it back costs more than one idle firing. */
  remove(entry: Timed): void {
    if (entry.wheelSlot < 0) return;
    if (entry.wheelPrevious === undefined) this.#heads[entry.wheelSlot] = entry.wheelNext;
    else entry.wheelPrevious.wheelNext = entry.wheelNext;
    if (entry.wheelNext !== undefined) entry.wheelNext.wheelPrevious = entry.wheelPrevious;
    entry.wheelNext = undefined;
    entry.wheelPrevious = undefined;
    entry.wheelSlot = -1;
    this.#size--;
  }

  #arm(dueAt: number): void {
    this.#timer?.cancel();
    this.#armedFor = dueAt;
    this.#timer = this.#clock.setTimer(Math.max(0, dueAt - this.#clock.now()), this.#fire);
    // What the deadline guards keeps the process alive, or nothing does: an idle wheel never should.
    this.#timer.unref();
  }

  readonly #fire = (): void => {
    const now = this.#clock.now();
    const from = this.#armedFor;
    this.#timer = undefined;
    // Answers may have arrived meanwhile and lie unread in their sockets: let the loop read them once before anything
    // is called too late, or a stall of ours is blamed on everyone we call.
    if (!this.#deferred && now - from > lateMs) {
      this.#deferred = true;
      this.#timer = this.#clock.setTimer(0, this.#fire);
      this.#timer.unref();
      return;
    }
    this.#deferred = false;
    this.#armedFor = Number.POSITIVE_INFINITY;
    for (const entry of this.#due(from, now)) {
      // An entry that expired before it may have disarmed this one.
      if (entry.wheelSlot < 0) continue;
      this.remove(entry);
      entry.expire();
    }
    if (this.#size > 0 && this.#armedFor === Number.POSITIVE_INFINITY) this.#arm(this.#earliest(now));
  };

  /** Entries that are due, soonest first. */
  #due(from: number, now: number): Timed[] {
    const due: Timed[] = [];
    const firstTick = Math.floor(from / tickMs);
    const ticks = Math.min(Math.floor(now / tickMs) - firstTick + 1, slots);
    for (let i = 0; i < ticks; i++) {
      for (let at = this.#heads[(firstTick + i) % slots]; at !== undefined; at = at.wheelNext) {
        if (at.dueAt <= now) due.push(at);
      }
    }
    return due.sort((a, b) => a.dueAt - b.dueAt);
  }

  /** When the next entry is due: the first turn of the wheel finds it, unless all are more than a turn away. */
  #earliest(now: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    const firstTick = Math.floor(now / tickMs);
    for (let i = 0; i < slots; i++) {
      const endOfSlot = (firstTick + i + 1) * tickMs;
      for (let at = this.#heads[(firstTick + i) % slots]; at !== undefined; at = at.wheelNext) {
        earliest = Math.min(earliest, at.dueAt);
      }
      // Nothing in a later slot can be sooner than what ends inside this one.
      if (earliest < endOfSlot) return earliest;
    }
    return earliest;
  }
}

function slotOf(dueAt: number): number {
  return Math.floor(dueAt / tickMs) % slots;
}

// Keyed by clock and weakly held: all policies of a runtime share one timer, and a clock that is gone takes its wheel along.
const wheels = new WeakMap<Clock, DeadlineWheel>();

/** The one wheel of a clock. */
export function wheelOf(clock: Clock): DeadlineWheel {
  let wheel = wheels.get(clock);
  if (wheel === undefined) {
    wheel = new DeadlineWheel(clock);
    wheels.set(clock, wheel);
  }
  return wheel;
}
