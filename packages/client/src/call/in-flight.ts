/** Counts the calls under way, so that closing can wait for them. */
export class InFlight {
  count = 0;
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
    if (this.count === 0) this.#empty?.();
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
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#empty = resolve;
    });
  }
}
