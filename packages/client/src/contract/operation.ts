import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigError } from '@switchgear/policy';
import { type Check, type Checks, callable, flag, milliseconds, readOptions } from '@switchgear/policy/options';
import { DomainError, type DomainErrorClass } from './domain-error.ts';
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
  /**
   * The domain error that a status stands for: 400 to 499, but for 401, 408, 421, 425 and 429, which say nothing about
   * the matter. Statuses left out reject with HttpStatusError. @default none
   */
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
  /**
   * Answers when the service is away, and at once: a promise is not waited for. The result becomes
   * `Live<T> | Degraded<F>`. @default none
   */
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
  ? Record<never, never> extends StandardSchemaV1.InferInput<S>
    ? { readonly query?: StandardSchemaV1.InferInput<S> }
    : { readonly query: StandardSchemaV1.InferInput<S> }
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
      ? Live<ValueOf<D>> | Degraded<F>
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
  options?: O & OperationOptions & AtOnce<O>,
) => OperationDefinition<P, O>;

/** A fallback is asked when the time is up, so it cannot be waited for. */
type AtOnce<O> = O extends { fallback: (failure: never) => PromiseLike<unknown> }
  ? { readonly fallback: 'must answer at once: a promise is not waited for' }
  : unknown;

const schema: Check<Schema> = { expected: 'a Standard Schema', ok: isSchema };

/** Statuses that are about the way and not about the matter: what they mean for a retry and the breaker is settled. */
const notDomain: ReadonlySet<number> = new Set([401, 408, 421, 425, 429]);

const errorClasses: Check<Readonly<Record<number, DomainErrorClass>>> = {
  expected: `classes that extend DomainError, by status: 400 to 499 but ${[...notDomain].join(', ')}`,
  ok: (value): value is Readonly<Record<number, DomainErrorClass>> =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(
      ([status, each]) =>
        /^4\d\d$/.test(status) &&
        !notDomain.has(Number(status)) &&
        typeof each === 'function' &&
        (each === DomainError || each.prototype instanceof DomainError),
    ),
};

const statuses: Check<readonly number[]> = {
  expected: 'a list of statuses from 400 to 599',
  ok: (value): value is readonly number[] =>
    Array.isArray(value) && value.every((status) => Number.isInteger(status) && status >= 400 && status <= 599),
};

const checks: Checks<OperationOptions> = {
  query: schema,
  body: schema,
  response: {
    expected: "a Standard Schema or 'none'",
    ok: (value): value is Schema | 'none' => value === 'none' || isSchema(value),
  },
  errors: errorClasses,
  idempotent: flag,
  idempotencyKey: flag,
  deadlineMs: milliseconds(),
  attemptTimeoutMs: milliseconds(),
  retryStatuses: statuses,
  fallback: callable(),
};

const made = new WeakSet<object>();

/** Whether a value was made by `get`, `post`, … of this copy of the library. */
export function isOperation(value: unknown): value is OperationDefinition {
  return typeof value === 'object' && value !== null && made.has(value);
}

function define(method: Method): Define {
  return (path, options) => {
    const at = `${method} ${path}`;
    const read = readOptions(at, (options ?? {}) as OperationOptions, checks, {});
    if (read.body !== undefined && (method === 'GET' || method === 'HEAD')) {
      throw new ConfigError(`${at}.body`, `no body with ${method}`, read.body);
    }
    if (
      read.attemptTimeoutMs !== undefined &&
      read.deadlineMs !== undefined &&
      read.attemptTimeoutMs > read.deadlineMs
    ) {
      throw new ConfigError(
        `${at}.attemptTimeoutMs`,
        `at most deadlineMs, which is ${read.deadlineMs}`,
        read.attemptTimeoutMs,
      );
    }
    // Frozen: a client that is in use must not change under its calls.
    const definition = Object.freeze({ method, path: pathTemplate(path), options: Object.freeze(read) });
    made.add(definition);
    return definition as OperationDefinition<never, never>;
  };
}
