import type { FastifyInstance } from 'fastify';
import { ProblemError } from '../errors.ts';
import { isLoopback } from '../loopback.ts';
import type { OrderServiceMetrics } from '../metrics.ts';

/** `GET /metrics`, for a Prometheus on this machine: it tells how the other service is called and how it does. */
export function metricsRoute(app: FastifyInstance, { registry }: OrderServiceMetrics): void {
  app.get('/metrics', async (request, reply) => {
    // By the socket, not by a header: anyone can write a header.
    if (!isLoopback(request.socket.remoteAddress)) throw new ProblemError({ kind: 'loopback-only', status: 403 });
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
