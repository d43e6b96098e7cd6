import type { Call } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import { anyText, type Check, type Checks, callable, milliseconds, readOptions, whole } from '../contract/options.ts';
import type { Classify } from '../contract/outcome.ts';
import { type Criticality, criticalities, type QueueShares } from './criticality.ts';

/** The bounds that may be changed while a bulkhead is in use. */
export type BulkheadBounds = Pick<BulkheadOptions, 'maxConcurrent' | 'maxQueue'>;

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
  /**
   * How much it matters that a call is made, asked of those that have to wait. A freed place goes to the most critical
   * of them, to the first of these. One that throws or answers nonsense makes the call `critical`. @default none
   */
  readonly priority?: (call: Call) => Criticality;
  /**
   * Up to which share of the queue calls of each class may join it, from 0 to 1, where `priority` is given; the rest is
   * kept free for more critical ones. No class may have more than one above it.
   * @default {"critical-plus":1,"critical":0.75,"sheddable-plus":0.5,"sheddable":0.25}
   */
  readonly queueShares?: QueueShares;
}

/** What applies where an option is left out. */
export const bulkheadDefaults: Required<Omit<BulkheadOptions, 'classify' | 'priority'>> = Object.freeze({
  maxConcurrent: 64,
  maxQueue: 64,
  queueTimeoutMs: 1_000,
  name: '',
  queueShares: Object.freeze({ 'critical-plus': 1, critical: 0.75, 'sheddable-plus': 0.5, sheddable: 0.25 }),
});

/** Options that have been read. */
export type BulkheadSettings = Required<Omit<BulkheadOptions, 'classify' | 'priority'>> &
  Pick<BulkheadOptions, 'classify' | 'priority'>;

const queueShares: Check<QueueShares> = {
  expected: `an object with a number from 0 to 1 for each of ${criticalities.join(', ')}`,
  ok: (value): value is QueueShares =>
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).every((name) => (criticalities as readonly string[]).includes(name)) &&
    criticalities.every((name) => {
      const share: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
      return typeof share === 'number' && share >= 0 && share <= 1;
    }),
};

const checks: Checks<BulkheadOptions> = {
  maxConcurrent: whole(1),
  maxQueue: whole(0),
  queueTimeoutMs: milliseconds(),
  name: anyText,
  classify: callable<Classify>(),
  priority: callable<(call: Call) => Criticality>(),
  queueShares,
};

/**
 * Checks what was given and fills in the rest.
 * @throws ConfigError with a path such as `bulkhead.maxQueue`.
 */
export function readBulkheadOptions(given: BulkheadOptions): BulkheadSettings {
  const settings = readOptions('bulkhead', given, checks, bulkheadDefaults);
  let most = 1;
  for (const name of criticalities) {
    const share = settings.queueShares[name];
    if (share > most) throw new ConfigError(`bulkhead.queueShares.${name}`, `at most ${most}, as above it`, share);
    most = share;
  }
  return settings;
}

/**
 * Checks new bounds and fills in those that stay.
 * @throws ConfigError with a path such as `bulkhead.resize.maxQueue`.
 */
export function readBulkheadBounds(given: BulkheadBounds, present: Required<BulkheadBounds>): Required<BulkheadBounds> {
  const { maxConcurrent, maxQueue } = checks;
  return readOptions<BulkheadBounds, Required<BulkheadBounds>>(
    'bulkhead.resize',
    given,
    { maxConcurrent, maxQueue },
    present,
  );
}
