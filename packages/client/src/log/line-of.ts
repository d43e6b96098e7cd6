import { type BreakerEvidence, isSwitchgearError } from '@switchgear/policy';
import type { CallFinished, ClientEvent, Fate } from '../events.ts';
import type { LogLevel, LogLine } from './logger.ts';

/** The events that have a line. Of all others a client makes none for the sake of a log. */
export const loggedEvents: readonly ClientEvent['type'][] = [
  'call.finished',
  'breaker.opened',
  'breaker.half-opened',
  'breaker.closed',
  'breaker.isolated',
  'token.refreshed',
  'auth.lost',
  'token.unsaved',
  'tls.reload-failed',
  'host.ejected',
  'host.returned',
  'hosts.panicked',
  'hosts.resolved',
  'interceptor.failed',
  'control.began',
  'control.ended',
  'operator.acted',
];

/** Fates of which there is a line. A "no" of the contract is an answer, and who left wants none. */
const levels: Partial<Readonly<Record<Fate, LogLevel>>> = {
  degraded: 'info',
  throttled: 'warn',
  refused: 'warn',
  'timed-out': 'warn',
  unavailable: 'warn',
  invalid: 'warn',
  unauthenticated: 'warn',
  misused: 'warn',
};

/** The line that tells of an event, or `undefined` if it needs none. */
export function lineOf(event: ClientEvent): LogLine | undefined {
  switch (event.type) {
    case 'call.finished':
      return callLine(event);
    case 'breaker.opened':
      return line('warn', event, `the breaker ${event.breaker} opened: ${inWords(event.evidence)}`);
    case 'breaker.half-opened':
      return line('info', event, `the breaker ${event.breaker} lets probes through`);
    case 'breaker.closed':
      return line('info', event, `the breaker ${event.breaker} closed`);
    case 'breaker.isolated':
      return line(
        'warn',
        event,
        `the breaker ${event.breaker} was isolated: it refuses all calls until it is released`,
      );
    case 'token.refreshed':
      return event.ok ? undefined : line('warn', event, `no token for ${event.target} could be had`);
    case 'auth.lost':
      return line('error', event, `the credentials for ${event.target} are refused: ${event.reason}`);
    case 'token.unsaved':
      return line('error', event, `new tokens of ${event.target} could not be stored: a restart would lose them`);
    case 'tls.reload-failed':
      return line('warn', event, `new certificates for ${event.target} could not be had: those before stay in use`);
    case 'host.ejected':
      return line('warn', event, `${event.host} is passed over: it does worse than the others`);
    case 'host.returned':
      return line('info', event, `${event.host} is in service again`);
    case 'hosts.panicked':
      return line('warn', event, `no host of ${event.target} takes calls: those passed over are asked as well`);
    case 'hosts.resolved':
      return hostsLine(event);
    case 'interceptor.failed':
      return line('warn', event, `the interceptor ${event.interceptor} failed in ${event.hook}`);
    case 'control.began':
      return line('warn', event, `an operator began: ${event.control.kind}`);
    case 'control.ended':
      return line('info', event, `what an operator had begun is over: ${event.control.kind}, ${event.because}`);
    case 'operator.acted':
      return line('warn', event, `an operator acted: ${event.action}`);
    default:
      return undefined;
  }
}

function callLine(event: CallFinished): LogLine | undefined {
  const level = levels[event.fate];
  if (level === undefined) return undefined;
  const { error, fate, operation, target } = event;
  const why = isSwitchgearError(error) ? error.explain() : `${target}.${operation}: ${nameOf(error)}`;
  const message = fate === 'degraded' ? `a fallback answered. ${why}` : why;
  const { attempts, durationMs, overdueMs, requestId, spanId, traceId } = event;
  const facts = { target, operation, fate, attempts, durationMs, requestId, traceId, spanId, ...errorFacts(error) };
  return { level, message, facts: overdueMs > 0 ? { ...facts, overdueMs } : facts };
}

function hostsLine(event: Extract<ClientEvent, { type: 'hosts.resolved' }>): LogLine | undefined {
  if (!event.ok)
    return line('warn', event, `the hosts of ${event.target} could not be looked up: they stay as they are`);
  if (event.added.length === 0 && event.removed.length === 0) return undefined;
  return line('info', event, `the hosts of ${event.target} changed`);
}

/** A line with all that its event says. */
function line(level: LogLevel, event: ClientEvent, message: string): LogLine {
  const { at: _at, type, error, ...facts } = event as ClientEvent & { readonly error?: unknown };
  return { level, message, facts: { event: type, ...facts, ...errorFacts(error) } };
}

/**
 * What may be told of an error. One of ours answers for what it says; what others say, such as a hook, may be a secret,
 * so it is the name alone.
 */
function errorFacts(error: unknown): Readonly<Record<string, unknown>> {
  if (error === undefined) return {};
  if (!isSwitchgearError(error)) return { error: nameOf(error) };
  const {
    message: _message,
    name: _name,
    target: _target,
    operation: _operation,
    attempts: _a,
    ...facts
  } = error.toJSON();
  return facts;
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} that is no error`;
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? `${error.name} (${code})` : error.name;
}

function inWords({ calls, consecutiveFailures, failures, slow }: BreakerEvidence): string {
  const slowly = slow === undefined || slow === 0 ? '' : `, ${slow} were slow`;
  return `${failures} of ${calls} calls failed${slowly}, the last ${consecutiveFailures} in a row`;
}
