import { ConfigError } from '../contract/errors.ts';
import { type Checks, milliseconds, number, readOptions } from '../contract/options.ts';
import type { Limit, LimitFactory, LimitSample } from './limit.ts';

/** How the AIMD algorithm moves a limit. */
export interface AimdOptions {
  /** What is left of the limit after a drop: at least 0.5, below 1. @default 0.9 */
  readonly backoffRatio?: number;
  /**
   * A window whose calls took longer than this on average counts as one with drops, in milliseconds, above 0. The only
   * way in which this algorithm hears of latency: set it to what is too slow for you. @default 5_000
   */
  readonly slowMs?: number;
}

/** What holds where `AimdOptions` are silent. */
export const aimdDefaults: Required<AimdOptions> = Object.freeze({ backoffRatio: 0.9, slowMs: 5_000 });

const checks: Checks<AimdOptions> = { backoffRatio: number(0.5, 1), slowMs: milliseconds() };

/**
 * Adds one place per window while all goes well, and takes a tenth of them away when calls were dropped: throttled, out
 * of time, or far too slow. It finds the limit by running into it, so it suits a target that says no.
 * Source: `AIMDLimit` in Netflix/concurrency-limits, after Chiu and Jain, 1989.
 * @throws ConfigError with a path such as `aimd.backoffRatio`.
 */
export function aimdLimit(options: AimdOptions = {}): LimitFactory {
  const settings = readOptions('aimd', options, checks, aimdDefaults);
  if (settings.backoffRatio === 1) throw new ConfigError('aimd.backoffRatio', 'a number below 1', 1);
  return () => new Aimd(settings);
}

class Aimd implements Limit {
  readonly name = 'aimd';
  readonly #settings: Required<AimdOptions>;

  constructor(settings: Required<AimdOptions>) {
    this.#settings = settings;
  }

  onSample(limit: number, { latencyMs, inFlight, dropped }: LimitSample): number {
    const { backoffRatio, slowMs } = this.#settings;
    // Whole numbers only: a tenth of a small limit must cost a place, or it would stay where calls are dropped.
    if (dropped || (latencyMs !== undefined && latencyMs > slowMs)) return Math.floor(limit * backoffRatio);
    return latencyMs !== undefined && inFlight * 2 >= limit ? limit + 1 : limit;
  }
}
