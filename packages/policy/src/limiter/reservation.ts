import type { Place, Turn } from './line.ts';
import type { PermitHome } from './rate-permit.ts';

/** Tokens that somebody has a right to, now or later. */
export interface Reservation {
  readonly admitted: true;
  readonly weight: number;
  /**
   * Milliseconds from when it was made until it is due, 0 for at once. Others who give up only bring it nearer;
   * `drain()` or a lower rate may put it off, so look at `due` before using it.
   */
  readonly waitMs: number;
  /**
   * Whether it may be used now. Once true, it stays true until it is cancelled. To look is also what takes the tokens,
   * if no other call has looked since it came due: after the process was stopped, not all reservations come due
   * together.
   */
  readonly due: boolean;
  /**
   * Gives back what was reserved: all of it while it is not due; afterwards, what has not flowed in again since. Must
   * not be called when it has been used.
   * @returns Whether this was the first time.
   */
  cancel(): boolean;
}

/** What a reservation asks of the limiter that gave it. */
export interface ReservationDesk extends PermitHome {
  epoch(): number;
  /** Brings the line up to date. */
  look(): void;
  /** Takes a turn out of the line. */
  leave(place: Place): void;
}

/** A reservation as the line sees it. */
export class ReservedTurn implements Turn, Reservation {
  readonly admitted = true;
  readonly awaited = false;
  readonly weight: number;
  readonly waitMs: number;
  place: Place | undefined;
  readonly #desk: ReservationDesk;
  #state: 'waiting' | 'due' | 'cancelled' = 'waiting';
  #dueAt = 0;
  #epoch = 0;

  constructor(desk: ReservationDesk, weight: number, waitMs: number) {
    this.#desk = desk;
    this.weight = weight;
    this.waitMs = waitMs;
  }

  get due(): boolean {
    if (this.#state === 'waiting') this.#desk.look();
    return this.#state === 'due';
  }

  cancel(): boolean {
    const was = this.#state;
    this.#state = 'cancelled';
    if (was === 'waiting' && this.place !== undefined) this.#desk.leave(this.place);
    if (was === 'due') this.#desk.giveBack(this.weight, this.#dueAt, this.#epoch);
    return was !== 'cancelled';
  }

  usable(): boolean {
    return true;
  }

  come(at: number): void {
    this.#state = 'due';
    this.#dueAt = at;
    this.#epoch = this.#desk.epoch();
  }
}
