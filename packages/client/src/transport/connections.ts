/** Something that requests can be sent over, one at a time. */
export interface Connection {
  close(): Promise<void>;
  destroy(): Promise<void>;
}

/** Who waits for a connection. Taken out of the queue in O(1) when the call is cancelled. */
export type Waiter<C> = (connection: C) => void;

/**
 * A bounded number of connections and a queue before them. The last one used is used first: it is the least likely to
 * have been closed by the other side, and the others may grow idle and go.
 */
export class Connections<C extends Connection> {
  readonly #max: number;
  readonly #open: () => C;
  readonly #idle: C[] = [];
  readonly #all = new Set<C>();
  /** In order of arrival: a set keeps it, and forgets one of them at once. */
  readonly #waiting = new Set<Waiter<C>>();
  #closing: (() => void) | undefined;
  #busy = 0;

  constructor(max: number, open: () => C) {
    this.#max = max;
    this.#open = open;
  }

  /** A connection that is free, or may be opened; `undefined` when the caller has to wait. */
  take(): C | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      this.#busy++;
      return idle;
    }
    if (this.#all.size >= this.#max) return undefined;
    const opened = this.#open();
    this.#all.add(opened);
    this.#busy++;
    return opened;
  }

  /** Waits for one. @returns How to stop waiting. */
  wait(waiter: Waiter<C>): () => void {
    this.#waiting.add(waiter);
    return () => void this.#waiting.delete(waiter);
  }

  /** Gives one back: it goes to who has waited longest. */
  giveBack(connection: C): void {
    const [next] = this.#waiting;
    if (next !== undefined && this.#all.has(connection)) {
      this.#waiting.delete(next);
      next(connection);
      return;
    }
    this.#busy--;
    if (this.#all.has(connection)) this.#idle.push(connection);
    if (this.#busy === 0) this.#closing?.();
  }

  /** Every connection that nothing runs over is closed: one of them has just been found dead, and they age together. */
  dropIdle(): void {
    for (const connection of this.#idle.splice(0)) {
      this.#all.delete(connection);
      connection.destroy().catch(() => {});
    }
  }

  /** Lets what runs end, then closes them all. */
  async close(): Promise<void> {
    if (this.#busy > 0) {
      await new Promise<void>((resolve) => {
        this.#closing = resolve;
      });
    }
    await Promise.all([...this.#all].map((connection) => connection.close()));
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.#all].map((connection) => connection.destroy()));
  }
}
