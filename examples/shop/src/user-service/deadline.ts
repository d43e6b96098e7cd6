import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ServiceClock } from '../service/clock.ts';
import { deadlineExceeded } from './api-error.ts';

/** The milliseconds the caller will still wait, counted from when the request is read. */
export const DEADLINE_HEADER = 'x-request-deadline-ms';

/**
 * Refuses work nobody waits for any more: at once when the deadline has passed on arrival, and again before the handler,
 * for the request may have waited on the way.
 */
export function refuseLateRequests(app: FastifyInstance, clock: ServiceClock): void {
  const endsAt = new WeakMap<FastifyRequest, number>();
  app.addHook('onRequest', async (request) => {
    const remainingMs = readDeadline(request.headers[DEADLINE_HEADER]);
    if (remainingMs === undefined) return;
    if (remainingMs <= 0) throw deadlineExceeded();
    endsAt.set(request, clock.now() + remainingMs);
  });
  app.addHook('preHandler', async (request) => {
    const end = endsAt.get(request);
    if (end !== undefined && clock.now() >= end) throw deadlineExceeded();
  });
}

/** A header that is not a number says nothing about a deadline, and a broken hint must not fail a good request. */
function readDeadline(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^-?\d{1,15}(?:\.\d{1,9})?$/.test(header) ? Number(header) : undefined;
}
