import { type CallContext, CallScope } from '../contract/call.ts';
import type { Verdict } from '../contract/outcome.ts';

/** What a copy is cancelled with when another one has answered. One for all: nothing about it is of one call. */
export const outrun: Error = Object.freeze(
  Object.assign(new Error('another copy of this call was answered first'), { name: 'AbortError' }),
);

/** One of the copies in a race: a call that can be cancelled by itself. */
export class Copy extends CallScope {
  /** 1 for the first. */
  readonly number: number;
  readonly startedAt: number;
  /** What it was paid for, if a failure was the reason to send it. */
  readonly paidFor: Verdict | undefined;
  #givenUpAt = 0;
  #orphanEnded: (() => void) | undefined;

  constructor(call: CallContext, number: number, startedAt: number, paidFor: Verdict | undefined) {
    super(call, call.deadline);
    this.number = number;
    this.startedAt = startedAt;
    this.paidFor = paidFor;
  }

  override get copy(): number {
    return this.number;
  }

  /** Leaves it behind: its result is nobody's any more, and until it ends it holds what it holds. */
  giveUp(reason: unknown, now: number): void {
    this.#givenUpAt = now;
    this.#orphanEnded = (this.parent as CallContext).addOrphan();
    try {
      this.cancel(reason);
    } catch {
      // Someone beneath threw on hearing it. The other copies, and the caller, must hear all the same.
    }
    this.end();
  }

  /** It has ended after it was given up. @returns How long after, in milliseconds. */
  endedLate(now: number): number {
    this.#orphanEnded?.();
    return now - this.#givenUpAt;
  }

  /** Whether it has ended without leaving this machine, in a queue of our own: then it was no load. */
  get neverLeft(): boolean {
    return this.sent === 'never' && this.phase === 'queue';
  }
}
