import { type Checks, number, readOptions, share, whole } from '../contract/options.ts';
import { Ewma } from '../stats/ewma.ts';
import type { Limit, LimitFactory, LimitSample } from './limit.ts';

/** How the Gradient2 algorithm moves a limit. */
export interface Gradient2Options {
  /** How much of a move is made at once: above 0, at most 1, which is all of it. @default 0.2 */
  readonly smoothing?: number;
  /** Calls that may wait in the other side's queue, and by which the limit grows while latency allows. @default 4 */
  readonly queueSize?: number;
  /** How many windows the long-term latency remembers, roughly: at least 1. @default 600 */
  readonly longWindow?: number;
  /** By how much latency may exceed the long-term one before the limit shrinks: at least 1. @default 1.5 */
  readonly tolerance?: number;
}

/** What holds where `Gradient2Options` are silent. */
export const gradient2Defaults: Required<Gradient2Options> = Object.freeze({
  smoothing: 0.2,
  queueSize: 4,
  longWindow: 600,
  tolerance: 1.5,
});

const checks: Checks<Gradient2Options> = {
  smoothing: share,
  queueSize: whole(0),
  longWindow: number(1),
  tolerance: number(1),
};

/** A single window never takes more than half of the limit, however slow it was. */
const lowestGradient = 0.5;
/** Windows at the beginning that count alike in the long-term latency. */
const warmup = 10;

/**
 * Compares the latency of a window with the long-term one: `limit × gradient + queueSize`, where the gradient is
 * `tolerance × long-term / now`, between 0.5 and 1. Needs no fastest latency, and so forgets what fast was: the queue is
 * added always, and under an overload that never ends the limit drifts upwards with the long-term latency.
 * Source: `Gradient2Limit` in Netflix/concurrency-limits.
 * @throws ConfigError with a path such as `gradient2.tolerance`.
 */
export function gradient2Limit(options: Gradient2Options = {}): LimitFactory {
  const settings = readOptions('gradient2', options, checks, gradient2Defaults);
  return () => new Gradient2(settings);
}

class Gradient2 implements Limit {
  readonly name = 'gradient2';
  readonly #settings: Required<Gradient2Options>;
  readonly #long: Ewma;

  constructor(settings: Required<Gradient2Options>) {
    this.#settings = settings;
    this.#long = new Ewma(settings.longWindow, warmup);
  }

  onSample(limit: number, { latencyMs, inFlight, dropped }: LimitSample): number {
    const { smoothing, queueSize, tolerance } = this.#settings;
    // Netflix feeds this algorithm the time that dropped calls took, and no word of the drop. Here they have no latency
    // of their own, so the drop speaks: the steepest gradient, and no queue.
    if (dropped) return limit * (1 - smoothing) + limit * lowestGradient * smoothing;
    if (latencyMs === undefined) return limit;
    const longMs = this.#long.add(latencyMs);
    // After a long time of overload the average would take as long to come down again.
    if (longMs / latencyMs > 2) this.#long.scale(0.95);
    // Whoever uses less than half of the limit has not tried whether it holds.
    if (inFlight < limit / 2) return limit;
    const gradient = Math.max(lowestGradient, Math.min(1, (tolerance * longMs) / latencyMs));
    return limit * (1 - smoothing) + (limit * gradient + queueSize) * smoothing;
  }
}
