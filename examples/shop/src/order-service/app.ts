import { randomUUID } from 'node:crypto';
import { currentIncoming } from '@switchgear/client';
import { fastifyIncoming, LateRequestError, requestIdOf } from '@switchgear/client/server';
import { isSwitchgearError, systemRuntime } from '@switchgear/policy';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { type ServiceClock, systemClock } from '../service/clock.ts';
import { closeConnectionsWhileStopping } from '../service/close-connections-while-stopping.ts';
import { Readiness } from '../service/readiness.ts';
import { isStorageUnavailable } from '../storage/storage-unavailable.ts';
import { ProblemError } from './errors.ts';
import { OrderServiceMetrics } from './metrics.ts';
import type { OrderRepository } from './orders/repository.ts';
import { announceLanguage, languageOf } from './request-language.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoute } from './routes/metrics.ts';
import { opsRoutes } from './routes/ops.ts';
import { orderRoutes } from './routes/orders.ts';
import { Telemetry } from './telemetry.ts';
import { UserDirectory, type UserDirectoryOptions } from './users/user-directory.ts';
import type { RunningUserServiceClient } from './users/user-service-client.ts';

export interface OrderServiceParts {
  readonly orders: OrderRepository;
  readonly users: RunningUserServiceClient;
  readonly logger: FastifyBaseLogger;
  readonly readiness?: Readiness;
  readonly clock?: ServiceClock;
  readonly directory?: UserDirectoryOptions;
  /** @default a random UUID */
  readonly newOrderId?: () => string;
}

const BODY_BYTES = 64 * 1024;
/** Longer than the 4 s after which clients let go of an idle connection, so that it is not closed under a request. */
const KEEP_ALIVE_MS = 10_000;
/** The longest time a request may take to arrive. */
const REQUEST_MS = 10_000;

/** The service without a socket: `listen` makes it a server, `inject` a test. */
export function buildOrderService(parts: OrderServiceParts): FastifyInstance {
  const { orders, users, logger, readiness = new Readiness(), clock = systemClock, newOrderId = randomUUID } = parts;
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    // One line per request, written below with the route's template, says more than fastify's two with the raw URL.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    bodyLimit: BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    frameworkErrors: (error, request: FastifyRequest, reply: FastifyReply) =>
      void answerProblem(toProblem(error), request, reply),
  });

  app.register(fastifyIncoming({}, { ...systemRuntime, clock }));
  const telemetry = new Telemetry(clock);
  const stopListening = users.controls.on((event) => telemetry.hear(event));
  const metrics = new OrderServiceMetrics();
  metrics.watch(users);
  app.addHook('onClose', async () => {
    stopListening();
    metrics.close();
  });
  const directory = new UserDirectory(
    { users, clock, onHidden: (error) => logger.debug({ err: error }, 'a name is shown without the user-service') },
    parts.directory,
  );

  app.addHook('onRequest', async (_request, reply) => {
    // Orders are somebody's; no cache on the way may keep them.
    reply.header('cache-control', 'no-store');
  });
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'unmatched',
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime),
      },
      'answered',
    );
  });
  app.setErrorHandler<Error>((error, request, reply) => {
    const left = currentIncoming()?.signal;
    if (left?.aborted === true && error === left.reason) {
      request.log.info('the caller has left');
      // Nobody reads it; the status is for the log.
      return reply.code(CALLER_LEFT).send();
    }
    const problem = toProblem(error);
    if (problem.status >= 500) logProblem(request.log, problem, error);
    return answerProblem(problem, request, reply);
  });
  app.setNotFoundHandler(() => {
    throw new ProblemError({ kind: 'route-not-found', status: 404 });
  });

  closeConnectionsWhileStopping(app, readiness);
  announceLanguage(app);
  healthRoutes(app, { orders, users, readiness });
  metricsRoute(app, metrics);
  opsRoutes(app, users, telemetry);
  orderRoutes(app, { orders, directory, telemetry, clock, newOrderId });
  return app;
}

function answerProblem(problem: ProblemError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type(PROBLEM_JSON)
    .send(JSON.stringify(problem.body(languageOf(request))));
}

/** What nginx has for it; there is no standard one. */
const CALLER_LEFT = 499;
const PROBLEM_JSON = 'application/problem+json';

/** A defect is an error, with its stack. What passes by itself is one line, for an outage writes a thousand of them. */
function logProblem(log: FastifyBaseLogger, problem: ProblemError, error: Error): void {
  const cause = problem.cause ?? error;
  if (problem.kind === 'internal') log.error({ err: cause }, 'the request failed');
  else if (isSwitchgearError(cause)) log.warn({ code: cause.code, why: cause.explain() }, 'the user-service is away');
  else
    log.warn(
      { problem: problem.kind, why: cause instanceof Error ? cause.message : undefined },
      'the request has to be sent again later',
    );
}

/** What the caller is told of an error. Only a `ProblemError` was written for the caller; of all others, just the kind. */
function toProblem(error: Error | FastifyError): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof LateRequestError) return new ProblemError({ kind: 'too-late', status: error.status });
  if (isStorageUnavailable(error)) {
    const headers = { 'retry-after': '1' };
    return new ProblemError({ kind: 'storage-unavailable', status: 503, headers, cause: error });
  }
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  switch (status) {
    case 413:
      return new ProblemError({ kind: 'body-too-large', status });
    case 415:
      return new ProblemError({ kind: 'unsupported-media-type', status });
    default:
      return status >= 400 && status < 500
        ? new ProblemError({ kind: 'invalid-request', status })
        : new ProblemError({ kind: 'internal', status: 500, cause: error });
  }
}
