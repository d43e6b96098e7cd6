import type { CallContext, Unsubscribe } from '../contract/call.ts';
import { DeadlineExceededError, withoutStack } from '../contract/errors.ts';
import type { Permit, Refusal } from '../contract/gate.ts';
import { WheelEntry } from '../stats/deadline-wheel.ts';
import type { Place, Turn } from './line.ts';

const nothing = (): void => {};

/** What a waiting call asks of the limiter it waits for. */
export interface WaitingRoom {
  /** Its turn has come, and is paid for. */
  admit(waiter: WaitingCall, at: number): Permit;
  /** Its wait has lasted as long as it may. */
  waitIsOver(waiter: WaitingCall): void;
  /** Nothing may call it any more. */
  letGo(waiter: WaitingCall): void;
}

/** A call in the line, which is its own entry in the wheel that bounds the wait. */
export class WaitingCall extends WheelEntry implements Turn {
  readonly call: CallContext;
  readonly weight: number;
  readonly awaited = true;
  readonly resolve: (admission: Permit | Refusal) => void;
  readonly reject: (reason: unknown) => void;
  place: Place | undefined;
  /** Takes its listener off the call. */
  unlisten: Unsubscribe = nothing;
  readonly #room: WaitingRoom;
  /** Whether it waits as part of an attempt that has begun, beneath a retry, rather than before the first. */
  readonly #insideAttempt: boolean;

  constructor(
    room: WaitingRoom,
    call: CallContext,
    weight: number,
    resolve: (admission: Permit | Refusal) => void,
    reject: (reason: unknown) => void,
  ) {
    super();
    this.call = call;
    this.weight = weight;
    this.resolve = resolve;
    this.reject = reject;
    this.#room = room;
    this.#insideAttempt = call.phase !== 'call';
    // Inside an attempt, a timeout must be able to tell that we were waiting, not that the other side was slow.
    if (this.#insideAttempt) call.progress('queue', 'never');
  }

  /** After a blocked event loop the turn may come before the timer that should have ended the wait. */
  usable(now: number): boolean {
    if (this.call.deadline > now) return true;
    this.#room.letGo(this);
    this.reject(deadlinePassed(this.call));
    return false;
  }

  come(at: number): void {
    this.#room.letGo(this);
    // Beginning anew: until the work says how far it has got, a timeout assumes the worst.
    if (this.#insideAttempt) this.call.progress('wait', 'maybe');
    this.resolve(this.#room.admit(this, at));
  }

  override expire(): void {
    this.#room.waitIsOver(this);
  }
}

/** The error of a call whose deadline passes before its turn comes. */
export function deadlinePassed(call: CallContext): DeadlineExceededError {
  const { target, operation, attempts, sent, phase } = call;
  return withoutStack(
    () =>
      new DeadlineExceededError('the deadline passed while waiting for a turn under the rate', {
        target,
        operation,
        attempts,
        sent,
        phase,
      }),
  );
}
