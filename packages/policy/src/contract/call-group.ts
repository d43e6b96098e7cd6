import type { Unsubscribe } from './call.ts';

const nothing = (): void => {};

/**
 * Calls that can be ended together, such as those of a client that is being closed. Far cheaper than a signal for each:
 * a call that listens is an entry in a set, and only while something beneath it would have to hear.
 */
export class CallGroup {
  readonly #listeners = new Set<(reason: unknown) => void>();
  #controller: AbortController | undefined;
  #cancelled = false;
  #reason: unknown;

  /** Ends every call of the group, and any that would begin. Each rejects with the reason. The first reason stands. */
  cancel(reason: unknown): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#reason = reason;
    // What runs now takes others off, as a call that ends does, and they are not to be told.
    for (const run of this.#listeners) run(reason);
    this.#listeners.clear();
    this.#controller?.abort(reason);
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Why, once cancelled. */
  get reason(): unknown {
    return this.#reason;
  }

  /** For what can hear of it in no other way. Made when first read. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Runs once when the group is cancelled, at once if it has been. Each function at most once at a time. */
  onCancel(run: (reason: unknown) => void): Unsubscribe {
    if (this.#cancelled) {
      run(this.#reason);
      return nothing;
    }
    this.#listeners.add(run);
    return () => void this.#listeners.delete(run);
  }
}
