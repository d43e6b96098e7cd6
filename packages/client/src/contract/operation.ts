import { ConfigError } from '@switchgear/policy';
import { readOptions } from '@switchgear/policy/options';
import { type OperationCacheOptions, readCacheOptions } from './cache-options.ts';
import { type CollectOptions, readCollectOptions } from './collect-options.ts';
import type { DomainErrorClass } from './domain-error.ts';
import type { Envelope } from './envelope.ts';
import type { HedgeSettings } from './hedging.ts';
import { type HttpCaching, isHttpCaching } from './http-caching.ts';
import type { ParamsFit } from './input.ts';
import { contradictionIn, operationChecks } from './operation-checks.ts';
import { type PathTemplate, pathTemplate } from './path-template.ts';
import type { Results } from './result.ts';
import type { Schema } from './schema.ts';

export type {
  ByteStream,
  FormFields,
  InputOf,
  MultipartFields,
  Part,
  PartValue,
  QueryValue,
  Scalar,
  StreamSource,
} from './input.ts';
export type { ResultOf, Results, StreamedAnswer, ValueOf } from './result.ts';

export type Method = 'GET' | 'HEAD' | 'QUERY' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** How a body is sent. */
export type BodyKind = 'json' | 'text' | 'bytes' | 'form' | 'multipart' | 'stream';

/** How an answer is read. */
export type AnswerKind = 'json' | 'text' | 'bytes' | 'stream';

/** What a fallback is told. */
export interface FallbackFailure {
  readonly error: unknown;
  /** What the operation was called with. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** What is said about an operation, apart from its method and path. */
export interface OperationOptions {
  /**
   * Schema of the path parameters, together. What it gives still becomes one segment each, or is refused.
   * @default a text or a number each
   */
  readonly params?: Schema;
  /** Schema of the query. @default none */
  readonly query?: Schema;
  /** Schema of the headers that a call gives as `headers`. Those the client sets itself are refused. @default none */
  readonly headers?: Schema;
  /** Schema of the body. @default none */
  readonly body?: Schema;
  /**
   * How the body is sent. Without a schema of the body, also what it is: a text, bytes, flat values by name, parts, or a
   * stream, of which a second attempt needs a new one. @default 'json'
   */
  readonly bodyAs?: BodyKind;
  /** The media type of the body. @default that of `bodyAs` */
  readonly contentType?: string;
  /** Schema of what the answer holds, after the envelope; `'none'` when there is nothing to read. @default none */
  readonly response?: Schema | 'none';
  /** How the answer is read. A stream is given before its body has come, and never checked. @default 'json' */
  readonly responseAs?: AnswerKind;
  /**
   * Answers by status, in place of `response`: 200 to 299, and those that `errors` may name. The result becomes
   * `{ status, value }`, and a status above 399 in here is a value, not an error. @default none
   */
  readonly results?: Results;
  /**
   * The domain error that a status stands for: 400 to 499, but for 401, 408, 421, 425 and 429, which say nothing about
   * the matter. Statuses left out reject with HttpStatusError. @default none
   */
  readonly errors?: Readonly<Record<number, DomainErrorClass>>;
  /** How the answers of this operation are wrapped; `false` when they are not. @default the client's */
  readonly envelope?: Envelope | false;
  /** The largest answer of this operation, decoded, in bytes. @default the client's */
  readonly maxBodyBytes?: number;
  /** Redirects that are followed, to the same origin. @default the client's */
  readonly followRedirects?: number;
  /** Whether it may be done twice. @default by method: true but for POST and PATCH */
  readonly idempotent?: boolean;
  /** Sends an `Idempotency-Key`, the same on every attempt; this makes a POST safe to send again. @default false */
  readonly idempotencyKey?: boolean;
  /** For this operation, in milliseconds. @default the client's */
  readonly deadlineMs?: number;
  /** For this operation, in milliseconds. @default the client's */
  readonly attemptTimeoutMs?: number;
  /**
   * Sends a slow attempt once more and takes the first answer, within the budget that the retries have; `false` where the
   * client hedges and this one is not to. @default the client's, where it may be done twice
   */
  readonly hedge?: HedgeSettings | false;
  /** Further statuses that an idempotent call is sent again for, such as 500. @default none */
  readonly retryStatuses?: readonly number[];
  /**
   * Answers when the service is away, and at once: a promise is not waited for. The result becomes
   * `Live<T> | Degraded<F>`. @default none
   */
  readonly fallback?: (failure: FallbackFailure) => unknown;
  /**
   * Answers again what was answered before to the same principal: of GET, HEAD and QUERY. For times that you say, or, made
   * by `httpCache()`, for those that the answers say. @default none
   */
  readonly cache?: OperationCacheOptions | HttpCaching;
  /** Asks for several callers at once, by a batch: of a GET with one parameter in its path. @default none */
  readonly collect?: CollectOptions;
  /** The operations whose kept answers are forgotten once this one has been sent, whoever they were for. @default none */
  readonly invalidates?: readonly string[];
}

/** One operation of a contract, made by `get`, `post`, … */
export interface OperationDefinition<P extends string = string, O extends OperationOptions = OperationOptions> {
  readonly method: Method;
  readonly path: PathTemplate;
  readonly options: O;
  /** Only for inference; never there at run time. */
  readonly '~template'?: P;
}

/** Reads something: `get('/users/{userId}', { response: User })`. */
export const get: Define = define('GET');
/** Like `get`, for the status alone. */
export const head: Define = define('HEAD');
/** Asks with a body, and changes nothing: a search too long for a URL. May be sent again. */
export const query: Define = define('QUERY');
/** Makes something. Sent once only, unless `idempotencyKey` or `idempotent` is set. */
export const post: Define = define('POST');
/** Puts something in its place. May be sent again. */
export const put: Define = define('PUT');
/** Changes something. Sent once only, unless `idempotencyKey` or `idempotent` is set. */
export const patch: Define = define('PATCH');
/** Takes something away. May be sent again. */
export const del: Define = define('DELETE');

type Define = <const P extends string, const O extends OperationOptions = Record<never, never>>(
  path: P,
  // The intersection gives a fallback's parameter its type, which inference of `O` alone does not.
  options?: O & OperationOptions & AtOnce<O> & OneAnswer<O> & ParamsFit<P, O>,
) => OperationDefinition<P, O>;

/** A fallback is asked when the time is up, so it cannot be waited for. */
type AtOnce<O> = O extends { fallback: (failure: never) => PromiseLike<unknown> }
  ? { readonly fallback: 'must answer at once: a promise is not waited for' }
  : unknown;

/** What the value is must be said in one place. */
type OneAnswer<O> = O extends { response: unknown; results: unknown }
  ? { readonly response: 'results says it for each status' }
  : O extends { response: unknown; responseAs: 'stream' }
    ? { readonly response: 'a stream is not looked into' }
    : O extends { body: unknown; bodyAs: 'stream' }
      ? { readonly body: 'a stream is not looked into' }
      : unknown;

const made = new WeakSet<object>();

/** Whether a value was made by `get`, `post`, … of this copy of the library. */
export function isOperation(value: unknown): value is OperationDefinition {
  return typeof value === 'object' && value !== null && made.has(value);
}

function define(method: Method): Define {
  return (path, options) => makeOperation(method, path, options ?? {}, {}) as OperationDefinition<never, never>;
}

/**
 * Checks what is said about an operation, and makes one that clients take.
 * @param more What a kind of operation has beside what all of them have.
 * @throws ConfigError naming the option, as in `GET /users.cache`.
 */
export function makeOperation<More extends object>(
  method: Method,
  path: string,
  options: OperationOptions,
  more: More,
): OperationDefinition & More {
  const at = `${method} ${path}`;
  const read = readOptions(at, options, operationChecks, {});
  const wrong = contradictionIn(method, read);
  if (wrong !== undefined) throw new ConfigError(`${at}.${wrong.option}`, wrong.expected, read[wrong.option]);
  if (read.cache !== undefined && !isHttpCaching(read.cache)) readCacheOptions(`${at}.cache`, read.cache);
  const template = pathTemplate(path);
  if (read.collect !== undefined) {
    readCollectOptions(`${at}.collect`, read.collect);
    if (template.names.length !== 1) {
      throw new ConfigError(`${at}.collect`, 'a path with one parameter, which is the key', path);
    }
  }
  // Frozen: a client that is in use must not change under its calls.
  const definition = Object.freeze({ ...more, method, path: template, options: Object.freeze(read) });
  made.add(definition);
  return definition;
}
