import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigError } from '@switchgear/policy';
import { type Check, type Checks, callable, oneOf, readOptions, required, whole } from '@switchgear/policy/options';
import type { DomainError, DomainErrorClass, ServiceAnswer } from '../contract/domain-error.ts';
import type { Envelope } from '../contract/envelope.ts';
import { makeOperation, type OperationDefinition, type OperationOptions } from '../contract/operation.ts';
import { operationChecks } from '../contract/operation-checks.ts';
import type { PathNames, PathValue } from '../contract/path-template.ts';
import type { Schema } from '../contract/schema.ts';
import type { BatchKey } from './batch-key.ts';
import type { BatchPlan } from './batch-plan.ts';
import type { MatchRules } from './match-answer.ts';

type KeySchema = StandardSchemaV1<unknown, BatchKey>;
type Output<S, Otherwise> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : Otherwise;
type Input<S, Otherwise> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : Otherwise;

/** The items of an answer that is a list of them. */
type ItemsIn<Answer> = Answer extends readonly (infer Item)[] ? Item : unknown;

type MaybeSchema = Schema | undefined;

/**
 * How many things are looked up at once: what is sent for some keys, and how an answer is matched to them. The keys have
 * to go somewhere: into the `body`, the `query`, or the path by `params`.
 */
export interface BatchOptions<
  P extends string = string,
  Key extends KeySchema | undefined = KeySchema,
  Response extends MaybeSchema = Schema,
  Raw = unknown,
  Item extends MaybeSchema = Schema,
  Value = unknown,
> {
  /** Schema of one key. A key that it refuses fails alone, and is not sent. @default a text or a number */
  readonly key?: Key;
  /** The JSON body of a request with these keys. @default none */
  readonly body?: (keys: readonly Output<Key, BatchKey>[]) => unknown;
  /** The query of a request with these keys; an array repeats its name. @default none */
  readonly query?: (keys: readonly Output<Key, BatchKey>[]) => Readonly<Record<string, unknown>>;
  /** The path parameters of a request with these keys. @default none */
  readonly params?: (keys: readonly Output<Key, BatchKey>[]) => { readonly [K in PathNames<P>]: PathValue };
  /** Headers of a request with these keys. @default none */
  readonly headers?: (keys: readonly Output<Key, BatchKey>[]) => Readonly<Record<string, string>>;
  /** @default 'POST' with a body, 'GET' without */
  readonly method?: 'GET' | 'QUERY' | 'POST';
  /** Schema of the whole answer, after the envelope. What it refuses fails all keys of its request. @default none */
  readonly response?: Response;
  /** Where the items are in the answer. @default the answer itself */
  readonly items?: (answer: Output<Response, unknown>) => readonly Raw[];
  /** Schema of one item. An item that it refuses fails its own key alone. @default none */
  readonly item?: Item;
  /**
   * The key that an item says it is for; or `'position'`, for a service that answers with one item for each key, in the
   * order asked.
   */
  readonly keyOf: 'position' | ((item: Output<Item, Raw>) => BatchKey);
  /** The value in an item; `null` and `undefined` mean that there is none for its key. @default the item itself */
  readonly valueIn?: (item: Output<Item, Raw>) => Value | null | undefined;
  /**
   * The error in an item, for a service that says no to single keys. `answer` is what the error's constructor takes.
   * @default none
   */
  readonly errorIn?: (item: Output<Item, Raw>, answer: ServiceAnswer) => DomainError | null | undefined;
  /** Keys of one request, at most. @default 100 */
  readonly maxKeys?: number;
  /** Keys of one request, at most, in bytes of their texts together. @default 65_536 in a body, 2_048 without one */
  readonly maxKeyBytes?: number;
  /** Requests of one call at the same time. More would take places in the bulkhead from everybody else. @default 4 */
  readonly concurrency?: number;
  /** The domain error that a status of the whole answer stands for. @default none */
  readonly errors?: Readonly<Record<number, DomainErrorClass>>;
  /** How the answers are wrapped; `false` when they are not. @default the client's */
  readonly envelope?: Envelope | false;
  /** The largest answer to one request, decoded, in bytes. @default the client's */
  readonly maxBodyBytes?: number;
  /** Redirects that are followed, to the same origin. @default the client's */
  readonly followRedirects?: number;
  /** Whether a request may be sent again. A batch looks up and changes nothing, so it may, as a POST too. @default true */
  readonly idempotent?: boolean;
  /** For all requests of one call together, in milliseconds. @default the client's */
  readonly deadlineMs?: number;
  /** For one attempt of one request, in milliseconds. @default the client's */
  readonly attemptTimeoutMs?: number;
  /** Further statuses that a request is sent again for, such as 500. @default none */
  readonly retryStatuses?: readonly number[];
}

/** What `batch` takes when it is told nothing. */
export const batchDefaults: {
  readonly maxKeys: number;
  readonly concurrency: number;
  readonly idempotent: boolean;
} = Object.freeze({ maxKeys: 100, concurrency: 4, idempotent: true });

const bytesInBody = 65_536;
/** What any server and proxy lets through in a URL. */
const bytesInUrl = 2_048;

/** A batch of a contract, made by `batch`. */
export interface BatchDefinition<Key = unknown, Value = unknown> extends OperationDefinition<string, OperationOptions> {
  readonly batch: BatchPlan;
  /** Only for inference; never there at run time. */
  readonly '~batch'?: { readonly key: Key; readonly value: Value };
}

/** Whether an operation was made by `batch`. */
export function isBatch(definition: OperationDefinition): definition is BatchDefinition {
  return Object.hasOwn(definition, 'batch');
}

const keyOf: Check<'position' | ((item: unknown) => BatchKey)> = {
  expected: "a function, or 'position'",
  ok: (value): value is 'position' | ((item: unknown) => BatchKey) =>
    value === 'position' || typeof value === 'function',
};

const { response: schemaOrNone, body: schema, ...shared } = operationChecks;
const { errors, envelope, maxBodyBytes, followRedirects, idempotent } = shared;
const { deadlineMs, attemptTimeoutMs, retryStatuses } = shared;

const checks: Checks<BatchOptions> = {
  key: schema as Check<KeySchema>,
  body: callable(),
  query: callable(),
  params: callable(),
  headers: callable(),
  method: oneOf('GET', 'QUERY', 'POST'),
  response: schema,
  items: callable(),
  item: schema,
  keyOf: required(keyOf),
  valueIn: callable(),
  errorIn: callable(),
  maxKeys: whole(1),
  maxKeyBytes: whole(1),
  concurrency: whole(1),
  errors,
  envelope,
  maxBodyBytes,
  followRedirects,
  idempotent,
  deadlineMs,
  attemptTimeoutMs,
  retryStatuses,
};

/** The keys fill the holes of a path that has some. */
type Holes<P extends string> = [PathNames<P>] extends [never] ? unknown : { readonly params: unknown };

/**
 * Looks many things up: any number of keys in requests of a bounded size, each key once, with an outcome for each in the
 * order asked. What becomes of one key or one request does not touch the others.
 * @throws ConfigError if an option is missing, unknown, out of range or in contradiction to another.
 */
export function batch<
  const P extends string,
  Key extends KeySchema | undefined = undefined,
  Response extends MaybeSchema = undefined,
  Raw = ItemsIn<Output<Response, unknown>>,
  Item extends MaybeSchema = undefined,
  Value = Exclude<Output<Item, Raw>, null | undefined>,
>(
  path: P,
  options: BatchOptions<P, Key, Response, Raw, Item, Value> & Holes<P>,
): BatchDefinition<Input<Key, BatchKey>, Value> {
  const given: BatchOptions = options as never;
  const method = given?.method ?? (given?.body === undefined ? 'GET' : 'POST');
  const at = `${method} ${path}`;
  const { maxKeys, concurrency, maxKeyBytes, ...read } = readOptions(at, given, checks, batchDefaults);
  const wrong = (option: string, expected: string, got: unknown): never => {
    throw new ConfigError(`${at}.${option}`, expected, got);
  };
  const { key, body, query, params, headers, items, item, keyOf, valueIn, errorIn, method: _, ...rest } = read;
  if (body === undefined && query === undefined && params === undefined) {
    wrong('body', 'body, query or params: the keys have to go somewhere', 'none of them');
  }
  if (body !== undefined && method === 'GET') wrong('body', 'no body with GET', body);
  const said: OperationOptions = body === undefined ? rest : { ...rest, bodyAs: 'json' };
  const plan: BatchPlan = Object.freeze({
    ...({ key, body, query, params, headers, items, item, keyOf, valueIn, errorIn } as MatchRules),
    maxKeys,
    maxKeyBytes: maxKeyBytes ?? (body === undefined ? bytesInUrl : bytesInBody),
    concurrency,
  });
  const definition = makeOperation(method, path, said, { batch: plan });
  if (definition.path.names.length > 0 !== (params !== undefined)) {
    wrong('params', 'what fills the parameters of the path, and nothing where it has none', params);
  }
  return definition;
}
