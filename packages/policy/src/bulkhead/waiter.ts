import type { CallContext, Unsubscribe } from '../contract/call.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import { WheelEntry } from '../stats/deadline-wheel.ts';

/** What stands where nothing has been set yet; never called, as both are set before anybody could. */
const nothing = (): void => {};

/** A call in the queue, which is its own entry in the wheel that ends the wait. */
export class Waiter extends WheelEntry {
  readonly call: CallContext;
  readonly resolve: (admission: Permit | Refusal) => void;
  readonly reject: (reason: unknown) => void;
  /** Whether it waits as part of an attempt that has begun, beneath a retry, rather than before the first. */
  readonly insideAttempt: boolean;
  onDue: () => void = nothing;
  leave: Unsubscribe = nothing;

  constructor(call: CallContext, resolve: (admission: Permit | Refusal) => void, reject: (reason: unknown) => void) {
    super();
    this.call = call;
    this.resolve = resolve;
    this.reject = reject;
    this.insideAttempt = call.phase !== 'call';
  }

  override expire(): void {
    this.onDue();
  }
}
