import { fastifyIncoming, LateRequestError, requestIdOf } from '@switchgear/client/server';
import { systemRuntime } from '@switchgear/policy';
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
import { ApiError, deadlineExceeded } from './api-error.ts';
import { requireToken } from './authentication.ts';
import type { FaultInjector } from './faults.ts';
import { faultRoutes, injectFaults } from './routes/fault-injection.ts';
import { healthRoutes } from './routes/health.ts';
import { oauthTokenRoutes } from './routes/oauth-token.ts';
import { userRoutes } from './routes/users.ts';
import { userBatchRoute } from './routes/users-batch.ts';
import type { Tokens } from './tokens.ts';
import type { UserRepository } from './users/repository.ts';

export interface UserServiceParts {
  readonly repository: UserRepository;
  readonly tokens: Tokens;
  readonly logger: FastifyBaseLogger;
  /** Left out where faults are not allowed; then there is no `/faults` either. */
  readonly faults?: FaultInjector | undefined;
  readonly readiness?: Readiness;
  readonly clock?: ServiceClock;
}

const BODY_BYTES = 64 * 1024;
/** Longer than the 4 s after which clients let go of an idle connection, so that it is not closed under a request. */
const KEEP_ALIVE_MS = 10_000;
/** The longest time a request may take to arrive. */
const REQUEST_MS = 10_000;

/** The service without a socket: `listen` makes it a server, `inject` a test. */
export function buildUserService(parts: UserServiceParts): FastifyInstance {
  const { repository, tokens, faults, readiness = new Readiness(), clock = systemClock } = parts;
  const app: FastifyInstance = Fastify({
    loggerInstance: parts.logger,
    // One line per request, written below with the route's template, says more than fastify's two with the raw URL.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    bodyLimit: BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    frameworkErrors: (error, _request: FastifyRequest, reply: FastifyReply) => {
      const answer = toApiError(error);
      void reply.code(answer.status).send(answer.envelope);
    },
  });

  app.register(fastifyIncoming({}, { ...systemRuntime, clock }));
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
    const answer = toApiError(error);
    if (answer.status >= 500 && !isExpected(error)) request.log.error({ err: error }, 'the request failed');
    return reply.code(answer.status).headers(answer.headers).send(answer.envelope);
  });
  app.setNotFoundHandler(() => {
    throw new ApiError({ status: 404, code: 'ROUTE_NOT_FOUND', message: 'there is no such route' });
  });

  closeConnectionsWhileStopping(app, readiness);
  healthRoutes(app, repository, readiness);
  oauthTokenRoutes(app, tokens);
  if (faults !== undefined) faultRoutes(app, faults);
  app.register(async (scope) => {
    if (faults !== undefined) injectFaults(scope, faults); // before the token check: a sick server is sick to everybody
    requireToken(scope, tokens);
    userRoutes(scope, repository, clock);
    userBatchRoute(scope, repository);
  });
  return app;
}

/** What was meant to be answered, and so is no defect. */
function isExpected(error: Error): boolean {
  return error instanceof ApiError || error instanceof LateRequestError;
}

/** What the caller is told of an error. Only an `ApiError` was written for the caller; of all others, just the kind. */
function toApiError(error: Error | FastifyError): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof LateRequestError) return deadlineExceeded();
  if (isStorageUnavailable(error)) {
    return new ApiError({ status: 503, code: 'STORAGE_UNAVAILABLE', message: 'the database does not answer' });
  }
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  switch (status) {
    case 400:
      return new ApiError({ status, code: 'INVALID_REQUEST', message: 'the request could not be read' });
    case 413:
      return new ApiError({ status, code: 'BODY_TOO_LARGE', message: `expected at most ${BODY_BYTES} bytes` });
    case 415:
      return new ApiError({ status, code: 'UNSUPPORTED_MEDIA_TYPE', message: 'expected application/json' });
    default:
      return status >= 400 && status < 500
        ? new ApiError({ status, code: 'INVALID_REQUEST', message: 'the request was refused' })
        : new ApiError({ status: 500, code: 'INTERNAL', message: 'the request failed' });
  }
}
