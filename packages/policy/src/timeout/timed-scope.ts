import { type CallContext, CallScope, type Operation } from '../contract/call.ts';
import type { SwitchgearError } from '../contract/errors.ts';
import { sinkOf } from '../contract/events.ts';
import type { Runtime } from '../contract/runtime.ts';
import { type DeadlineWheel, WheelEntry } from '../stats/deadline-wheel.ts';

/** Work that ends this soon after it was given up has heeded its signal: closing a socket takes a turn or two. */
const promptMs = 1;

/** What happens when the time is up. */
export type OnExpiry = (scope: CallContext, startedAt: number) => SwitchgearError;

/**
 * Runs an operation until it ends, its time is up or the call is cancelled, whichever comes first. The caller waits for
 * nothing else: an operation that ignores its signal is left behind, keeps its place in any bulkhead around it until it
 * ends, and is reported then.
 */
export function runTimed<T>(operation: Operation<T>, parent: CallContext, limit: TimeLimit): Promise<T> {
  return new Promise<T>((resolve, reject) => new Race<T>(parent, limit, resolve, reject).run(operation));
}

/** Until when, on whose clock, and what then. */
export interface TimeLimit {
  /** Now: the clock is read once per call and not once per layer. */
  readonly startedAt: number;
  readonly dueAt: number;
  readonly wheel: DeadlineWheel;
  readonly runtime: Runtime;
  readonly onExpiry: OnExpiry;
}

/** The entry that the wheel holds for a race. Apart from the scope, which already has a parent class. */
class RaceDeadline extends WheelEntry {
  readonly #race: Race<never>;

  constructor(dueAt: number, race: Race<never>) {
    super();
    this.dueAt = dueAt;
    this.#race = race;
  }

  override expire(): void {
    this.#race.expire();
  }
}

class Race<T> extends CallScope {
  readonly #limit: TimeLimit;
  readonly #resolve: (value: T) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #entry: RaceDeadline;
  #settled = false;
  /** Set when the work is left behind. */
  #givenUpAt = 0;
  #orphanEnded: (() => void) | undefined;

  constructor(parent: CallContext, limit: TimeLimit, resolve: (value: T) => void, reject: (reason: unknown) => void) {
    super(parent, limit.dueAt);
    this.#limit = limit;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#entry = new RaceDeadline(limit.dueAt, this as Race<never>);
  }

  run(operation: Operation<T>): void {
    this.hearParent();
    this.#limit.wheel.add(this.#entry);
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

  expire(): void {
    this.cancel(this.#limit.onExpiry(this, this.#limit.startedAt));
  }

  /** The time is up, or someone above has left: the caller is answered now, whatever the work does. */
  override cancel(reason: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#givenUpAt = this.#limit.runtime.clock.now();
    this.#orphanEnded = (this.parent as CallContext).addOrphan();
    super.cancel(reason);
    this.#reject(reason);
  }

  #workDone(value: T): void {
    if (this.#settled) {
      this.#endedLate();
      return;
    }
    this.#settle();
    this.#resolve(value);
  }

  #workFailed(error: unknown): void {
    if (this.#settled) {
      this.#endedLate();
      return;
    }
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#limit.wheel.remove(this.#entry);
    this.end();
  }

  #endedLate(): void {
    this.#orphanEnded?.();
    const { runtime } = this.#limit;
    const now = runtime.clock.now();
    if (now - this.#givenUpAt < promptMs) return;
    const events = sinkOf(runtime);
    if (!events.wants('work.ended-late')) return;
    events.publish({
      type: 'work.ended-late',
      at: now,
      target: this.target,
      operation: this.operation,
      attempt: this.attempt,
      lateMs: now - this.#givenUpAt,
    });
  }
}
