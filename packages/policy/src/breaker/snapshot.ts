import { ConfigError } from '../contract/errors.ts';
import type { BreakerCause } from '../contract/events.ts';
import { anyText, type Check, type Checks, number, oneOf, readOptions, required, whole } from '../contract/options.ts';
import type { BreakerMode } from './options.ts';

/** `isolated` is a human's doing and refuses everything; the others follow from what is seen. */
export type BreakerState = 'closed' | 'open' | 'half-open' | 'isolated';

/** A breaker at one moment, in values that survive JSON. */
export interface BreakerSnapshot {
  /** '' when unnamed. */
  readonly name: string;
  readonly mode: BreakerMode;
  readonly state: BreakerState;
  /** While isolated, what it goes back to; otherwise the same as `state`. */
  readonly beneath: Exclude<BreakerState, 'isolated'>;
  /** Transitions so far. */
  readonly epoch: number;
  /** What the latest transition was for; null before the first. */
  readonly cause: BreakerCause | null;
  /** Closed: calls in the window. Half-open: probes answered. Open: the calls or probes it opened for. */
  readonly calls: number;
  /** Failures among `calls`; of probes, also those that were slow or hung. */
  readonly failures: number;
  /** `failures / calls`, 0 without calls. */
  readonly failureRatio: number;
  /** Slow calls among `calls`, some of which may not have ended yet; 0 unless `slowMs` is set. */
  readonly slow: number;
  /** Calls that failed or were slow. */
  readonly bad: number;
  readonly consecutiveFailures: number;
  /** Openings in a row, which the open time grows by; 0 once a ramp has passed whole. */
  readonly openings: number;
  /** How much longer it stays open, in milliseconds; 0 unless open. */
  readonly openForMs: number;
  /** Probes that run; 0 unless half-open. */
  readonly probesRunning: number;
  /** The share of calls that its state lets in: 0 unless closed, rising to 1 after closing. */
  readonly admittedShare: number;
  /** The names of the handles that isolate it. While there are any, the numbers are those of the state beneath. */
  readonly isolatedBy: readonly string[];
  /** Calls that would have been refused had `mode` not been `shadow`, since it was made or reset. */
  readonly refusedInShadow: number;
}

const causes = [
  'failure-ratio',
  'consecutive-failures',
  'probes-failed',
  'probes-succeeded',
  'probes-unanswered',
  'slow-ratio',
  'bad-ratio',
  'asked-by-result',
  'open-time-over',
  'isolated',
  'released',
  'reset',
  'restored',
] as const satisfies BreakerCause[];

const causeOf = oneOf(...causes);
const aShare = number(0, 1);
const many = required(whole(0));

const checks: Checks<BreakerSnapshot> = {
  name: required(anyText),
  mode: required(oneOf('on', 'shadow', 'disabled')),
  state: required(oneOf('closed', 'open', 'half-open', 'isolated')),
  beneath: required(oneOf('closed', 'open', 'half-open')),
  epoch: many,
  cause: required({
    expected: `null or ${causeOf.expected}`,
    ok: (value): value is BreakerCause | null => value === null || causeOf.ok(value),
  } satisfies Check<BreakerCause | null>),
  calls: many,
  failures: many,
  failureRatio: required(aShare),
  slow: many,
  bad: many,
  consecutiveFailures: many,
  openings: many,
  openForMs: required(number(0)),
  probesRunning: many,
  admittedShare: required(aShare),
  isolatedBy: required({
    expected: 'an array of strings',
    ok: (value): value is string[] => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  } satisfies Check<string[]>),
  refusedInShadow: many,
};

/** Checks a snapshot that comes from outside, whole, before any of it is used. @throws ConfigError naming the field. */
export function readSnapshot(snapshot: BreakerSnapshot): BreakerSnapshot {
  const seen: BreakerSnapshot = readOptions('snapshot', snapshot, checks, {});
  const { state, beneath, calls, failures, slow, bad } = seen;
  if (state !== 'isolated' && beneath !== state) {
    throw new ConfigError('snapshot.beneath', `the same as state, which is '${state}'`, beneath);
  }
  const atMost = (name: 'failures' | 'slow' | 'bad', limit: number, what: string): void => {
    if (seen[name] > limit) throw new ConfigError(`snapshot.${name}`, `at most ${what}, which is ${limit}`, seen[name]);
  };
  atMost('failures', calls, 'calls');
  atMost('slow', calls, 'calls');
  atMost('bad', Math.min(calls, failures + slow), 'calls, and failures and slow ones together');
  if (bad < Math.max(failures, slow)) {
    throw new ConfigError('snapshot.bad', `at least ${Math.max(failures, slow)}, as many as failed or were slow`, bad);
  }
  return seen;
}
