import { type Runtime, systemRuntime } from '@switchgear/policy';
import { type HandledRequest, RequestIntake } from './handled-request.ts';
import { readServerOptions, type ServerOptions } from './options.ts';
import type { RawRequest, RawResponse } from './raw.ts';

/** What is needed of fastify, 4 or 5. */
interface App {
  addHook(name: 'onRequest' | 'preValidation', hook: Hook): unknown;
  addHook(name: 'onError', hook: ErrorHook): unknown;
}
type ErrorHook = (request: RequestOfApp, reply: ReplyOfApp, error: Error, done: () => void) => void;
type Hook = (request: RequestOfApp, reply: ReplyOfApp, done: (error?: Error) => void) => void;
interface RequestOfApp {
  readonly raw: RawRequest;
}
interface ReplyOfApp {
  readonly raw: RawResponse;
}

/** A plugin as fastify has it. */
export type IncomingPlugin = (app: App, options: object, done: () => void) => void;

/**
 * A plugin for the whole of an app, before what makes routes: `app.register(fastifyIncoming())`. Hooks from the parsing on
 * and handlers run with the deadline, the trace and the request id of the request, which every client call beneath
 * inherits. A request that is late goes to the error handler, as a `LateRequestError`.
 * @throws ConfigError with a path such as `fastifyIncoming.lateStatus`.
 */
export function fastifyIncoming(options: ServerOptions = {}, runtime: Runtime = systemRuntime): IncomingPlugin {
  const intake = new RequestIntake(readServerOptions('fastifyIncoming', options), runtime);
  const arrived = new WeakMap<object, HandledRequest>();
  /** Lets go on what is not too late. */
  const goOn = (handled: HandledRequest, done: (error?: Error) => void): void => {
    const { late } = handled;
    if (late === undefined) handled.run(() => done());
    else done(late);
  };
  const plugin: IncomingPlugin = (app, _, done) => {
    app.addHook('onRequest', (request, reply, next) => {
      const handled = intake.take(request.raw, reply.raw);
      arrived.set(request, handled);
      goOn(handled, next);
    });
    // Once more when the body is there: what the socket emits does not run where the first hook did.
    app.addHook('preValidation', (request, _reply, next) => {
      const handled = arrived.get(request);
      if (handled === undefined) next();
      else goOn(handled, next);
    });
    app.addHook('onError', (request, _reply, error, next) => {
      arrived.get(request)?.failedWith(error);
      next();
    });
    done();
  };
  // What `fastify-plugin` does: the hooks are for the app that registers it, and not for the plugin alone.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: '@switchgear/client/server',
  });
}
