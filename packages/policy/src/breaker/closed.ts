import type { VerdictKind } from '../contract/outcome.ts';
import { CountWindow } from '../stats/count-window.ts';
import type { OutcomeTally, OutcomeWindow } from '../stats/outcome-window.ts';
import { TimeWindow } from '../stats/time-window.ts';
import { InFlight, TimedPermit } from './in-flight.ts';
import type { BreakerSettings } from './options.ts';
import type { BreakerPermit, PermitOwner } from './permit.ts';
import type { Ramp } from './ramp.ts';

/**
 * What one closed time has seen. A call that ended counts from its end on, and one that is slow counts from the moment
 * it is slow, ended or not; what is under way and not slow yet is not in the window at all, so it cannot dilute a ratio.
 */
export class Closed {
  readonly kind = 'closed';
  /** Its own: what was counted before the circuit opened says nothing about the time after. */
  window: TimeWindow | CountWindow;
  consecutiveFailures = 0;
  /** Gone when it is over. */
  ramp: Ramp | undefined;
  /** There only while slow calls are watched for. */
  inFlight: InFlight | undefined;

  constructor(settings: BreakerSettings, now: number, ramp: Ramp | undefined) {
    const { window, windowMs, windowCalls, slowMs } = settings;
    this.window =
      window === 'time'
        ? new TimeWindow(windowMs, now, { countsSlow: slowMs !== undefined })
        : new CountWindow(windowCalls);
    this.ramp = ramp;
    this.inFlight = slowMs === undefined ? undefined : new InFlight(slowMs, now);
  }

  /** A permit for a call that begins now. Asked only while slow calls are watched for. */
  begin(inFlight: InFlight, owner: PermitOwner, epoch: number, now: number): TimedPermit {
    const permit = new TimedPermit(owner, epoch, now);
    inFlight.join(permit);
    return permit;
  }

  /**
   * A call is ending. It is no longer looked after as one under way, or it would be counted without its result; unless
   * it is slow and has no result, for then that it was slow is all there is to know.
   */
  leave(permit: BreakerPermit, verdict: VerdictKind, now: number): void {
    const { inFlight } = this;
    if (inFlight === undefined || !(permit instanceof TimedPermit)) return;
    if (counts(verdict) || !inFlight.isSlow(permit, now)) inFlight.leave(permit);
  }

  /** Counts a call that ended. Whether that is a reason to look at the rules. */
  end(permit: BreakerPermit, verdict: VerdictKind, now: number): boolean {
    if (!counts(verdict)) return false;
    const failed = verdict === 'failure';
    this.consecutiveFailures = failed ? this.consecutiveFailures + 1 : 0;
    const { inFlight, window } = this;
    if (inFlight === undefined || !(permit instanceof TimedPermit)) {
      window.record(failed, now);
      return failed;
    }
    if (permit.countedIn === window) {
      window.settle(permit.mark, failed, now);
      return true;
    }
    const slow = permit.countedIn !== undefined || inFlight.isSlow(permit, now);
    window.record(failed, now, slow);
    return failed || slow;
  }

  /** Counts the calls under way that have become slow, as of when they did. Whether there were any. */
  countSlow(now: number): boolean {
    const { inFlight, window } = this;
    if (inFlight === undefined) return false;
    let found = false;
    for (let permit = inFlight.takeSlow(now); permit !== undefined; permit = inFlight.takeSlow(now)) {
      permit.mark = window.recordUnfinished(inFlight.slowAt(permit));
      permit.countedIn = window;
      found = true;
    }
    return found;
  }

  /** Looks no longer after the calls under way. */
  disown(): void {
    this.inFlight?.clear();
  }

  /** Goes on under other settings with what it has seen, as far as a window of the other kind can hold it. */
  configure(settings: BreakerSettings, before: BreakerSettings, now: number): void {
    const { slowMs } = settings;
    this.window = this.#windowFor(settings, before, now);
    if (slowMs === undefined) this.inFlight = undefined;
    else if (this.inFlight === undefined) this.inFlight = new InFlight(slowMs, now);
    else this.inFlight.configure(slowMs, now);
  }

  #windowFor(settings: BreakerSettings, before: BreakerSettings, now: number): TimeWindow | CountWindow {
    const { window, windowMs, windowCalls, slowMs } = settings;
    const kept = this.window;
    const countsSlow = slowMs !== undefined;
    const sameShape = countsSlow === (before.slowMs !== undefined);
    if (window === 'time') {
      if (!(kept instanceof TimeWindow))
        return filled(new TimeWindow(windowMs, now, { countsSlow }), kept, settings, now);
      return sameShape && windowMs === before.windowMs ? kept : kept.resized(windowMs, now, { countsSlow });
    }
    kept.expire(now);
    if (!(kept instanceof CountWindow)) return filled(new CountWindow(windowCalls), kept, settings, now);
    return sameShape && windowCalls === before.windowCalls ? kept : kept.resized(windowCalls, { countsSlow });
  }
}

/** Takes what was counted elsewhere into a new window. */
export function filled<W extends OutcomeWindow>(
  window: W,
  tally: OutcomeTally,
  rules: BreakerSettings,
  now: number,
): W {
  const { calls, failures } = tally;
  window.take(rules.slowMs === undefined ? { calls, failures, slow: 0, slowFailures: 0 } : tally, now);
  return window;
}

function counts(verdict: VerdictKind): boolean {
  return verdict === 'success' || verdict === 'failure';
}
