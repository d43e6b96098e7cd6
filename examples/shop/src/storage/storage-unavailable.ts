/** SQLite result codes that pass by themselves: busy and locked. Extended codes keep the primary one in the low byte. */
const SQLITE_PASSING = new Set([5, 6]);

/** Node's codes for a database server that is not there. */
const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * PostgreSQL states: connection trouble (08), too few resources (53), operator intervention such as a shutdown or a
 * statement timeout (57), a serialization failure or deadlock (40), a lock that could not be had in time (55P03).
 */
const POSTGRES_PASSING = /^(?:08|53|57|40)[0-9A-Z]{3}$|^55P03$/;

/**
 * True when the database, not the request, is to blame and the same request may succeed later: the difference between
 * answering 503 and 500.
 */
export function isStorageUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('errcode' in error && typeof error.errcode === 'number') return SQLITE_PASSING.has(error.errcode & 0xff);
  if (error instanceof AggregateError) return error.errors.some(isStorageUnavailable);
  const code: unknown = 'code' in error ? error.code : undefined;
  if (typeof code === 'string') return CONNECTION_CODES.has(code) || POSTGRES_PASSING.test(code);
  // The pool and the driver raise these two without any code.
  return (
    error.message === 'timeout exceeded when trying to connect' ||
    error.message.startsWith('Connection terminated') ||
    error.message === 'Query read timeout'
  );
}
