import type { FastifyInstance } from 'fastify';
import type { Readiness } from '../../service/readiness.ts';
import { ApiError } from '../api-error.ts';
import { succeeded } from '../envelope.ts';
import type { UserRepository } from '../users/repository.ts';

/** Alive means that the process answers; ready means that it wants work and has its database. */
export function healthRoutes(app: FastifyInstance, repository: UserRepository, readiness: Readiness): void {
  app.get('/healthz', async () => succeeded({ status: 'ok' }));

  app.get('/readyz', async (request) => {
    if (readiness.stopping) throw notReady('the service is stopping');
    try {
      await repository.ping();
    } catch (error) {
      request.log.warn({ err: error }, 'the database does not answer');
      throw notReady('the database does not answer');
    }
    return succeeded({ status: 'ready' });
  });
}

function notReady(message: string): ApiError {
  return new ApiError({ status: 503, code: 'NOT_READY', message });
}
