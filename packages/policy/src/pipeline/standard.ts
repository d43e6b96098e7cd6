import { breaker, type CircuitBreaker } from '../breaker/breaker.ts';
import type { BreakerOptions } from '../breaker/options.ts';
import { type Bulkhead, bulkhead } from '../bulkhead/bulkhead.ts';
import type { BulkheadOptions } from '../bulkhead/options.ts';
import { ConfigError } from '../contract/errors.ts';
import { anyText, type Check, type Checks, callable, milliseconds, readOptions } from '../contract/options.ts';
import type { Classify } from '../contract/outcome.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { type RetryOptions, retryDefaults } from '../retry/options.ts';
import { retry } from '../retry/retry.ts';
import { type RetryBudget, type RetryBudgetOptions, retryBudget } from '../retry/retry-budget.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { deadline } from '../timeout/deadline.ts';
import { Pipeline } from './pipeline.ts';

/** The recommended stack's settings: two times that have to be thought about, and the policies' own for the rest. */
export interface StandardOptions {
  /** The target, as it stands in errors and events. @default '' */
  readonly name?: string;
  /** The whole call, in milliseconds. @default 3_000 */
  readonly deadlineMs?: number;
  /** One attempt, in milliseconds; at most `deadlineMs`. @default 1_000 */
  readonly attemptTimeoutMs?: number;
  /** When and how often to send again. @default the defaults of retry */
  readonly retry?: Omit<RetryOptions, 'budget' | 'classify'>;
  /** How much retries may add to the load. @default the defaults of retryBudget */
  readonly budget?: RetryBudgetOptions;
  /** When to stop asking a target that fails. @default the defaults of breaker */
  readonly breaker?: Omit<BreakerOptions, 'name' | 'classify'>;
  /** How many calls may be under way. @default the defaults of bulkhead */
  readonly bulkhead?: Omit<BulkheadOptions, 'name' | 'classify'>;
  /** Judges outcomes, for all of them. @default none */
  readonly classify?: Classify;
}

/** What `standard()` takes when it is told nothing. */
export const standardDefaults: Required<Pick<StandardOptions, 'name' | 'deadlineMs' | 'attemptTimeoutMs'>> =
  Object.freeze({
    name: '',
    deadlineMs: 3_000,
    attemptTimeoutMs: 1_000,
  });

/** The recommended stack, with the parts that one wants to look at. */
export class Standard extends Pipeline<never> {
  readonly breaker: CircuitBreaker;
  readonly bulkhead: Bulkhead;
  readonly budget: RetryBudget;

  /** @throws ConfigError if a setting is wrong, or settings contradict each other. */
  constructor(options: StandardOptions = {}, runtime: Runtime = systemRuntime) {
    const settings = readOptions('standard', options, standardChecks, standardDefaults);
    checkTogether(settings);
    const { name, deadlineMs, attemptTimeoutMs } = settings;
    const shared = settings.classify === undefined ? {} : { classify: settings.classify };
    const budget = retryBudget(settings.budget ?? {}, runtime);
    const places = bulkhead({ ...settings.bulkhead, ...shared, name }, runtime);
    const circuit = breaker(
      { probeLeaseMs: leaseFor(attemptTimeoutMs), ...settings.breaker, ...shared, name },
      runtime,
    );
    super([
      deadline({ deadlineMs }, runtime), // outermost, so that every wait below is inside it
      places, // one place per call, so that the retries of one caller never crowd out another
      retry({ ...settings.retry, ...shared, budget }, runtime), // above the breaker, which must hear every attempt
      circuit, // below retry and above the timeout, so that a hung attempt is a failure it hears of
      attemptTimeout({ attemptTimeoutMs }, runtime), // innermost: its error is what breaker and retry see
    ]);
    this.breaker = circuit;
    this.bulkhead = places;
    this.budget = budget;
  }
}

/**
 * The recommended stack: deadline, bulkhead, retry within a budget, breaker, attempt timeout. One per target, kept.
 * @throws ConfigError if a setting is wrong, or settings contradict each other.
 */
export function standard(options: StandardOptions = {}, runtime: Runtime = systemRuntime): Standard {
  return new Standard(options, runtime);
}

const nested = <T>(): Check<T> => ({
  expected: 'an object of options',
  ok: (value): value is T => typeof value === 'object' && value !== null && !Array.isArray(value),
});

/** A check per option of the stack; what is nested is checked by the policy it is for. */
export const standardChecks: Checks<StandardOptions> = {
  name: anyText,
  deadlineMs: milliseconds(),
  attemptTimeoutMs: milliseconds(),
  retry: nested(),
  budget: nested(),
  breaker: nested(),
  bulkhead: nested(),
  classify: callable<Classify>(),
};

type Settings = StandardOptions & typeof standardDefaults;

/** What each policy alone cannot see. Each message says why the two do not go together. */
function checkTogether({
  deadlineMs,
  attemptTimeoutMs,
  retry: said,
  breaker: circuit,
  bulkhead: places,
}: Settings): void {
  const refuse = (path: string, expected: string, got: unknown): never => {
    throw new ConfigError(`standard.${path}`, expected, got);
  };
  if (attemptTimeoutMs > deadlineMs) {
    refuse(
      'attemptTimeoutMs',
      `at most deadlineMs, which is ${deadlineMs}: no attempt could ever use it up`,
      attemptTimeoutMs,
    );
  }
  if (circuit?.windowMs !== undefined && circuit.windowMs < attemptTimeoutMs) {
    const why = 'a timeout would leave the window as it enters';
    refuse('breaker.windowMs', `at least attemptTimeoutMs, which is ${attemptTimeoutMs}: ${why}`, circuit.windowMs);
  }
  if (circuit?.probeLeaseMs !== undefined && circuit.probeLeaseMs <= attemptTimeoutMs) {
    const why = 'a probe would fail while its answer is on the way';
    refuse(
      'breaker.probeLeaseMs',
      `more than attemptTimeoutMs, which is ${attemptTimeoutMs}: ${why}`,
      circuit.probeLeaseMs,
    );
  }
  if (circuit?.slowMs !== undefined && circuit.slowMs >= attemptTimeoutMs) {
    const why = 'an attempt would be given up before it is slow';
    refuse('breaker.slowMs', `less than attemptTimeoutMs, which is ${attemptTimeoutMs}: ${why}`, circuit.slowMs);
  }
  const { maxRetries = retryDefaults.maxRetries, baseMs = retryDefaults.baseMs } = said ?? {};
  if (maxRetries > 0 && baseMs >= deadlineMs) {
    refuse('retry.baseMs', `less than deadlineMs, which is ${deadlineMs}: a retry could hardly ever fit`, baseMs);
  }
  if (places?.queueTimeoutMs !== undefined && places.queueTimeoutMs >= deadlineMs) {
    const why = 'a call would spend all of it in the queue';
    refuse('bulkhead.queueTimeoutMs', `less than deadlineMs, which is ${deadlineMs}: ${why}`, places.queueTimeoutMs);
  }
}

/** A probe is given up by its attempt timeout; the lease is for one that never ends, so it has to be longer. */
function leaseFor(attemptTimeoutMs: number): number {
  return Math.max(5_000, 2 * attemptTimeoutMs);
}
