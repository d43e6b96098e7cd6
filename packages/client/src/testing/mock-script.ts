import { ConfigError } from '@switchgear/policy';
import { isReply, type Reply } from './reply.ts';
import type { SeenRequest } from './seen-request.ts';
import { requestLine, UnexpectedRequestError, withoutQuery } from './unexpected-request.ts';

/** Decides per request. */
export type MockHandler = (request: SeenRequest) => Reply | Promise<Reply>;

/** A step of a script that takes no other request than its own. */
export interface ExpectedRequest {
  readonly kind: 'expected';
  /** Method and path, such as `GET /users/{userId}`; a name in braces stands for one segment. */
  readonly route: string;
  readonly reply: Reply;
}

/**
 * What a mock answers.
 * - a list: one step per request, in this order, whatever it asks for unless the step says so
 * - by route: `{ 'GET /users/{userId}': answer(200, …) }`; a reply stays, a list is used up
 * - a function
 */
export type MockScript =
  | readonly (Reply | ExpectedRequest)[]
  | Readonly<Record<string, Reply | readonly Reply[] | MockHandler>>
  | MockHandler;

/** A step that takes this request alone: method and path, such as `POST /users`. */
export function on(route: string, reply: Reply): ExpectedRequest {
  return { kind: 'expected', route: checkRoute('on.route', route), reply };
}

/** A script as it is worked off. */
export interface Playbook {
  /** @throws UnexpectedRequestError */
  next(request: SeenRequest): Reply | Promise<Reply>;
  /** What has not come, in words. */
  readonly missing: readonly string[];
}

/** @throws ConfigError if it is no script. */
export function playbookOf(script: MockScript): Playbook {
  if (typeof script === 'function') return { next: (request) => ask(script, request), missing: [] };
  if (isSteps(script)) return new Steps(script);
  if (typeof script === 'object' && script !== null) return new Routes(script);
  throw new ConfigError('mockTransport', 'a list of replies, replies by route, or a function', script);
}

function isSteps(script: MockScript): script is readonly (Reply | ExpectedRequest)[] {
  return Array.isArray(script);
}

class Steps implements Playbook {
  readonly #steps: readonly (Reply | ExpectedRequest)[];
  #at = 0;

  constructor(steps: readonly (Reply | ExpectedRequest)[]) {
    for (const [i, step] of steps.entries()) {
      if (!isReply(step) && step?.kind !== 'expected') throw new ConfigError(`mockTransport[${i}]`, 'a reply', step);
    }
    this.#steps = [...steps];
  }

  next(request: SeenRequest): Reply {
    const step = this.#steps[this.#at];
    const count = this.#at + 1;
    if (step === undefined) {
      throw unexpected(`no request after ${counted(this.#steps.length)}`, request);
    }
    if (step.kind === 'expected' && !matches(step.route, request)) {
      throw unexpected(`${step.route} as request ${count}`, request);
    }
    this.#at++;
    return step.kind === 'expected' ? step.reply : step;
  }

  get missing(): string[] {
    return this.#steps.slice(this.#at).map((step) => (step.kind === 'expected' ? step.route : 'any request'));
  }
}

class Routes implements Playbook {
  readonly #routes: readonly { readonly route: string; readonly handler: MockHandler | Reply | Reply[] }[];

  constructor(routes: Readonly<Record<string, Reply | readonly Reply[] | MockHandler>>) {
    this.#routes = Object.entries(routes).map(([route, handler]) => {
      checkRoute('mockTransport', route);
      const list = Array.isArray(handler);
      if (typeof handler !== 'function' && !(list ? handler.every(isReply) : isReply(handler))) {
        throw new ConfigError(`mockTransport['${route}']`, 'a reply, a list of them, or a function', handler);
      }
      return { route, handler: list ? [...(handler as readonly Reply[])] : (handler as MockHandler | Reply) };
    });
  }

  next(request: SeenRequest): Reply | Promise<Reply> {
    const found = this.#routes.find(({ route }) => matches(route, request));
    if (found === undefined) throw unexpected(`one of ${this.#routes.map(({ route }) => route).join(', ')}`, request);
    const { route, handler } = found;
    if (typeof handler === 'function') return ask(handler, request);
    if (!Array.isArray(handler)) return handler;
    const next = handler.shift();
    if (next === undefined) throw unexpected(`${route} no more often than its list has replies`, request);
    return next;
  }

  get missing(): string[] {
    return this.#routes.flatMap(({ route, handler }) => (Array.isArray(handler) ? handler.map(() => route) : []));
  }
}

/** A function that throws is a test that fails: it must not look like a service that does, and be asked again. */
async function ask(handler: MockHandler, request: SeenRequest): Promise<Reply> {
  let reply: unknown;
  try {
    reply = await handler(request);
  } catch (cause) {
    if (cause instanceof UnexpectedRequestError) throw cause;
    throw unexpected('a reply of the function', request, 'its error, which is the cause', cause);
  }
  if (isReply(reply)) return reply;
  throw unexpected('a reply of the function', request, reply === null ? 'null' : `a value of type ${typeof reply}`);
}

function unexpected(expected: string, request: SeenRequest, got?: string, cause?: unknown): UnexpectedRequestError {
  const line = requestLine(request);
  const { target, operation, attempt } = request;
  const facts = { target, operation, attempts: attempt, cause };
  return new UnexpectedRequestError('mockTransport', expected, got === undefined ? line : `${got}, for ${line}`, facts);
}

/** Whether a request is the one that a route names. The query counts when the route has one. */
function matches(route: string, { method, path }: SeenRequest): boolean {
  const [wantedMethod, wanted] = route.split(' ') as [string, string];
  if (wantedMethod !== method) return false;
  const given = (wanted.includes('?') ? path : withoutQuery(path)).split('/');
  const segments = wanted.split('/');
  return segments.length === given.length && segments.every((part, i) => /^\{\w+\}$/.test(part) || part === given[i]);
}

function checkRoute(path: string, route: string): string {
  if (typeof route !== 'string' || !/^[A-Z]+ \/\S*$/.test(route)) {
    throw new ConfigError(path, 'a method and a path, such as GET /users/{userId}', route);
  }
  return route;
}

function counted(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`;
}
