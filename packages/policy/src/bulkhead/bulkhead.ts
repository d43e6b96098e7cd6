import type { CallContext, CallOptions, Operation } from '../contract/call.ts';
import { type EventSink, sinkOf } from '../contract/events.ts';
import type { Gate, Permit, Refusal } from '../contract/gate.ts';
import type { Classify } from '../contract/outcome.ts';
import { throughGate } from '../contract/passage.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { type DeadlineWheel, wheelOf } from '../stats/deadline-wheel.ts';
import { type Criticality, criticalities, queueLimits, rankOf } from './criticality.ts';
import {
  type BulkheadBounds,
  type BulkheadOptions,
  type BulkheadSettings,
  readBulkheadBounds,
  readBulkheadOptions,
} from './options.ts';
import { Place, type Places } from './place.ts';
import { closedRefusal, deadlinePassed, fullRefusal, lateRefusal } from './refusals.ts';
import { Waiter } from './waiter.ts';
import { type RoomEntry, WaitingRoom } from './waiting-room.ts';

/** What a bulkhead holds at one moment. */
export interface BulkheadSnapshot {
  /**
   * Places taken, by calls that run or by work that was given up and has not ended. After `resize` there may be more
   * than `maxConcurrent` for a while.
   */
  readonly active: number;
  /** Those of them whose caller has been answered although the work goes on. */
  readonly orphaned: number;
  /** Calls that wait for a place. After `resize` there may be more than `maxQueue` for a while. */
  readonly queued: number;
  /** The same by class, where `priority` is given. */
  readonly queuedByClass?: Readonly<Record<Criticality, number>>;
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  /** Whether it takes no more calls. */
  readonly closed: boolean;
}

/**
 * Limits how many calls run at once, so that one slow target cannot take everything this process has. Those beyond the
 * limit wait their turn, the most critical first and else first come, first served, in a queue that is bounded in length
 * and in time; a freed place goes straight to the first of them, so that no newcomer can slip in between.
 *
 * Not re-entrant: work that asks the same bulkhead again holds one place and waits for another. With `maxConcurrent: 1`
 * that wait cannot succeed, and ends in a refusal after `queueTimeoutMs`.
 */
export class Bulkhead implements Gate {
  readonly name = 'bulkhead';
  readonly holdsPlace = true;
  readonly classify: Classify | undefined;
  readonly runtime: Runtime;
  #settings: BulkheadSettings;
  readonly #events: EventSink;
  readonly #wheel: DeadlineWheel;
  readonly #room: WaitingRoom<Waiter>;
  readonly #waitedTooLong: Refusal;
  /** Up to how many waiters of any kind one of each rank may join them. */
  #queueLimits: readonly number[] = [];
  /** What those of each rank are told who find no room. */
  #noRoom: readonly Refusal[] = [];
  /** What `tryAcquire` says when there is no place. */
  #noPlace: Refusal;
  /** `maxConcurrent`, and 0 once closed, so that there is one question for both. */
  #limit = 0;
  #active = 0;
  #orphaned = 0;
  #closing: PromiseWithResolvers<void> | undefined;

  /** @throws ConfigError with a path such as `bulkhead.maxQueue`. */
  constructor(options: BulkheadOptions = {}, runtime: Runtime = systemRuntime) {
    const settings = readBulkheadOptions(options);
    this.classify = settings.classify;
    this.runtime = runtime;
    this.#settings = settings;
    this.#events = sinkOf(runtime);
    this.#wheel = wheelOf(runtime.clock);
    this.#room = new WaitingRoom(settings.priority === undefined ? 1 : criticalities.length);
    this.#waitedTooLong = lateRefusal(settings);
    this.#noPlace = fullRefusal(settings);
    this.#applyBounds();
  }

  /** Asks for a place now. Refuses with `bulkhead-full` when none is free, whether or not there is room to wait. */
  tryAcquire(): Permit | Refusal {
    if (this.#active >= this.#limit) return this.#noPlace;
    this.#active++;
    return new Place(this.#places);
  }

  /**
   * Asks for a place, waiting for a turn if there is room in the queue: at most `queueTimeoutMs`, and never past the
   * deadline of the call.
   * @returns A permit, or a refusal with `bulkhead-full`, `bulkhead-queue-timeout` or `bulkhead-closed`.
   * @throws DeadlineExceededError if the call's deadline passes first; the caller's own reason if the call is cancelled.
   */
  acquire(call: CallContext): Promise<Permit | Refusal> {
    if (call.cancelled) return Promise.reject(call.reason);
    const { priority } = this.#settings;
    // Before all else, since the function may itself use, resize or close this bulkhead.
    const rank = priority === undefined ? 0 : rankOf(call, priority);
    const admission = this.tryAcquire();
    if (admission.admitted || this.#closing !== undefined) return Promise.resolve(admission);
    if (this.#room.size >= (this.#queueLimits[rank] as number)) return Promise.resolve(this.#noRoom[rank] as Refusal);
    const leftMs = call.deadline - this.runtime.clock.now();
    if (leftMs <= 0) return Promise.reject(deadlinePassed(call));
    return new Promise((resolve, reject) => this.#enqueue(new Waiter(call, resolve, reject), rank, leftMs));
  }

  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T> {
    return throughGate(this, operation, options);
  }

  /**
   * Changes the bounds at once. Raised, the first of those who wait get the new places; lowered, calls that run go on
   * and those that wait keep their turn, until there are no more than the bounds allow.
   * @throws ConfigError with a path such as `bulkhead.resize.maxConcurrent`; then nothing has changed.
   */
  resize(bounds: BulkheadBounds): void {
    const { maxConcurrent, maxQueue } = this.#settings;
    this.#settings = { ...this.#settings, ...readBulkheadBounds(bounds, { maxConcurrent, maxQueue }) };
    this.#applyBounds();
    this.#admitWaiters();
    this.#publishChanged();
  }

  /**
   * Takes no more calls: those that wait are refused with `bulkhead-closed`, those that run go on to their end. Again
   * changes nothing.
   * @returns When the last one has ended, work that was given up included.
   */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.promise;
    const closing = Promise.withResolvers<void>();
    this.#closing = closing;
    this.#noPlace = closedRefusal(this.#settings);
    this.#limit = 0;
    for (let waiter = this.#room.shift(); waiter !== undefined; waiter = this.#room.shift()) {
      this.#letGo(waiter);
      waiter.resolve(this.#noPlace);
    }
    if (this.#active === 0) closing.resolve();
    return closing.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  snapshot(): BulkheadSnapshot {
    const { maxConcurrent, maxQueue, priority } = this.#settings;
    const room = this.#room;
    const queuedByClass = {
      'critical-plus': room.sizeOf(0),
      critical: room.sizeOf(1),
      'sheddable-plus': room.sizeOf(2),
      sheddable: room.sizeOf(3),
    } satisfies Record<Criticality, number>;
    return {
      active: this.#active,
      orphaned: this.#orphaned,
      queued: room.size,
      ...(priority === undefined ? {} : { queuedByClass }),
      maxConcurrent,
      maxQueue,
      closed: this.#closing !== undefined,
    };
  }

  describe(): string {
    const { maxConcurrent, maxQueue, queueTimeoutMs, name, priority } = this.#settings;
    const order = priority === undefined ? '' : ', the most critical first';
    const queue = maxQueue === 0 ? 'no queue' : `${maxQueue} queued for at most ${queueTimeoutMs} ms${order}`;
    return `bulkhead${name === '' ? '' : ` '${name}'`}: ${maxConcurrent} at once, ${queue}`;
  }

  #applyBounds(): void {
    const settings = this.#settings;
    const { maxConcurrent, maxQueue, priority, queueShares } = settings;
    const withClasses = priority !== undefined;
    this.#queueLimits = withClasses ? queueLimits(maxQueue, queueShares) : [maxQueue];
    this.#noRoom = this.#queueLimits.map((_limit, rank) => fullRefusal(settings, withClasses ? rank : undefined));
    if (this.#closing !== undefined) return;
    this.#noPlace = fullRefusal(settings);
    this.#limit = maxConcurrent;
  }

  #enqueue(waiter: Waiter, rank: number, leftMs: number): void {
    const { clock } = this.runtime;
    const { call } = waiter;
    const entry = this.#room.push(waiter, rank);
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
        queued: this.#room.size,
      });
    }
  }

  #waitIsOver(entry: RoomEntry<Waiter>): void {
    if (!this.#remove(entry)) return;
    const { call, resolve, reject } = entry.value;
    if (call.deadline <= this.runtime.clock.now()) reject(deadlinePassed(call));
    else resolve(this.#waitedTooLong);
  }

  #remove(entry: RoomEntry<Waiter>): boolean {
    // Never so far: whoever leaves the room takes timer and listener along. It is here so that a second call is harmless.
    if (!this.#room.remove(entry)) return false;
    this.#letGo(entry.value);
    return true;
  }

  /** Nothing will call a waiter any more that has left the queue. */
  #letGo(waiter: Waiter): void {
    this.#wheel.remove(waiter);
    waiter.leave();
  }

  readonly #places: Places = {
    release: (orphaned) => {
      this.#active--;
      if (orphaned) this.#orphaned--;
      // In the same step, so that no newcomer overtakes those who wait.
      if (this.#room.size > 0) this.#admitWaiters();
      if (this.#active === 0) this.#closing?.resolve();
    },
    orphan: () => {
      this.#orphaned++;
    },
  };

  /** Hands free places on to those who wait. */
  #admitWaiters(): void {
    while (this.#active < this.#limit) {
      const waiter = this.#room.shift();
      if (waiter === undefined) return;
      const { call, resolve, reject } = waiter;
      this.#letGo(waiter);
      // After a blocked event loop the place may come before the timer that should have ended the wait.
      if (call.deadline <= this.runtime.clock.now()) {
        reject(deadlinePassed(call));
        continue;
      }
      // Beginning anew: until the work says how far it has got, a timeout assumes the worst.
      if (waiter.insideAttempt) call.progress('wait', 'maybe');
      this.#active++;
      resolve(new Place(this.#places));
    }
  }

  #publishChanged(): void {
    if (!this.#events.wants('bulkhead.changed')) return;
    const { maxConcurrent, maxQueue, name } = this.#settings;
    const at = this.runtime.clock.now();
    this.#events.publish({ type: 'bulkhead.changed', at, target: name, maxConcurrent, maxQueue });
  }
}

/**
 * Makes a bulkhead for one target.
 * @throws ConfigError with a path such as `bulkhead.maxQueue`.
 */
export function bulkhead(options: BulkheadOptions = {}, runtime: Runtime = systemRuntime): Bulkhead {
  return new Bulkhead(options, runtime);
}
