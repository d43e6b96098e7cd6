import type { FastifyInstance } from 'fastify';
import { ProblemError } from '../errors.ts';
import { isLoopback } from '../loopback.ts';
import type { OpsReport, Telemetry } from '../telemetry.ts';
import type { RunningUserServiceClient } from '../users/user-service-client.ts';

/** `GET /ops/user-service`, for this machine only: it tells how the other service is called and how it does. */
export function opsRoutes(app: FastifyInstance, users: RunningUserServiceClient, telemetry: Telemetry): void {
  app.get('/ops/user-service', async (request): Promise<OpsReport> => {
    // By the socket, not by a header: anyone can write a header.
    if (!isLoopback(request.socket.remoteAddress)) throw new ProblemError({ kind: 'loopback-only', status: 403 });
    const { controls, maxAttempts, deadlineMs } = users;
    return {
      service: 'order-service',
      promises: { maxAttempts, deadlineMs },
      ...telemetry.report(),
      gauges: controls.snapshot(),
      circuit: controls.explain(),
      policies: controls.describe(),
    };
  });
}
