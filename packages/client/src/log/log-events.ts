import { ConfigError } from '@switchgear/policy';
import { number, readOptions, whole } from '@switchgear/policy/options';
import type { ClientControls } from '../controls/client-controls.ts';
import type { ClientEvent } from '../events.ts';
import { lineOf, loggedEvents } from './line-of.ts';
import { LineRate } from './line-rate.ts';
import type { EventLogger } from './logger.ts';
import { oneLine, readable } from './one-line.ts';

export interface LogEventsOptions {
  /**
   * Lines per second, above 0, of each kind: an operation and a fate, or a type of event and what it is about. An outage
   * has thousands of failed calls; the metrics count them. @default 1
   */
  readonly linesPerSecond?: number;
  /** Lines of a kind that are written at once after a pause, a whole number of at least 1. @default 5 */
  readonly burst?: number;
}

/** What `logEvents` takes when it is told nothing. */
export const logEventsDefaults: Required<LogEventsOptions> = Object.freeze({ linesPerSecond: 1, burst: 5 });

/**
 * Writes a line for every transition and for every call that came to nothing, with its explanation. Each event is one
 * line, whatever the other side said: control characters are written out. No header, body, query value, credential or
 * message of somebody else's error is in any of them. Beyond a rate lines are left out, and the next one says how many.
 * @returns Stops it.
 * @throws ConfigError with a path such as `logEvents.burst`.
 */
export function logEvents(
  client: Pick<ClientControls, 'on'>,
  logger: EventLogger,
  options: LogEventsOptions = {},
): () => void {
  for (const level of ['info', 'warn', 'error'] as const) {
    if (typeof logger?.[level] !== 'function') {
      throw new ConfigError('logEvents.logger', 'a logger with info, warn and error', logger);
    }
  }
  const { linesPerSecond, burst } = readOptions(
    'logEvents',
    options,
    { linesPerSecond: number(0.001, 1_000_000), burst: whole(1, 1_000_000) },
    logEventsDefaults,
  );
  const rate = new LineRate(linesPerSecond, burst);
  return client.on((event) => {
    const line = lineOf(event);
    if (line === undefined) return;
    const leftOut = rate.admit(kindOf(event), event.at);
    if (leftOut === undefined) return;
    const facts = readable(line.facts);
    logger[line.level](leftOut > 0 ? { ...facts, leftOut } : facts, oneLine(line.message));
  }, loggedEvents);
}

/** What shares a rate. */
function kindOf(event: ClientEvent): string {
  if (event.type === 'call.finished') return `${event.operation} ${event.fate}`;
  if ('breaker' in event) return `${event.type} ${event.breaker}`;
  return 'host' in event ? `${event.type} ${event.host}` : event.type;
}
