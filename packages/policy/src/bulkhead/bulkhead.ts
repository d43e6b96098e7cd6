import type { Call, CallContext, CallOptions, Operation, Unsubscribe } from '../contract/call.ts';
import { BulkheadFullError, DeadlineExceededError, withoutStack } from '../contract/errors.ts';
import { type EventSink, type RefusalReason, sinkOf } from '../contract/events.ts';
import { type Gate, type Permit, type Refusal, throughGate } from '../contract/gate.ts';
import type { Classify } from '../contract/outcome.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { type DeadlineWheel, WheelEntry, wheelOf } from '../stats/deadline-wheel.ts';
import { type QueueEntry, WaiterQueue } from '../stats/waiter-queue.ts';
import { type BulkheadOptions, type BulkheadSettings, readBulkheadOptions } from './options.ts';

/** What a bulkhead holds at one moment. */
export interface BulkheadSnapshot {
  /** Places taken, by calls that run or by work that was given up and has not ended. */
  readonly active: number;
  /** Calls that wait for a place. */
  readonly queued: number;
  readonly maxConcurrent: number;
  readonly maxQueue: number;
}

/**
 * Limits how many calls run at once, so that one slow target cannot take everything this process has. Those beyond the
 * limit wait their turn, first come first served, in a queue that is bounded in length and in time; a freed place goes
 * straight to the first of them, so that no newcomer can slip in between.
 *
 * Not re-entrant: work that asks the same bulkhead again holds one place and waits for another. With `maxConcurrent: 1`
 * that wait cannot succeed, and ends in a refusal after `queueTimeoutMs`.
 */
export class Bulkhead implements Gate {
  readonly name = 'bulkhead';
  readonly holdsPlace = true;
  readonly classify: Classify | undefined;
  readonly runtime: Runtime;
  readonly #settings: BulkheadSettings;
  readonly #events: EventSink;
  readonly #wheel: DeadlineWheel;
  readonly #queue = new WaiterQueue<Waiter>();
  readonly #full: Refusal;
  readonly #waitedTooLong: Refusal;
  #active = 0;

  /** @throws ConfigError with a path such as `bulkhead.maxQueue`. */
  constructor(options: BulkheadOptions = {}, runtime: Runtime = systemRuntime) {
    const settings = readBulkheadOptions(options);
    const { maxConcurrent, maxQueue, queueTimeoutMs, name } = settings;
    this.classify = settings.classify;
    this.runtime = runtime;
    this.#settings = settings;
    this.#events = sinkOf(runtime);
    this.#wheel = wheelOf(runtime.clock);
    const taken = `all ${maxConcurrent} places are taken`;
    this.#full = refusal('bulkhead-full', maxQueue === 0 ? taken : `${taken}, and the queue of ${maxQueue}`, name);
    this.#waitedTooLong = refusal('bulkhead-queue-timeout', `no place became free in ${queueTimeoutMs} ms`, name);
  }

  /** Asks for a place now. Refuses with `bulkhead-full` when none is free, whether or not there is room to wait. */
  tryAcquire(): Permit | Refusal {
    if (this.#active >= this.#settings.maxConcurrent) return this.#full;
    this.#active++;
    return new Place(this.#release);
  }

  /**
   * Asks for a place, waiting for a turn if there is room in the queue: at most `queueTimeoutMs`, and never past the
   * deadline of the call.
   * @returns A permit, or a refusal with `bulkhead-full` or `bulkhead-queue-timeout`.
   * @throws DeadlineExceededError if the call's deadline passes first; the caller's own reason if the call is cancelled.
   */
  acquire(call: CallContext): Promise<Permit | Refusal> {
    if (call.cancelled) return Promise.reject(call.reason);
    const admission = this.tryAcquire();
    if (admission.admitted || this.#queue.size >= this.#settings.maxQueue) return Promise.resolve(admission);
    const leftMs = call.deadline - this.runtime.clock.now();
    if (leftMs <= 0) return Promise.reject(deadlinePassed(call));
    return new Promise((resolve, reject) => this.#enqueue(new Waiter(call, resolve, reject), leftMs));
  }

  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T> {
    return throughGate(this, operation, options);
  }

  snapshot(): BulkheadSnapshot {
    const { maxConcurrent, maxQueue } = this.#settings;
    return { active: this.#active, queued: this.#queue.size, maxConcurrent, maxQueue };
  }

  describe(): string {
    const { maxConcurrent, maxQueue, queueTimeoutMs, name } = this.#settings;
    const queue = maxQueue === 0 ? 'no queue' : `${maxQueue} queued for at most ${queueTimeoutMs} ms`;
    return `bulkhead${name === '' ? '' : ` '${name}'`}: ${maxConcurrent} at once, ${queue}`;
  }

  #enqueue(waiter: Waiter, leftMs: number): void {
    const { clock } = this.runtime;
    const { call } = waiter;
    const entry = this.#queue.push(waiter);
    waiter.dueAt = clock.now() + Math.min(this.#settings.queueTimeoutMs, leftMs);
    waiter.onDue = () => this.#waitIsOver(entry);
    this.#wheel.add(waiter);
    waiter.leave = call.onCancel((reason) => {
      if (this.#remove(entry)) waiter.reject(reason);
    });
    // Inside an attempt, a timeout must be able to tell that this machine was full, not that the other side was slow.
    if (waiter.insideAttempt) call.progress('queue', 'never');
    if (this.#events.wants('bulkhead.queued')) {
      this.#events.publish({
        type: 'bulkhead.queued',
        at: clock.now(),
        target: call.target === '' ? this.#settings.name : call.target,
        operation: call.operation,
        attempt: call.attempt,
        queued: this.#queue.size,
      });
    }
  }

  #waitIsOver(entry: QueueEntry<Waiter>): void {
    if (!this.#remove(entry)) return;
    const { call, resolve, reject } = entry.value;
    if (call.deadline <= this.runtime.clock.now()) reject(deadlinePassed(call));
    else resolve(this.#waitedTooLong);
  }

  #remove(entry: QueueEntry<Waiter>): boolean {
    if (!this.#queue.remove(entry)) return false;
    this.#letGo(entry.value);
    return true;
  }

  /** Nothing will call a waiter any more that has left the queue. */
  #letGo(waiter: Waiter): void {
    this.#wheel.remove(waiter);
    waiter.leave();
  }

  /** Frees a place, or rather hands it on: between the two, a newcomer would overtake those who wait. */
  readonly #release = (): void => {
    for (let waiter = this.#queue.shift(); waiter !== undefined; waiter = this.#queue.shift()) {
      const { call, resolve, reject } = waiter;
      this.#letGo(waiter);
      // After a blocked event loop the place may come before the timer that should have ended the wait.
      if (call.deadline <= this.runtime.clock.now()) {
        reject(deadlinePassed(call));
        continue;
      }
      // Beginning anew: until the work says how far it has got, a timeout assumes the worst.
      if (waiter.insideAttempt) call.progress('wait', 'maybe');
      resolve(new Place(this.#release));
      return;
    }
    this.#active--;
  };
}

/**
 * Makes a bulkhead for one target.
 * @throws ConfigError with a path such as `bulkhead.maxQueue`.
 */
export function bulkhead(options: BulkheadOptions = {}, runtime: Runtime = systemRuntime): Bulkhead {
  return new Bulkhead(options, runtime);
}

const nothing = (): void => {};

/** A call in the queue, which is its own entry in the wheel that ends the wait. */
class Waiter extends WheelEntry {
  readonly call: CallContext;
  readonly resolve: (admission: Permit | Refusal) => void;
  readonly reject: (reason: unknown) => void;
  /** Whether it waits as part of an attempt that has begun, beneath a retry, rather than before the first. */
  readonly insideAttempt: boolean;
  onDue: () => void = nothing;
  leave: Unsubscribe = nothing;

  constructor(call: CallContext, resolve: (admission: Permit | Refusal) => void, reject: (reason: unknown) => void) {
    super();
    this.call = call;
    this.resolve = resolve;
    this.reject = reject;
    this.insideAttempt = call.phase !== 'call';
  }

  override expire(): void {
    this.onDue();
  }
}

/** A place that is taken. However often it is given back, it is given back once. */
class Place implements Permit {
  readonly admitted = true;
  /** A bulkhead has no states: every result counts alike. */
  readonly epoch = 0;
  #release: (() => void) | undefined;

  constructor(release: () => void) {
    this.#release = release;
  }

  success(): void {
    this.#end();
  }

  failure(): void {
    this.#end();
  }

  throttled(): void {
    this.#end();
  }

  ignored(): void {
    this.#end();
  }

  #end(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }
}

/** The same answer for every call it is given to; only the error is made anew. */
function refusal(reason: RefusalReason, message: string, name: string): Refusal {
  return Object.freeze<Refusal>({
    admitted: false,
    reason,
    retryAfterMs: undefined,
    toError: ({ target, operation, attempt }: Call) =>
      withoutStack(
        () =>
          new BulkheadFullError(message, reason, {
            target: target === '' ? name : target,
            operation,
            attempts: attempt - 1,
          }),
      ),
  });
}

function deadlinePassed(call: CallContext): DeadlineExceededError {
  const { target, operation, attempts, sent, phase } = call;
  return withoutStack(
    () =>
      new DeadlineExceededError('the deadline passed while waiting for a place', {
        target,
        operation,
        attempts,
        sent,
        phase,
      }),
  );
}
