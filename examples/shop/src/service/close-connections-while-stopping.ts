import type { FastifyInstance } from 'fastify';
import type { Readiness } from './readiness.ts';

/**
 * Lets every answer given while stopping end its connection. A server that closes ends only the connections that are
 * idle at that moment; one that is busy would afterwards be kept alive, and hold up the exit until it times out.
 */
export function closeConnectionsWhileStopping(app: FastifyInstance, readiness: Readiness): void {
  app.addHook('onSend', async (_request, reply) => {
    if (readiness.stopping) reply.header('connection', 'close');
  });
}
