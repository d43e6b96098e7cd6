import type { ServiceClientOptions } from '@switchgear/client';
import { z } from 'zod';
import { OperatorError } from '../../service/operator-error.ts';

const milliseconds = (max: number) => z.int().min(1).max(max);

const LIMITS = {
  timeout: { schema: milliseconds(60_000), expected: 'milliseconds, an integer from 1 to 60000' },
  retryAttempts: { schema: z.int().min(0).max(5), expected: 'an integer from 0 to 5' },
  retryDelay: { schema: milliseconds(30_000), expected: 'milliseconds, an integer from 1 to 30000' },
  circuitBreakerThreshold: {
    // From 1: whoever writes 0.5 means a ratio, and would open the circuit at one failure in two hundred.
    schema: z.number().min(1).max(100),
    expected: 'a percentage from 1 to 100',
  },
  circuitBreakerTimeout: { schema: milliseconds(600_000), expected: 'milliseconds, an integer from 1 to 600000' },
} as const;

/** How the user-service is called: the settings of the service clients this one replaces, in their words and units. */
export interface UserServiceClientConfig {
  /** Where the user-service is: http or https, without credentials, query or fragment. */
  readonly baseUrl: string;
  /** One attempt, in milliseconds, 1 to 60 000. */
  readonly timeout: number;
  /** Sends after the first one, 0 to 5. */
  readonly retryAttempts: number;
  /** Upper bound of the first wait before a retry, in milliseconds, 1 to 30 000; doubles with each retry. */
  readonly retryDelay: number;
  /** Opens the circuit when this many percent of the recent calls failed, or more: 1 to 100. */
  readonly circuitBreakerThreshold: number;
  /** How long the circuit stays open the first time, in milliseconds, 1 to 600 000. */
  readonly circuitBreakerTimeout: number;
}

/**
 * What holds when nothing is set. Not the customary 5 s, 3 retries, 50 % and 30 s: those keep a caller waiting for half
 * a minute, refuse the half of the calls that would succeed, and stay away long after the other side is well again.
 */
export const USER_SERVICE_DEFAULTS: Omit<UserServiceClientConfig, 'baseUrl'> = {
  timeout: 1_000,
  retryAttempts: 2,
  retryDelay: 50,
  circuitBreakerThreshold: 90,
  circuitBreakerTimeout: 1_000,
};

/** One wrong setting. `got` never holds a URL, which may carry a password. */
export interface ConfigProblem {
  readonly name: string;
  readonly expected: string;
  readonly got: string;
}

/** Lists every wrong setting at once. */
export class UserServiceConfigError extends OperatorError {
  override readonly name = 'UserServiceConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ name, expected, got }) => `  ${name}: expected ${expected}, got ${got}`);
    super(`the user-service client cannot be set up:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/** The options of `createServiceClient` that the settings decide. */
export type MappedOptions = Required<
  Pick<ServiceClientOptions, 'baseUrl' | 'deadlineMs' | 'attemptTimeoutMs' | 'retry' | 'breaker'>
>;

/**
 * Checks the settings and says the same in the words of the client.
 * @throws UserServiceConfigError listing every setting that is missing, wrong or unknown.
 */
export function toClientOptions(config: UserServiceClientConfig): MappedOptions {
  const problems = problemsOf(config);
  if (problems.length > 0) throw new UserServiceConfigError(problems);
  const { timeout, retryAttempts, retryDelay, circuitBreakerThreshold, circuitBreakerTimeout } = config;
  const bounds = Array.from({ length: retryAttempts }, (_, retry) =>
    Math.min(LONGEST_WAIT_MS, retryDelay * 2 ** retry),
  );
  return {
    baseUrl: config.baseUrl,
    // An HTTP client's timeout always was one attempt's. As the breaker's too, it would leave no time for a retry.
    attemptTimeoutMs: timeout,
    // All attempts and all waits at their longest, so that the last retry still fits; nothing runs on beyond it.
    deadlineMs: timeout * (retryAttempts + 1) + bounds.reduce((sum, bound) => sum + bound, 0),
    retry: {
      // Both count the sends after the first.
      maxRetries: retryAttempts,
      // The delay is the bound that the wait is drawn below: with the delay itself, all callers would come back at once.
      baseMs: retryDelay,
      // Never below the first bound, and capped before chance is applied, so that the longest wait is still a draw.
      maxMs: Math.max(retryDelay, bounds.at(-1) ?? retryDelay),
    },
    breaker: {
      // Percent here, a ratio there. One failure in one call is no ratio: the client's minimum of calls stays in force.
      failureRatio: circuitBreakerThreshold / 100,
      // The first time only: it grows with each opening in a row, with jitter, so that callers do not return together.
      openMs: circuitBreakerTimeout,
      maxOpenMs: Math.max(circuitBreakerTimeout, 10_000),
      // The monitoring period was 10 s. An attempt that times out must still be inside the window when it does.
      windowMs: Math.max(10_000, timeout),
      // A probe is given up by its attempt's timeout; the lease is for one that never ends, so it has to be longer.
      probeLeaseMs: Math.max(5_000, 2 * timeout),
    },
  };
}

const LONGEST_WAIT_MS = 30_000;

function problemsOf(config: UserServiceClientConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const given: Readonly<Record<string, unknown>> = { ...config };
  if (!isBaseUrl(given.baseUrl)) {
    problems.push({
      name: 'baseUrl',
      expected: 'an http or https URL without credentials, query or fragment',
      got: typeof given.baseUrl === 'string' ? 'another text (hidden)' : shown(given.baseUrl),
    });
  }
  for (const [name, { schema, expected }] of Object.entries(LIMITS)) {
    if (!schema.safeParse(given[name]).success) problems.push({ name, expected, got: shown(given[name]) });
  }
  for (const name of Object.keys(given)) {
    if (name === 'baseUrl' || Object.hasOwn(LIMITS, name)) continue;
    problems.push({ name, expected: `one of baseUrl, ${Object.keys(LIMITS).join(', ')}`, got: 'an unknown setting' });
  }
  return problems;
}

function isBaseUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : `a value of type ${typeof value}`;
}
