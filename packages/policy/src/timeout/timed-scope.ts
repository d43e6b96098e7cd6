import { type CallContext, CallScope, type Operation } from '../contract/call.ts';
import type { SwitchgearError } from '../contract/errors.ts';
import { diagnosticsSink } from '../contract/events.ts';
import type { Runtime } from '../contract/runtime.ts';
import { type DeadlineWheel, WheelEntry } from '../stats/deadline-wheel.ts';

/** What happens when the time is up. */
export type OnExpiry = (scope: CallContext, startedAt: number) => SwitchgearError;

/**
 * Runs an operation until it ends, its time is up or the call is cancelled, whichever comes first. The caller waits for
 * nothing else: an operation that ignores its signal is left behind, keeps its place in any bulkhead around it until it
 * ends, and is reported then.
 */
export function runTimed<T>(
  operation: Operation<T>,
  parent: CallContext,
  dueAt: number,
  wheel: DeadlineWheel,
  runtime: Runtime,
  onExpiry: OnExpiry,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const race = new Race<T>(parent, dueAt, wheel, runtime, onExpiry, resolve, reject);
    race.run(operation);
  });
}

/** The entry that the wheel holds for a race. Apart from the scope, which already has a parent class. */
class RaceDeadline extends WheelEntry {
  readonly #onDue: () => void;

  constructor(dueAt: number, onDue: () => void) {
    super();
    this.dueAt = dueAt;
    this.#onDue = onDue;
  }

  override expire(): void {
    this.#onDue();
  }
}

class Race<T> extends CallScope {
  readonly #wheel: DeadlineWheel;
  readonly #runtime: Runtime;
  readonly #onExpiry: OnExpiry;
  readonly #resolve: (value: T) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #startedAt: number;
  readonly #entry: RaceDeadline;
  #settledAt = -1;
  #orphanEnded: (() => void) | undefined;

  constructor(
    parent: CallContext,
    dueAt: number,
    wheel: DeadlineWheel,
    runtime: Runtime,
    onExpiry: OnExpiry,
    resolve: (value: T) => void,
    reject: (reason: unknown) => void,
  ) {
    super(parent, dueAt);
    this.#wheel = wheel;
    this.#runtime = runtime;
    this.#onExpiry = onExpiry;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#startedAt = runtime.clock.now();
    this.#entry = new RaceDeadline(dueAt, () => this.#expired());
  }

  run(operation: Operation<T>): void {
    this.hearParent();
    this.#wheel.add(this.#entry);
    let work: Promise<T>;
    try {
      work = operation(this);
    } catch (error) {
      this.#workFailed(error);
      return;
    }
    // The work may not be a promise when the caller is not checked by a compiler.
    Promise.resolve(work).then(
      (value) => this.#workDone(value),
      (error) => this.#workFailed(error),
    );
  }

  #expired(): void {
    this.cancel(this.#onExpiry(this, this.#startedAt));
  }

  /** The time is up, or someone above has left: the caller is answered now, whatever the work does. */
  override cancel(reason: unknown): void {
    if (this.#settledAt >= 0) return;
    this.#settle();
    this.#orphanEnded = (this.parent as CallContext).addOrphan();
    super.cancel(reason);
    this.#reject(reason);
  }

  #workDone(value: T): void {
    if (this.#settledAt >= 0) {
      this.#endedLate();
      return;
    }
    this.#settle();
    this.#resolve(value);
  }

  #workFailed(error: unknown): void {
    if (this.#settledAt >= 0) {
      this.#endedLate();
      return;
    }
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.#settledAt = this.#runtime.clock.now();
    this.#wheel.remove(this.#entry);
    this.end();
  }

  #endedLate(): void {
    this.#orphanEnded?.();
    const now = this.#runtime.clock.now();
    const events = this.#runtime.events ?? diagnosticsSink;
    // Work that heeds its signal ends in the same turn, and there is nothing to tell.
    if (now <= this.#settledAt || !events.wants('work.ended-late')) return;
    events.publish({
      type: 'work.ended-late',
      at: now,
      target: this.target,
      operation: this.operation,
      attempt: this.attempt,
      lateMs: now - this.#settledAt,
    });
  }
}
