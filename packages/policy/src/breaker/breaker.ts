import type { CallOptions, Operation } from '../contract/call.ts';
import { type Gate, type Permit, type Refusal, throughGate } from '../contract/gate.ts';
import type { Classify } from '../contract/outcome.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { Circuit } from './circuit.ts';
import { describe, explain } from './explain.ts';
import { type BreakerOptions, readBreakerOptions } from './options.ts';
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
   * `ignored` and `throttled` count as nothing.
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

  /** The numbers it goes by, for a dashboard or a log line. */
  snapshot(): BreakerSnapshot {
    return this.#circuit.snapshot();
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
