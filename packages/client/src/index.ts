export type { ClientFetch } from './adapters/fetch/client-fetch.ts';
export type { FetchInit, FetchSettings } from './adapters/fetch/fetch-settings.ts';
export type { Authenticator, AuthenticatorContext } from './auth/authenticator.ts';
export { type BearerOptions, bearer, bearerDefaults } from './auth/bearer.ts';
export {
  type ClientCredentialsOptions,
  clientCredentials,
  clientCredentialsDefaults,
} from './auth/client-credentials.ts';
export type { DigestAlgorithm } from './auth/content-digest.ts';
export type { Credential, Grant, RefusedHeaders, UnauthorisedRequest } from './auth/credential.ts';
export { type HmacKey, type HmacOptions, hmac, hmacDefaults } from './auth/hmac.ts';
export {
  type RefreshTokenCredential,
  type RefreshTokenOptions,
  refreshToken,
  refreshTokenDefaults,
} from './auth/refresh-token.ts';
export type { LoadTokens } from './auth/session.ts';
export type { SessionTokens } from './auth/token-keeper.ts';
export type { FetchedToken } from './auth/token-source.ts';
export { type BatchDefinition, type BatchOptions, batch, batchDefaults } from './batch/batch.ts';
export type { BatchCall } from './batch/batch-call.ts';
export type { BatchKey } from './batch/batch-key.ts';
export { dataLoaderValues } from './batch/data-loader.ts';
export type { KeyOutcome } from './batch/key-outcome.ts';
export type { KeptAnswers } from './cache/kept-answers.ts';
export type { CallSettings } from './call/call-settings.ts';
export type { OperationCall } from './call/operation-call.ts';
export type { WithMeta } from './call/with-meta.ts';
export type { ProblemDetails } from './classify/problem.ts';
export type { Quota } from './classify/rate-limit.ts';
export { type Operations, type ServiceClientOptions, serviceClientDefaults } from './client-options.ts';
export { type OperationCacheOptions, operationCacheDefaults } from './contract/cache-options.ts';
export { type CollectOptions, collectDefaults } from './contract/collect-options.ts';
export { DomainError, type DomainErrorClass, type ServiceAnswer } from './contract/domain-error.ts';
export { type Envelope, successEnvelope, type Unwrapped } from './contract/envelope.ts';
export type { HedgeSettings } from './contract/hedging.ts';
export {
  type AnswerKind,
  type BodyKind,
  type ByteStream,
  del,
  type FallbackFailure,
  type FormFields,
  get,
  head,
  type InputOf,
  type Method,
  type MultipartFields,
  type OperationDefinition,
  type OperationOptions,
  type Part,
  type PartValue,
  patch,
  post,
  put,
  type QueryValue,
  query,
  type ResultOf,
  type Results,
  type Scalar,
  type StreamedAnswer,
  type StreamSource,
  type ValueOf,
} from './contract/operation.ts';
export type { PathValue } from './contract/path-template.ts';
export type { Degraded, Live, Stale } from './contract/provenance.ts';
export type { ClientControls } from './controls/client-controls.ts';
export { type CloseOptions, closeDefaults } from './controls/closing.ts';
export type { OperationSettings } from './controls/operation-settings.ts';
export type { PolicySettings } from './controls/policy-settings.ts';
export type { ClientSnapshot } from './controls/snapshot.ts';
export { type AddressRecord, type Lookups, type ServiceRecord, systemLookups } from './dns-lookups.ts';
export * from './errors.ts';
export type {
  AttemptReauthorised,
  AuthLost,
  BatchFinished,
  BatchFlushed,
  CallFinished,
  CallStarted,
  ClientClosed,
  ClientClosing,
  ClientEvent,
  ControlBegan,
  ControlEnded,
  ExchangeFinished,
  Fate,
  HostEjected,
  HostReturned,
  HostsPanicked,
  HostsResolved,
  InterceptorFailed,
  OperatorActed,
  TlsReloadFailed,
  TokenRefreshed,
  TokenUnsaved,
} from './events.ts';
export type { BaseUrl } from './hosts/base-url.ts';
export { type DnsHostsOptions, dnsHosts, dnsHostsDefaults } from './hosts/dns-hosts.ts';
export { hostOf } from './hosts/failed-host.ts';
export type { HostSnapshot, HostState } from './hosts/host.ts';
export { type HostsFromOptions, hostsFrom, hostsFromDefaults } from './hosts/hosts-from.ts';
export { type HostsOptions, hostsDefaults } from './hosts/options.ts';
export { originKey } from './hosts/origin-key.ts';
export type { HostAddress, HostAnswer, HostResolver } from './hosts/resolver.ts';
export { type SrvHostsOptions, srvHosts, srvHostsDefaults } from './hosts/srv-hosts.ts';
export type { HeaderEditor } from './interceptors/header-editor.ts';
export type {
  AttemptOutcome,
  CallOutcome,
  InterceptedAttempt,
  InterceptedCall,
  Interceptor,
  InterceptorHook,
} from './interceptors/interceptor.ts';
export type {
  ClientOperator,
  ControlEnd,
  ControlSnapshot,
  IsolateOptions,
  OperatorControl,
} from './operator/client-operator.ts';
export type { FaultInjectionOptions } from './operator/fault-injection.ts';
export { createServiceClient, type ServiceClient } from './service-client.ts';
export type { CallTimings, PhaseTimings } from './timing/timings.ts';
export type { AttemptCount } from './trace/attempt-count.ts';
export {
  currentIncoming,
  type Incoming,
  type IncomingHeaders,
  type IncomingOptions,
  incomingDefaults,
  readIncoming,
  withIncoming,
} from './trace/incoming.ts';
export type {
  CallSpan,
  CallToTrace,
  ExchangeSpan,
  ExchangeToTrace,
  SpanPlace,
  Tracing,
} from './trace/tracing.ts';
export { type EgressGuard, publicOnly } from './transport/egress.ts';
export type { TlsIdentity, TlsOptions, TlsProvider, TlsSource } from './transport/tls.ts';
export {
  BodyTooLarge,
  type OpenTransport,
  type Transport,
  type TransportCapabilities,
  TransportFailure,
  type TransportOptions,
  type WireBody,
  type WireRequest,
  type WireResponse,
  type WireStream,
} from './transport/transport.ts';
export { undiciTransport } from './transport/undici-transport.ts';
