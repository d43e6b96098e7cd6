import { anyText, type Checks, callable, milliseconds, readOptions, whole } from '../contract/options.ts';
import type { Classify } from '../contract/outcome.ts';

/** How many calls may run at once, and who may wait for a place. */
export interface BulkheadOptions {
  /** Calls that run at once, a whole number of at least 1. @default 64 */
  readonly maxConcurrent?: number;
  /** Calls that wait for a place, a whole number of at least 0; 0 refuses at once when all are taken. @default 64 */
  readonly maxQueue?: number;
  /**
   * The longest wait for a place, in milliseconds, above 0; less when the call's deadline is nearer. A place that comes
   * after the caller would have lost patience is wasted work. @default 1_000
   */
  readonly queueTimeoutMs?: number;
  /** What it protects, for errors and events of calls that name no target. @default '' */
  readonly name?: string;
  /** Judges how the work ended, for those who look at the verdict; a place is freed whatever it says. @default none */
  readonly classify?: Classify;
}

/** What applies where an option is left out. */
export const bulkheadDefaults: Required<Omit<BulkheadOptions, 'classify'>> = Object.freeze({
  maxConcurrent: 64,
  maxQueue: 64,
  queueTimeoutMs: 1_000,
  name: '',
});

/** Options that have been read. */
export type BulkheadSettings = Required<Omit<BulkheadOptions, 'classify'>> & Pick<BulkheadOptions, 'classify'>;

const checks: Checks<BulkheadOptions> = {
  maxConcurrent: whole(1),
  maxQueue: whole(0),
  queueTimeoutMs: milliseconds(),
  name: anyText,
  classify: callable<Classify>(),
};

/**
 * Checks what was given and fills in the rest.
 * @throws ConfigError with a path such as `bulkhead.maxQueue`.
 */
export function readBulkheadOptions(given: BulkheadOptions): BulkheadSettings {
  return readOptions('bulkhead', given, checks, bulkheadDefaults);
}
