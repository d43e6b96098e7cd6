import type { AsyncLocalStorage } from 'node:async_hooks';
import { type CallContext, CallScope, type Operation, type Unsubscribe } from '../contract/call.ts';
import { AttemptTimeoutError, DeadlineExceededError, withoutStack } from '../contract/errors.ts';
import type { EventSink } from '../contract/events.ts';
import { hush } from '../contract/hush.ts';
import type { Clock } from '../contract/runtime.ts';
import { type DeadlineWheel, WheelEntry } from '../stats/deadline-wheel.ts';
import { Waiting } from './waiting.ts';

/** Work that ends this soon after it was given up has heeded its signal: closing a socket takes a turn or two. */
const promptMs = 1;

/** What a caller gets in place of a value: `again`, look for another flight; `alone`, run by yourself. */
export const again: unique symbol = Symbol('again');
export const alone: unique symbol = Symbol('alone');

const nothing = (): void => {};

/** What all flights of a policy go by. */
export interface FlightRules {
  readonly clone: (<T>(value: T) => T) | undefined;
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly events: EventSink;
  readonly inside: AsyncLocalStorage<Waiting>;
}

/** One caller of a flight, and their entry in the wheel that holds their deadline. */
class Waiter extends WheelEntry {
  readonly call: CallContext;
  readonly flight: Flight;
  /** The flight that this caller is part of, if any. */
  readonly within: Waiting | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  unsubscribe: Unsubscribe = nothing;

  constructor(
    call: CallContext,
    flight: Flight,
    within: Waiting | undefined,
    resolve: (value: unknown) => void,
    reject: (reason: unknown) => void,
  ) {
    super();
    this.call = call;
    this.dueAt = call.deadline;
    this.flight = flight;
    this.within = within;
    this.resolve = resolve;
    this.reject = reject;
  }

  override expire(): void {
    this.flight.lose(this, deadlinePassed(this.call));
  }
}

/**
 * One execution for many callers. It is a call of its own, beneath that of the first caller, so that they know how far
 * it has got; but it hears nothing of their leaving. It is cancelled when the last of its callers has left.
 */
export class Flight extends CallScope {
  /** The latest of its callers' deadlines: attempts that begin from now on have that long. */
  declare deadline: number;
  readonly waiting: Waiting = new Waiting();
  readonly #rules: FlightRules;
  /** Runs once when no one can join it any more. */
  readonly #onOver: () => void;
  readonly #waiters = new Set<Waiter>();
  readonly #begunWith: number;
  #over = false;
  #abandoned = false;
  #why: unknown;
  #givenUpAt = 0;
  #orphanEnded: () => void = nothing;

  constructor(first: CallContext, rules: FlightRules, onOver: () => void) {
    super(first, first.deadline);
    this.#begunWith = first.deadline;
    this.#rules = rules;
    this.#onOver = onOver;
  }

  /** Callers who wait for it. */
  get size(): number {
    return this.#waiters.size;
  }

  /** @param within The flight that the caller is part of, if any. */
  join(call: CallContext, within: Waiting | undefined): Promise<unknown> {
    if (call.deadline > this.deadline) this.deadline = call.deadline;
    within?.enter(this.waiting);
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(call, this, within, resolve, reject);
      this.#waiters.add(waiter);
      this.#rules.wheel.add(waiter);
      if (call.cancellable) waiter.unsubscribe = call.onCancel((reason) => this.lose(waiter, reason));
    });
  }

  run(operation: Operation<unknown>): void {
    let work: Promise<unknown>;
    try {
      work = this.#rules.inside.run(this.waiting, operation, this);
    } catch (error) {
      work = Promise.reject(error);
    }
    // The work may not be a promise when the caller is not checked by a compiler.
    Promise.resolve(work).then(
      (value) => this.#landed((waiter, first) => this.#hand(waiter, value, first)),
      (error) => this.#landed((waiter) => this.#fail(waiter, error)),
    );
  }

  /** A caller leaves, or their time is up. The others go on; without others, there is nothing to go on for. */
  lose(waiter: Waiter, reason: unknown): void {
    this.#part(waiter);
    waiter.reject(reason);
    if (this.#waiters.size === 0) this.#abandon(waiter.call, reason);
  }

  // What is cancelled above is one of the callers, not the flight.
  protected override hearParent(): void {}

  override get cancelled(): boolean {
    return this.#abandoned;
  }

  override get reason(): unknown {
    return this.#why;
  }

  #part(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    this.#rules.wheel.remove(waiter);
    waiter.unsubscribe();
    waiter.within?.leave(this.waiting);
  }

  #abandon(last: CallContext, reason: unknown): void {
    this.#end();
    this.#abandoned = true;
    this.#why = reason;
    this.#givenUpAt = this.#rules.clock.now();
    this.#orphanEnded = last.addOrphan();
    try {
      this.cancel(reason);
    } catch {
      // Someone beneath threw on hearing it. There is no one left to tell.
    }
  }

  #landed(settle: (waiter: Waiter, first: boolean) => void): void {
    if (this.#over) {
      this.#endedLate();
      return;
    }
    this.#end();
    let first = true;
    for (const waiter of this.#waiters) {
      this.#part(waiter);
      settle(waiter, first);
      first = false;
    }
  }

  #end(): void {
    this.#over = true;
    this.#onOver();
  }

  #hand(waiter: Waiter, value: unknown, first: boolean): void {
    const { clone } = this.#rules;
    if (clone === undefined || first) {
      waiter.resolve(value);
      return;
    }
    // Here and now, before any of the callers can have changed the value.
    try {
      const copy = clone(value);
      if (!(copy instanceof Promise)) {
        waiter.resolve(copy);
        return;
      }
      hush(copy);
    } catch {}
    waiter.resolve(alone);
  }

  /**
   * An attempt that began before a caller with more time joined has only the time of those before. If it ran out of
   * that, those who have more look for another flight; and since that one begins with their time, not twice.
   */
  #fail(waiter: Waiter, error: unknown): void {
    const { deadline } = waiter.call;
    const now = this.#rules.clock.now();
    // To whoever cut it short it may seem an attempt like others, since by now the flight has more time.
    const cutShort = error instanceof DeadlineExceededError || error instanceof AttemptTimeoutError;
    const ranOut = cutShort && now >= this.#begunWith;
    if (ranOut && deadline > now) waiter.resolve(again);
    else waiter.reject(error);
  }

  #endedLate(): void {
    const { clock, events } = this.#rules;
    this.#orphanEnded();
    const now = clock.now();
    const lateMs = now - this.#givenUpAt;
    if (lateMs < promptMs || !events.wants('work.ended-late')) return;
    const { target, operation, attempt } = this;
    events.publish({ type: 'work.ended-late', at: now, target, operation, attempt, lateMs });
  }
}

function deadlinePassed(call: CallContext): DeadlineExceededError {
  const { target, operation, attempts, sent, phase } = call;
  return withoutStack(
    () =>
      new DeadlineExceededError('the deadline passed while waiting for a shared call', {
        target,
        operation,
        attempts,
        sent,
        phase,
      }),
  );
}
