import { type CallContext, CallScope, type Operation } from '../contract/call.ts';
import type { Kept } from './isolation.ts';

/** How a load ended. Never a rejection: a load without waiters has nobody to reject to. */
export type Ended =
  | {
      readonly ok: true;
      /** As the operation gave it: for the one whose call ran it. */
      readonly value: unknown;
      /** For everyone else; nothing when callers could reach each other through it. */
      readonly kept: Kept | undefined;
    }
  | { readonly ok: false; readonly error: unknown };

/**
 * One run of an operation that several callers wait for. It belongs to the call that began it, so that what is sent and
 * how far it got is told to that one, but does not end when that one leaves: it is cancelled when the last one has.
 */
export class Load extends CallScope {
  /** What it loads for; `key` is what the call itself says. */
  readonly cacheKey: string;
  readonly ended: Promise<Ended>;
  /** Callers who wait for it now. */
  waiting = 0;
  readonly #refresh: boolean;
  readonly #onGivenUp: (load: Load) => void;
  readonly #settle: (ended: Ended) => void;
  #givenUp = false;
  /** The work itself has ended, whatever became of those who waited. */
  #over = false;
  #reason: unknown;
  #orphanEnded: (() => void) | undefined;

  /**
   * @param refresh Whether it runs for nobody: then it goes on when those who joined it have left.
   * @param onGivenUp Told before the work is: from here on the load answers nobody.
   */
  constructor(key: string, parent: CallContext, refresh: boolean, onGivenUp: (load: Load) => void) {
    super(parent, parent.deadline);
    this.cacheKey = key;
    this.#refresh = refresh;
    this.#onGivenUp = onGivenUp;
    const { promise, resolve } = Promise.withResolvers<Ended>();
    this.ended = promise;
    this.#settle = resolve;
  }

  /** Runs the operation; what it comes to is asked of the two, in the moment it ends. */
  run<T>(operation: Operation<T>, onValue: (value: T) => Ended, onError: (error: unknown) => Ended): void {
    const end = (ended: Ended): void => {
      this.#over = true;
      this.#orphanEnded?.();
      this.#settle(ended);
    };
    runOnce(operation, this).then(
      (value) => end(onValue(value)),
      (error) => end(onError(error)),
    );
  }

  /** One caller leaves; `leads` if it is the one who began. */
  leave(leads: boolean, reason: unknown): void {
    this.waiting--;
    // It may leave in the very turn in which the work has ended.
    if (this.#over) return;
    // Its place in a bulkhead further out is taken until the work ends, since it is that place the work runs on.
    if (leads) this.#orphanEnded = (this.parent as CallContext).addOrphan();
    if (this.waiting === 0 && !this.#refresh) this.cancel(reason);
  }

  override cancel(reason: unknown): void {
    this.#givenUp = true;
    this.#reason = reason;
    this.#onGivenUp(this);
    super.cancel(reason);
    // Who still waits does not wait for work that ignores its signal.
    this.#settle({ ok: false, error: reason });
  }

  override get cancelled(): boolean {
    return this.#givenUp;
  }

  override get reason(): unknown {
    return this.#reason;
  }

  /** Whoever began it may leave without ending it for the others. */
  protected override hearParent(): void {}

  /** Whether a call was made from inside this load, and would wait for itself. */
  isAround(call: CallContext): boolean {
    for (let at: CallContext | undefined = call; at !== undefined; at = at.parent) if (at === this) return true;
    return false;
  }
}

/** Runs an operation; one that throws at once rejects, one that answers at once resolves. */
export function runOnce<T>(operation: Operation<T>, call: CallContext): Promise<T> {
  try {
    return Promise.resolve(operation(call));
  } catch (error) {
    return Promise.reject(error);
  }
}
