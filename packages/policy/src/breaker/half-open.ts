import type { VerdictKind } from '../contract/outcome.ts';
import type { BreakerSettings } from './options.ts';
import type { BreakerPermit } from './permit.ts';
import { decides } from './trip.ts';

/**
 * The probes of one half-open time. Each holds its slot on a lease: one that never ends counts as failed when the lease
 * runs out, so that hung calls cannot keep the circuit half-open for ever. A probe that is slow has failed as well: a
 * circuit that opened for slow calls is not to close for them.
 */
export class HalfOpen {
  readonly kind = 'half-open';
  /** Openings in a row that led here. */
  readonly openings: number;
  /** Of the moment it began: a half-open time ends by the rules it began with. */
  readonly rules: BreakerSettings;
  successes = 0;
  failures = 0;
  consecutiveFailures = 0;
  /** When each running probe began. All leases are equally long, so the first entry ends first. */
  readonly #startedAt = new Map<BreakerPermit, number>();
  #firstAt: number | undefined;

  constructor(openings: number, rules: BreakerSettings) {
    this.openings = openings;
    this.rules = rules;
  }

  get running(): number {
    return this.#startedAt.size;
  }

  get answered(): number {
    return this.successes + this.failures;
  }

  /** Whether one more probe may begin: those that run may all yet count, and no more than `probes` ever do. */
  get hasRoom(): boolean {
    return this.running + this.answered < this.rules.probes;
  }

  /** What the answers so far have decided. */
  get decision(): 'reopen' | 'close' | undefined {
    const { probes, failureRatio, probeFailureRatio = failureRatio } = this.rules;
    return decides(probes, this.successes, this.failures, probeFailureRatio);
  }

  begin(permit: BreakerPermit, now: number): void {
    this.#firstAt ??= now;
    this.#startedAt.set(permit, now);
  }

  /** A probe ended. Whether it was still running: one whose time was up has been counted already. */
  end(permit: BreakerPermit, verdict: VerdictKind): boolean {
    if (!this.#startedAt.delete(permit)) return false;
    if (verdict === 'failure') this.#failed();
    else if (verdict === 'success') {
      this.successes++;
      this.consecutiveFailures = 0;
    }
    return true;
  }

  /** Counts the probes whose time is up as failed. */
  expire(now: number): void {
    for (const [permit, startedAt] of this.#startedAt) {
      if (!this.#isUp(now - startedAt)) break;
      this.#startedAt.delete(permit);
      this.#failed();
    }
  }

  /** Whether it has gone undecided for too long. Without a probe nobody was asked, so nobody failed to answer. */
  isUnanswered(now: number): boolean {
    const { halfOpenMs } = this.rules;
    return halfOpenMs !== undefined && this.#firstAt !== undefined && now - this.#firstAt >= halfOpenMs;
  }

  #isUp(ranMs: number): boolean {
    const { probeLeaseMs, slowMs } = this.rules;
    return ranMs >= probeLeaseMs || (slowMs !== undefined && ranMs > slowMs);
  }

  #failed(): void {
    this.failures++;
    this.consecutiveFailures++;
  }
}
