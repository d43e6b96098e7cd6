import { type Checks, number, readOptions, share } from '../contract/options.ts';
import { type Limit, type LimitFactory, type LimitSample, stepOf } from './limit.ts';

/** How the Vegas algorithm moves a limit. */
export interface VegasOptions {
  /**
   * Learns anew how fast the other side is without a queue every so many windows per place, drawn between half of that
   * and all of it. What it learns then is what it finds: under load, that is too slow. At least 1. @default 30
   */
  readonly probeMultiplier?: number;
  /** How much of a move is made at once: above 0, at most 1, which is all of it. @default 1 */
  readonly smoothing?: number;
}

/** What holds where `VegasOptions` are silent. */
export const vegasDefaults: Required<VegasOptions> = Object.freeze({ probeMultiplier: 30, smoothing: 1 });

const checks: Checks<VegasOptions> = { probeMultiplier: number(1, 1_000_000), smoothing: share };

/**
 * Estimates from latency how many calls wait in the other side's queue, `limit × (1 - fastest / now)`, and keeps that
 * between 3 and 6 steps: grows quickly while there is none, slowly while there is little, shrinks by a step when there
 * is more, or when calls were dropped.
 * Source: `VegasLimit` in Netflix/concurrency-limits, after Brakmo and Peterson, "TCP Vegas", 1995.
 * @throws ConfigError with a path such as `vegas.smoothing`.
 */
export function vegasLimit(options: VegasOptions = {}): LimitFactory {
  const settings = readOptions('vegas', options, checks, vegasDefaults);
  return (random) => new Vegas(settings, random);
}

class Vegas implements Limit {
  readonly name = 'vegas';
  readonly #settings: Required<VegasOptions>;
  readonly #random: () => number;
  /** The latency without a queue, as far as is known. */
  #fastestMs: number | undefined;
  #windows = 0;
  /** Drawn anew after each probe, so that many limiters do not take their measure together. */
  #jitter: number;

  constructor(settings: Required<VegasOptions>, random: () => number) {
    this.#settings = settings;
    this.#random = random;
    this.#jitter = 0.5 + random() / 2;
  }

  onSample(limit: number, { latencyMs, inFlight, dropped }: LimitSample): number {
    this.#windows++;
    // Told first: a window without an answer has no latency to learn from, and one with few has a misleading one.
    if (dropped) return this.#toward(limit, limit - stepOf(limit));
    if (latencyMs === undefined || this.#learns(limit, latencyMs)) return limit;
    // Whoever uses less than half of the limit has not tried whether it holds.
    if (inFlight * 2 < limit) return limit;
    const queue = Math.ceil(limit * (1 - (this.#fastestMs as number) / latencyMs));
    const step = stepOf(limit);
    if (queue <= step) return this.#toward(limit, limit + 6 * step);
    if (queue < 3 * step) return this.#toward(limit, limit + step);
    if (queue > 6 * step) return this.#toward(limit, limit - step);
    return limit;
  }

  /** Whether the window was the fastest so far, or is to be taken for it. Nothing is decided by such a one. */
  #learns(limit: number, latencyMs: number): boolean {
    const probes = this.#windows >= this.#jitter * this.#settings.probeMultiplier * limit;
    if (probes) {
      this.#windows = 0;
      this.#jitter = 0.5 + this.#random() / 2;
    } else if (this.#fastestMs !== undefined && latencyMs >= this.#fastestMs) return false;
    this.#fastestMs = latencyMs;
    return true;
  }

  #toward(limit: number, goal: number): number {
    return limit + (goal - limit) * this.#settings.smoothing;
  }
}
