import type { Call, CallOptions, Operation } from '../contract/call.ts';
import { ShedError, withoutStack } from '../contract/errors.ts';
import type { Gate, Permit, Refusal } from '../contract/gate.ts';
import type { Classify } from '../contract/outcome.ts';
import { throughGate } from '../contract/passage.ts';
import { type Clock, type Runtime, systemRuntime } from '../contract/runtime.ts';
import { AcceptanceWindow } from './acceptance-window.ts';
import { describe, explain } from './explain.ts';
import { readThrottleOptions, type ThrottleOptions, type ThrottleSettings } from './options.ts';
import { shedRatio } from './shed-ratio.ts';

/** What a throttle goes by at one moment, in values that survive JSON. */
export interface ThrottleSnapshot {
  /** '' when unnamed. */
  readonly name: string;
  /** Calls of the window that were answered, or should have been by now. */
  readonly requests: number;
  /** Those among them that the other side accepted. */
  readonly accepts: number;
  /** The share of calls that is shed now. */
  readonly shedRatio: number;
}

/**
 * Sheds calls by chance, in proportion to how many the other side has been failing. Unlike a breaker it has no states: a
 * part of the calls always goes through, so it need not probe, cannot be stuck, and does not refuse what would have
 * succeeded while half of the calls do. Make one per target, and keep it: its memory is the point of it.
 */
export class Throttle implements Gate {
  readonly name = 'throttle';
  readonly holdsPlace = false;
  readonly classify: Classify | undefined;
  readonly runtime: Runtime;
  readonly #settings: ThrottleSettings;
  readonly #window: AcceptanceWindow;
  readonly #shed: Refusal;

  /** @throws ConfigError with a path such as `throttle.windowMs`. */
  constructor(options: ThrottleOptions = {}, runtime: Runtime = systemRuntime) {
    const settings = readThrottleOptions(options);
    this.classify = settings.classify;
    this.runtime = runtime;
    this.#settings = settings;
    this.#window = new AcceptanceWindow(settings.windowMs, runtime.clock.now());
    this.#shed = refusal(settings.name);
  }

  /** Runs the operation unless it is shed. @throws ShedError at once when it is. */
  execute<T>(operation: Operation<T>, call?: CallOptions): Promise<T> {
    return throughGate(this, operation, call);
  }

  /**
   * Asks for leave to make one call, without a promise or a throw. A permit must be ended by one of its four methods:
   * `success` counts as accepted, `failure` and `throttled` as not, `ignored` as never sent.
   */
  tryAcquire(): Permit | Refusal {
    const window = this.#window;
    window.advance(this.runtime.clock.now());
    const ratio = shedRatio(window.requests, window.accepts, this.#settings);
    // Chance is asked only when it has a say.
    if (ratio > 0 && this.runtime.random() < ratio) return this.#shed;
    return new ThrottlePermit(window, window.sent(), this.runtime.clock);
  }

  /** The numbers it goes by, for a dashboard or a log line. */
  snapshot(): ThrottleSnapshot {
    this.#window.advance(this.runtime.clock.now());
    const { requests, accepts } = this.#window;
    return { name: this.#settings.name, requests, accepts, shedRatio: shedRatio(requests, accepts, this.#settings) };
  }

  /** Why it sheds as much as it does, in words. */
  explain(): string {
    return explain(this.snapshot(), this.#settings);
  }

  describe(): string {
    return describe(this.#settings);
  }
}

/**
 * Makes an adaptive throttle for one target.
 * @throws ConfigError with a path such as `throttle.windowMs`.
 */
export function throttle(options: ThrottleOptions = {}, runtime: Runtime = systemRuntime): Throttle {
  return new Throttle(options, runtime);
}

/** Leave to send one call. It is answered once; a second ending changes nothing. */
class ThrottlePermit implements Permit {
  readonly admitted = true;
  /** The bucket of the window it counts in. An answer that comes after that has left moves nothing. */
  readonly epoch: number;
  readonly #clock: Clock;
  #window: AcceptanceWindow | undefined;

  constructor(window: AcceptanceWindow, bucket: number, clock: Clock) {
    this.#window = window;
    this.#clock = clock;
    this.epoch = bucket;
  }

  success(): void {
    this.#end()?.accepted(this.epoch, this.#clock.now());
  }

  failure(): void {
    this.#end()?.notAccepted(this.epoch);
  }

  throttled(): void {
    this.#end()?.notAccepted(this.epoch);
  }

  ignored(): void {
    this.#end()?.takenBack(this.epoch);
  }

  #end(): AcceptanceWindow | undefined {
    const window = this.#window;
    this.#window = undefined;
    return window;
  }
}

/** The same answer for every call it is given to; only the error is made anew. */
function refusal(name: string): Refusal {
  return Object.freeze<Refusal>({
    admitted: false,
    reason: 'shed',
    // The next call may go through by the same chance, at any time.
    retryAfterMs: undefined,
    toError: ({ target, operation, attempt }: Call) =>
      withoutStack(
        () =>
          new ShedError('shed by chance, because too few calls have been accepted lately', 'shed', {
            target: target === '' ? name : target,
            operation,
            attempts: attempt - 1,
          }),
      ),
  });
}
