import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Visible ASCII only: no space, no CR or LF, so that an id can neither split a header nor forge a log line. */
const ACCEPTABLE = /^[\x21-\x7e]{1,200}$/;

/** The caller's request id when it is acceptable, else a new one. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && ACCEPTABLE.test(given) ? given : randomUUID();
}
