import { type QueueEntry, WaiterQueue } from '../stats/waiter-queue.ts';

/** A place in the room. */
export interface RoomEntry<T> extends QueueEntry<T> {
  readonly rank: number;
  readonly place: QueueEntry<T>;
}

/** Those who wait, a queue per rank: rank 0 goes first, and within a rank whoever came first. All steps are O(1). */
export class WaitingRoom<T> {
  readonly #queues: readonly WaiterQueue<T>[];
  #size = 0;

  constructor(ranks: number) {
    this.#queues = Array.from({ length: ranks }, () => new WaiterQueue<T>());
  }

  get size(): number {
    return this.#size;
  }

  /** How many of a rank there are. */
  sizeOf(rank: number): number {
    return this.#queues[rank]?.size ?? 0;
  }

  push(value: T, rank: number): RoomEntry<T> {
    const place = (this.#queues[rank] as WaiterQueue<T>).push(value);
    this.#size++;
    return { value, rank, place };
  }

  /** Takes the first of the most important. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    this.#size--;
    return this.#queues.find((queue) => queue.size > 0)?.shift();
  }

  /** Takes one out of the middle. Whether it was still there. */
  remove({ rank, place }: RoomEntry<T>): boolean {
    // There is a queue for every rank that was ever pushed; the compiler does not know that.
    const left = this.#queues[rank]?.remove(place) ?? false;
    if (left) this.#size--;
    return left;
  }
}
