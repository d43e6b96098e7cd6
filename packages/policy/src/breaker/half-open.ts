import type { VerdictKind } from '../contract/outcome.ts';
import type { BreakerPermit } from './permit.ts';

/**
 * The probes of one half-open time. Each holds its slot on a lease: one that never ends counts as failed when the lease
 * runs out, so that hung calls cannot keep the circuit half-open for ever.
 */
export class HalfOpen {
  readonly kind = 'half-open';
  /** Openings in a row that led here. */
  readonly openings: number;
  successes = 0;
  failures = 0;
  consecutiveFailures = 0;
  readonly #probes: number;
  readonly #leaseMs: number;
  /** When each running probe's lease ends. All leases are equally long, so the first entry ends first. */
  readonly #leases = new Map<BreakerPermit, number>();

  constructor(openings: number, probes: number, leaseMs: number) {
    this.openings = openings;
    this.#probes = probes;
    this.#leaseMs = leaseMs;
  }

  get running(): number {
    return this.#leases.size;
  }

  get answered(): number {
    return this.successes + this.failures;
  }

  /** Whether one more probe may begin: those that run may all yet count, and no more than `probes` ever do. */
  get hasRoom(): boolean {
    return this.running + this.answered < this.#probes;
  }

  begin(permit: BreakerPermit, now: number): void {
    this.#leases.set(permit, now + this.#leaseMs);
  }

  /** A probe ended. One whose lease had run out has been counted already. */
  end(permit: BreakerPermit, verdict: VerdictKind): void {
    if (!this.#leases.delete(permit)) return;
    if (verdict === 'failure') this.#failed();
    else if (verdict === 'success') {
      this.successes++;
      this.consecutiveFailures = 0;
    }
  }

  /** Counts the probes whose lease has run out as failed. */
  expire(now: number): void {
    for (const [permit, endsAt] of this.#leases) {
      if (endsAt > now) break;
      this.#leases.delete(permit);
      this.#failed();
    }
  }

  #failed(): void {
    this.failures++;
    this.consecutiveFailures++;
  }
}
