import type { Clock, Timer } from '@switchgear/policy';
import type { ControlEnd, ControlSnapshot, OperatorControl } from './client-operator.ts';
import type { InjectedFault } from './injected-fault.ts';

/** What a control is made of. */
export interface ControlParts {
  readonly id: number;
  readonly kind: ControlSnapshot['kind'];
  readonly reason: string;
  readonly expiresInMs?: number | undefined;
  readonly injected?: InjectedFault | undefined;
}

/** Something an operator has begun, until it is released or its time is over. It ends once. */
export class Control implements OperatorControl {
  readonly id: number;
  readonly #parts: ControlParts;
  readonly #clock: Clock;
  readonly #onEnd: (because: ControlEnd) => void;
  readonly #beganAt: number;
  readonly #expiry: Timer | undefined;
  #ended = false;

  constructor(parts: ControlParts, clock: Clock, onEnd: (because: ControlEnd) => void) {
    this.id = parts.id;
    this.#parts = parts;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#beganAt = clock.now();
    if (parts.expiresInMs === undefined) return;
    this.#expiry = clock.setTimer(parts.expiresInMs, () => this.end('expired'));
    // It holds nothing that a process should stay alive for.
    this.#expiry.unref();
  }

  release(): void {
    this.end('released');
  }

  [Symbol.dispose](): void {
    this.release();
  }

  end(because: ControlEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#expiry?.cancel();
    this.#onEnd(because);
  }

  snapshot(): ControlSnapshot {
    const { id, kind, reason, expiresInMs, injected } = this.#parts;
    const leftMs = expiresInMs === undefined ? null : Math.max(0, this.#beganAt + expiresInMs - this.#clock.now());
    const plain = { id, kind, reason, beganAt: this.#beganAt, expiresInMs: leftMs };
    if (injected === undefined) return plain;
    const { fault, hits } = injected;
    const { latencyMs = null, operation = null } = fault;
    return { ...plain, fault: { kind: fault.kind, rate: fault.rate, latencyMs, operation, hits } };
  }
}
