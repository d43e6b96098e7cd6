import type { Call, Unsubscribe } from '../contract/call.ts';
import type { Clock, Timer } from '../contract/runtime.ts';
import type { CheckedStep } from './script-step.ts';

/** What a scripted operation saw of one attempt. It is kept up to date until the attempt has ended. */
export interface ScriptedAttempt {
  /** The number that the call gave it: 1 for the first send of a call. */
  readonly attempt: number;
  /** The call it was run for. */
  readonly call: Call;
  /** When it began, in monotonic milliseconds of the clock. */
  readonly at: number;
  /**
   * How much time it was given when it began, in milliseconds: until the deadline of its call, or its own timeout where
   * that is nearer; Infinity without either.
   */
  readonly deadlineLeftMs: number;
  /** `cancelled`: it heeded its call. One that ignores it goes on to be answered or failed. */
  readonly state: 'running' | 'answered' | 'failed' | 'cancelled';
  /** When it ended, in monotonic milliseconds; `undefined` while it runs. */
  readonly endedAt: number | undefined;
  /** When its call was cancelled while it ran, heeded or not, in monotonic milliseconds; `undefined` when it was not. */
  readonly cancelledAt: number | undefined;
  /** Why, once cancelled. */
  readonly cancelReason: unknown;
}

/** One attempt as it is played. */
export class Attempt<T> implements ScriptedAttempt {
  readonly attempt: number;
  readonly call: Call;
  readonly at: number;
  readonly deadlineLeftMs: number;
  readonly promise: Promise<T>;
  state: ScriptedAttempt['state'] = 'running';
  endedAt: number | undefined;
  cancelledAt: number | undefined;
  cancelReason: unknown;
  readonly #clock: Clock;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  #timer: Timer | undefined;
  #leave: Unsubscribe | undefined;

  constructor(call: Call, clock: Clock) {
    this.attempt = call.attempt;
    this.call = call;
    this.at = clock.now();
    this.deadlineLeftMs = call.deadline - this.at;
    this.#clock = clock;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  play({ does, afterMs, ignoresCancel }: CheckedStep<T>): void {
    const leave = this.call.onCancel((reason) => {
      this.cancelledAt = this.#clock.now();
      this.cancelReason = reason;
      if (!ignoresCancel) this.#end('cancelled', () => this.#reject(reason));
    });
    // A call that has been cancelled says so before this is reached, and nothing is left to listen for.
    if (this.state !== 'running') return;
    this.#leave = leave;
    if (does === undefined) return;
    if (afterMs === undefined) this.#do(does);
    else this.#timer = this.#clock.setTimer(afterMs, () => this.#do(does));
  }

  answer(value: T): void {
    this.#end('answered', () => this.#resolve(value));
  }

  fail(error: unknown): void {
    this.#end('failed', () => this.#reject(error));
  }

  #do(does: (call: Call) => T | Promise<T>): void {
    let doing: T | Promise<T>;
    try {
      doing = does(this.call);
    } catch (error) {
      this.fail(error);
      return;
    }
    // Only what takes time is waited for, so that a plain step ends in the turn in which it is due.
    if (doing instanceof Promise) {
      doing.then(
        (value) => this.answer(value),
        (error: unknown) => this.fail(error),
      );
    } else this.answer(doing);
  }

  /** The first ending counts: a function of a step may answer long after its call was cancelled. */
  #end(state: ScriptedAttempt['state'], settlePromise: () => void): void {
    if (this.state !== 'running') return;
    this.state = state;
    this.endedAt = this.#clock.now();
    this.#timer?.cancel();
    this.#leave?.();
    settlePromise();
  }
}
