import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigError } from '@switchgear/policy';
import type { DomainErrorClass } from './domain-error.ts';
import { type PathNames, type PathTemplate, type PathValue, pathTemplate } from './path-template.ts';
import type { Degraded, Live } from './provenance.ts';
import { isSchema, type Schema } from './schema.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A value in the query. `undefined` leaves it out; an array repeats the name. */
export type QueryValue =
  | string
  | number
  | boolean
  | bigint
  | undefined
  | readonly (string | number | boolean | bigint)[];

/** What a fallback is told. */
export interface FallbackFailure {
  readonly error: unknown;
  /** What the operation was called with. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** What is said about an operation, apart from its method and path. */
export interface OperationOptions {
  /** Schema of the query. @default none */
  readonly query?: Schema;
  /** Schema of the body, sent as JSON. @default none */
  readonly body?: Schema;
  /** Schema of what the answer holds, after the envelope; `'none'` when there is nothing to read. @default none */
  readonly response?: Schema | 'none';
  /** The domain error that a status stands for. Statuses left out reject with HttpStatusError. @default none */
  readonly errors?: Readonly<Record<number, DomainErrorClass>>;
  /** Whether it may be done twice. @default by method: true but for POST and PATCH */
  readonly idempotent?: boolean;
  /** Sends an `Idempotency-Key`, the same on every attempt; this makes a POST safe to send again. @default false */
  readonly idempotencyKey?: boolean;
  /** For this operation, in milliseconds. @default the client's */
  readonly deadlineMs?: number;
  /** For this operation, in milliseconds. @default the client's */
  readonly attemptTimeoutMs?: number;
  /** Further statuses that an idempotent call is sent again for, such as 500. @default none */
  readonly retryStatuses?: readonly number[];
  /** Answers when the service is away. The result becomes `Live<T> | Degraded<F>`. @default none */
  readonly fallback?: (failure: FallbackFailure) => unknown;
}

/** One operation of a contract, made by `get`, `post`, … */
export interface OperationDefinition<P extends string = string, O extends OperationOptions = OperationOptions> {
  readonly method: Method;
  readonly path: PathTemplate;
  readonly options: O;
  /** Only for inference; never there at run time. */
  readonly '~template'?: P;
}

type Simplify<T> = { [K in keyof T]: T[K] } & {};

type QueryOf<O> = O extends { query: infer S extends StandardSchemaV1 }
  ? { readonly query: StandardSchemaV1.InferInput<S> }
  : { readonly query?: Readonly<Record<string, QueryValue>> };

type BodyOf<O> = O extends { body: infer S extends StandardSchemaV1 }
  ? { readonly body: StandardSchemaV1.InferInput<S> }
  : unknown;

/** What an operation takes: its path parameters by name, `query` and `body`. */
export type InputOf<D> =
  D extends OperationDefinition<infer P, infer O>
    ? Simplify<{ readonly [K in PathNames<P>]: PathValue } & QueryOf<O> & BodyOf<O>>
    : never;

/** The value of an operation, as its response schema has it. */
export type ValueOf<D> =
  D extends OperationDefinition<string, infer O>
    ? O extends { response: infer S extends StandardSchemaV1 }
      ? StandardSchemaV1.InferOutput<S>
      : O extends { response: 'none' }
        ? undefined
        : unknown
    : never;

/** What calling an operation resolves to: with a fallback, something the caller has to look at first. */
export type ResultOf<D> =
  D extends OperationDefinition<string, infer O>
    ? O extends { fallback: (failure: never) => infer F }
      ? Live<ValueOf<D>> | Degraded<Awaited<F>>
      : ValueOf<D>
    : never;

/** Reads something: `get('/users/{userId}', { response: User })`. */
export const get: Define = define('GET');
/** Like `get`, for the status alone. */
export const head: Define = define('HEAD');
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
  options?: O & OperationOptions,
) => OperationDefinition<P, O>;

const known: readonly (keyof OperationOptions)[] = [
  'query',
  'body',
  'response',
  'errors',
  'idempotent',
  'idempotencyKey',
  'deadlineMs',
  'attemptTimeoutMs',
  'retryStatuses',
  'fallback',
];

function define(method: Method): Define {
  return (path, options) => {
    // Own properties alone, as in every reading of options.
    const given: NonNullable<typeof options> = Object.assign(Object.create(null), options);
    const at = `${method} ${path}`;
    for (const name of Object.keys(given)) {
      if (!(known as readonly string[]).includes(name)) {
        throw new ConfigError(`${at}: ${name}`, `one of ${known.join(', ')}`, 'an unknown option');
      }
    }
    const { query, body, response, errors } = given;
    for (const [name, schema] of [['query', query] as const, ['body', body] as const]) {
      if (schema !== undefined && !isSchema(schema))
        throw new ConfigError(`${at}: ${name}`, 'a Standard Schema', schema);
    }
    if (response !== undefined && response !== 'none' && !isSchema(response)) {
      throw new ConfigError(`${at}: response`, "a Standard Schema or 'none'", response);
    }
    if (body !== undefined && (method === 'GET' || method === 'HEAD')) {
      throw new ConfigError(`${at}: body`, `no body with ${method}`, body);
    }
    for (const status of Object.keys(errors ?? {})) {
      if (!/^[45]\d\d$/.test(status)) throw new ConfigError(`${at}: errors`, 'statuses from 400 to 599', status);
    }
    return { method, path: pathTemplate(path), options: given };
  };
}
