import type { Call, Phase, Sent, Unsubscribe } from '@switchgear/policy';

/** A call as another one sees it: the same, but for what a subclass changes. */
export class DelegatedCall implements Call {
  protected readonly call: Call;

  constructor(call: Call) {
    this.call = call;
  }

  get target(): string {
    return this.call.target;
  }

  get operation(): string {
    return this.call.operation;
  }

  get key(): string | undefined {
    return this.call.key;
  }

  get attempt(): number {
    return this.call.attempt;
  }

  get copy(): number {
    return this.call.copy;
  }

  get deadline(): number {
    return this.call.deadline;
  }

  get idempotent(): boolean {
    return this.call.idempotent;
  }

  get signal(): AbortSignal {
    return this.call.signal;
  }

  onCancel(run: (reason: unknown) => void): Unsubscribe {
    return this.call.onCancel(run);
  }

  progress(phase: Phase, sent: Sent): void {
    this.call.progress(phase, sent);
  }

  hold(): () => void {
    return this.call.hold();
  }
}
