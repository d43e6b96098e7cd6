import type { Call } from '../contract/call.ts';
import { CircuitOpenError, withoutStack } from '../contract/errors.ts';
import type { RefusalReason } from '../contract/events.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import type { VerdictKind } from '../contract/outcome.ts';

/** Who hears how a permit ended. */
export interface PermitOwner {
  /** @param openForMs What the result asked for; anything at all, for it comes from outside. */
  ended(permit: BreakerPermit, verdict: VerdictKind, openForMs: number | undefined): void;
}

/** Made for every call that is admitted, so it holds nothing but its epoch and the way back. */
export class BreakerPermit implements Permit {
  readonly admitted = true;
  readonly epoch: number;
  /** Gone once the permit has ended. */
  #owner: PermitOwner | undefined;

  /** @param owner Left out, nobody hears how the call went. */
  constructor(owner: PermitOwner | undefined, epoch: number) {
    this.epoch = epoch;
    this.#owner = owner;
  }

  success(): void {
    this.#end('success', undefined);
  }

  failure(openForMs?: number): void {
    this.#end('failure', openForMs);
  }

  throttled(openForMs?: number): void {
    this.#end('throttled', openForMs);
  }

  ignored(): void {
    this.#end('ignored', undefined);
  }

  #end(verdict: VerdictKind, openForMs: number | undefined): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#owner = undefined;
    owner.ended(this, verdict, openForMs);
  }
}

/** A refusal costs this object. The error is made only for a caller who wants one. */
export class BreakerRefusal implements Refusal {
  readonly admitted = false;
  readonly reason: RefusalReason;
  readonly retryAfterMs: number | undefined;
  readonly #name: string;

  constructor(reason: RefusalReason, retryAfterMs: number | undefined, name: string) {
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
    this.#name = name;
  }

  toError(call: Call): CircuitOpenError {
    const { reason, retryAfterMs } = this;
    const target = call.target === '' ? this.#name : call.target;
    return withoutStack(
      () =>
        new CircuitOpenError(this.#inWords(target), reason, {
          target,
          operation: call.operation,
          attempts: call.attempt - 1,
          retryAfterMs,
        }),
    );
  }

  #inWords(target: string): string {
    const name = this.#name === '' ? target : this.#name;
    const circuit = name === '' ? 'the circuit' : `the circuit of ${name}`;
    if (this.reason === 'circuit-isolated') return `${circuit} is isolated: it refuses every call until it is released`;
    if (this.retryAfterMs === undefined) return `${circuit} is open, and its probes have not been answered yet`;
    const again = `it may be asked again in ${Math.ceil(this.retryAfterMs)} ms`;
    if (this.reason === 'circuit-ramping') return `${circuit} has just closed and lets calls in step by step; ${again}`;
    return `${circuit} is open; ${again}`;
  }
}
