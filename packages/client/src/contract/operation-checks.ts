import { type Check, type Checks, callable, flag, milliseconds, oneOf, whole } from '@switchgear/policy/options';
import { cacheOptions, operationNames } from './cache-options.ts';
import { collectOptions } from './collect-options.ts';
import { DomainError, type DomainErrorClass } from './domain-error.ts';
import type { Envelope } from './envelope.ts';
import { hedgeSettings, mayHedge } from './hedging.ts';
import { isHttpCaching } from './http-caching.ts';
import type { Method, OperationOptions } from './operation.ts';
import type { Results } from './result.ts';
import { isSchema, type Schema } from './schema.ts';

/** More in a row than this lead nowhere. */
const mostRedirects = 20;

/** How many redirects are followed. */
export const redirects: Check<number> = whole(0, mostRedirects);

const schema: Check<Schema> = { expected: 'a Standard Schema', ok: isSchema };

const schemaOrNone: Check<Schema | 'none'> = {
  expected: "a Standard Schema or 'none'",
  ok: (value): value is Schema | 'none' => value === 'none' || isSchema(value),
};

/** Statuses that are about the way and not about the matter: what they mean for a retry and the breaker is settled. */
const notDomain: ReadonlySet<number> = new Set([401, 408, 421, 425, 429]);

const isDomain = (status: string): boolean => /^4\d\d$/.test(status) && !notDomain.has(Number(status));

const errorClasses: Check<Readonly<Record<number, DomainErrorClass>>> = {
  expected: `classes that extend DomainError, by status: 400 to 499 but ${[...notDomain].join(', ')}`,
  ok: (value): value is Readonly<Record<number, DomainErrorClass>> =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(
      ([status, each]) =>
        isDomain(status) &&
        typeof each === 'function' &&
        (each === DomainError || each.prototype instanceof DomainError),
    ),
};

const results: Check<Results> = {
  expected: `Standard Schemas or 'none', by status: 200 to 299, or 400 to 499 but ${[...notDomain].join(', ')}`,
  ok: (value): value is Results =>
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length > 0 &&
    Object.entries(value).every(
      ([status, each]) => (/^2\d\d$/.test(status) || isDomain(status)) && schemaOrNone.ok(each),
    ),
};

const statuses: Check<readonly number[]> = {
  expected: 'a list of statuses from 400 to 599',
  ok: (value): value is readonly number[] =>
    Array.isArray(value) && value.every((status) => Number.isInteger(status) && status >= 400 && status <= 599),
};

const mediaType: Check<string> = {
  expected: "a media type, such as 'text/csv'",
  ok: (value): value is string =>
    typeof value === 'string' && /^[\w!#$&^.+-]{1,64}\/[\w!#$&^.+-]{1,64}(;[\x20-\x7e]{1,128})?$/.test(value),
};

const envelope: Check<Envelope | false> = {
  expected: 'an envelope, or false',
  ok: (value): value is Envelope | false => value === false || typeof value === 'function',
};

const reads: ReadonlySet<Method> = new Set(['GET', 'HEAD', 'QUERY']);

/** Whether a method changes nothing. */
export function isRead(method: Method): boolean {
  return reads.has(method);
}

/** A check per option of an operation. */
export const operationChecks: Checks<OperationOptions> = {
  params: schema,
  query: schema,
  headers: schema,
  body: schema,
  bodyAs: oneOf('json', 'text', 'bytes', 'form', 'multipart', 'stream'),
  contentType: mediaType,
  response: schemaOrNone,
  responseAs: oneOf('json', 'text', 'bytes', 'stream'),
  results,
  errors: errorClasses,
  envelope,
  maxBodyBytes: whole(1),
  followRedirects: redirects,
  idempotent: flag,
  idempotencyKey: flag,
  deadlineMs: milliseconds(),
  attemptTimeoutMs: milliseconds(),
  hedge: hedgeSettings,
  retryStatuses: statuses,
  fallback: callable(),
  cache: cacheOptions,
  collect: collectOptions,
  invalidates: operationNames,
};

/** Whether an operation sends a body. */
export function hasBody({ body, bodyAs }: OperationOptions): boolean {
  return body !== undefined || bodyAs !== undefined;
}

/** An option that cannot be beside the others, and what was expected of it. */
export interface Contradiction {
  readonly option: keyof OperationOptions;
  readonly expected: string;
}

/** The first of the options that contradicts another one, or the method. */
export function contradictionIn(method: Method, options: OperationOptions): Contradiction | undefined {
  const { body, bodyAs, response, responseAs = 'json', attemptTimeoutMs, deadlineMs } = options;
  const collect = options.collect !== undefined;
  const contradictions: readonly (readonly [boolean, keyof OperationOptions, string])[] = [
    [hasBody(options) && (method === 'GET' || method === 'HEAD'), body ? 'body' : 'bodyAs', `no body with ${method}`],
    [bodyAs === 'stream' && body !== undefined, 'body', "no schema with bodyAs: 'stream', which is not looked into"],
    [options.contentType !== undefined && !hasBody(options), 'contentType', 'none without a body'],
    [options.contentType !== undefined && bodyAs === 'multipart', 'contentType', "none with bodyAs: 'multipart'"],
    [response !== undefined && options.results !== undefined, 'response', 'none beside results'],
    [responseAs !== 'json' && method === 'HEAD', 'responseAs', 'none with HEAD, which has no body'],
    [responseAs !== 'json' && response === 'none', 'responseAs', "none with response: 'none'"],
    [responseAs === 'stream' && response !== undefined, 'response', "none with responseAs: 'stream'"],
    [responseAs === 'stream' && options.results !== undefined, 'results', "none with responseAs: 'stream'"],
    [
      Boolean(options.hedge) && !mayHedge(method, options),
      'hedge',
      bodyAs === 'stream' ? "none with bodyAs: 'stream'" : 'none, as it must not be done twice',
    ],
    [options.cache !== undefined && !reads.has(method), 'cache', `none with ${method}, which is no read`],
    [
      isHttpCaching(options.cache) && method === 'QUERY',
      'cache',
      'times of its own with QUERY, which HTTP does not cache',
    ],
    [options.cache !== undefined && responseAs === 'stream', 'cache', "none with responseAs: 'stream'"],
    [options.cache !== undefined && (bodyAs === 'stream' || bodyAs === 'multipart'), 'cache', `none with ${bodyAs}`],
    [
      collect && isHttpCaching(options.cache),
      'cache',
      'times of its own beside collect: a batch says nothing of one item',
    ],
    [collect && method !== 'GET', 'collect', `none with ${method}`],
    [collect && options.query !== undefined, 'collect', 'none beside query: a batch asks by its keys alone'],
    [collect && options.headers !== undefined, 'collect', 'none beside headers: a batch asks by its keys alone'],
    [collect && options.results !== undefined, 'collect', 'none beside results: no item of a batch has a status'],
    [collect && responseAs !== 'json', 'collect', `none with responseAs: '${responseAs}'`],
    [collect && response === 'none', 'collect', "none with response: 'none'"],
    [collect && options.idempotencyKey === true, 'collect', 'none with idempotencyKey'],
    [
      Object.keys(options.errors ?? {}).some((status) => Object.hasOwn(options.results ?? {}, status)),
      'errors',
      'statuses that are not in results',
    ],
    [
      attemptTimeoutMs !== undefined && deadlineMs !== undefined && attemptTimeoutMs > deadlineMs,
      'attemptTimeoutMs',
      `at most deadlineMs, which is ${deadlineMs}`,
    ],
  ];
  const found = contradictions.find(([holds]) => holds);
  return found === undefined ? undefined : { option: found[1], expected: found[2] };
}
