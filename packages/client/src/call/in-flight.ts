import { CallGroup } from '@switchgear/policy';

/** The calls under way: counts them, so that closing can wait for them, and can end them when it has waited enough. */
export class InFlight {
  /** Calls. */
  count = 0;
  /** What is done beside them: a load that several wait for, or nobody. */
  #work = 0;
  /** All of them, for whoever has to end them at once. */
  readonly group: CallGroup = new CallGroup();
  #closed = false;
  #empty: (() => void) | undefined;
  readonly #onClose = new Set<() => void>();

  get closed(): boolean {
    return this.#closed;
  }

  begin(): void {
    this.count++;
  }

  end(): void {
    this.count--;
    if (this.#isEmpty) this.#empty?.();
  }

  /** Work that is no call of its own, and that closing has to wait for as well. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#work++;
    try {
      return await work();
    } finally {
      this.#work--;
      if (this.#isEmpty) this.#empty?.();
    }
  }

  get #isEmpty(): boolean {
    return this.count === 0 && this.#work === 0;
  }

  /** Runs when closing begins, unless the returned function has been called. */
  onClose(run: () => void): () => void {
    this.#onClose.add(run);
    return () => void this.#onClose.delete(run);
  }

  /** Resolves when nothing is under way. Whoever begins a call asks `closed` first. */
  close(): Promise<void> {
    this.#closed = true;
    for (const run of this.#onClose) run();
    if (this.#isEmpty) return Promise.resolve();
    return new Promise((resolve) => {
      this.#empty = resolve;
    });
  }

  /** Ends what is under way, with this reason. */
  cancel(reason: unknown): void {
    this.group.cancel(reason);
  }

  /** Whether an error is the reason for which what was under way was ended. */
  isCancelledBy(error: unknown): boolean {
    return this.group.cancelled && error === this.group.reason;
  }
}
