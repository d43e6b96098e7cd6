import type { Call, Phase, Sent, Unsubscribe } from '@switchgear/policy';

/**
 * The call of an attempt that has been sent elsewhere. What the other side did before it sent us on stays done, so from
 * here on nothing may say that the request never left.
 */
export class CallAfterRedirect implements Call {
  readonly target: string;
  readonly operation: string;
  readonly key: string | undefined;
  readonly attempt: number;
  readonly deadline: number;
  readonly idempotent: boolean;
  readonly #call: Call;

  constructor(call: Call) {
    this.target = call.target;
    this.operation = call.operation;
    this.key = call.key;
    this.attempt = call.attempt;
    this.deadline = call.deadline;
    this.idempotent = call.idempotent;
    this.#call = call;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  onCancel(run: (reason: unknown) => void): Unsubscribe {
    return this.#call.onCancel(run);
  }

  progress(phase: Phase, sent: Sent): void {
    this.#call.progress(phase, sent === 'never' ? 'maybe' : sent);
  }

  hold(): () => void {
    return this.#call.hold();
  }
}
