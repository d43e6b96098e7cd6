import { CallContext, type CallOptions, type Operation } from './call.ts';
import type { RefusedError } from './errors.ts';
import { sinkOf } from './events.ts';
import { type Gate, judge, type Permit, type Refusal } from './gate.ts';
import type { Outcome } from './outcome.ts';

/** Leave to go through: the permit of one gate, or those of several in their order. */
export type Pass = Permit | readonly Permit[];

/**
 * Neighbouring gates as one: entered in order, left in reverse. Entering is not a promise unless one of them makes the
 * call wait, so that whoever runs what is beneath needs one `await` for the gates and the work together.
 */
export interface Passage {
  /** Rejects or throws when a gate refuses, or when the call is cancelled; then nothing is held. */
  enter(call: CallContext): Pass | Promise<Pass>;
  /** The way out that nearly every call takes: no outcome object, no verdict, no closure. */
  leaveWell(pass: Pass, value: unknown, call: CallContext): void;
  leave(pass: Pass, outcome: Outcome, call: CallContext): void;
  /** Nothing was done with what was entered. */
  giveBack(pass: Pass): void;
}

/** A driver that goes through its neighbouring gates by itself, so that they cost it no `await` of their own. */
export interface Enclosing {
  /**
   * @param above The gates around it. @param beneath Those around each of its attempts.
   */
  executeBetween<T>(
    above: Passage | undefined,
    beneath: Passage | undefined,
    operation: Operation<T>,
    call: CallContext,
  ): Promise<T>;
}

/** The passage through some neighbouring gates, outermost first. */
export function passageOf(gates: readonly Gate[]): Passage {
  return gates.length === 1 ? new OneGate(gates[0] as Gate) : new SeveralGates(gates);
}

/** Runs an operation through one gate. */
export function throughGate<T>(gate: Gate, operation: Operation<T>, options: CallOptions | undefined): Promise<T> {
  return through(new OneGate(gate), operation, CallContext.of(options));
}

/** Goes in, runs what is beneath once, and goes out. */
export async function through<T>(passage: Passage, next: Operation<T>, call: CallContext): Promise<T> {
  const entered = passage.enter(call);
  const pass = entered instanceof Promise ? await entered : entered;
  // The caller may have left between the handing over of a place and this turn. Asked here and not by whoever hands it
  // over, because a promise that is returned is heard a turn later.
  if (call.cancelled) {
    passage.giveBack(pass);
    throw call.reason;
  }
  let value: T;
  try {
    value = await next(call);
  } catch (error) {
    passage.leave(pass, { ok: false, error }, call);
    throw error;
  }
  passage.leaveWell(pass, value, call);
  return value;
}

/** By itself, because most gates stand alone: no list of permits. */
class OneGate implements Passage {
  readonly #gate: Gate;

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  enter(call: CallContext): Permit | Promise<Permit> {
    if (call.cancelled) throw call.reason;
    const admission = this.#gate.tryAcquire();
    if (admission.admitted) return admission;
    if (this.#gate.acquire === undefined) throw refused(this.#gate, admission, call);
    return waited(this.#gate, admission, call);
  }

  leaveWell(permit: Permit, value: unknown, call: CallContext): void {
    leaveWell(this.#gate, permit, value, call);
  }

  leave(permit: Permit, outcome: Outcome, call: CallContext): void {
    leave(this.#gate, permit, outcome, call);
  }

  giveBack(permit: Permit): void {
    giveBack(permit);
  }
}

class SeveralGates implements Passage {
  readonly #gates: readonly Gate[];

  constructor(gates: readonly Gate[]) {
    this.#gates = gates;
  }

  enter(call: CallContext): readonly Permit[] | Promise<readonly Permit[]> {
    if (call.cancelled) throw call.reason;
    const permits: Permit[] = [];
    for (const gate of this.#gates) {
      const admission = gate.tryAcquire();
      if (!admission.admitted) return this.#wait(permits, gate, admission, call);
      permits.push(admission);
    }
    return permits;
  }

  /** The rest of the way, from the first gate on that did not admit at once. */
  async #wait(permits: Permit[], at: Gate, refusal: Refusal, call: CallContext): Promise<readonly Permit[]> {
    try {
      permits.push(await waited(at, refusal, call));
      for (const gate of this.#gates.slice(permits.length)) {
        const admission = gate.tryAcquire();
        permits.push(admission.admitted ? admission : await waited(gate, admission, call));
      }
      return permits;
    } catch (error) {
      this.giveBack(permits);
      throw error;
    }
  }

  leaveWell(permits: readonly Permit[], value: unknown, call: CallContext): void {
    for (let i = permits.length - 1; i >= 0; i--) {
      leaveWell(this.#gates[i] as Gate, permits[i] as Permit, value, call);
    }
  }

  leave(permits: readonly Permit[], outcome: Outcome, call: CallContext): void {
    for (let i = permits.length - 1; i >= 0; i--) {
      leave(this.#gates[i] as Gate, permits[i] as Permit, outcome, call);
    }
  }

  giveBack(permits: readonly Permit[]): void {
    for (let i = permits.length - 1; i >= 0; i--) giveBack(permits[i] as Permit);
  }
}

/** What a gate that has refused says to a call that waits, where it has a queue. */
async function waited(gate: Gate, refusal: Refusal, call: CallContext): Promise<Permit> {
  const admission = gate.acquire === undefined ? refusal : await gate.acquire(call);
  if (admission.admitted) return admission;
  throw refused(gate, admission, call);
}

function refused(gate: Gate, refusal: Refusal, call: CallContext): RefusedError {
  publishRefusal(gate, refusal, call);
  return refusal.toError(call);
}

function giveBack(permit: Permit): void {
  if (permit.unused === undefined) permit.ignored();
  else permit.unused();
}

function leaveWell(gate: Gate, permit: Permit, value: unknown, call: CallContext): void {
  if (gate.classify !== undefined || call.hasOrphans) leave(gate, permit, { ok: true, value }, call);
  else permit.success();
}

function leave(gate: Gate, permit: Permit, outcome: Outcome, call: CallContext): void {
  const { kind, openForMs } = judge(gate.classify, outcome, call);
  // What was given up at a timeout may still run. Its place is not free until it ends, or a limit of 10 lets 20 in.
  if (gate.holdsPlace && call.hasOrphans) {
    permit.orphaned?.();
    call.afterOrphans(() => permit[kind](openForMs));
  } else permit[kind](openForMs);
}

function publishRefusal(gate: Gate, refusal: Refusal, call: CallContext): void {
  const events = sinkOf(gate.runtime);
  if (!events.wants('call.refused')) return;
  events.publish({
    type: 'call.refused',
    at: gate.runtime.clock.now(),
    target: call.target,
    operation: call.operation,
    attempt: call.attempt,
    reason: refusal.reason,
    retryAfterMs: refusal.retryAfterMs,
  });
}
