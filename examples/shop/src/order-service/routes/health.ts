import type { FastifyInstance } from 'fastify';
import type { Readiness } from '../../service/readiness.ts';
import { ProblemError } from '../errors.ts';
import type { OrderRepository } from '../orders/repository.ts';
import type { RunningUserServiceClient } from '../users/user-service-client.ts';

export interface HealthRoutesParts {
  readonly orders: OrderRepository;
  readonly users: Pick<RunningUserServiceClient, 'controls'>;
  readonly readiness: Readiness;
}

/**
 * Alive means that the process answers; ready means that it wants work and has its database. An open circuit fails
 * neither: restarting this process would not mend the user-service, and orders of known users are taken without it.
 */
export function healthRoutes(app: FastifyInstance, { orders, users, readiness }: HealthRoutesParts): void {
  app.get('/healthz', async () => ({ status: 'ok' }));

  app.get('/readyz', async (request) => {
    if (readiness.stopping) throw notReady();
    try {
      await orders.ping();
    } catch (error) {
      request.log.warn({ err: error }, 'the database does not answer');
      throw notReady(error);
    }
    return { status: 'ready', userService: { circuit: users.controls.snapshot().breaker.state } };
  });
}

function notReady(cause?: unknown): ProblemError {
  return new ProblemError({ kind: 'not-ready', status: 503, cause });
}
