import { type Runtime, systemRuntime } from '@switchgear/policy';
import { RequestIntake } from './handled-request.ts';
import { readServerOptions, type ServerOptions } from './options.ts';
import type { RawRequest, RawResponse } from './raw.ts';

/** Middleware as express has it, 4 or 5, and as whatever follows it does. */
export type IncomingMiddleware = (request: RawRequest, response: RawResponse, next: (error?: unknown) => void) => void;

/**
 * Middleware that goes before all others: `app.use(expressIncoming())`. What comes after it runs with the deadline, the
 * trace and the request id of the request, which every client call beneath inherits. A request that is late goes to the
 * error handlers, as a `LateRequestError`.
 * @throws ConfigError with a path such as `expressIncoming.lateStatus`.
 */
export function expressIncoming(options: ServerOptions = {}, runtime: Runtime = systemRuntime): IncomingMiddleware {
  const intake = new RequestIntake(readServerOptions('expressIncoming', options), runtime);
  return (request, response, next) => {
    const handled = intake.take(request, response);
    // Whoever reads the body goes on when the socket says so, which knows nothing of the request.
    handled.bind(request);
    handled.bind(response);
    const { late } = handled;
    if (late === undefined) handled.run(() => next());
    else next(late);
  };
}
