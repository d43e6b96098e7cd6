import type { ClientEvent, ClientSnapshot, Fate } from '@switchgear/client';
import type { BreakerState } from '@switchgear/policy';
import type { ServiceClock } from '../service/clock.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { Provenance } from './users/user-directory.ts';

/** How `POST /orders` ended. `refused` is polite, 503 with Retry-After; `failed` is any other 5xx. */
export type OrderAnswer = 'placed' | 'replayed' | 'invalid' | 'refused' | 'failed';

/** What happened in a stretch of time. */
export interface Tally {
  /** Calls to the user-service that ended, each with exactly one fate. */
  readonly calls: number;
  /** Attempts of those calls. */
  readonly attempts: number;
  readonly fates: Readonly<Record<Fate, number>>;
  /** The most attempts that one of those calls took. */
  readonly mostAttempts: number;
  readonly latency: {
    /** Upper bounds within a tenth of the exact value; null when no call ended. */
    readonly p50Ms: number | null;
    readonly p99Ms: number | null;
    /** Exact. */
    readonly maxMs: number;
  };
  /** Calls that ended after their deadline, and by how much the latest did. Timers fire late, so expect a few ms. */
  readonly overdue: { readonly calls: number; readonly worstMs: number };
  /** Answers to `POST /orders`. */
  readonly orders: Readonly<Record<OrderAnswer, number>>;
  /** Names shown, by where each came from. */
  readonly names: Readonly<Record<Provenance, number>>;
  /** Tokens asked for, and how many of those requests failed. */
  readonly tokens: { readonly asked: number; readonly failed: number };
  /** How often the circuit opened. */
  readonly opened: number;
}

export interface SecondReport extends Tally {
  /** Counts whole seconds since the service started, without a gap: ask for what comes after the last one you saw. */
  readonly second: number;
  /** When it began: ISO 8601 in UTC. */
  readonly startedAt: string;
  /** The state of the circuit when it ended. */
  readonly breaker: BreakerState;
}

/** The answer of `GET /ops/user-service`. */
export interface OpsReport {
  readonly service: 'order-service';
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly uptimeMs: number;
  /** What every call promises; the totals show whether it was kept. */
  readonly promises: { readonly maxAttempts: number; readonly deadlineMs: number };
  /** Since the service started; only ever grows. */
  readonly totals: Tally;
  /** Seconds that are over, oldest first, the last `SECONDS_KEPT` of them. */
  readonly seconds: readonly SecondReport[];
  /** Now. */
  readonly gauges: ClientSnapshot;
  /** Why the circuit is in its state, in words. */
  readonly circuit: string;
  /** The policies that each call goes through, outermost first, a line each. */
  readonly policies: string;
}

export const SECONDS_KEPT = 120;
const SECOND_MS = 1_000;

/** Draws second-by-second conclusions from what the client says. It has no timer: seconds end when someone asks. */
export class Telemetry {
  readonly #clock: ServiceClock;
  readonly #startedAt: number;
  readonly #totals = new RunningTally();
  readonly #seconds: SecondReport[] = [];
  #current = new RunningTally();
  #second = 0;
  #breaker: BreakerState = 'closed';

  constructor(clock: ServiceClock) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  /** Listens to one client: `client.on((event) => telemetry.hear(event))`. */
  hear(event: ClientEvent): void {
    switch (event.type) {
      case 'call.finished':
        this.#count((tally) => tally.call(event.fate, event.attempts, event.durationMs, event.overdueMs));
        break;
      case 'token.refreshed':
        this.#count((tally) => tally.token(event.ok));
        break;
      case 'breaker.opened':
        this.#count((tally) => tally.open());
        this.#breaker = 'open';
        break;
      case 'breaker.half-opened':
        this.#endSeconds();
        this.#breaker = 'half-open';
        break;
      case 'breaker.closed':
        this.#endSeconds();
        this.#breaker = 'closed';
        break;
    }
  }

  orderAnswered(answer: OrderAnswer): void {
    this.#count((tally) => tally.order(answer));
  }

  nameShown(provenance: Provenance): void {
    this.#count((tally) => tally.name(provenance));
  }

  report(): Pick<OpsReport, 'at' | 'uptimeMs' | 'totals' | 'seconds'> {
    this.#endSeconds();
    return {
      at: new Date(this.#clock.wallNow()).toISOString(),
      uptimeMs: this.#clock.now() - this.#startedAt,
      totals: this.#totals.read(),
      seconds: [...this.#seconds],
    };
  }

  #count(count: (tally: RunningTally) => void): void {
    this.#endSeconds();
    count(this.#totals);
    count(this.#current);
  }

  /** Files every second that is over, the empty ones too, so that a view shows silence as silence. */
  #endSeconds(): void {
    const uptimeMs = this.#clock.now() - this.#startedAt;
    const now = Math.floor(uptimeMs / SECOND_MS);
    if (now === this.#second) return;
    const startedAt = this.#clock.wallNow() - uptimeMs;
    // After a long silence, seconds that would be dropped at once are not even made.
    const first = Math.max(this.#second, now - SECONDS_KEPT);
    for (let second = first; second < now; second++) {
      const tally = second === this.#second ? this.#current : new RunningTally();
      this.#seconds.push({
        second,
        startedAt: new Date(startedAt + second * SECOND_MS).toISOString(),
        breaker: this.#breaker,
        ...tally.read(),
      });
    }
    this.#seconds.splice(0, this.#seconds.length - SECONDS_KEPT);
    this.#second = now;
    this.#current = new RunningTally();
  }
}

class RunningTally {
  readonly #fates: Record<Fate, number> = {
    ok: 0,
    'ok-retried': 0,
    'ok-hedged': 0,
    cached: 0,
    stale: 0,
    degraded: 0,
    answered: 0,
    throttled: 0,
    refused: 0,
    'timed-out': 0,
    unavailable: 0,
    invalid: 0,
    unauthenticated: 0,
    cancelled: 0,
    misused: 0,
  };
  readonly #orders: Record<OrderAnswer, number> = { placed: 0, replayed: 0, invalid: 0, refused: 0, failed: 0 };
  readonly #names: Record<Provenance, number> = { live: 0, fresh: 0, stale: 0, 'made-up': 0 };
  readonly #latency = new LatencyHistogram();
  readonly #overdue = { calls: 0, worstMs: 0 };
  readonly #tokens = { asked: 0, failed: 0 };
  #attempts = 0;
  #mostAttempts = 0;
  #opened = 0;

  call(fate: Fate, attempts: number, durationMs: number, overdueMs: number): void {
    this.#fates[fate] += 1;
    this.#latency.record(durationMs);
    this.#attempts += attempts;
    this.#mostAttempts = Math.max(this.#mostAttempts, attempts);
    if (overdueMs > 0) this.#overdue.calls += 1;
    this.#overdue.worstMs = Math.max(this.#overdue.worstMs, overdueMs);
  }

  order(answer: OrderAnswer): void {
    this.#orders[answer] += 1;
  }

  name(provenance: Provenance): void {
    this.#names[provenance] += 1;
  }

  token(ok: boolean): void {
    this.#tokens.asked += 1;
    if (!ok) this.#tokens.failed += 1;
  }

  open(): void {
    this.#opened += 1;
  }

  read(): Tally {
    return {
      calls: this.#latency.count,
      attempts: this.#attempts,
      fates: { ...this.#fates },
      mostAttempts: this.#mostAttempts,
      latency: {
        p50Ms: this.#latency.quantileMs(0.5),
        p99Ms: this.#latency.quantileMs(0.99),
        maxMs: this.#latency.maxMs,
      },
      overdue: { ...this.#overdue },
      orders: { ...this.#orders },
      names: { ...this.#names },
      tokens: { ...this.#tokens },
      opened: this.#opened,
    };
  }
}
