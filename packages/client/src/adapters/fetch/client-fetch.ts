import type { ErrorFacts, SwitchgearError } from '@switchgear/policy';
import { execute } from '../../call/operation-call.ts';
import type { OperationParts } from '../../call/operation-parts.ts';
import type { Method, OperationDefinition, OperationOptions } from '../../contract/operation.ts';
import type { PathTemplate } from '../../contract/path-template.ts';
import { RedirectRefusedError } from '../../errors.ts';
import { isRepeatable } from '../../request/repeatable.ts';
import type { RawAnswers } from '../../response/read-answer.ts';
import { Streamed } from '../../response/streamed-answer.ts';
import type { WireResponse } from '../../transport/transport.ts';
import { responseOf, streamedOf } from './fetch-answer.ts';
import { fetchFailure } from './fetch-failure.ts';
import { type FetchRequest, readFetch } from './fetch-request.ts';
import type { FetchInit } from './fetch-settings.ts';
import type { Place } from './fetch-url.ts';
import { type KnownRoute, KnownRoutes } from './known-routes.ts';

/**
 * `fetch` as the web has it, for generated clients and SDKs that take one, with all that the client does: deadline,
 * retries within the budget, breaker, bulkhead, token, trace. It goes to the client's own service and nowhere else.
 *
 * An answer of any status is a `Response`, the last one when retries are over. An abort rejects with the caller's own
 * reason, everything else with a TypeError whose `cause` is the SwitchgearError.
 */
export type ClientFetch = (input: string | URL | Request, init?: FetchInit) => Promise<Response>;

/** What the client lends. */
export interface FetchParts {
  readonly target: string;
  readonly place: Place;
  readonly operations: Readonly<Record<string, OperationDefinition>>;
  /** What a call of an operation is made of, when its answers are taken as they come. */
  readonly partsOf: (name: string, definition: OperationDefinition, raw: RawAnswers) => OperationParts;
}

/** What is asked for is not in the contract, and its URL is no name for it. */
const unnamed = '_other';

const anywhere: PathTemplate = {
  template: '/{+path}',
  names: [],
  build: () => ({ ok: false, param: 'path', problem: 'is given whole' }),
};

export function clientFetch(parts: FetchParts): ClientFetch {
  const fetching = new Fetching(parts);
  return async (input, init) => {
    try {
      return await fetching.run(input, init);
    } catch (error) {
      throw fetchFailure(error);
    }
  };
}

class Fetching implements RawAnswers {
  readonly #parts: FetchParts;
  readonly #routes: KnownRoutes;
  /** By operation, and whether redirects are followed. Made when first needed. */
  readonly #made = new Map<string, OperationParts>();
  /** What the service answered, by the error that stands for it: where the stack gives up, the answer is given after all. */
  readonly #answers = new WeakMap<SwitchgearError, WireResponse>();

  constructor(parts: FetchParts) {
    this.#parts = parts;
    this.#routes = new KnownRoutes(parts.operations);
  }

  keep(error: SwitchgearError, answer: WireResponse): void {
    this.#answers.set(error, answer);
  }

  async run(input: string | URL | Request, init: FetchInit | undefined): Promise<Response> {
    const { target, place } = this.#parts;
    const facts: ErrorFacts = { target, operation: unnamed };
    let request: FetchRequest;
    try {
      request = readFetch(input, init, place, facts);
    } catch (error) {
      return this.#misused(error);
    }
    try {
      return await this.#send(request);
    } catch (error) {
      request.discard();
      throw error;
    }
  }

  /** It could not be made at all, and counts as a call all the same. */
  async #misused(error: unknown): Promise<never> {
    const build = (): never => {
      throw error;
    };
    await execute({ ...this.#partsFor(undefined, true), build }, {}, {});
    throw error;
  }

  async #send(request: FetchRequest): Promise<Response> {
    const { method, path, redirect, settings, signal, idempotencyKey } = request;
    const { target, place } = this.#parts;
    const route = this.#routes.find(method, path.slice(place.prefix.length));
    const parts = this.#partsFor(route, redirect === 'follow');
    const { options, path: template } = parts.definition;
    const own: OperationOptions = {
      idempotent: settings.idempotent ?? options.idempotent ?? isRepeatable(method),
      idempotencyKey: idempotencyKey !== undefined || options.idempotencyKey === true,
    };
    const call: OperationParts = {
      ...parts,
      name: settings.operation ?? parts.name,
      definition: { method: method as Method, path: template, options: withOwn(options, own) },
      build: (facts) => request.build(parts.own, facts),
    };
    const maxBodyBytes = options.maxBodyBytes ?? parts.settings.maxBodyBytes;
    const facts: ErrorFacts = { target, operation: call.name };
    let answer: Streamed;
    try {
      const { value } = await execute(call, {}, { signal, deadlineMs: settings.deadlineMs, idempotencyKey });
      answer = value instanceof Streamed ? value : streamedOf(value as WireResponse, maxBodyBytes, facts);
    } catch (error) {
      const refused = this.#answers.get(error as SwitchgearError);
      if (refused === undefined || (redirect !== 'manual' && error instanceof RedirectRefusedError)) throw error;
      answer = streamedOf(refused, maxBodyBytes, facts);
    }
    const response = await responseOf(answer, method);
    // A `Response` that is made by hand has no address; some code looks at it.
    Object.defineProperty(response, 'url', { value: place.origin + path });
    return response;
  }

  #partsFor(route: KnownRoute | undefined, follows: boolean): OperationParts {
    const name = route?.name ?? unnamed;
    const key = `${route === undefined ? '' : 'operation '}${name} ${follows}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = this.#parts.partsOf(name, definitionOf(route, follows), this);
    this.#made.set(key, made);
    return made;
  }
}

/** The operation as `fetch` needs it: what it says of time and of doing things twice, and nothing about what is in an answer. */
function definitionOf(route: KnownRoute | undefined, follows: boolean): OperationDefinition {
  const said: OperationOptions = route?.definition.options ?? Object.create(null);
  const kept: Partial<Record<keyof OperationOptions, unknown>> = Object.create(null);
  for (const name of ofAnyAnswer) if (said[name] !== undefined) kept[name] = said[name];
  if (!follows) kept.followRedirects = 0;
  kept.responseAs = 'stream';
  return {
    method: route?.definition.method ?? 'GET',
    path: route?.definition.path ?? anywhere,
    options: kept as OperationOptions,
  };
}

const ofAnyAnswer = [
  'idempotent',
  'idempotencyKey',
  'deadlineMs',
  'attemptTimeoutMs',
  'retryStatuses',
  'maxBodyBytes',
  'followRedirects',
  'invalidates',
] as const satisfies readonly (keyof OperationOptions)[];

/** Without a prototype, as the options are: what is left out must not be found on a polluted one. */
function withOwn(options: OperationOptions, own: OperationOptions): OperationOptions {
  return Object.assign(Object.create(null), options, own);
}
