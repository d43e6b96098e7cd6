import type { ClientEvent } from '@switchgear/client';
import { isSwitchgearError } from '@switchgear/policy';

export interface ClientLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/**
 * Writes what somebody should know about the user-service: the circuit's moves, and tokens that could not be had. Single
 * calls are not written, for an outage has thousands; the telemetry counts them.
 */
export function logClientEvent(logger: ClientLogger, event: ClientEvent): void {
  switch (event.type) {
    case 'breaker.opened': {
      const { cause, evidence, openMs } = event;
      logger.warn({ cause, evidence, openMs: Math.round(openMs) }, 'the circuit to the user-service opened');
      break;
    }
    case 'breaker.half-opened':
      logger.info({ cause: event.cause }, 'the circuit to the user-service is tested by probes');
      break;
    case 'breaker.closed':
      logger.info({ cause: event.cause, evidence: event.evidence }, 'the circuit to the user-service closed');
      break;
    case 'token.refreshed': {
      if (event.ok) break;
      const reason = isSwitchgearError(event.error) ? event.error.code : undefined;
      logger.warn({ reason, generation: event.generation }, 'no token for the user-service could be had');
      break;
    }
  }
}
