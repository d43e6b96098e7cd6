import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Runtime, systemRuntime } from '@switchgear/policy';
import { RequestIntake } from './handled-request.ts';
import type { LateRequestError } from './late-request.ts';
import { readServerOptions, type ServerOptions } from './options.ts';
import type { RawRequest, RawResponse } from './raw.ts';

/**
 * Makes a listener for `node:http` or `node:http2` of a handler: `createServer(httpIncoming(handle))`. The handler runs
 * with the deadline, the trace and the request id of the request, which every client call beneath inherits.
 * @throws ConfigError with a path such as `httpIncoming.lateStatus`.
 */
export function httpIncoming<
  Request extends RawRequest = IncomingMessage,
  Response extends RawResponse = ServerResponse,
>(
  handle: (request: Request, response: Response) => unknown,
  options: ServerOptions = {},
  runtime: Runtime = systemRuntime,
): (request: Request, response: Response) => unknown {
  const intake = new RequestIntake(readServerOptions('httpIncoming', options), runtime);
  return (request, response) => {
    const handled = intake.take(request, response);
    const { late } = handled;
    if (late !== undefined) {
      answerLate(response, late);
      return undefined;
    }
    handled.bind(request);
    handled.bind(response);
    // What the handler returns is given back, though Node has no use for it: a rejection is the handler's own.
    return handled.run(() => handle(request, response));
  };
}

/** As RFC 9457 has it. */
function answerLate(response: RawResponse, { status, message }: LateRequestError): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/problem+json');
  response.end(JSON.stringify({ type: 'about:blank', title: 'Too late', status, detail: message }));
}
