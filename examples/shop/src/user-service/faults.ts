import { seededRandom } from '@switchgear/policy/testing';
import { z } from 'zod';

export const FAILURES = ['503', '500', 'reset'] as const;
export type Failure = (typeof FAILURES)[number];

export const FaultSettingsSchema = z.strictObject({
  latencyMs: z.int().min(0).max(60_000).default(0),
  failureRatio: z.number().min(0).max(1).default(0),
  seed: z.int().default(1),
  failures: z
    .array(z.enum(FAILURES))
    .min(1)
    .default([...FAILURES]),
});
export type FaultSettings = z.output<typeof FaultSettingsSchema>;

/** Waits; a signal ends the wait early and without an error. */
export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/** What is to happen to one request. */
export interface Fault {
  readonly latencyMs: number;
  readonly failure: Failure | undefined;
}

const NOTHING: Fault = { latencyMs: 0, failure: undefined };

/** Makes a healthy service ill on purpose. The same settings give the n-th request the same fault, run after run. */
export class FaultInjector {
  readonly sleep: Sleep;
  #settings: FaultSettings | undefined;
  #random = seededRandom(0);

  constructor(sleep: Sleep = sleepOnTimer) {
    this.sleep = sleep;
  }

  /** Undefined while the service is left alone. */
  get settings(): FaultSettings | undefined {
    return this.#settings;
  }

  inject(settings: FaultSettings): void {
    this.#settings = settings;
    this.#random = seededRandom(settings.seed);
  }

  clear(): void {
    this.#settings = undefined;
  }

  /** Draws the fault of the next request. */
  next(): Fault {
    const settings = this.#settings;
    if (settings === undefined) return NOTHING;
    // Both are drawn for every request, so that changing one setting does not shift the other's sequence.
    const fails = this.#random() < settings.failureRatio;
    const which = settings.failures[Math.floor(this.#random() * settings.failures.length)];
    return { latencyMs: settings.latencyMs, failure: fails ? which : undefined };
  }
}

function sleepOnTimer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done);
  });
}
