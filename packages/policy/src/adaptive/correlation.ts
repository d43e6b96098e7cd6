import { type Checks, number, readOptions, whole } from '../contract/options.ts';
import { CorrelationWindow } from '../stats/correlation-window.ts';
import { Ewma } from '../stats/ewma.ts';
import { MovingMedian } from '../stats/moving-median.ts';
import { type Limit, type LimitFactory, type LimitSample, stepOf } from './limit.ts';

/** How the correlation algorithm moves a limit. */
export interface CorrelationOptions {
  /** Which latency of a window stands for it: 0.01 to 0.99. @default 0.9 */
  readonly quantile?: number;
  /** How many windows the baseline remembers, roughly: at least 1. @default 10 */
  readonly baselineAge?: number;
  /** Windows over which concurrency is compared with throughput and latency: 10 to 1,000. @default 50 */
  readonly correlationWindow?: number;
  /**
   * The limit grows to at most this many times the calls under way: at least 1. It is the room for a sudden rise; with 2
   * it never grows while less than half of it is used. @default 5
   */
  readonly maxLimitFactor?: number;
  /** How much of `maxLimitFactor` is lost for each tenfold of calls under way, down to 1: at least 0. @default 0 */
  readonly maxLimitFactorDecay?: number;
}

/** What holds where `CorrelationOptions` are silent. */
export const correlationDefaults: Required<CorrelationOptions> = Object.freeze({
  quantile: 0.9,
  baselineAge: 10,
  correlationWindow: 50,
  maxLimitFactor: 5,
  maxLimitFactorDecay: 0,
});

const checks: Checks<CorrelationOptions> = {
  quantile: number(0.01, 0.99),
  baselineAge: number(1),
  correlationWindow: whole(10, 1_000),
  maxLimitFactor: number(1, 1_000_000),
  maxLimitFactorDecay: number(0, 1_000_000),
};

/** Windows before which an average counts all alike, and a correlation says nothing. */
const warmup = 10;
/** Windows that the recent latency is smoothed over: first their median, then their average. */
const smoothed = 5;

/**
 * Estimates the other side's queue as Vegas does, but against a moving baseline, and asks besides whether more calls
 * under way brought more throughput or only more latency: an overload that has become usual is an overload still.
 * Source: the adaptive limiter of failsafe-go. One thing is added: dropped calls shrink the limit, where there they say
 * nothing, and a target that answers nobody keeps its limit for ever.
 * @throws ConfigError with a path such as `correlation.quantile`.
 */
export function correlationLimit(options: CorrelationOptions = {}): LimitFactory {
  const settings = readOptions('correlation', options, checks, correlationDefaults);
  return () => new Correlation(settings);
}

class Correlation implements Limit {
  readonly name = 'correlation';
  readonly minimumSamples = 50;
  readonly quantile: number;
  readonly #settings: Required<CorrelationOptions>;
  readonly #median = new MovingMedian(smoothed);
  readonly #recent = new Ewma(smoothed, warmup);
  readonly #baseline: Ewma;
  readonly #throughput: CorrelationWindow;
  readonly #latency: CorrelationWindow;

  constructor(settings: Required<CorrelationOptions>) {
    this.#settings = settings;
    this.quantile = settings.quantile;
    this.#baseline = new Ewma(settings.baselineAge, warmup);
    this.#throughput = new CorrelationWindow(settings.correlationWindow, warmup);
    this.#latency = new CorrelationWindow(settings.correlationWindow, warmup);
  }

  onSample(limit: number, sample: LimitSample): number {
    const { latencyMs, inFlight, dropped } = sample;
    if (dropped) return limit - stepOf(limit);
    if (latencyMs === undefined) return limit;
    const recentMs = this.#recent.add(this.#median.add(latencyMs));
    const queue = Math.ceil(limit * (1 - this.#baseline.add(recentMs) / recentMs));
    this.#throughput.add(inFlight, inFlight / (recentMs / 1_000));
    this.#latency.add(inFlight, recentMs);
    return this.#capped(limit, limit + this.#direction(limit, queue, sample.full) * stepOf(limit), inFlight);
  }

  /** -1 to shrink, 1 to grow, 0 to stay. */
  #direction(limit: number, queue: number, full: boolean): number {
    const step = stepOf(limit);
    if (queue > 6 * step) return -1;
    if (full && this.#overloaded()) return -1;
    return queue < 3 * step ? 1 : 0;
  }

  /** Whether more calls under way have not brought more answers lately, only slower ones. */
  #overloaded(): boolean {
    const throughput = this.#throughput.correlation;
    if (throughput < 0) return true;
    return this.#latency.correlation > 0.5 && (throughput < 0.3 || this.#throughput.variationOfY < 0.2);
  }

  /** Keeps the limit near what is used, coming down by steps, so that a pause does not take it all away. */
  #capped(from: number, to: number, inFlight: number): number {
    const { maxLimitFactor, maxLimitFactorDecay } = this.#settings;
    const factor = Math.max(1, maxLimitFactor - maxLimitFactorDecay * Math.log10(Math.max(1, inFlight)));
    const highest = Math.max(1, inFlight) * factor;
    if (to <= highest) return to;
    return from > highest ? from - stepOf(from) : highest;
  }
}
