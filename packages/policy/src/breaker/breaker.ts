import type { CallOptions, Operation } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import type { Gate, Permit, Refusal } from '../contract/gate.ts';
import type { Classify } from '../contract/outcome.ts';
import { throughGate } from '../contract/passage.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { Circuit } from './circuit.ts';
import { describe, explain } from './explain.ts';
import { Isolation, isolation } from './isolation.ts';
import { type BreakerChanges, type BreakerMode, type BreakerOptions, readBreakerOptions } from './options.ts';
import type { BreakerSnapshot, BreakerState } from './snapshot.ts';

/**
 * Stops calling what keeps failing, asks from time to time whether it is well again, and lets calls back in step by
 * step. Make one per thing that fails by itself, such as a host, and keep it: its memory is the point of it.
 */
export class CircuitBreaker implements Gate {
  readonly name = 'breaker';
  /** Whose circuit it is; '' when unnamed. */
  readonly label: string;
  readonly holdsPlace = false;
  readonly classify: Classify | undefined;
  readonly runtime: Runtime;
  readonly #circuit: Circuit;

  /** @throws ConfigError when an option is wrong, unknown, or contradicts another. */
  constructor(options: BreakerOptions = {}, runtime: Runtime = systemRuntime) {
    const settings = readBreakerOptions(options);
    this.label = settings.name;
    this.classify = settings.classify;
    this.runtime = runtime;
    this.#circuit = new Circuit(settings, runtime);
  }

  /** Runs the operation if the circuit admits it. @throws CircuitOpenError at once when it does not. */
  execute<T>(operation: Operation<T>, call?: CallOptions): Promise<T> {
    return throughGate(this, operation, call);
  }

  /**
   * Asks for leave to make one call, without a promise or a throw. A permit must be ended by one of its four methods;
   * `ignored` and `throttled` count as nothing, unless the call was slow. `failure` and `throttled` take the time that
   * the result asks the circuit to stay open for, if it does.
   */
  tryAcquire(): Permit | Refusal {
    return this.#circuit.tryAcquire();
  }

  /** The state at this moment: asking is what makes time pass for a breaker. */
  get state(): BreakerState {
    return this.#circuit.snapshot().state;
  }

  /** How many transitions there have been. A permit of an earlier epoch moves nothing. */
  get epoch(): number {
    return this.#circuit.snapshot().epoch;
  }

  /** Whether it takes part; changed by `configure`. */
  get mode(): BreakerMode {
    return this.#circuit.settings.mode;
  }

  /** The numbers it goes by, for a dashboard, a log line, or `restore`. */
  snapshot(): BreakerSnapshot {
    return this.#circuit.snapshot();
  }

  /**
   * Goes on where a breaker was when the snapshot was taken: open for the time that was left of it, half-open with new
   * probes, or closed with its counts. The mode and the settings stay its own, and handles that isolated it are not
   * brought back. Calls under way no longer count.
   * @throws ConfigError when it is no snapshot; then nothing has changed.
   */
  restore(snapshot: BreakerSnapshot): void {
    this.#circuit.restore(snapshot);
  }

  /** Closes the circuit and forgets what it has seen, calls under way included. Handles that isolate it still do. */
  reset(): void {
    this.#circuit.reset();
  }

  /**
   * Refuses every call until the handle is released. With several handles, until the last of them is. Then it goes on
   * where it was; calls from before no longer count, half-open it sends new probes, and closed it ramps up.
   * @param handle From `isolation()`, to isolate several breakers by one; left out, a new one is made.
   * @throws ConfigError when the handle is something else.
   */
  isolate(handle: Isolation = isolation()): Isolation {
    if (!(handle instanceof Isolation))
      throw new ConfigError('breaker.isolate', 'a handle made by isolation()', handle);
    handle.hold(this.#circuit);
    return handle;
  }

  /**
   * Changes some settings while it runs, between two calls and all at once; the others stay. What it has seen is kept,
   * in a window of the new size if need be; an open, half-open or ramping time ends by the rules it began with. An option
   * that is `undefined` goes back to its default. Changed to `disabled`, it forgets as `reset` does.
   * @throws ConfigError when one is wrong, unknown, or contradicts another; then nothing has changed.
   */
  configure(changes: BreakerChanges): void {
    this.#circuit.configure(changes);
  }

  /** Why it is in its state, in words. */
  explain(): string {
    return explain(this.#circuit.snapshot(), this.#circuit.settings);
  }

  describe(): string {
    return describe(this.#circuit.settings);
  }
}

/**
 * Refuses calls at once while most of them fail, so that a sick service is left alone and its callers need not wait.
 * @throws ConfigError when an option is wrong, unknown, or contradicts another.
 */
export function breaker(options: BreakerOptions = {}, runtime: Runtime = systemRuntime): CircuitBreaker {
  return new CircuitBreaker(options, runtime);
}
