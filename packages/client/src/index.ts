export type { Authenticator } from './auth/authenticator.ts';
export { type BearerOptions, bearer, bearerDefaults } from './auth/bearer.ts';
export {
  type ClientCredentialsOptions,
  clientCredentials,
  clientCredentialsDefaults,
} from './auth/client-credentials.ts';
export type { FetchedToken } from './auth/token-source.ts';
export { type Operations, type ServiceClientOptions, serviceClientDefaults } from './client-options.ts';
export { DomainError, type DomainErrorClass, type ServiceAnswer } from './contract/domain-error.ts';
export { type Envelope, successEnvelope, type Unwrapped } from './contract/envelope.ts';
export {
  del,
  type FallbackFailure,
  get,
  head,
  type InputOf,
  type Method,
  type OperationDefinition,
  type OperationOptions,
  patch,
  post,
  put,
  type QueryValue,
  type ResultOf,
  type ValueOf,
} from './contract/operation.ts';
export type { PathValue } from './contract/path-template.ts';
export type { Degraded, Live } from './contract/provenance.ts';
export * from './errors.ts';
export type { AttemptReauthorised, CallFinished, ClientEvent, Fate, TokenRefreshed } from './events.ts';
export type { CallSettings, OperationCall, WithMeta } from './operation-call.ts';
export { type ClientControls, type ClientSnapshot, createServiceClient, type ServiceClient } from './service-client.ts';
export { currentIncoming, type Incoming, type IncomingHeaders, readIncoming, withIncoming } from './trace/incoming.ts';
export {
  BodyTooLarge,
  type OpenTransport,
  type Transport,
  TransportFailure,
  type TransportOptions,
  type WireRequest,
  type WireResponse,
} from './transport/transport.ts';
export { undiciTransport } from './transport/undici-transport.ts';
