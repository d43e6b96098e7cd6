import { WindowedHistogram } from '../stats/latency-histogram.ts';
import type { HedgeSettings } from './options.ts';

/** How long a copy is given before the next one. */
export interface Pace {
  /** In milliseconds from now on; `undefined` while no further copy is to be sent, Infinity when only after a failure. */
  delayMs(now: number): number | undefined;
  /** Hears how long a first copy took; nothing else says how long a call takes by itself. */
  took(ms: number, now: number): void;
  /** Whether anyone listens to `took`. */
  readonly learns: boolean;
  describe(): string;
}

/** The pace that the settings ask for. */
export function paceOf(settings: HedgeSettings<unknown>, now: number): Pace {
  return settings.delayMs === undefined ? new LivePace(settings, now) : new FixedPace(settings.delayMs);
}

class FixedPace implements Pace {
  readonly learns = false;
  readonly #delayMs: number;

  constructor(delayMs: number | 'on-failure') {
    this.#delayMs = delayMs === 'on-failure' ? Number.POSITIVE_INFINITY : delayMs;
  }

  delayMs(): number {
    return this.#delayMs;
  }

  took(): void {}

  describe(): string {
    if (this.#delayMs === 0) return 'all at once';
    return this.#delayMs === Number.POSITIVE_INFINITY ? 'when one has failed' : `after ${this.#delayMs} ms`;
  }
}

/** What a live pace is made of. */
export interface LiveSettings {
  readonly quantile: number;
  readonly minimumSamples: number;
  readonly windowMs: number;
  readonly warmUpDelayMs?: number | undefined;
}

/** How often the quantile is looked up anew: it moves slowly, and looking it up walks the histogram. */
const lookUpsPerWindow = 100;

/** Follows a quantile of the latencies seen lately. */
export class LivePace implements Pace {
  readonly learns = true;
  readonly #quantile: number;
  readonly #minimumSamples: number;
  readonly #warmUpDelayMs: number | undefined;
  readonly #latencies: WindowedHistogram;
  readonly #keepMs: number;
  #delayMs: number | undefined;
  #keepUntil = Number.NEGATIVE_INFINITY;

  constructor(settings: LiveSettings, now: number) {
    this.#quantile = settings.quantile;
    this.#minimumSamples = settings.minimumSamples;
    this.#warmUpDelayMs = settings.warmUpDelayMs;
    this.#latencies = new WindowedHistogram(settings.windowMs, now);
    this.#keepMs = settings.windowMs / lookUpsPerWindow;
  }

  delayMs(now: number): number | undefined {
    if (now < this.#keepUntil) return this.#delayMs;
    if (this.#latencies.count(now) < this.#minimumSamples) return this.#warmUpDelayMs;
    this.#keepUntil = now + this.#keepMs;
    this.#delayMs = this.#latencies.quantile(this.#quantile, now);
    return this.#delayMs;
  }

  took(ms: number, now: number): void {
    this.#latencies.record(ms, now);
  }

  describe(): string {
    const first = this.#warmUpDelayMs === undefined ? 'none' : `after ${this.#warmUpDelayMs} ms`;
    return `after the ${this.#quantile} quantile, ${first} before ${this.#minimumSamples} latencies`;
  }
}
