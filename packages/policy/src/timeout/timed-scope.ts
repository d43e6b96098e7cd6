import { type CallContext, CallScope, type Operation } from '../contract/call.ts';
import type { SwitchgearError } from '../contract/errors.ts';
import { sinkOf } from '../contract/events.ts';
import type { Runtime } from '../contract/runtime.ts';
import type { DeadlineWheel, Timed } from '../stats/deadline-wheel.ts';

/** Work that ends this soon after it was given up has heeded its signal: closing a socket takes a turn or two. */
const promptMs = 1;

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
  startedAt: number,
  dueAt: number,
  limit: TimeLimit,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  new Race<T>(parent, startedAt, dueAt, limit, resolve, reject).run(operation);
  return promise;
}

/** On whose clock, and what happens then: what all calls of one policy have in common. */
export interface TimeLimit {
  readonly wheel: DeadlineWheel;
  readonly runtime: Runtime;
  readonly onExpiry: OnExpiry;
}

/** Its own entry in the wheel: it is made for every attempt. */
class Race<T> extends CallScope implements Timed {
  wheelNext: Timed | undefined;
  wheelPrevious: Timed | undefined;
  wheelSlot = -1;
  readonly #startedAt: number;
  readonly #limit: TimeLimit;
  readonly #resolve: (value: T) => void;
  readonly #reject: (reason: unknown) => void;
  #settled = false;
  /** Set when the work is left behind. */
  #left: { readonly at: number; readonly orphanEnded: () => void } | undefined;

  constructor(
    parent: CallContext,
    startedAt: number,
    dueAt: number,
    limit: TimeLimit,
    resolve: (value: T) => void,
    reject: (reason: unknown) => void,
  ) {
    super(parent, dueAt);
    this.#startedAt = startedAt;
    this.#limit = limit;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get dueAt(): number {
    return this.deadline;
  }

  run(operation: Operation<T>): void {
    this.hearParent();
    this.#limit.wheel.add(this);
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
    this.cancel(this.#limit.onExpiry(this, this.#startedAt));
  }

  /** The time is up, or someone above has left: the caller is answered now, whatever the work does. */
  override cancel(reason: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#left = { at: this.#limit.runtime.clock.now(), orphanEnded: (this.parent as CallContext).addOrphan() };
    super.cancel(reason);
    this.#reject(reason);
  }

  #workDone(value: T): void {
    if (this.#left !== undefined) {
      this.#endedLate(this.#left);
      return;
    }
    this.#settle();
    this.#resolve(value);
  }

  #workFailed(error: unknown): void {
    if (this.#left !== undefined) {
      this.#endedLate(this.#left);
      return;
    }
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#limit.wheel.remove(this);
    this.end();
  }

  #endedLate({ at, orphanEnded }: { at: number; orphanEnded: () => void }): void {
    orphanEnded();
    const { runtime } = this.#limit;
    const now = runtime.clock.now();
    if (now - at < promptMs) return;
    const events = sinkOf(runtime);
    if (!events.wants('work.ended-late')) return;
    events.publish({
      type: 'work.ended-late',
      at: now,
      target: this.target,
      operation: this.operation,
      attempt: this.attempt,
      lateMs: now - at,
    });
  }
}
