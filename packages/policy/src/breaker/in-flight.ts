import type { OutcomeWindow } from '../stats/outcome-window.ts';
import { BreakerPermit, type PermitOwner } from './permit.ts';

/** A permit that is timed, because slow calls are watched for. It knows its neighbours in the order of their starts. */
export class TimedPermit extends BreakerPermit {
  readonly startedAt: number;
  /** Where it is looked after, if it still is. */
  among: InFlight | undefined = undefined;
  older: TimedPermit | undefined = undefined;
  younger: TimedPermit | undefined = undefined;
  /** Where it was counted as slow before it ended, and the mark to settle it by. */
  countedIn: OutcomeWindow | undefined = undefined;
  mark = 0;

  constructor(owner: PermitOwner, epoch: number, startedAt: number) {
    super(owner, epoch);
    this.startedAt = startedAt;
  }
}

/**
 * The calls under way that are not slow yet, oldest first. All are slow after the same time, so only the oldest need be
 * looked at: no timer, and constant work per call. One that is never ended leaves once it is slow.
 */
export class InFlight {
  #slowMs: number;
  /** Since when that holds: nothing was slow by it before. */
  #since: number;
  #oldest: TimedPermit | undefined;
  #youngest: TimedPermit | undefined;

  constructor(slowMs: number, now: number) {
    this.#slowMs = slowMs;
    this.#since = now;
  }

  /** Asked once those that are slow by now have left. */
  configure(slowMs: number, now: number): void {
    this.#slowMs = slowMs;
    this.#since = now;
  }

  isSlow({ startedAt }: TimedPermit, now: number): boolean {
    return now - startedAt > this.#slowMs;
  }

  /** When it became slow, given that it is. */
  slowAt({ startedAt }: TimedPermit): number {
    return Math.max(this.#since, startedAt + this.#slowMs);
  }

  join(permit: TimedPermit): void {
    permit.among = this;
    permit.older = this.#youngest;
    if (this.#youngest === undefined) this.#oldest = permit;
    else this.#youngest.younger = permit;
    this.#youngest = permit;
  }

  /** Changes nothing for one that has left before, or was never here. */
  leave(permit: TimedPermit): void {
    if (permit.among !== this) return;
    const { older, younger } = permit;
    if (older === undefined) this.#oldest = younger;
    else older.younger = younger;
    if (younger === undefined) this.#youngest = older;
    else younger.older = older;
    permit.among = undefined;
    // A permit that somebody keeps must not keep all those before it.
    permit.older = undefined;
    permit.younger = undefined;
  }

  /** Lets all leave, none of them counted. */
  clear(): void {
    for (let permit = this.#oldest; permit !== undefined; permit = this.#oldest) this.leave(permit);
  }

  /** Lets the oldest leave if it is slow by now. */
  takeSlow(now: number): TimedPermit | undefined {
    const oldest = this.#oldest;
    if (oldest === undefined || !this.isSlow(oldest, now)) return undefined;
    this.leave(oldest);
    return oldest;
  }
}
