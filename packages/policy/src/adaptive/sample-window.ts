import { LatencyHistogram } from '../stats/latency-histogram.ts';
import type { LimitSample } from './limit.ts';

/** Faster answers than this never left the machine, and say nothing about the other side. */
const shortestMs = 0.1;
/** A window that has not filled by now is begun anew: what it holds is too old to be held against newer calls. */
const longestMs = 30_000;

/** What a window goes by. */
export interface SampleWindowSettings {
  readonly windowMs: number;
  readonly minimumSamples: number;
  /** From this share of drops on, the window counts as one with drops. */
  readonly dropRatio: number;
  /** The mean when `undefined`. */
  readonly quantile: number | undefined;
}

/**
 * Sums up what calls told, until it is enough to move a limit by: a second at least, or twice the fastest call where
 * calls take longer than half of one, and so many calls. A single call is too random to go by.
 * Source: `WindowedLimit` in Netflix/concurrency-limits and the recent window of failsafe-go.
 */
export class SampleWindow {
  readonly #settings: SampleWindowSettings;
  /** Only where a quantile is wanted. */
  readonly #latencies: LatencyHistogram | undefined;
  #answered = 0;
  #drops = 0;
  #sumMs = 0;
  #fastestMs = Number.POSITIVE_INFINITY;
  #inFlight = 0;
  #beganAt = Number.NEGATIVE_INFINITY;
  #lengthMs: number;

  constructor(settings: SampleWindowSettings) {
    this.#settings = settings;
    this.#latencies = settings.quantile === undefined ? undefined : new LatencyHistogram();
    this.#lengthMs = settings.windowMs;
  }

  /** Calls were answered or dropped so far in this window. */
  get samples(): number {
    return this.#answered + this.#drops;
  }

  /** So many calls are under way, the one that begins included. */
  began(inFlight: number): void {
    if (inFlight > this.#inFlight) this.#inFlight = inFlight;
  }

  /** A call was answered. @param inFlight Calls under way, this one included. */
  answered(latencyMs: number, now: number, inFlight: number): void {
    if (latencyMs < shortestMs || !Number.isFinite(latencyMs)) return;
    this.#begin(now, inFlight);
    this.#answered++;
    this.#sumMs += latencyMs;
    if (latencyMs < this.#fastestMs) this.#fastestMs = latencyMs;
    this.#latencies?.record(latencyMs);
  }

  /** A call was throttled or ran out of time: how long that took is no latency. */
  dropped(now: number, inFlight: number): void {
    this.#begin(now, inFlight);
    this.#drops++;
  }

  /** What the window told, once it has told enough; the next one begins then. */
  take(now: number, inFlight: number, full: boolean): LimitSample | undefined {
    const { minimumSamples, dropRatio, quantile, windowMs } = this.#settings;
    if (now - this.#beganAt < this.#lengthMs || this.samples < minimumSamples) return undefined;
    const mean = this.#answered === 0 ? undefined : this.#sumMs / this.#answered;
    const sample: LimitSample = {
      latencyMs: quantile === undefined ? mean : this.#latencies?.quantile(quantile),
      inFlight: this.#inFlight,
      full,
      dropped: this.#drops >= Math.max(1, dropRatio * this.samples),
    };
    // Calls slower than the window would otherwise fill it with those that began before it.
    const fastest = this.#answered === 0 ? 0 : this.#fastestMs;
    this.#lengthMs = Math.min(Math.max(2 * fastest, windowMs), Math.max(windowMs, longestMs));
    this.#clear(now, inFlight);
    return sample;
  }

  /** A window begins with its first sample, or where the one before it ended if that was just now. */
  #begin(now: number, inFlight: number): void {
    const tooOldMs = this.samples === 0 ? this.#lengthMs : this.#lengthMs + longestMs;
    if (now - this.#beganAt > tooOldMs) this.#clear(now, inFlight);
  }

  #clear(now: number, inFlight: number): void {
    this.#answered = 0;
    this.#drops = 0;
    this.#sumMs = 0;
    this.#fastestMs = Number.POSITIVE_INFINITY;
    this.#inFlight = inFlight;
    this.#beganAt = now;
    this.#latencies?.clear();
  }
}
