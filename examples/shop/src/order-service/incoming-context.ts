import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Incoming, readIncoming, withIncoming } from '@switchgear/client';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** The caller's request id when it is acceptable, else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  return readIncoming(headers).requestId ?? randomUUID();
}

/**
 * Lets every call made for a request inherit its deadline, trace and request id. Read when the request arrives, so that
 * reading the body costs the caller's time and not ours; entered once the body is there, because what the socket emits
 * later does not run in the context of the hook that came first.
 */
export function inheritIncoming(app: FastifyInstance): void {
  const arrived = new WeakMap<FastifyRequest, Incoming>();
  app.addHook('onRequest', async (request, reply) => {
    arrived.set(request, { ...readIncoming(request.headers), requestId: request.id });
    reply.header('x-request-id', request.id);
  });
  app.addHook('preHandler', (request, _reply, done) => {
    const incoming = arrived.get(request);
    if (incoming === undefined) done();
    else withIncoming(incoming, done);
  });
}
