import type { BreakerCause } from '../contract/events.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** A breaker at one moment, in values that survive JSON. */
export interface BreakerSnapshot {
  /** '' when unnamed. */
  readonly name: string;
  readonly state: BreakerState;
  /** Transitions so far. */
  readonly epoch: number;
  /** What the latest transition was for; null before the first. */
  readonly cause: BreakerCause | null;
  /** Closed: calls in the window. Half-open: probes answered. Open: the calls or probes it opened for. */
  readonly calls: number;
  /** Failures among `calls`. */
  readonly failures: number;
  /** `failures / calls`, 0 without calls. */
  readonly failureRatio: number;
  readonly consecutiveFailures: number;
  /** Openings in a row, which the open time grows by; 0 once a ramp has passed whole. */
  readonly openings: number;
  /** How much longer it stays open, in milliseconds; 0 unless open. */
  readonly openForMs: number;
  /** Probes that run; 0 unless half-open. */
  readonly probesRunning: number;
  /** The share of calls that is let in: 0 while open or half-open, rising to 1 after closing. */
  readonly admittedShare: number;
}
