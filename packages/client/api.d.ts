// The public face of @switchgear/client, made by `npm run api`.

// ========== @switchgear/client

import type { StandardSchemaV1 } from '@standard-schema/spec';

import type { BreakerOptions, BreakerSnapshot, BulkheadOptions, BulkheadSnapshot, Call, ErrorFacts, EventBase, PolicyEvent, RetryBudgetOptions, RetryBudgetSnapshot, RetryOptions, Runtime, SwitchgearError, Verdict } from '@switchgear/policy';

// auth/authenticator.d.ts
interface AuthenticatorContext {
  readonly runtime: Runtime;
  readonly openTransport: OpenTransport;
  readonly onRefresh: (generation: number, durationMs: number, error: unknown) => void;
}
export interface Authenticator {
  readonly kind: string;
  open(context: AuthenticatorContext): Credential;
}

// auth/bearer.d.ts
export interface BearerOptions {
  readonly timeoutMs?: number;
  readonly coolDownMs?: number;
}
export declare const bearerDefaults: Required<BearerOptions>;
export declare function bearer(token: string | (() => Promise<string | FetchedToken>), options?: BearerOptions): Authenticator;

// auth/client-credentials.d.ts
export interface ClientCredentialsOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  readonly timeoutMs?: number;
  readonly coolDownMs?: number;
}
export declare const clientCredentialsDefaults: Required<Pick<ClientCredentialsOptions, 'timeoutMs' | 'coolDownMs'>>;
export declare function clientCredentials(options: ClientCredentialsOptions): Authenticator;

// auth/token-source.d.ts
export interface FetchedToken {
  readonly accessToken: string;
  readonly expiresInMs?: number | undefined;
}
interface Token {
  readonly value: string;
  readonly generation: number;
}
interface Credential {
  get(): Token | Promise<Token>;
  renew(refused: Token): Promise<Token | undefined>;
  refusedAfterRenewal(token: Token): void;
  close(): Promise<void>;
}

// client-options.d.ts
export type Operations = Readonly<Record<string, OperationDefinition>>;
export interface ServiceClientOptions<Ops extends Operations = Operations> {
  readonly target: string;
  readonly baseUrl: string;
  readonly operations: Ops;
  readonly deadlineMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  readonly retry?: Omit<RetryOptions, 'budget' | 'classify'>;
  readonly budget?: RetryBudgetOptions;
  readonly breaker?: Omit<BreakerOptions, 'name' | 'classify'>;
  readonly bulkhead?: Omit<BulkheadOptions, 'name' | 'classify'>;
  readonly auth?: Authenticator;
  readonly envelope?: Envelope;
  readonly userAgent?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineHeader?: string;
  readonly connections?: number;
  readonly keepAliveMs?: number;
  readonly allowH2?: boolean;
  readonly maxBodyBytes?: number;
  readonly maxHeaderBytes?: number;
  readonly transport?: OpenTransport;
  readonly runtime?: Runtime;
}
export declare const serviceClientDefaults: {
  readonly deadlineMs: number;
  readonly attemptTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly userAgent: string;
  readonly deadlineHeader: string;
  readonly connections: number;
  readonly keepAliveMs: number;
  readonly allowH2: boolean;
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
};

// contract/domain-error.d.ts
export interface ServiceAnswer {
  readonly target: string;
  readonly operation: string;
  readonly attempts: number;
  readonly status: number;
  readonly serviceCode: string | undefined;
  readonly detail: string | undefined;
}
export declare class DomainError extends SwitchgearError {
  readonly code: string;
  readonly status: number;
  readonly serviceCode: string | undefined;
  readonly detail: string | undefined;
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

// contract/operation.d.ts
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type QueryValue = string | number | boolean | bigint | undefined | readonly (string | number | boolean | bigint)[];
export interface FallbackFailure {
  readonly error: unknown;
  readonly input: Readonly<Record<string, unknown>>;
}
export interface OperationOptions {
  readonly query?: Schema;
  readonly body?: Schema;
  readonly response?: Schema | 'none';
  readonly errors?: Readonly<Record<number, DomainErrorClass>>;
  readonly idempotent?: boolean;
  readonly idempotencyKey?: boolean;
  readonly deadlineMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly retryStatuses?: readonly number[];
  readonly fallback?: (failure: FallbackFailure) => unknown;
}
export interface OperationDefinition<P extends string = string, O extends OperationOptions = OperationOptions> {
  readonly method: Method;
  readonly path: PathTemplate;
  readonly options: O;
  readonly '~template'?: P;
}
type Simplify<T> = {
  [K in keyof T]: T[K];
} & {};
type QueryOf<O> = O extends {
  query: infer S extends StandardSchemaV1;
} ? Record<never, never> extends StandardSchemaV1.InferInput<S> ? {
  readonly query?: StandardSchemaV1.InferInput<S>;
} : {
  readonly query: StandardSchemaV1.InferInput<S>;
} : {
  readonly query?: Readonly<Record<string, QueryValue>>;
};
type BodyOf<O> = O extends {
  body: infer S extends StandardSchemaV1;
} ? {
  readonly body: StandardSchemaV1.InferInput<S>;
} : unknown;
export type InputOf<D> = D extends OperationDefinition<infer P, infer O> ? Simplify<{
  readonly [K in PathNames<P>]: PathValue;
} & QueryOf<O> & BodyOf<O>> : never;
export type ValueOf<D> = D extends OperationDefinition<string, infer O> ? O extends {
  response: infer S extends StandardSchemaV1;
} ? StandardSchemaV1.InferOutput<S> : O extends {
  response: 'none';
} ? undefined : unknown : never;
export type ResultOf<D> = D extends OperationDefinition<string, infer O> ? O extends {
  fallback: (failure: never) => infer F;
} ? Live<ValueOf<D>> | Degraded<F> : ValueOf<D> : never;
export declare const get: Define;
export declare const head: Define;
export declare const post: Define;
export declare const put: Define;
export declare const patch: Define;
export declare const del: Define;
type Define = <const P extends string, const O extends OperationOptions = Record<never, never>>(path: P, options?: O & OperationOptions & AtOnce<O>) => OperationDefinition<P, O>;
type AtOnce<O> = O extends {
  fallback: (failure: never) => PromiseLike<unknown>;
} ? {
  readonly fallback: 'must answer at once: a promise is not waited for';
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
export interface Degraded<F> {
  readonly provenance: 'degraded';
  readonly value: F;
  readonly error: unknown;
}

// contract/schema.d.ts
type Schema = StandardSchemaV1;

// errors.d.ts
export declare class InvalidRequestError extends SwitchgearError {
  readonly code = "SWITCHGEAR_INVALID_REQUEST";
  readonly issues: readonly string[];
  constructor(issues: readonly string[], facts: ErrorFacts);
  verdict(): Verdict;
}
export declare class ClientClosedError extends SwitchgearError {
  readonly code = "SWITCHGEAR_CLIENT_CLOSED";
  verdict(): Verdict;
}
export declare class DnsError extends SwitchgearError {
  readonly code = "SWITCHGEAR_DNS_FAILED";
  readonly reason: string;
  constructor(message: string, reason: string, facts: ErrorFacts);
  verdict(): Verdict;
}
export declare class ConnectError extends SwitchgearError {
  readonly code = "SWITCHGEAR_CONNECT_FAILED";
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
  constructor(status: number, mayRepeat: boolean, facts: ErrorFacts);
  verdict(idempotent: boolean): Verdict;
  toJSON(): Record<string, unknown>;
}
export declare class ThrottledError extends SwitchgearError {
  readonly code = "SWITCHGEAR_THROTTLED";
  readonly status: number;
  constructor(status: number, facts: ErrorFacts);
  verdict(idempotent: boolean): Verdict;
  toJSON(): Record<string, unknown>;
}
export declare class RedirectRefusedError extends SwitchgearError {
  readonly code = "SWITCHGEAR_REDIRECT_REFUSED";
  readonly status: number;
  constructor(status: number, facts: ErrorFacts);
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
  verdict(): Verdict;
}
export declare class TokenUnavailableError extends SwitchgearError {
  readonly code = "SWITCHGEAR_TOKEN_UNAVAILABLE";
  verdict(): Verdict;
}
export declare function isAway(error: unknown): boolean;

// events.d.ts
export type Fate = 'ok' | 'ok-retried' | 'degraded' | 'answered' | 'throttled' | 'refused' | 'timed-out' | 'unavailable' | 'invalid' | 'unauthenticated' | 'cancelled' | 'misused';
export interface CallFinished extends EventBase {
  readonly type: 'call.finished';
  readonly operation: string;
  readonly fate: Fate;
  readonly durationMs: number;
  readonly attempts: number;
  readonly overdueMs: number;
  readonly requestId: string;
  readonly traceId: string;
  readonly error: unknown;
}
export interface TokenRefreshed extends EventBase {
  readonly type: 'token.refreshed';
  readonly ok: boolean;
  readonly generation: number;
  readonly durationMs: number;
  readonly error: unknown;
}
export interface AttemptReauthorised extends EventBase {
  readonly type: 'attempt.reauthorised';
  readonly operation: string;
  readonly attempt: number;
}
export type ClientEvent = PolicyEvent | CallFinished | TokenRefreshed | AttemptReauthorised;

// operation-call.d.ts
export interface CallSettings {
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
export interface WithMeta<T> {
  readonly value: T;
  readonly provenance: 'live' | 'degraded';
  readonly attempts: number;
  readonly durationMs: number;
  readonly requestId: string;
  readonly traceId: string;
}
type Arguments<I> = Record<never, never> extends I ? [input?: I, settings?: CallSettings] : [input: I, settings?: CallSettings];
export interface OperationCall<D> {
  (...args: Arguments<InputOf<D>>): Promise<ResultOf<D>>;
  withMeta(...args: Arguments<InputOf<D>>): Promise<WithMeta<ResultOf<D>>>;
}

// service-client.d.ts
export interface ClientSnapshot {
  readonly target: string;
  readonly inFlight: number;
  readonly breaker: BreakerSnapshot;
  readonly bulkhead: BulkheadSnapshot;
  readonly budget: RetryBudgetSnapshot;
}
export interface ClientControls extends AsyncDisposable {
  readonly target: string;
  on(listener: (event: ClientEvent) => void): () => void;
  snapshot(): ClientSnapshot;
  describe(): string;
  explain(): string;
  close(): Promise<void>;
}
export type ServiceClient<Ops extends Operations> = {
  readonly [K in keyof Ops]: OperationCall<Ops[K]>;
} & ClientControls;
export declare function createServiceClient<const Ops extends Operations>(given: ServiceClientOptions<Ops>): ServiceClient<Ops>;

// trace/incoming.d.ts
export interface Incoming {
  readonly deadline: number;
  readonly trace: TraceParent | undefined;
  readonly tracestate: string | undefined;
  readonly requestId: string | undefined;
}
export type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;
export declare function readIncoming(headers: IncomingHeaders, deadlineHeader?: string, runtime?: Runtime): Incoming;
export declare function withIncoming<T>(incoming: Incoming, run: () => T): T;
export declare function currentIncoming(): Incoming | undefined;

// trace/traceparent.d.ts
interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

// transport/transport.d.ts
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
}
export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
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
  close(): Promise<void>;
  destroy(): Promise<void>;
}
export interface TransportOptions {
  readonly origin: string;
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  readonly allowH2: boolean;
  readonly runtime: Runtime;
}
export type OpenTransport = (options: TransportOptions) => Transport;

// transport/undici-transport.d.ts
export declare const undiciTransport: OpenTransport;
