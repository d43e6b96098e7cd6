import { ConfigError } from '@switchgear/policy';
import {
  type Check,
  type Checks,
  milliseconds,
  number,
  oneOf,
  readOptions,
  required,
  share,
  text,
} from '@switchgear/policy/options';

/** A fault that an operator injects. */
export interface FaultInjectionOptions {
  /**
   * What goes wrong: `latency` holds the attempt up before it is sent, `error` answers 503 in the service's place,
   * `reset` loses the connection. @default none
   */
  readonly kind: 'latency' | 'error' | 'reset';
  /** The share of attempts that are hit: above 0, at most 1. @default none */
  readonly rate: number;
  /** How long `latency` holds an attempt up, in milliseconds. @default none */
  readonly latencyMs?: number;
  /** The operation whose attempts are hit. @default all */
  readonly operation?: string;
  /** When it ends by itself, in milliseconds from now, at most an hour. @default none */
  readonly expiresInMs: number;
  /** Why, for whoever sees it. @default none */
  readonly reason: string;
}

/** A fault that somebody forgets must not outlast an incident. */
const longestFaultMs = 3_600_000;
const longestIsolationMs = 24 * 3_600_000;

/** A line that a page can show. */
export const reasonCheck: Check<string> = {
  expected: 'a reason, of at most 200 characters and without line breaks',
  ok: (value): value is string => text.ok(value) && value.length <= 200 && !/\p{Cc}/u.test(value),
};

/** How long an isolation may last. */
export const isolationTime: Check<number> = number(1, longestIsolationMs);

const checks: Checks<FaultInjectionOptions> = {
  kind: required(oneOf('latency', 'error', 'reset')),
  rate: required(share),
  latencyMs: milliseconds(),
  operation: text,
  expiresInMs: required(number(1, longestFaultMs)),
  reason: required(reasonCheck),
};

/** Checks a fault once. @throws ConfigError with a path such as `injectFault.rate`. */
export function readFaultInjectionOptions(
  given: FaultInjectionOptions,
  operations: readonly string[],
): FaultInjectionOptions {
  const read: FaultInjectionOptions = readOptions('injectFault', given, checks, {});
  const { kind, latencyMs, operation } = read;
  if (kind === 'latency' && latencyMs === undefined) {
    throw new ConfigError('injectFault.latencyMs', 'how long, in milliseconds', 'nothing');
  }
  if (kind !== 'latency' && latencyMs !== undefined) {
    throw new ConfigError('injectFault.latencyMs', `nothing, as kind is '${kind}'`, latencyMs);
  }
  if (operation !== undefined && !operations.includes(operation)) {
    throw new ConfigError('injectFault.operation', `one of ${operations.join(', ')}`, operation);
  }
  return read;
}
