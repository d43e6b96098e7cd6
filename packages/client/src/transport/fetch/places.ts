/** A bounded number of requests at a time; what finds no place waits, in order. */
export class Places {
  readonly #max: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;
  #emptied: (() => void) | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes a place at once, if there is one. */
  take(): boolean {
    if (this.#taken >= this.#max) return false;
    this.#taken++;
    return true;
  }

  /** Waits for one, which is taken when `enter` runs. @returns How to stop waiting. */
  wait(enter: () => void): () => void {
    this.#waiting.add(enter);
    return () => void this.#waiting.delete(enter);
  }

  giveBack(): void {
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      next();
      return;
    }
    this.#taken--;
    if (this.#taken === 0) this.#emptied?.();
  }

  /** Resolves when none is taken. */
  empty(): Promise<void> {
    if (this.#taken === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied = resolve;
    });
  }
}
