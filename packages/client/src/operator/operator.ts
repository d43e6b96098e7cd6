import {
  type CircuitBreaker,
  ConfigError,
  type EventSink,
  type Isolation,
  isolation,
  type Runtime,
} from '@switchgear/policy';
import { readOptions } from '@switchgear/policy/options';
import { ClientClosedError } from '../errors.ts';
import type { ClientEvent } from '../events.ts';
import type {
  ClientOperator,
  ControlEnd,
  ControlSnapshot,
  IsolateOptions,
  OperatorControl,
} from './client-operator.ts';
import { Control, type ControlParts } from './control.ts';
import {
  type FaultInjectionOptions,
  isolationTime,
  readFaultInjectionOptions,
  reasonCheck,
} from './fault-injection.ts';
import { InjectedFault } from './injected-fault.ts';

/** What an operator works on. */
export interface OperatedParts {
  readonly target: string;
  /** The names of the client's operations. */
  readonly operations: readonly string[];
  /** Those there are now: hosts come and go. */
  readonly breakers: () => Iterable<CircuitBreaker>;
  readonly events: EventSink<ClientEvent>;
  readonly runtime: Runtime;
}

/** Holds what operators have begun, and ends it in time. */
export class Operator implements ClientOperator {
  readonly #parts: OperatedParts;
  readonly #controls = new Map<number, Control>();
  readonly #isolations = new Map<Control, Isolation>();
  /** Nearly always empty: every attempt looks. */
  #faults: readonly InjectedFault[] = [];
  #ids = 0;
  #closed = false;

  constructor(parts: OperatedParts) {
    this.#parts = parts;
  }

  /** What a client shows of it. */
  readonly face: ClientOperator = Object.freeze({
    isolate: (reason: string, options?: IsolateOptions) => this.isolate(reason, options),
    closeCircuit: (reason: string) => this.closeCircuit(reason),
    reset: (reason: string) => this.reset(reason),
    injectFault: (fault: FaultInjectionOptions) => this.injectFault(fault),
    release: (id: number) => this.release(id),
  });

  /** The faults that an attempt of an operation may be hit by; `undefined` for none, as nearly always. */
  faultsFor(operation: string): readonly InjectedFault[] | undefined {
    if (this.#faults.length === 0) return undefined;
    return this.#faults.filter((fault) => fault.appliesTo(operation));
  }

  /** A breaker that was made later, for a host that was found, is as isolated as the others. */
  isolateNew(breaker: CircuitBreaker): void {
    for (const handle of this.#isolations.values()) breaker.isolate(handle);
  }

  isolate(reason: string, options: IsolateOptions = {}): OperatorControl {
    this.#check('isolate', reason);
    const { expiresInMs } = readOptions('isolate', options, { expiresInMs: isolationTime }, {});
    const handle = isolation(reason);
    const control = this.#begin({ kind: 'isolation', reason, expiresInMs }, () => {
      this.#isolations.delete(control);
      handle.release();
    });
    this.#isolations.set(control, handle);
    for (const breaker of this.#parts.breakers()) breaker.isolate(handle);
    this.#publishBegan(control);
    return control;
  }

  closeCircuit(reason: string): void {
    this.#check('closeCircuit', reason);
    for (const control of [...this.#isolations.keys()]) control.end('circuit-closed');
    for (const breaker of this.#parts.breakers()) breaker.reset();
    this.#publishActed('close-circuit', reason);
  }

  reset(reason: string): void {
    this.#check('reset', reason);
    for (const breaker of this.#parts.breakers()) breaker.reset();
    this.#publishActed('reset', reason);
  }

  injectFault(given: FaultInjectionOptions): OperatorControl {
    const fault = readFaultInjectionOptions(given, this.#parts.operations);
    this.#check('injectFault', fault.reason);
    const injected = new InjectedFault(fault, this.#parts.runtime);
    const { reason, expiresInMs } = fault;
    const control = this.#begin({ kind: 'fault', reason, expiresInMs, injected }, () => {
      this.#faults = this.#faults.filter((each) => each !== injected);
    });
    // The last one is met first: latency, for of what an error answers there is nothing left to hold up.
    this.#faults = fault.kind === 'latency' ? [...this.#faults, injected] : [injected, ...this.#faults];
    this.#publishBegan(control);
    return control;
  }

  release(id: number): boolean {
    const control = this.#controls.get(id);
    control?.release();
    return control !== undefined;
  }

  snapshot(): readonly ControlSnapshot[] {
    return [...this.#controls.values()].map((control) => control.snapshot());
  }

  /** Ends everything: nothing of it outlives the client. */
  close(): void {
    this.#closed = true;
    for (const control of [...this.#controls.values()]) control.end('client-closed');
  }

  #check(action: string, reason: string): void {
    if (!reasonCheck.ok(reason)) throw new ConfigError(`${action}.reason`, reasonCheck.expected, reason);
    if (this.#closed) throw new ClientClosedError('the client has been closed', { target: this.#parts.target });
  }

  #begin(what: Omit<ControlParts, 'id'>, undo: () => void): Control {
    const id = ++this.#ids;
    const control: Control = new Control({ ...what, id }, this.#parts.runtime.clock, (because) => {
      this.#controls.delete(id);
      const last = control.snapshot();
      undo();
      this.#publishEnded(last, because);
    });
    this.#controls.set(id, control);
    return control;
  }

  #publishBegan(control: Control): void {
    const { events, runtime, target } = this.#parts;
    if (!events.wants('control.began')) return;
    events.publish({ type: 'control.began', at: runtime.clock.now(), target, control: control.snapshot() });
  }

  #publishEnded(control: ControlSnapshot, because: ControlEnd): void {
    const { events, runtime, target } = this.#parts;
    if (!events.wants('control.ended')) return;
    events.publish({ type: 'control.ended', at: runtime.clock.now(), target, control, because });
  }

  #publishActed(action: 'reset' | 'close-circuit', reason: string): void {
    const { events, runtime, target } = this.#parts;
    if (!events.wants('operator.acted')) return;
    events.publish({ type: 'operator.acted', at: runtime.clock.now(), target, action, reason });
  }
}
