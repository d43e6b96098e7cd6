// The public face of @switchgear/client, made by `npm run api`.

// ========== @switchgear/client

import type { StandardSchemaV1 } from '@standard-schema/spec';

import type { BreakerOptions, BreakerSnapshot, BulkheadOptions, BulkheadSnapshot, CacheAnswer, Call, CallOptions, ErrorFacts, EventBase, HedgeOptions, Phase, Policy, PolicyEvent, RetryBudgetOptions, RetryBudgetSnapshot, RetryOptions, Runtime, Sent, SwitchgearError, Verdict } from '@switchgear/policy';

import type { ReadableStream } from 'node:stream/web';

import type { SecureContext } from 'node:tls';

// adapters/fetch/client-fetch.d.ts
export type ClientFetch = (input: string | URL | Request, init?: FetchInit) => Promise<Response>;

// adapters/fetch/fetch-settings.d.ts
export interface FetchSettings {
  readonly operation?: string | undefined;
  readonly deadlineMs?: number | undefined;
  readonly idempotent?: boolean | undefined;
}
export interface FetchInit extends RequestInit {
  readonly switchgear?: FetchSettings | undefined;
}

// auth/authenticator.d.ts
export interface AuthenticatorContext {
  readonly runtime: Runtime;
  readonly openTransport: OpenTransport;
  readonly onRefresh: (generation: number, durationMs: number, error: unknown) => void;
  readonly onLost: (error: AuthenticationError) => void;
  readonly onUnsaved: (error: unknown, retryInMs: number) => void;
}
export interface Authenticator {
  readonly kind: string;
  readonly headers?: readonly string[];
  open(context: AuthenticatorContext): Credential;
}

// auth/bearer-token.d.ts
export interface FetchedToken {
  readonly accessToken: string;
  readonly expiresInMs?: number | undefined;
}

// auth/bearer.d.ts
export interface BearerOptions {
  readonly timeoutMs?: number;
  readonly coolDownMs?: number;
  readonly origins?: readonly string[];
  readonly onAuthLost?: (error: AuthenticationError) => void;
}
export declare const bearerDefaults: Required<Pick<BearerOptions, 'timeoutMs' | 'coolDownMs'>>;
export declare function bearer(token: string | (() => Promise<string | FetchedToken>), options?: BearerOptions): Authenticator;

// auth/client-credentials.d.ts
export interface ClientCredentialsOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly scope?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly tls?: TlsSource;
  readonly timeoutMs?: number;
  readonly coolDownMs?: number;
  readonly origins?: readonly string[];
  readonly onAuthLost?: (error: AuthenticationError) => void;
}
export declare const clientCredentialsDefaults: Required<Pick<ClientCredentialsOptions, 'timeoutMs' | 'coolDownMs'>>;
export declare function clientCredentials(options: ClientCredentialsOptions): Authenticator;

// auth/content-digest.d.ts
export type DigestAlgorithm = 'sha-256' | 'sha-512';

// auth/credential.d.ts
export interface UnauthorisedRequest {
  readonly method: string;
  readonly origin: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array | 'stream' | undefined;
}
export interface Grant {
  readonly generation: number;
  authorise(request: UnauthorisedRequest): readonly string[];
}
export type RefusedHeaders = Readonly<Record<string, string | string[] | undefined>>;
export interface Credential {
  readonly origins?: ReadonlySet<string> | undefined;
  get(call: Call): Grant | Promise<Grant>;
  renew(refused: Grant, headers: RefusedHeaders, call: Call): Grant | undefined | Promise<Grant | undefined>;
  refusedAfterRenewal(grant: Grant): void;
  close(): Promise<void>;
}

// auth/hmac.d.ts
export interface HmacOptions {
  readonly keyId?: string;
  readonly secret?: string | Uint8Array;
  readonly key?: () => Promise<HmacKey>;
  readonly components?: readonly string[];
  readonly digest?: DigestAlgorithm;
  readonly label?: string;
  readonly tag?: string;
  readonly validMs?: number;
  readonly nonce?: boolean;
  readonly timeoutMs?: number;
  readonly coolDownMs?: number;
  readonly origins?: readonly string[];
  readonly onAuthLost?: (error: AuthenticationError) => void;
}
export declare const hmacDefaults: Required<Pick<HmacOptions, 'digest' | 'label' | 'nonce' | 'timeoutMs' | 'coolDownMs'>>;
export declare function hmac(options: HmacOptions): Authenticator;

// auth/refresh-token.d.ts
export interface RefreshTokenOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly refreshToken: string | LoadTokens;
  readonly onRotated?: (tokens: SessionTokens) => void | Promise<void>;
  readonly scope?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly tls?: TlsSource;
  readonly timeoutMs?: number;
  readonly coolDownMs?: number;
  readonly origins?: readonly string[];
  readonly onAuthLost?: (error: AuthenticationError) => void;
}
export declare const refreshTokenDefaults: Required<Pick<RefreshTokenOptions, 'timeoutMs' | 'coolDownMs'>>;
export interface RefreshTokenCredential extends Authenticator {
  restore(tokens: SessionTokens): void;
}
export declare function refreshToken(options: RefreshTokenOptions): RefreshTokenCredential;

// auth/session.d.ts
export type LoadTokens = () => string | SessionTokens | Promise<string | SessionTokens>;

// auth/signing-key.d.ts
export interface HmacKey {
  readonly keyId: string;
  readonly secret: string | Uint8Array;
  readonly expiresInMs?: number | undefined;
}

// auth/token-keeper.d.ts
export interface SessionTokens {
  readonly refreshToken: string;
  readonly accessToken?: string | undefined;
  readonly expiresInMs?: number | undefined;
}

// batch/asked-keys.d.ts
interface KeyRules {
  readonly key?: Schema | undefined;
  readonly maxKeyBytes: number;
}

// batch/batch-call.d.ts
export interface BatchCall<Key, Value> {
  (keys: readonly Key[], settings?: CallSettings): Promise<readonly KeyOutcome<Key, Value>[]>;
  withMeta(keys: readonly Key[], settings?: CallSettings): Promise<WithMeta<readonly KeyOutcome<Key, Value>[]>>;
}

// batch/batch-key.d.ts
export type BatchKey = string | number | bigint;

// batch/batch-plan.d.ts
type OfKeys<T> = ((keys: readonly never[]) => T) | undefined;
interface BatchPlan extends KeyRules, MatchRules {
  readonly body?: OfKeys<unknown>;
  readonly query?: OfKeys<Readonly<Record<string, unknown>>>;
  readonly params?: OfKeys<Readonly<Record<string, unknown>>>;
  readonly headers?: OfKeys<Readonly<Record<string, string>>>;
  readonly maxKeys: number;
  readonly concurrency: number;
}

// batch/batch.d.ts
type KeySchema = StandardSchemaV1<unknown, BatchKey>;
type Output<S, Otherwise> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : Otherwise;
type Input<S, Otherwise> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : Otherwise;
type ItemsIn<Answer> = Answer extends readonly (infer Item)[] ? Item : unknown;
type MaybeSchema = Schema | undefined;
export interface BatchOptions<P extends string = string, Key extends KeySchema | undefined = KeySchema, Response extends MaybeSchema = Schema, Raw = unknown, Item extends MaybeSchema = Schema, Value = unknown> {
  readonly key?: Key;
  readonly body?: (keys: readonly Output<Key, BatchKey>[]) => unknown;
  readonly query?: (keys: readonly Output<Key, BatchKey>[]) => Readonly<Record<string, unknown>>;
  readonly params?: (keys: readonly Output<Key, BatchKey>[]) => {
    readonly [K in PathNames<P>]: PathValue;
  };
  readonly headers?: (keys: readonly Output<Key, BatchKey>[]) => Readonly<Record<string, string>>;
  readonly method?: 'GET' | 'QUERY' | 'POST';
  readonly response?: Response;
  readonly items?: (answer: Output<Response, unknown>) => readonly Raw[];
  readonly item?: Item;
  readonly keyOf: 'position' | ((item: Output<Item, Raw>) => BatchKey);
  readonly valueIn?: (item: Output<Item, Raw>) => Value | null | undefined;
  readonly errorIn?: (item: Output<Item, Raw>, answer: ServiceAnswer) => DomainError | null | undefined;
  readonly maxKeys?: number;
  readonly maxKeyBytes?: number;
  readonly concurrency?: number;
  readonly errors?: Readonly<Record<number, DomainErrorClass>>;
  readonly envelope?: Envelope | false;
  readonly maxBodyBytes?: number;
  readonly followRedirects?: number;
  readonly idempotent?: boolean;
  readonly deadlineMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly retryStatuses?: readonly number[];
}
export declare const batchDefaults: {
  readonly maxKeys: number;
  readonly concurrency: number;
  readonly idempotent: boolean;
};
export interface BatchDefinition<Key = unknown, Value = unknown> extends OperationDefinition<string, OperationOptions> {
  readonly batch: BatchPlan;
  readonly '~batch'?: {
    readonly key: Key;
    readonly value: Value;
  };
}
type Holes<P extends string> = [PathNames<P>] extends [never] ? unknown : {
  readonly params: unknown;
};
export declare function batch<const P extends string, Key extends KeySchema | undefined = undefined, Response extends MaybeSchema = undefined, Raw = ItemsIn<Output<Response, unknown>>, Item extends MaybeSchema = undefined, Value = Exclude<Output<Item, Raw>, null | undefined>>(path: P, options: BatchOptions<P, Key, Response, Raw, Item, Value> & Holes<P>): BatchDefinition<Input<Key, BatchKey>, Value>;

// batch/collects-fit.d.ts
type Into<D> = D extends OperationDefinition<string, infer O> ? (O extends {
  collect: {
    into: infer B;
  };
} ? B : never) : never;
type KeyIn<D> = D extends OperationDefinition<infer P, infer O> ? O extends {
  params: infer S extends StandardSchemaV1;
} ? StandardSchemaV1.InferOutput<S>[PathNames<P> & keyof StandardSchemaV1.InferOutput<S>] : PathValue : never;
type Wrong<Why extends string> = {
  readonly options: {
    readonly collect: {
      readonly into: Why;
    };
  };
};
type Fits<D, Ops> = [Into<D>] extends [never] ? unknown : Into<D> extends keyof Ops ? FitsInto<D, Ops[Into<D>]> : string extends Into<D> ? unknown : Wrong<'is no operation of this client'>;
type FitsInto<D, B> = B extends BatchDefinition<infer Key, infer Value> ? [KeyIn<D> & Key] extends [never] ? Wrong<'the keys of this batch are of another type'> : [Value] extends [ValueOf<D>] ? unknown : Wrong<'the values of this batch are of another type'> : Wrong<'is no batch'>;
type CollectsFit<Ops> = {
  readonly [N in keyof Ops]: Fits<Ops[N], Ops>;
};

// batch/data-loader.d.ts
export declare function dataLoaderValues<V>(outcomes: readonly KeyOutcome<unknown, V>[]): (V | Error | null)[];

// batch/key-outcome.d.ts
export type KeyOutcome<K, V> = {
  readonly outcome: 'found';
  readonly key: K;
  readonly value: V;
}
 | {
  readonly outcome: 'missing';
  readonly key: K;
}
 | {
  readonly outcome: 'failed';
  readonly key: K;
  readonly error: unknown;
};

// batch/match-answer.d.ts
interface MatchRules {
  readonly items?: ((answer: unknown) => unknown) | undefined;
  readonly item?: Schema | undefined;
  readonly keyOf: 'position' | ((item: unknown) => unknown);
  readonly valueIn?: ((item: unknown) => unknown) | undefined;
  readonly errorIn?: ((item: unknown, answer: ServiceAnswer) => DomainError | null | undefined) | undefined;
}

// cache/call-cache.d.ts
interface Revalidation {
  readonly headers: readonly string[];
  answered(response: WireResponse): WireResponse;
}
interface CacheQuestion {
  readonly key: string;
  readonly call: CallOptions & {
    readonly key: string;
  };
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly principal: string;
  readonly isAuthorised: boolean;
  load(call: CallOptions, revalidation?: Revalidation): Promise<unknown>;
  read(response: WireResponse): unknown;
}
interface CallCache {
  ask(question: CacheQuestion): Promise<CacheAnswer<unknown>>;
  keyOf(request: BuiltRequest, asker: Asker, facts: ErrorFacts): string | undefined;
  invalidate(request: BuiltRequest, principal: string | undefined): void;
  forgetPath(path: string): void;
  clear(): void;
}

// cache/kept-answers.d.ts
interface Whose {
  readonly principal?: string | undefined;
}
type Arguments<I> = Record<never, never> extends I ? [input?: I, whose?: Whose] : [input: I, whose?: Whose];
export interface KeptAnswers<D> {
  invalidate(...args: Arguments<InputOf<D>>): Promise<void>;
  clear(): void;
}

// call/asker.d.ts
type Asker = Pick<CallSettings, 'principal' | 'headers'>;

// call/call-of.d.ts
type CallOf<D> = D extends BatchDefinition<infer Key, infer Value> ? BatchCall<Key, Value> : D extends OperationDefinition<string, infer O> ? O extends {
  readonly cache: object;
} ? OperationCall<D> & KeptAnswers<D> : OperationCall<D> : never;

// call/call-settings.d.ts
export interface CallSettings {
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly principal?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

// call/operation-call.d.ts
type Arguments<I> = Record<never, never> extends I ? [input?: I, settings?: CallSettings] : [input: I, settings?: CallSettings];
export interface OperationCall<D> {
  (...args: Arguments<InputOf<D>>): Promise<ResultOf<D>>;
  withMeta(...args: Arguments<InputOf<D>>): Promise<WithMeta<ResultOf<D>>>;
}

// call/with-meta.d.ts
export interface WithMeta<T> {
  readonly value: T;
  readonly provenance: 'live' | 'cached' | 'stale' | 'degraded';
  readonly fate: Fate;
  readonly attempts: number;
  readonly durationMs: number;
  readonly timings: CallTimings;
  readonly quotas: readonly Quota[];
  readonly requestId: string;
  readonly traceId: string;
}

// classify/problem.d.ts
export interface ProblemDetails {
  readonly type: string;
  readonly title: string | undefined;
  readonly status: number | undefined;
  readonly detail: string | undefined;
  readonly instance: string | undefined;
  readonly extensions: Readonly<Record<string, unknown>>;
}

// classify/rate-limit.d.ts
export interface Quota {
  readonly name: string;
  readonly remaining: number;
  readonly resetMs: number | undefined;
  readonly limit: number | undefined;
  readonly windowMs: number | undefined;
}

// client-options.d.ts
export type Operations = Readonly<Record<string, OperationDefinition>>;
export interface ServiceClientOptions<Ops extends Operations = Operations> {
  readonly target: string;
  readonly baseUrl: BaseUrl;
  readonly operations: Ops;
  readonly deadlineMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  readonly retry?: Omit<RetryOptions, 'budget' | 'classify'>;
  readonly budget?: RetryBudgetOptions;
  readonly hedge?: HedgeSettings;
  readonly breaker?: Omit<BreakerOptions, 'name' | 'classify'>;
  readonly hosts?: HostsOptions;
  readonly bulkhead?: Omit<BulkheadOptions, 'name' | 'classify'>;
  readonly auth?: Authenticator;
  readonly envelope?: Envelope;
  readonly userAgent?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineHeader?: string | false;
  readonly deadlineMarginMs?: number;
  readonly attemptHeader?: string | false;
  readonly xTraceHeaders?: boolean;
  readonly baggageTo?: readonly string[];
  readonly connections?: number;
  readonly keepAliveMs?: number;
  readonly allowH2?: boolean;
  readonly maxBodyBytes?: number;
  readonly maxHeaderBytes?: number;
  readonly followRedirects?: number;
  readonly egress?: 'any' | 'public' | EgressGuard;
  readonly tls?: TlsSource;
  readonly interceptors?: readonly Interceptor[];
  readonly tracing?: Tracing;
  readonly transport?: OpenTransport;
  readonly runtime?: Runtime;
}
export declare const serviceClientDefaults: {
  readonly deadlineMs: number;
  readonly attemptTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly userAgent: string;
  readonly deadlineHeader: string | false;
  readonly deadlineMarginMs: number;
  readonly attemptHeader: string | false;
  readonly xTraceHeaders: boolean;
  readonly baggageTo: readonly string[];
  readonly connections: number;
  readonly keepAliveMs: number;
  readonly allowH2: boolean;
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  readonly followRedirects: number;
  readonly egress: 'any' | 'public' | EgressGuard;
};

// contract/cache-options.d.ts
export interface OperationCacheOptions {
  readonly freshMs: number;
  readonly staleWhileRevalidateMs?: number;
  readonly staleIfErrorMs?: number;
  readonly negativeMs?: number;
  readonly maxEntries?: number;
}
export declare const operationCacheDefaults: Required<Omit<OperationCacheOptions, 'freshMs'>>;

// contract/collect-options.d.ts
export interface CollectOptions {
  readonly into: string;
  readonly waitMs?: number;
  readonly maxKeys?: number;
}
export declare const collectDefaults: {
  readonly waitMs: number;
};

// contract/domain-error.d.ts
export interface ServiceAnswer {
  readonly target: string;
  readonly operation: string;
  readonly attempts: number;
  readonly status: number;
  readonly serviceCode: string | undefined;
  readonly detail: string | undefined;
  readonly problem?: ProblemDetails | undefined;
}
export declare class DomainError extends SwitchgearError {
  readonly code: string;
  readonly status: number;
  readonly serviceCode: string | undefined;
  readonly detail: string | undefined;
  readonly problem: ProblemDetails | undefined;
  constructor(answer: ServiceAnswer);
  verdict(): Verdict;
  toJSON(): Record<string, unknown>;
}
export type DomainErrorClass = new (answer: ServiceAnswer) => DomainError;

// contract/envelope.d.ts
export type Unwrapped = {
  readonly ok: true;
  readonly data: unknown;
} | {
  readonly ok: false;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
};
export type Envelope = (body: unknown) => Unwrapped | undefined;
export declare const successEnvelope: Envelope;

// contract/hedging.d.ts
export type HedgeSettings = Omit<HedgeOptions, 'budget' | 'classify' | 'action' | 'dispose'>;

// contract/http-caching.d.ts
interface CachePlace {
  readonly operation: string;
  readonly refreshDeadlineMs: number;
  readonly inTime: Policy;
  readonly runtime: Runtime;
}
interface HttpCaching<AllowStale extends boolean = boolean> {
  readonly allowStale: AllowStale;
  open(place: CachePlace): CallCache;
}

// contract/input.d.ts
export type Scalar = string | number | boolean | bigint;
export type QueryValue = Scalar | undefined | readonly Scalar[];
export type FormFields = Readonly<Record<string, QueryValue>>;
export interface Part {
  readonly content: string | Uint8Array | Blob;
  readonly filename?: string | undefined;
  readonly contentType?: string | undefined;
}
export type PartValue = Scalar | Uint8Array | Blob | Part;
export type MultipartFields = FormData | Readonly<Record<string, PartValue | undefined | readonly PartValue[]>>;
export type ByteStream = AsyncIterable<Uint8Array>;
export type StreamSource = ByteStream | (() => ByteStream | Promise<ByteStream>);
interface PlainBodies {
  readonly json: unknown;
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly form: FormFields;
  readonly multipart: MultipartFields;
  readonly stream: StreamSource;
}
type Simplify<T> = {
  [K in keyof T]: T[K];
} & {};
type ParamsOf<P extends string, O> = O extends {
  params: infer S extends StandardSchemaV1;
} ? Readonly<StandardSchemaV1.InferInput<S>> : {
  readonly [K in PathNames<P>]: PathValue;
};
type QueryOf<O> = O extends {
  query: infer S extends StandardSchemaV1;
} ? Record<never, never> extends StandardSchemaV1.InferInput<S> ? {
  readonly query?: StandardSchemaV1.InferInput<S>;
} : {
  readonly query: StandardSchemaV1.InferInput<S>;
} : {
  readonly query?: Readonly<Record<string, QueryValue>>;
};
type HeadersOf<O> = O extends {
  headers: infer S extends StandardSchemaV1;
} ? Record<never, never> extends StandardSchemaV1.InferInput<S> ? {
  readonly headers?: StandardSchemaV1.InferInput<S>;
} : {
  readonly headers: StandardSchemaV1.InferInput<S>;
} : unknown;
type BodyOf<O> = O extends {
  body: infer S extends StandardSchemaV1;
} ? {
  readonly body: StandardSchemaV1.InferInput<S>;
} : O extends {
  bodyAs: infer K extends keyof PlainBodies;
} ? {
  readonly body: PlainBodies[K];
} : unknown;
export type InputOf<D> = D extends OperationDefinition<infer P, infer O> ? Simplify<ParamsOf<P, O> & QueryOf<O> & HeadersOf<O> & BodyOf<O>> : never;
type ParamsFit<P extends string, O> = O extends {
  params: infer S extends StandardSchemaV1;
} ? StandardSchemaV1.InferOutput<S> extends {
  readonly [K in PathNames<P>]: PathValue;
} ? unknown : {
  readonly params: 'must give every parameter of the path a text or a number';
} : unknown;

// contract/operation.d.ts
export type Method = 'GET' | 'HEAD' | 'QUERY' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type BodyKind = 'json' | 'text' | 'bytes' | 'form' | 'multipart' | 'stream';
export type AnswerKind = 'json' | 'text' | 'bytes' | 'stream';
export interface FallbackFailure {
  readonly error: unknown;
  readonly input: Readonly<Record<string, unknown>>;
}
export interface OperationOptions {
  readonly params?: Schema;
  readonly query?: Schema;
  readonly headers?: Schema;
  readonly body?: Schema;
  readonly bodyAs?: BodyKind;
  readonly contentType?: string;
  readonly response?: Schema | 'none';
  readonly responseAs?: AnswerKind;
  readonly results?: Results;
  readonly errors?: Readonly<Record<number, DomainErrorClass>>;
  readonly envelope?: Envelope | false;
  readonly maxBodyBytes?: number;
  readonly followRedirects?: number;
  readonly idempotent?: boolean;
  readonly idempotencyKey?: boolean;
  readonly deadlineMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly hedge?: HedgeSettings | false;
  readonly retryStatuses?: readonly number[];
  readonly fallback?: (failure: FallbackFailure) => unknown;
  readonly cache?: OperationCacheOptions | HttpCaching;
  readonly collect?: CollectOptions;
  readonly invalidates?: readonly string[];
}
export interface OperationDefinition<P extends string = string, O extends OperationOptions = OperationOptions> {
  readonly method: Method;
  readonly path: PathTemplate;
  readonly options: O;
  readonly '~template'?: P;
}
export declare const get: Define;
export declare const head: Define;
export declare const query: Define;
export declare const post: Define;
export declare const put: Define;
export declare const patch: Define;
export declare const del: Define;
type Define = <const P extends string, const O extends OperationOptions = Record<never, never>>(path: P, options?: O & OperationOptions & AtOnce<O> & OneAnswer<O> & ParamsFit<P, O>) => OperationDefinition<P, O>;
type AtOnce<O> = O extends {
  fallback: (failure: never) => PromiseLike<unknown>;
} ? {
  readonly fallback: 'must answer at once: a promise is not waited for';
} : unknown;
type OneAnswer<O> = O extends {
  response: unknown;
  results: unknown;
} ? {
  readonly response: 'results says it for each status';
} : O extends {
  response: unknown;
  responseAs: 'stream';
} ? {
  readonly response: 'a stream is not looked into';
} : O extends {
  body: unknown;
  bodyAs: 'stream';
} ? {
  readonly body: 'a stream is not looked into';
} : unknown;

// contract/path-template.d.ts
export type PathValue = string | number | bigint;
type PathNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Name | PathNames<Rest> : never;
type BuiltPath = {
  readonly ok: true;
  readonly path: string;
} | {
  readonly ok: false;
  readonly param: string;
  readonly problem: string;
};
interface PathTemplate {
  readonly template: string;
  readonly names: readonly string[];
  build(values: Readonly<Record<string, unknown>>): BuiltPath;
}

// contract/provenance.d.ts
export interface Live<T> {
  readonly provenance: 'live';
  readonly value: T;
}
export interface Stale<T> {
  readonly provenance: 'stale';
  readonly value: T;
  readonly ageMs: number;
}
export interface Degraded<F> {
  readonly provenance: 'degraded';
  readonly value: F;
  readonly error: unknown;
}

// contract/result.d.ts
export type Results = Readonly<Record<number, Schema | 'none'>>;
export interface StreamedAnswer extends AsyncDisposable {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: ReadableStream<Uint8Array>;
}
interface PlainAnswers {
  readonly json: unknown;
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly stream: StreamedAnswer;
}
type SchemaValue<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : undefined;
type ByStatus<R> = {
  [K in keyof R & number]: {
    readonly status: K;
    readonly value: SchemaValue<R[K]>;
  };
}[keyof R & number];
export type ValueOf<D> = D extends OperationDefinition<string, infer O> ? O extends {
  results: infer R extends Results;
} ? ByStatus<R> : O extends {
  response: infer S extends Schema | 'none';
} ? SchemaValue<S> : O extends {
  responseAs: infer K extends keyof PlainAnswers;
} ? PlainAnswers[K] : unknown : never;
type Outlives = {
  readonly cache: {
    readonly staleIfErrorMs: number;
  } | {
    readonly staleWhileRevalidateMs: number;
  } | {
    readonly allowStale: true;
  };
};
export type ResultOf<D> = D extends OperationDefinition<string, infer O> ? O extends {
  fallback: (failure: never) => infer F;
} ? Live<ValueOf<D>> | (O extends Outlives ? Stale<ValueOf<D>> : never) | Degraded<F> : O extends Outlives ? Live<ValueOf<D>> | Stale<ValueOf<D>> : ValueOf<D> : never;

// contract/schema.d.ts
type Schema = StandardSchemaV1;

// controls/client-controls.d.ts
export interface ClientControls extends AsyncDisposable {
  readonly target: string;
  on(listener: (event: ClientEvent) => void, types?: readonly ClientEvent['type'][]): () => void;
  snapshot(): ClientSnapshot;
  readonly operator: ClientOperator;
  readonly capabilities: TransportCapabilities;
  describe(): string;
  explain(): string;
  close(options?: CloseOptions): Promise<void>;
}

// controls/closing.d.ts
export interface CloseOptions {
  readonly graceMs?: number;
}
export declare const closeDefaults: Required<CloseOptions>;

// controls/operation-settings.d.ts
export interface OperationSettings {
  readonly name: string;
  readonly method: string;
  readonly template: string;
  readonly deadlineMs: number;
  readonly attemptTimeoutMs: number;
  readonly idempotent: boolean;
  readonly cached: boolean;
  readonly hedged: boolean;
  readonly batch: boolean;
}

// controls/policy-settings.d.ts
export interface PolicySettings {
  readonly name: 'deadline' | 'bulkhead' | 'retry' | 'retry-budget' | 'hedge' | 'hosts' | 'breaker' | 'attempt-timeout';
  readonly options: Readonly<Record<string, string | number | boolean | null>>;
}

// controls/snapshot.d.ts
export interface ClientSnapshot {
  readonly target: string;
  readonly inFlight: number;
  readonly breaker: BreakerSnapshot;
  readonly hosts?: readonly HostSnapshot[];
  readonly bulkhead: BulkheadSnapshot;
  readonly budget: RetryBudgetSnapshot;
  readonly controls: readonly ControlSnapshot[];
  readonly policies: readonly PolicySettings[];
  readonly operations: readonly OperationSettings[];
}

// dns-lookups.d.ts
export interface AddressRecord {
  readonly address: string;
  readonly ttl: number;
}
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}
export interface Lookups {
  addresses(name: string, family: 4 | 6, signal: AbortSignal): Promise<readonly AddressRecord[]>;
  services(name: string, signal: AbortSignal): Promise<readonly ServiceRecord[]>;
  system(name: string): Promise<readonly string[]>;
}
export declare const systemLookups: Lookups;

// errors.d.ts
export type Again = 'by-status' | 'asked-for' | 'unwanted' | 'never';
export declare class InvalidRequestError extends SwitchgearError {
  readonly code = "SWITCHGEAR_INVALID_REQUEST";
  readonly issues: readonly string[];
  constructor(issues: readonly string[], facts: ErrorFacts);
  verdict(): Verdict;
}
export declare class InterceptorError extends SwitchgearError {
  readonly code = "SWITCHGEAR_INTERCEPTOR_FAILED";
  readonly interceptor: string;
  readonly hook: 'beforeCall' | 'beforeAttempt';
  constructor(interceptor: string, hook: 'beforeCall' | 'beforeAttempt', facts: ErrorFacts);
  verdict(): Verdict;
}
export declare class ClientClosedError extends SwitchgearError {
  readonly code = "SWITCHGEAR_CLIENT_CLOSED";
  verdict(): Verdict;
}
export declare class DnsError extends SwitchgearError {
  readonly code = "SWITCHGEAR_DNS_FAILED";
  readonly reason: string;
  elsewhere: boolean;
  constructor(message: string, reason: string, facts: ErrorFacts);
  verdict(): Verdict;
}
export declare class ConnectError extends SwitchgearError {
  readonly code = "SWITCHGEAR_CONNECT_FAILED";
  elsewhere: boolean;
  verdict(): Verdict;
}
export declare class EgressRefusedError extends SwitchgearError {
  readonly code = "SWITCHGEAR_EGRESS_REFUSED";
  verdict(): Verdict;
}
export declare class TlsError extends SwitchgearError {
  readonly code = "SWITCHGEAR_TLS_FAILED";
  verdict(): Verdict;
}
export declare class ConnectionLostError extends SwitchgearError {
  readonly code = "SWITCHGEAR_CONNECTION_LOST";
  readonly stale: boolean;
  constructor(message: string, stale: boolean, facts: ErrorFacts);
  verdict(idempotent: boolean): Verdict;
}
export declare class HttpStatusError extends SwitchgearError {
  #private;
  readonly code = "SWITCHGEAR_HTTP_STATUS";
  readonly status: number;
  readonly problem: ProblemDetails | undefined;
  constructor(status: number, again: Again, facts: ErrorFacts, problem?: ProblemDetails);
  verdict(idempotent: boolean): Verdict;
  toJSON(): Record<string, unknown>;
}
export declare class ThrottledError extends SwitchgearError {
  #private;
  readonly code = "SWITCHGEAR_THROTTLED";
  readonly status: number;
  readonly problem: ProblemDetails | undefined;
  constructor(status: number, facts: ErrorFacts, problem?: ProblemDetails, again?: Again);
  verdict(idempotent: boolean): Verdict;
  toJSON(): Record<string, unknown>;
}
export declare class RedirectRefusedError extends SwitchgearError {
  readonly code = "SWITCHGEAR_REDIRECT_REFUSED";
  readonly status: number;
  constructor(status: number, facts: ErrorFacts, why?: string);
  verdict(): Verdict;
}
export declare class InvalidResponseError extends SwitchgearError {
  readonly code = "SWITCHGEAR_INVALID_RESPONSE";
  readonly status: number;
  readonly issues: readonly string[];
  constructor(status: number, issues: readonly string[], facts: ErrorFacts);
  verdict(): Verdict;
}
export declare class ResponseTooLargeError extends SwitchgearError {
  readonly code = "SWITCHGEAR_RESPONSE_TOO_LARGE";
  constructor(message: string, facts: ErrorFacts);
  verdict(): Verdict;
}
export declare class AuthenticationError extends SwitchgearError {
  readonly code = "SWITCHGEAR_AUTHENTICATION_FAILED";
  readonly reason: string;
  constructor(message: string, facts?: ErrorFacts, reason?: string);
  toJSON(): Record<string, unknown>;
  verdict(): Verdict;
}
export declare class TokenUnavailableError extends SwitchgearError {
  readonly code = "SWITCHGEAR_TOKEN_UNAVAILABLE";
  verdict(): Verdict;
}
export declare function isAway(error: unknown): boolean;

// events.d.ts
export type Fate = 'ok' | 'ok-retried' | 'ok-hedged' | 'cached' | 'stale' | 'degraded' | 'answered' | 'throttled' | 'refused' | 'timed-out' | 'unavailable' | 'invalid' | 'unauthenticated' | 'cancelled' | 'misused';
export interface CallStarted extends EventBase {
  readonly type: 'call.started';
  readonly operation: string;
  readonly method: string;
  readonly template: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
}
export interface ExchangeFinished extends EventBase {
  readonly type: 'exchange.finished';
  readonly operation: string;
  readonly attempt: number;
  readonly kind: 'initial' | 'retry' | 'hedge' | 'resend';
  readonly resends: number;
  readonly method: string;
  readonly template: string;
  readonly host: string;
  readonly protocol: '1.1' | '2' | undefined;
  readonly status: number | undefined;
  readonly error: unknown;
  readonly code: string | undefined;
  readonly sent: Sent;
  readonly phase: Phase;
  readonly cancelled: boolean;
  readonly injected: FaultInjectionOptions['kind'] | undefined;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly timings: PhaseTimings;
}
export interface CallFinished extends EventBase {
  readonly type: 'call.finished';
  readonly operation: string;
  readonly fate: Fate;
  readonly durationMs: number;
  readonly attempts: number;
  readonly retries: number;
  readonly hedges: number;
  readonly overdueMs: number;
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly timings: CallTimings;
  readonly error: unknown;
}
export interface BatchFlushed extends EventBase {
  readonly type: 'batch.flushed';
  readonly operation: string;
  readonly into: string;
  readonly calls: number;
  readonly keys: number;
  readonly waitedMs: number;
  readonly reason: 'full' | 'wait' | 'tick';
}
export interface BatchFinished extends EventBase {
  readonly type: 'batch.finished';
  readonly operation: string;
  readonly asked: number;
  readonly keys: number;
  readonly found: number;
  readonly missing: number;
  readonly failed: number;
  readonly requests: number;
  readonly strangers: number;
  readonly repeated: number;
  readonly durationMs: number;
  readonly requestId: string;
}
export interface TokenRefreshed extends EventBase {
  readonly type: 'token.refreshed';
  readonly ok: boolean;
  readonly generation: number;
  readonly durationMs: number;
  readonly error: unknown;
}
export interface AuthLost extends EventBase {
  readonly type: 'auth.lost';
  readonly reason: string;
  readonly error: unknown;
}
export interface TokenUnsaved extends EventBase {
  readonly type: 'token.unsaved';
  readonly retryInMs: number;
  readonly error: unknown;
}
export interface TlsReloadFailed extends EventBase {
  readonly type: 'tls.reload-failed';
  readonly error: unknown;
}
export interface InterceptorFailed extends EventBase {
  readonly type: 'interceptor.failed';
  readonly operation: string;
  readonly interceptor: string;
  readonly hook: InterceptorHook;
  readonly error: unknown;
}
export interface ClientClosing extends EventBase {
  readonly type: 'client.closing';
  readonly graceMs: number;
  readonly inFlight: number;
}
export interface ClientClosed extends EventBase {
  readonly type: 'client.closed';
  readonly cancelled: number;
}
export interface ControlBegan extends EventBase {
  readonly type: 'control.began';
  readonly control: ControlSnapshot;
}
export interface ControlEnded extends EventBase {
  readonly type: 'control.ended';
  readonly control: ControlSnapshot;
  readonly because: ControlEnd;
}
export interface OperatorActed extends EventBase {
  readonly type: 'operator.acted';
  readonly action: 'reset' | 'close-circuit';
  readonly reason: string;
}
export interface AttemptReauthorised extends EventBase {
  readonly type: 'attempt.reauthorised';
  readonly operation: string;
  readonly attempt: number;
}
export interface HostEjected extends EventBase {
  readonly type: 'host.ejected';
  readonly host: string;
  readonly reason: 'consecutive-failures' | 'success-rate';
  readonly forMs: number;
  readonly ejected: number;
  readonly hosts: number;
}
export interface HostReturned extends EventBase {
  readonly type: 'host.returned';
  readonly host: string;
}
export interface HostsPanicked extends EventBase {
  readonly type: 'hosts.panicked';
  readonly ejected: number;
  readonly hosts: number;
}
export interface HostsResolved extends EventBase {
  readonly type: 'hosts.resolved';
  readonly ok: boolean;
  readonly hosts: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly error: unknown;
}
export type ClientEvent = PolicyEvent | CallStarted | CallFinished | ExchangeFinished | BatchFlushed | BatchFinished | InterceptorFailed | ClientClosing | ClientClosed | ControlBegan | ControlEnded | OperatorActed | TokenRefreshed | AuthLost | TokenUnsaved | TlsReloadFailed | AttemptReauthorised | HostEjected | HostReturned | HostsPanicked | HostsResolved;

// hosts/base-url.d.ts
export type BaseUrl = string | readonly string[] | HostResolver;

// hosts/dns-hosts.d.ts
export interface DnsHostsOptions {
  readonly family?: 'any' | 'ipv4' | 'ipv6';
  readonly minTtlMs?: number;
  readonly maxTtlMs?: number;
  readonly lookups?: Lookups;
}
export declare const dnsHostsDefaults: Required<Omit<DnsHostsOptions, 'lookups'>>;
export declare function dnsHosts(baseUrl: string, options?: DnsHostsOptions): HostResolver;

// hosts/failed-host.d.ts
export declare function hostOf(error: unknown): string | undefined;

// hosts/host.d.ts
export type HostState = 'in-service' | 'ramping' | 'ejected' | 'draining';
export interface HostSnapshot {
  readonly origin: string;
  readonly address: string | null;
  readonly state: HostState;
  readonly inFlight: number;
  readonly ewmaMs: number;
  readonly consecutiveFailures: number;
  readonly ejections: number;
  readonly ejectedForMs: number;
  readonly breaker: BreakerSnapshot;
}

// hosts/hosts-from.d.ts
export interface HostsFromOptions {
  readonly ttlMs?: number;
}
export declare const hostsFromDefaults: Required<HostsFromOptions>;
export declare function hostsFrom(baseUrl: string, find: (signal: AbortSignal) => Promise<readonly (string | HostAddress)[]>, options?: HostsFromOptions): HostResolver;

// hosts/options.d.ts
export interface HostsOptions {
  readonly consecutiveFailures?: number;
  readonly intervalMs?: number;
  readonly outlierFactor?: number;
  readonly outlierMargin?: number;
  readonly minimumHosts?: number;
  readonly minimumCalls?: number;
  readonly ejectMs?: number;
  readonly maxEjectMs?: number;
  readonly slowStartMs?: number;
  readonly decayMs?: number;
  readonly maxHosts?: number;
}
export declare const hostsDefaults: Required<HostsOptions>;

// hosts/origin-key.d.ts
export declare function originKey(origin: string | URL): string;

// hosts/resolver.d.ts
export interface HostAddress {
  readonly origin: string;
  readonly address?: string;
  readonly priority?: number;
  readonly weight?: number;
}
export interface HostAnswer {
  readonly hosts: readonly (string | HostAddress)[];
  readonly ttlMs?: number;
}
export interface HostResolver {
  readonly baseUrl: string;
  resolve(signal: AbortSignal): Promise<HostAnswer>;
}

// hosts/srv-hosts.d.ts
export interface SrvHostsOptions {
  readonly ttlMs?: number;
  readonly lookups?: Lookups;
}
export declare const srvHostsDefaults: Required<Pick<SrvHostsOptions, 'ttlMs'>>;
export declare function srvHosts(baseUrl: string, options?: SrvHostsOptions): HostResolver;

// interceptors/header-editor.d.ts
export interface HeaderEditor {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  delete(name: string): void;
}

// interceptors/interceptor.d.ts
export interface Interceptor {
  readonly name: string;
  readonly beforeCall?: (call: InterceptedCall, headers: HeaderEditor) => void | PromiseLike<void>;
  readonly beforeAttempt?: (attempt: InterceptedAttempt, headers: HeaderEditor) => void | PromiseLike<void>;
  readonly afterAttempt?: (attempt: InterceptedAttempt, outcome: AttemptOutcome) => void | PromiseLike<void>;
  readonly afterCall?: (call: InterceptedCall, outcome: CallOutcome) => void | PromiseLike<void>;
}
export type InterceptorHook = Exclude<keyof Interceptor, 'name'>;
export interface InterceptedCall {
  readonly target: string;
  readonly operation: string;
  readonly method: string;
  readonly template: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly deadline: number;
  readonly idempotent: boolean;
}
export interface InterceptedAttempt {
  readonly call: InterceptedCall;
  readonly attempt: number;
  readonly host: string;
}
export interface AttemptOutcome {
  readonly status: number | undefined;
  readonly headers: WireResponse['headers'] | undefined;
  readonly durationMs: number;
  readonly error: unknown;
}
export interface CallOutcome {
  readonly fate: Fate;
  readonly attempts: number;
  readonly durationMs: number;
  readonly error: unknown;
}

// operator/client-operator.d.ts
export interface ClientOperator {
  isolate(reason: string, options?: IsolateOptions): OperatorControl;
  closeCircuit(reason: string): void;
  reset(reason: string): void;
  injectFault(fault: FaultInjectionOptions): OperatorControl;
  release(id: number): boolean;
}
export interface IsolateOptions {
  readonly expiresInMs?: number;
}
export interface OperatorControl extends Disposable {
  readonly id: number;
  release(): void;
}
export interface ControlSnapshot {
  readonly id: number;
  readonly kind: 'isolation' | 'fault';
  readonly reason: string;
  readonly beganAt: number;
  readonly expiresInMs: number | null;
  readonly fault?: {
    readonly kind: FaultInjectionOptions['kind'];
    readonly rate: number;
    readonly latencyMs: number | null;
    readonly operation: string | null;
    readonly hits: number;
  };
}
export type ControlEnd = 'released' | 'expired' | 'circuit-closed' | 'client-closed';

// operator/fault-injection.d.ts
export interface FaultInjectionOptions {
  readonly kind: 'latency' | 'error' | 'reset';
  readonly rate: number;
  readonly latencyMs?: number;
  readonly operation?: string;
  readonly expiresInMs: number;
  readonly reason: string;
}

// request/build-request.d.ts
interface BuiltRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array | Upload | undefined;
  readonly headers?: ReadonlyMap<string, string> | undefined;
  readonly contentType?: string | undefined;
  readonly params?: unknown;
}

// request/upload.d.ts
declare class Upload {
  #private;
  readonly replayable: boolean;
  constructor(source: StreamSource);
  get spent(): boolean;
  open(facts: ErrorFacts): OpenUpload;
}
declare class OpenUpload implements AsyncIterable<Uint8Array> {
  #private;
  failure: {
    readonly error: unknown;
  } | undefined;
  constructor(begin: () => ByteStream | Promise<ByteStream>);
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined>;
  close(): void;
}

// service-client.d.ts
export type ServiceClient<Ops extends Operations> = {
  readonly [K in keyof Ops]: CallOf<Ops[K]>;
} & ClientControls & {
  readonly fetch: ClientFetch;
};
export declare function createServiceClient<const Ops extends Operations>(given: ServiceClientOptions<Ops> & {
  readonly operations: CollectsFit<Ops>;
}): ServiceClient<Ops>;

// timing/timings.d.ts
export interface PhaseTimings {
  readonly queueMs: number;
  readonly authMs: number;
  readonly dnsMs: number;
  readonly connectMs: number;
  readonly tlsMs: number;
  readonly writeMs: number;
  readonly waitMs: number;
  readonly bodyMs: number;
  readonly decodeMs: number;
}
export interface CallTimings extends PhaseTimings {
  readonly admissionMs: number;
  readonly backoffMs: number;
}

// trace/attempt-count.d.ts
export interface AttemptCount {
  readonly attempt: number;
  readonly max: number | undefined;
}

// trace/incoming.d.ts
export interface Incoming {
  readonly deadline: number;
  readonly trace: TraceParent | undefined;
  readonly tracestate: string | undefined;
  readonly requestId: string | undefined;
  readonly baggage?: string | undefined;
  readonly attempt?: AttemptCount | undefined;
  readonly meshAttempt?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onGivenUp?: ((error: SwitchgearError) => void) | undefined;
}
export type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;
export interface IncomingOptions {
  readonly deadlineHeader?: string;
  readonly attemptHeader?: string;
}
export declare const incomingDefaults: Required<IncomingOptions>;
export declare function readIncoming(headers: IncomingHeaders, options?: IncomingOptions, runtime?: Runtime): Incoming;
export declare function withIncoming<T>(incoming: Incoming, run: () => T, runtime?: Runtime): T;
export declare function currentIncoming(): Incoming | undefined;

// trace/traceparent.d.ts
interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

// trace/tracing.d.ts
export interface Tracing {
  startCall(call: CallToTrace, within?: CallSpan): CallSpan | undefined;
}
export interface CallToTrace {
  readonly target: string;
  readonly operation: string;
  readonly method: string;
  readonly template: string;
  readonly requestId: string;
  readonly incoming: Incoming | undefined;
}
export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
}
export interface CallSpan extends SpanPlace {
  readonly parentSpanId: string | undefined;
  run<T>(work: () => T): T;
  startExchange(exchange: ExchangeToTrace): ExchangeSpan;
  end(finished: CallFinished): void;
}
export interface ExchangeToTrace {
  readonly attempt: number;
  readonly kind: ExchangeFinished['kind'];
  readonly resends: number;
  readonly method: string;
  readonly template: string;
  readonly host: string;
  readonly baggage: boolean;
}
export interface ExchangeSpan {
  readonly spanId: string;
  readonly headers: readonly string[];
  run<T>(work: () => T): T;
  end(finished: ExchangeFinished): void;
}

// transport/egress.d.ts
export type EgressGuard = (address: string) => boolean;
export declare const publicOnly: EgressGuard;

// transport/tls.d.ts
type Pem = string | Uint8Array;
export interface TlsOptions {
  readonly ca?: Pem | readonly Pem[];
  readonly cert?: Pem;
  readonly key?: Pem;
  readonly passphrase?: string;
  readonly servername?: string;
}
export type TlsSource = TlsOptions | (() => TlsOptions | Promise<TlsOptions>);
export interface TlsIdentity {
  readonly secureContext: SecureContext;
  readonly servername: string | undefined;
}
export type TlsProvider = () => TlsIdentity | Promise<TlsIdentity>;

// transport/transport.d.ts
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  readonly maxBodyBytes?: number | undefined;
}
export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  readonly origin?: string | undefined;
  readonly protocol?: '1.1' | '2' | undefined;
}
export interface WireBody extends AsyncIterable<Uint8Array> {
  destroy(reason: unknown): void;
}
export interface WireStream extends Omit<WireResponse, 'body'> {
  readonly body: WireBody;
}
type Reached =
'nothing'
 | 'request'
 | 'stale-connection'
 | 'response';
export declare class TransportFailure extends Error {
  readonly name = "TransportFailure";
  readonly reached: Reached;
  constructor(reached: Reached, cause: unknown);
}
export declare class BodyTooLarge extends Error {
  readonly name = "BodyTooLarge";
}
export interface Transport {
  send(request: WireRequest, call: Call): Promise<WireResponse>;
  stream?(request: WireRequest, call: Call): Promise<WireStream>;
  close(): Promise<void>;
  destroy(): Promise<void>;
}
export interface TransportOptions {
  readonly origin: string;
  readonly address?: string | undefined;
  readonly egress?: EgressGuard | undefined;
  readonly tls?: TlsProvider | undefined;
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  readonly allowH2: boolean;
  readonly runtime: Runtime;
}
export interface TransportCapabilities {
  readonly sentState: 'exact' | 'unknown';
  readonly connectTimeout: boolean;
  readonly headerLimit: boolean;
}
export interface OpenTransport {
  (options: TransportOptions): Transport;
  readonly capabilities?: TransportCapabilities;
}

// transport/undici-transport.d.ts
export declare const undiciTransport: OpenTransport;

// ========== @switchgear/client/fetch

import type { Call, Runtime } from '@switchgear/policy';

import type { SecureContext } from 'node:tls';

// transport/fetch/fetch-exchange.d.ts
export type FetchLike = (url: string, init: RequestInit & {
  readonly duplex?: 'half';
}) => Promise<Response>;

// transport/fetch/fetch-transport.d.ts
export declare function fetchTransport(given?: FetchLike): OpenTransport;

// ========== @switchgear/client/http-cache

import type { CacheAnswer, CallOptions, ErrorFacts, Policy, Runtime } from '@switchgear/policy';

export { HttpCaching };

// http-cache/http-cache.d.ts
export interface HttpCacheOptions {
  readonly allowStale?: boolean;
  readonly maxEntries?: number;
  readonly maxBytes?: number;
}
export declare const httpCacheDefaults: Required<HttpCacheOptions>;
export declare function httpCache<const O extends HttpCacheOptions = Record<never, never>>(options?: O): HttpCaching<O extends {
  readonly allowStale: true;
} ? true : false>;

// ========== @switchgear/client/server

import type { Runtime, SwitchgearError, Verdict } from '@switchgear/policy';

import type { IncomingMessage, ServerResponse } from 'node:http';

// server/express.d.ts
export type IncomingMiddleware = (request: RawRequest, response: RawResponse, next: (error?: unknown) => void) => void;
export declare function expressIncoming(options?: ServerOptions, runtime?: Runtime): IncomingMiddleware;

// server/fastify.d.ts
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
export type IncomingPlugin = (app: App, options: object, done: () => void) => void;
export declare function fastifyIncoming(options?: ServerOptions, runtime?: Runtime): IncomingPlugin;

// server/http.d.ts
export declare function httpIncoming<Request extends RawRequest = IncomingMessage, Response extends RawResponse = ServerResponse>(handle: (request: Request, response: Response) => unknown, options?: ServerOptions, runtime?: Runtime): (request: Request, response: Response) => unknown;

// server/late-request.d.ts
export declare class LateRequestError extends SwitchgearError {
  readonly code = "SWITCHGEAR_LATE_REQUEST";
  readonly status: number;
  readonly statusCode: number;
  constructor(status: number);
  verdict(): Verdict;
}

// server/options.d.ts
export interface ServerOptions extends IncomingOptions {
  readonly deadlineHeader?: string;
  readonly attemptHeader?: string;
  readonly lateStatus?: number | false;
  readonly cancelOnDisconnect?: boolean;
  readonly stopRetries?: boolean;
}
export declare const serverDefaults: Required<ServerOptions>;

// server/raw.d.ts
export interface RawRequest {
  readonly headers: IncomingHeaders;
  emit(event: string | symbol, ...values: never[]): boolean;
}
export interface RawResponse {
  statusCode: number;
  readonly headersSent: boolean;
  readonly closed?: boolean;
  readonly writableEnded: boolean;
  hasHeader(name: string): boolean;
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, ...more: never[]): unknown;
  end(text: string): unknown;
  once(event: 'close', listener: () => void): unknown;
  emit(event: string | symbol, ...values: never[]): boolean;
}

// server/request-id.d.ts
export declare function requestIdOf(request: {
  readonly headers: IncomingHeaders;
}): string;

// ========== @switchgear/client/testing

import type { Call, Clock, ErrorFacts, Runtime, SwitchgearError, Verdict } from '@switchgear/policy';

import type { Server } from 'node:net';

import type { SecureContext } from 'node:tls';

// testing/cassette.d.ts
export declare const cassetteVersion = 1;
export type RecordedBody = {
  readonly text: string;
} | {
  readonly base64: string;
};
export interface RecordedExchange {
  readonly request: {
    readonly origin: string;
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: RecordedBody;
  };
  readonly outcome: {
    readonly kind: 'answer';
    readonly status: number;
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
    readonly body: RecordedBody;
  } | {
    readonly kind: 'failure';
    readonly reached: Reached;
    readonly code: string;
  } | {
    readonly kind: 'too-large';
  };
}
export interface Cassette {
  readonly format: 'switchgear-cassette';
  readonly version: number;
  readonly redacted: {
    readonly headers: readonly string[];
    readonly fields: readonly string[];
  };
  readonly exchanges: readonly RecordedExchange[];
}

// testing/fault-plan.d.ts
export type Fault =
Reply
 | {
  readonly kind: 'latency';
  readonly ms: number;
}
 | {
  readonly kind: 'sent-then';
  readonly reply: Reply;
}
 | {
  readonly kind: 'trickle';
  readonly ms: number;
};
type StrikingFault = Exclude<Fault, {
  readonly kind: 'latency';
}>;
export declare function latency(ms: number): Fault;
export declare function sentThen(reply: Reply): Fault;
export declare function trickle(ms: number): Fault;
export interface FaultRule {
  readonly fault: Fault;
  readonly rate?: number | (() => number);
  readonly when?: (request: SeenRequest) => boolean;
  readonly fromMs?: number;
  readonly untilMs?: number;
  readonly times?: number;
}
export interface Strike {
  readonly latencyMs: number;
  readonly fault: StrikingFault | undefined;
}
export declare class FaultPlan {
  #private;
  constructor(rules?: readonly FaultRule[]);
  set(rules: readonly FaultRule[]): void;
  clear(): void;
  get injected(): number;
  begin(clock: Clock): void;
  strike(request: SeenRequest, random: () => number): Strike;
}

// testing/fault-transport.d.ts
export declare function faultTransport(inner: OpenTransport, faults: FaultPlan | readonly FaultRule[]): OpenTransport;

// testing/mock-script.d.ts
export type MockHandler = (request: SeenRequest) => Reply | Promise<Reply>;
export interface ExpectedRequest {
  readonly kind: 'expected';
  readonly route: string;
  readonly reply: Reply;
}
export type MockScript = readonly (Reply | ExpectedRequest)[] | Readonly<Record<string, Reply | readonly Reply[] | MockHandler>> | MockHandler;
export declare function on(route: string, reply: Reply): ExpectedRequest;

// testing/mock-transport.d.ts
export interface MockTransportOptions {
  readonly redactHeaders?: readonly string[];
}
export interface MockTransport extends OpenTransport {
  readonly requests: readonly SeenRequest[];
  script(script: MockScript): void;
  clear(): void;
  done(): void;
}
export declare function mockTransport(script: MockScript, options?: MockTransportOptions): MockTransport;

// testing/recorder.d.ts
export interface RecorderOptions {
  readonly redactHeaders?: readonly string[];
  readonly redactFields?: readonly string[];
}
export interface Recorder extends OpenTransport {
  cassette(): Cassette;
}
export declare function recorder(inner: OpenTransport, options?: RecorderOptions): Recorder;

// testing/replay.d.ts
export interface Replay extends OpenTransport {
  done(): void;
}
export declare function replay(cassette: Cassette | string): Replay;

// testing/reply.d.ts
export type ReplyHeaders = Readonly<Record<string, string | readonly string[]>>;
export type Reply = {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly body: Uint8Array;
} | {
  readonly kind: 'failure';
  readonly reached: Reached;
  readonly code: string;
} | {
  readonly kind: 'too-large';
} | {
  readonly kind: 'stall';
  readonly phase: StallPhase;
} | {
  readonly kind: 'after';
  readonly ms: number;
  readonly reply: Reply;
};
export type StallPhase = 'queue' | 'dns' | 'connect' | 'tls' | 'write' | 'wait' | 'body';
export declare function answer(status: number, json?: unknown, headers?: ReplyHeaders): Reply;
export declare function answerRaw(status: number, body: string | Uint8Array, headers?: ReplyHeaders): Reply;
export declare function refuse(code?: string): Reply;
export declare function reset(reached?: Exclude<Reached, 'nothing'>, code?: string): Reply;
export declare function tooLarge(): Reply;
export declare function stall(phase?: StallPhase): Reply;
export declare function after(ms: number, reply: Reply): Reply;

// testing/seen-request.d.ts
export interface SeenRequest {
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly target: string;
  readonly operation: string;
  readonly attempt: number;
  readonly at: number;
}

// testing/server/catalogue.d.ts
export type ServerFault = 'ok' | 'reset-before-read' | 'reset-after-read' | 'close-after-read' | 'close-on-reuse' | 'reset-on-reuse' | 'close-after-answer' | 'unsolicited-answer' | 'never-headers' | 'headers-then-stall' | 'trickle' | 'truncated-length' | 'truncated-chunks' | 'malformed-chunk' | 'not-http' | 'huge-length' | 'huge-chunks' | 'huge-headers' | 'gzip-bomb' | 'thousand-encodings' | 'informational-storm' | 'informational-forever' | 'unavailable' | 'unavailable-for-a-while' | 'rate-limited' | 'unauthorised' | 'newest-token-only' | 'token' | 'stale-token' | 'redirect-same-origin' | 'redirect-cross-origin' | 'redirect-unix' | 'redirect-data' | 'redirect-file' | 'redirect-loop' | 'redirect-307' | 'html-200' | 'empty-200' | 'truncated-json' | 'wrong-charset' | 'deep-json' | 'proto-json';
export declare const hostileRetryAfter: readonly string[];
export declare const serverFaults: Readonly<Record<ServerFault, string>>;

// testing/server/exchange.d.ts
export interface ServerAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
}

// testing/server/fault-server.d.ts
export interface FaultServerOptions {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly trickleMs?: number;
  readonly runtime?: Runtime;
}
export type ServerStep = ServerFault | H2Fault | number | ServerAnswer;
export type ServerPlace = 'refuse' | 'black-hole' | 'tls-stall' | 'tls-self-signed' | 'h2';
export declare function faultServer(options?: FaultServerOptions): Promise<FaultServer>;
export declare class FaultServer implements AsyncDisposable {
  #private;
  readonly url: string;
  readonly requests: ServerRequest[];
  sockets: number;
  bytesIn: number;
  constructor(server: Server, { body, headers, trickleMs, runtime }: Required<FaultServerOptions>);
  get hits(): number;
  get openSockets(): number;
  get certificate(): string;
  set(step: ServerStep, path?: string): void;
  script(steps: readonly ServerStep[], path?: string): void;
  revokeTokens(): void;
  urlOf(place: ServerPlace): Promise<string>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

// testing/server/h2-place.d.ts
declare const h2Faults: readonly ['goaway', 'refused-stream'];
export type H2Fault = (typeof h2Faults)[number];

// testing/server/request-reader.d.ts
export interface ServerRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly head: string;
  readonly body: string;
}

// testing/unexpected-request.d.ts
export declare class UnexpectedRequestError extends SwitchgearError {
  readonly code = "SWITCHGEAR_UNEXPECTED_REQUEST";
  readonly expected: string;
  readonly got: string;
  constructor(where: string, expected: string, got: string, facts?: ErrorFacts);
  verdict(): Verdict;
}

// ========== @switchgear/client/axios

// adapters/axios/axios-adapter.d.ts
export interface AxiosAdapterClient {
  readonly fetch: ClientFetch;
}
export declare function axiosAdapter(client: AxiosAdapterClient, axios: AxiosLike): AxiosAdapterLike;
export declare function requestSettings(settings: FetchSettings): AxiosRequestSettings;
export interface AxiosRequestSettings {
  readonly switchgear: FetchSettings;
  readonly timeout?: number;
}

// adapters/axios/axios-like.d.ts
export interface AxiosLike {
  readonly AxiosError: new (message?: string, code?: string, config?: never, request?: never, response?: never) => Error;
  readonly CanceledError: new (message?: string, config?: never, request?: never) => Error;
  readonly Axios: new () => {
    getUri(config?: never): string;
  };
}
export interface AxiosConfig {
  readonly url?: string | undefined;
  readonly method?: string | undefined;
  readonly headers?: unknown;
  readonly data?: unknown;
}
export interface AxiosAnswer<C> {
  data: unknown;
  status: number;
  statusText: string;
  headers: Record<string, string>;
  config: C;
  request: null;
}
export type AxiosAdapterLike = <C extends AxiosConfig>(config: C) => Promise<AxiosAnswer<C>>;

// ========== @switchgear/client/undici

import type { BreakerOptions, BulkheadOptions, Registry, RegistryOptions, RetryBudgetOptions, RetryOptions, Runtime, Standard } from '@switchgear/policy';

// adapters/undici/resilience.d.ts
export interface ResilienceOptions {
  readonly deadlineMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly retry?: Omit<RetryOptions, 'budget' | 'classify' | 'dispose'>;
  readonly budget?: RetryBudgetOptions;
  readonly breaker?: Omit<BreakerOptions, 'name' | 'classify'>;
  readonly bulkhead?: Omit<BulkheadOptions, 'name' | 'classify'>;
  readonly registry?: RegistryOptions;
  readonly deadlineHeader?: string;
  readonly deadlineMarginMs?: number;
}
export declare const resilienceDefaults: Required<Pick<ResilienceOptions, 'deadlineMs' | 'attemptTimeoutMs' | 'deadlineMarginMs'>>;
export interface RequestSettings {
  readonly operation?: string | undefined;
  readonly deadlineMs?: number | undefined;
  readonly idempotent?: boolean | undefined;
}
export interface Resilience {
  <D extends (options: never, handler: never) => boolean>(dispatch: D): D;
  readonly stacks: Registry<Standard>;
}
export declare function resilience(options?: ResilienceOptions, runtime?: Runtime): Resilience;
export declare function requestSettings(settings: RequestSettings): {
  readonly switchgear: RequestSettings;
};

// ========== @switchgear/client/log

import type { BreakerSnapshot, BulkheadSnapshot, EventBase, Phase, PolicyEvent, RetryBudgetSnapshot, Sent } from '@switchgear/policy';

// log/log-events.d.ts
export interface LogEventsOptions {
  readonly linesPerSecond?: number;
  readonly burst?: number;
}
export declare const logEventsDefaults: Required<LogEventsOptions>;
export declare function logEvents(client: Pick<ClientControls, 'on'>, logger: EventLogger, options?: LogEventsOptions): () => void;

// log/logger.d.ts
export interface EventLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

// ========== @switchgear/client/metrics

import type { BreakerSnapshot, BulkheadSnapshot, EventBase, Phase, PolicyEvent, RetryBudgetSnapshot, Sent } from '@switchgear/policy';

// metrics/bounded-names.d.ts
declare class BoundedNames {
  #private;
  constructor(max: number);
  admit(name: string): string;
}

// metrics/definitions.d.ts
export interface MetricDefinition {
  readonly name: string;
  readonly kind: 'counter' | 'histogram' | 'gauge';
  readonly unit: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}
export declare const durationBuckets: readonly number[];
export type MetricKey = 'operationDuration' | 'operationsInFlight' | 'operationTime' | 'operationRetries' | 'operationRetryDelay' | 'attempts' | 'retryStops' | 'retryBudgetTokens' | 'rejections' | 'breakerState' | 'breakerTransitions' | 'breakerFailureRatio' | 'breakerSlowRatio' | 'breakerWindowCalls' | 'breakerAdmittedShare' | 'bulkheadInFlight' | 'bulkheadLimit' | 'bulkheadQueued' | 'bulkheadQueueLimit' | 'hedges' | 'cacheLookups' | 'authRefreshes' | 'hosts' | 'hostEjections' | 'faultsInjected' | 'requestDuration';
export declare const metricDefinitions: Readonly<Record<MetricKey, MetricDefinition>>;

// metrics/meter.d.ts
export type LabelValues = readonly (string | undefined)[];
export interface BoundCounter {
  add(amount: number): void;
}
export interface BoundHistogram {
  record(value: number): void;
}
export type SetGauge = (metric: MetricDefinition, labels: LabelValues, value: number) => void;
export interface Meter {
  counter(metric: MetricDefinition, labels: LabelValues): BoundCounter;
  histogram(metric: MetricDefinition, labels: LabelValues): BoundHistogram;
  observe(read: (set: SetGauge) => void): () => void;
}

// metrics/metric-names.d.ts
export declare class MetricNames {
  readonly target: BoundedNames;
  readonly operation: BoundedNames;
  readonly template: BoundedNames;
  readonly host: BoundedNames;
  readonly breaker: BoundedNames;
  readonly errorType: BoundedNames;
  constructor(max: number);
}

// metrics/prometheus-name.d.ts
export declare function prometheusName({ name, kind, unit }: MetricDefinition): string;
export declare function prometheusLabel(label: string): string;

// metrics/record-metrics.d.ts
export type MeasuredClient = Pick<ClientControls, 'target' | 'on' | 'snapshot'>;
export declare function recordMetrics(client: MeasuredClient, meter: Meter, names?: MetricNames, countsRequests?: () => boolean): () => void;

// ========== @switchgear/client/otel

import type { Attributes, Meter, Span, Tracer } from '@opentelemetry/api';

import type { BreakerSnapshot, BulkheadSnapshot, EventBase, Phase, PolicyEvent, RetryBudgetSnapshot, Sent, SwitchgearError } from '@switchgear/policy';

// otel/http-mode.d.ts
export type HttpMode = 'auto' | 'own' | 'off';

// otel/otel-metrics.d.ts
export interface OtelMetricsOptions {
  readonly meter?: OtelApiMeter;
  readonly http?: HttpMode;
  readonly maxNames?: number;
}
export declare const otelMetricsDefaults: {
  readonly http: HttpMode;
  readonly maxNames: number;
};
export interface OtelMetrics {
  watch(client: MeasuredClient): () => void;
  close(): void;
}
export declare function otelMetrics(options?: OtelMetricsOptions): OtelMetrics;

// otel/otel-tracing.d.ts
export interface OtelTracingOptions {
  readonly tracer?: Tracer;
  readonly http?: HttpMode;
}
export declare const otelTracingDefaults: {
  readonly http: HttpMode;
};
export declare function otelTracing(options?: OtelTracingOptions): Tracing;

// otel/undici-hooks.d.ts
export interface UndiciHooks {
  readonly startSpanHook: () => Attributes;
  readonly requestHook: (span: Span) => void;
}
export declare function undiciHooks(): UndiciHooks;

// ========== @switchgear/client/prometheus

import type { BreakerSnapshot, BulkheadSnapshot, EventBase, Phase, PolicyEvent, RetryBudgetSnapshot, Sent } from '@switchgear/policy';

// prometheus/prometheus-metrics.d.ts
export interface PrometheusRegistry {
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
}
export type OtherNames = 'article' | 'resilience4j';
export interface PrometheusMetricsOptions {
  readonly registry: PrometheusRegistry;
  readonly alsoAs?: readonly OtherNames[];
  readonly maxNames?: number;
}
export declare const prometheusMetricsDefaults: {
  readonly alsoAs: readonly OtherNames[];
  readonly maxNames: number;
};
export interface PrometheusMetrics {
  watch(client: MeasuredClient): () => void;
  close(): void;
}
export declare function prometheusMetrics(options: PrometheusMetricsOptions): PrometheusMetrics;
