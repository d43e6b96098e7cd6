import {
  type BreakerOptions,
  type BulkheadOptions,
  ConfigError,
  type RetryBudgetOptions,
  type RetryOptions,
  type Runtime,
  systemRuntime,
} from '@switchgear/policy';
import {
  type Check,
  callable,
  flag,
  made,
  milliseconds,
  readOptions,
  required,
  text,
  whole,
} from '@switchgear/policy/options';
import type { Authenticator } from './auth/authenticator.ts';
import type { Envelope } from './contract/envelope.ts';
import type { OperationDefinition } from './contract/operation.ts';
import { headerProblem } from './request/headers.ts';
import { httpUrl } from './request/http-url.ts';
import { defaultDeadlineHeader } from './trace/incoming.ts';
import type { OpenTransport } from './transport/transport.ts';
import { undiciTransport } from './transport/undici-transport.ts';

/** The operations of a contract, by name. */
export type Operations = Readonly<Record<string, OperationDefinition>>;

export interface ServiceClientOptions<Ops extends Operations = Operations> {
  /** The service that is called, as it is named in errors, events and metrics. @default none */
  readonly target: string;
  /** Where it is: http or https, with a path prefix if it has one. @default none */
  readonly baseUrl: string;
  /** What may be asked of it. @default none */
  readonly operations: Ops;
  /**
   * The whole call, in milliseconds: queueing, connecting, every attempt and wait, reading and decoding. An incoming
   * request's own deadline can only shorten it. @default 3_000
   */
  readonly deadlineMs?: number;
  /** One attempt, in milliseconds; at most `deadlineMs`. @default 1_000 */
  readonly attemptTimeoutMs?: number;
  /** Making a connection, in milliseconds. @default 1_000 */
  readonly connectTimeoutMs?: number;
  /** When and how often to send again. @default the defaults of retry */
  readonly retry?: Omit<RetryOptions, 'budget' | 'classify'>;
  /** How much retries may add to the load. @default the defaults of retryBudget */
  readonly budget?: RetryBudgetOptions;
  /** When to stop asking a target that fails. @default the defaults of breaker */
  readonly breaker?: Omit<BreakerOptions, 'name' | 'classify'>;
  /** How many calls may be under way. @default the defaults of bulkhead */
  readonly bulkhead?: Omit<BulkheadOptions, 'name' | 'classify'>;
  /** How requests are authorised: `bearer(…)` or `clientCredentials(…)`. @default none */
  readonly auth?: Authenticator;
  /** How the service wraps its answers, such as `successEnvelope`. @default none */
  readonly envelope?: Envelope;
  /** Sent as `User-Agent`. @default 'switchgear' */
  readonly userAgent?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** The header that tells the service how many milliseconds are left. @default 'x-request-deadline-ms' */
  readonly deadlineHeader?: string;
  /** Connections at most; further requests wait for one. @default 64 */
  readonly connections?: number;
  /** How long an idle connection is kept, in milliseconds. Keep it below the server's own. @default 4_000 */
  readonly keepAliveMs?: number;
  /** Offers HTTP/2 where the server speaks TLS. @default false */
  readonly allowH2?: boolean;
  /** The largest answer, decoded, in bytes. @default 10_485_760 */
  readonly maxBodyBytes?: number;
  /** The largest head of an answer, in bytes. @default 16_384 */
  readonly maxHeaderBytes?: number;
  /** What carries requests. @default undiciTransport */
  readonly transport?: OpenTransport;
  /** Time and chance. @default systemRuntime */
  readonly runtime?: Runtime;
}

/** What `createServiceClient` takes when it is told nothing. */
export const serviceClientDefaults: {
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
} = {
  deadlineMs: 3_000,
  attemptTimeoutMs: 1_000,
  connectTimeoutMs: 1_000,
  userAgent: 'switchgear',
  deadlineHeader: defaultDeadlineHeader,
  connections: 64,
  keepAliveMs: 4_000,
  allowH2: false,
  maxBodyBytes: 10 * 1024 * 1024,
  maxHeaderBytes: 16 * 1024,
};

const options = <T>(): Check<T> => made<T>('an object of options');

/** Options that have been checked and filled in. */
export interface ClientSettings
  extends Omit<ServiceClientOptions, keyof typeof serviceClientDefaults | 'transport' | 'runtime'>,
    Required<Pick<ServiceClientOptions, keyof typeof serviceClientDefaults | 'transport' | 'runtime'>> {
  /** Scheme, host and port of the base URL. */
  readonly origin: string;
  /** Its path, without a slash at the end. */
  readonly prefix: string;
}

/** Checks a client's options and fills in what they leave out. @throws ConfigError */
export function readClientOptions(given: ServiceClientOptions): ClientSettings {
  const read = readOptions(
    'createServiceClient',
    given,
    {
      target: required(text),
      baseUrl: required(text),
      operations: required(made<Operations>('an object of operations')),
      deadlineMs: milliseconds(),
      attemptTimeoutMs: milliseconds(),
      connectTimeoutMs: milliseconds(),
      retry: options(),
      budget: options(),
      breaker: options(),
      bulkhead: options(),
      auth: made<Authenticator>('bearer(…) or clientCredentials(…)'),
      envelope: callable<Envelope>(),
      userAgent: text,
      headers: options(),
      deadlineHeader: text,
      connections: whole(1, 65_535),
      keepAliveMs: milliseconds(),
      allowH2: flag,
      maxBodyBytes: whole(1),
      maxHeaderBytes: whole(1024),
      transport: callable<OpenTransport>(),
      runtime: made<Runtime>('a Runtime'),
    },
    serviceClientDefaults,
  );
  const wrong = (name: string, expected: string, got: unknown): never => {
    throw new ConfigError(`createServiceClient.${name}`, expected, got);
  };

  const { attemptTimeoutMs, deadlineMs } = read;
  if (attemptTimeoutMs > deadlineMs) {
    wrong('attemptTimeoutMs', `at most deadlineMs, which is ${deadlineMs}`, attemptTimeoutMs);
  }
  const windowMs = read.breaker?.windowMs;
  if (windowMs !== undefined && windowMs < attemptTimeoutMs) {
    const expected = `at least attemptTimeoutMs, which is ${attemptTimeoutMs}: a timeout would leave the window as it enters`;
    wrong('breaker.windowMs', expected, windowMs);
  }
  const fixed = { 'user-agent': read.userAgent, [read.deadlineHeader]: '0', ...read.headers };
  for (const [name, value] of Object.entries(fixed)) {
    const problem = headerProblem(name, value);
    if (problem !== undefined) wrong('headers', 'headers that can be sent', problem);
  }
  const url = httpUrl('createServiceClient.baseUrl', read.baseUrl);
  // Without a prototype, as `read` is: an option left out must not be found on a polluted `Object.prototype`.
  return Object.assign(Object.create(null), read, {
    origin: url.origin,
    prefix: url.pathname.replace(/\/+$/, ''),
    // A connection takes its time out of the attempt's, so it can never have more.
    connectTimeoutMs: Math.min(read.connectTimeoutMs, attemptTimeoutMs),
    transport: read.transport ?? undiciTransport,
    runtime: read.runtime ?? systemRuntime,
  });
}
