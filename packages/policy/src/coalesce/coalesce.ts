import { AsyncLocalStorage } from 'node:async_hooks';
import { CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { DeadlineExceededError, withoutStack } from '../contract/errors.ts';
import { sinkOf } from '../contract/events.ts';
import { hush } from '../contract/hush.ts';
import type { Policy } from '../contract/policy.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { again, alone, Flight, type FlightRules } from './flight.ts';
import { type CoalesceOptions, type CoalesceSettings, readCoalesceOptions } from './options.ts';
import type { Waiting } from './waiting.ts';

/** What a coalescer holds at one moment. */
export interface CoalescerSnapshot {
  /** Executions under way that may be joined. */
  readonly keys: number;
  /** Callers who wait for them. */
  readonly waiting: number;
}

/**
 * Tells which flight a call is made inside of. One for all coalescers, because flights of two of them can wait for each
 * other as well. It holds nothing itself: the context of each call does.
 */
const inside = new AsyncLocalStorage<Waiting>();

/** Equal calls that are under way at the same time, made one. */
export class Coalescer implements Policy {
  readonly name = 'coalesce';
  readonly #settings: CoalesceSettings;
  readonly #rules: FlightRules;
  // A Map and not an object, so that `__proto__` is a key like any other.
  readonly #flights = new Map<string, Flight>();

  /** @throws ConfigError with a path such as `coalesce.key`. */
  constructor(options: CoalesceOptions, runtime: Runtime = systemRuntime) {
    this.#settings = readCoalesceOptions(options);
    const { clock } = runtime;
    const { clone } = this.#settings;
    this.#rules = { clone, clock, wheel: wheelOf(clock), events: sinkOf(runtime), inside };
  }

  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T> {
    const call = CallContext.of(options);
    if (call.cancelled) return Promise.reject(call.reason);
    if (call.deadline !== Number.POSITIVE_INFINITY && call.deadline <= this.#rules.clock.now()) {
      return Promise.reject(deadlinePassed(call));
    }
    // Two calls that must not be made one: what is to be done twice would be done once.
    const key = call.idempotent ? this.#keyOf(call) : undefined;
    return key === undefined ? byItself(operation, call) : this.#share(key, operation, call);
  }

  snapshot(): CoalescerSnapshot {
    let waiting = 0;
    for (const flight of this.#flights.values()) waiting += flight.size;
    return { keys: this.#flights.size, waiting };
  }

  describe(): string {
    return `coalesce: equal calls share one, at most ${this.#settings.maxKeys} keys at a time`;
  }

  async #share<T>(key: string, operation: Operation<T>, call: CallContext): Promise<T> {
    for (;;) {
      // What was begun inside a flight may go on after it. Then nobody waits for that, and it is in nobody's way.
      const within = inside.getStore();
      let flight = this.#flights.get(key);
      let answer: Promise<unknown>;
      if (flight === undefined) {
        if (this.#flights.size >= this.#settings.maxKeys) return operation(call);
        flight = new Flight(call, this.#rules, () => this.#flights.delete(key));
        this.#flights.set(key, flight);
        answer = flight.join(call, within);
        flight.run(operation);
      } else {
        // The flight waits for the one this call is part of: joining it, both would wait for ever.
        if (within !== undefined && flight.waiting.reaches(within)) return operation(call);
        // Nothing tells this caller how far the flight has got. A timeout above must assume the worst.
        call.begin();
        answer = flight.join(call, within);
        this.#publishJoined(call, flight);
      }

      const value = await answer;
      if (value !== again && value !== alone) return value as T;
      if (call.cancelled) throw call.reason;
      if (value === alone) return operation(call);
    }
  }

  #keyOf(call: CallContext): string | undefined {
    try {
      const key: unknown = this.#settings.key(call);
      if (typeof key === 'string') return key;
      hush(key);
    } catch {}
    return undefined;
  }

  #publishJoined({ target, operation, attempt }: CallContext, flight: Flight): void {
    const { events, clock } = this.#rules;
    if (!events.wants('call.joined')) return;
    events.publish({ type: 'call.joined', at: clock.now(), target, operation, attempt, waiting: flight.size });
  }
}

/**
 * Makes equal calls that are under way at the same time into one: a thousand callers who ask for the same thing are one
 * request. One caller's abort or deadline ends only their own waiting; the last one's ends the work.
 * Calls that must not be done twice are never made one.
 * @throws ConfigError with a path such as `coalesce.key`.
 */
export function coalesce(options: CoalesceOptions, runtime: Runtime = systemRuntime): Coalescer {
  return new Coalescer(options, runtime);
}

/** Work that throws at once is work that fails. */
function byItself<T>(operation: Operation<T>, call: CallContext): Promise<T> {
  try {
    return operation(call);
  } catch (error) {
    return Promise.reject(error);
  }
}

function deadlinePassed(call: CallContext): DeadlineExceededError {
  const { target, operation, attempts, sent } = call;
  return withoutStack(
    () => new DeadlineExceededError('the deadline had passed', { target, operation, attempts, sent, phase: 'call' }),
  );
}
