import {
  type BreakerOptions,
  type BulkheadOptions,
  breakerDefaults,
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
  milliseconds,
  number,
  readOptions,
  required,
  secret,
  text,
  whole,
} from '@switchgear/policy/options';
import type { Authenticator } from './auth/authenticator.ts';
import type { Envelope } from './contract/envelope.ts';
import type { HedgeSettings } from './contract/hedging.ts';
import { isOperation, type OperationDefinition } from './contract/operation.ts';
import { redirects } from './contract/operation-checks.ts';
import { type BaseUrl, baseUrlCheck, readBaseUrl } from './hosts/base-url.ts';
import { type HostsOptions, type HostsSettings, readHostsOptions } from './hosts/options.ts';
import type { HostResolver, KnownHost } from './hosts/resolver.ts';
import type { Interceptor } from './interceptors/interceptor.ts';
import { readInterceptors } from './interceptors/read-interceptors.ts';
import { headerProblem } from './request/headers.ts';
import { defaultAttemptHeader } from './trace/attempt-count.ts';
import { defaultDeadlineHeader } from './trace/deadline-header.ts';
import type { Tracing } from './trace/tracing.ts';
import type { EgressGuard } from './transport/egress.ts';
import { type TlsSource, tlsSource } from './transport/tls.ts';
import type { OpenTransport } from './transport/transport.ts';
import { undiciTransport } from './transport/undici-transport.ts';

/** The operations of a contract, by name. */
export type Operations = Readonly<Record<string, OperationDefinition>>;

export interface ServiceClientOptions<Ops extends Operations = Operations> {
  /** The service that is called, as it is named in errors, events and metrics. @default none */
  readonly target: string;
  /**
   * Where it is: http or https, with a path prefix if it has one. A list of URLs, or what `dnsHosts`, `srvHosts` or
   * `hostsFrom` make, for a service of several hosts. @default none
   */
  readonly baseUrl: BaseUrl;
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
  /**
   * Sends a slow attempt once more and takes the first answer: of the operations that may be done twice, each at the pace
   * of its own answers, and within `budget`. @default none
   */
  readonly hedge?: HedgeSettings;
  /** When to stop asking a target that fails. @default the defaults of breaker */
  readonly breaker?: Omit<BreakerOptions, 'name' | 'classify'>;
  /** How one of several hosts is chosen, and when one is passed over. @default the defaults of hosts */
  readonly hosts?: HostsOptions;
  /** How many calls may be under way. @default the defaults of bulkhead */
  readonly bulkhead?: Omit<BulkheadOptions, 'name' | 'classify'>;
  /** How requests are authorised: `bearer(…)`, `clientCredentials(…)`, `refreshToken(…)` or `hmac(…)`. @default none */
  readonly auth?: Authenticator;
  /** How the service wraps its answers, such as `successEnvelope`. @default none */
  readonly envelope?: Envelope;
  /** Sent as `User-Agent`. @default 'switchgear' */
  readonly userAgent?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The header that tells the service how many milliseconds are left of an attempt, or `false` for none. `grpc-timeout`
   * is written in gRPC's own form. @default 'x-request-deadline-ms'
   */
  readonly deadlineHeader?: string | false;
  /**
   * What the service is told less than there is, in milliseconds, from 1 to 60_000, and never more than a tenth of it:
   * the answer has to get back and be read while somebody still waits. So each service on the way has less than the one
   * before. @default 10
   */
  readonly deadlineMarginMs?: number;
  /** The header that tells the service which attempt this is, as in `2;max=3`, or `false` for none. @default 'x-request-attempt' */
  readonly attemptHeader?: string | false;
  /**
   * Tells the trace in `X-Trace-ID`, `X-Span-ID` and `X-Parent-Span-ID` as well, for services that know nothing of
   * `traceparent`. @default false
   */
  readonly xTraceHeaders?: boolean;
  /**
   * Who is told the `baggage` that an incoming request brought: origins, hosts, or `*.` and what hosts end in. It may
   * say anything about anybody, so it is nobody unless named. @default []
   */
  readonly baggageTo?: readonly string[];
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
  /** Redirects that are followed, to the same origin and within the attempt: at most 20. @default 0 */
  readonly followRedirects?: number;
  /**
   * Which addresses may be connected to, asked after a name was looked up and before anything is written: `any`;
   * `public`, which leaves out this machine, private and link-local networks and what else is not the internet; or a
   * function that says `true` to an IP address. It holds for the token server too. @default 'any'
   */
  readonly egress?: 'any' | 'public' | EgressGuard;
  /**
   * Certificates: the authorities to trust, and the certificate and key to show to a server that asks for one; or a
   * function that gets them for each new connection, so that they change without a restart. @default Node's own
   */
  readonly tls?: TlsSource;
  /** Code of yours around every call and every attempt, the first in the list outermost. @default none */
  readonly interceptors?: readonly Interceptor[];
  /** Makes spans of calls and requests: `otelTracing(…)` of `@switchgear/client/otel`. @default none */
  readonly tracing?: Tracing;
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
} = {
  deadlineMs: 3_000,
  attemptTimeoutMs: 1_000,
  connectTimeoutMs: 1_000,
  userAgent: 'switchgear',
  deadlineHeader: defaultDeadlineHeader,
  deadlineMarginMs: 10,
  attemptHeader: defaultAttemptHeader,
  xTraceHeaders: false,
  baggageTo: [],
  connections: 64,
  keepAliveMs: 4_000,
  allowH2: false,
  maxBodyBytes: 10 * 1024 * 1024,
  maxHeaderBytes: 16 * 1024,
  followRedirects: 0,
  egress: 'any',
};

const plainObject = <T>(expected: string): Check<T> => ({
  expected,
  ok: (value): value is T => typeof value === 'object' && value !== null && !Array.isArray(value),
});

const options = <T>(): Check<T> => plainObject('an object of options');

const operations: Check<Operations> = {
  expected: 'operations made by get, head, query, post, put, patch or del, by name',
  ok: (value): value is Operations =>
    typeof value === 'object' && value !== null && Object.values(value).every(isOperation),
};

const interceptors: Check<readonly Interceptor[]> = {
  expected: 'a list of interceptors',
  ok: (value): value is readonly Interceptor[] => Array.isArray(value),
};

const authenticator: Check<Authenticator> = {
  expected: 'bearer(…), clientCredentials(…), refreshToken(…) or hmac(…)',
  ok: (value): value is Authenticator =>
    typeof value === 'object' && value !== null && typeof (value as { open?: unknown }).open === 'function',
};

const headerName: Check<string | false> = {
  expected: 'the name of a header, or false',
  ok: (value): value is string | false =>
    value === false || (typeof value === 'string' && headerProblem(value, '0') === undefined),
};

const texts: Check<readonly string[]> = {
  expected: 'a list of strings',
  ok: (value): value is readonly string[] => Array.isArray(value) && value.every((one) => typeof one === 'string'),
};

const tracing: Check<Tracing> = {
  expected: 'otelTracing(…), or what makes spans of your own',
  ok: (value): value is Tracing => typeof (value as Tracing | null)?.startCall === 'function',
};

const egress: Check<'any' | 'public' | EgressGuard> = {
  expected: "'any', 'public' or a function",
  ok: (value): value is 'any' | 'public' | EgressGuard =>
    value === 'any' || value === 'public' || typeof value === 'function',
};

const aRuntime: Check<Runtime> = {
  expected: 'a Runtime: a clock and a random',
  ok: (value): value is Runtime => {
    const { clock, random } = (value ?? {}) as { clock?: { now?: unknown; setTimer?: unknown }; random?: unknown };
    return typeof clock?.now === 'function' && typeof clock.setTimer === 'function' && typeof random === 'function';
  },
};

/** Options that have been checked and filled in. */
export interface ClientSettings
  extends Omit<ServiceClientOptions, keyof typeof serviceClientDefaults | 'transport' | 'runtime' | 'hosts'>,
    Required<Pick<ServiceClientOptions, keyof typeof serviceClientDefaults | 'transport' | 'runtime'>> {
  /** Scheme, host and port of the base URL; of several hosts, the first one's, or what their resolver is asked for. */
  readonly origin: string;
  /** The hosts, or what finds them, and how they are chosen; undefined where there is one. */
  readonly hosts: (HostsSettings & { readonly source: readonly KnownHost[] | HostResolver }) | undefined;
  /** Its path, without a slash at the end. */
  readonly prefix: string;
}

/** Which headers a client sets by itself, beside those that all clients do. */
type SentHeaders = Pick<ClientSettings, 'deadlineHeader' | 'attemptHeader' | 'xTraceHeaders' | 'baggageTo'>;

/** The headers that no caller may set: who else sets them would say something else than the client does. */
export function ownHeaders(
  auth: Authenticator | undefined,
  { deadlineHeader, attemptHeader, xTraceHeaders, baggageTo }: SentHeaders,
): ReadonlySet<string> {
  // Its own headers alone: what someone put on `Object.prototype` is not what it sets.
  const said = auth !== undefined && Object.hasOwn(auth, 'headers') ? auth.headers : undefined;
  const ofAuth = auth === undefined ? [] : (said ?? ['authorization']);
  const sent = [deadlineHeader, attemptHeader].filter((name) => name !== false).map((name) => name.toLowerCase());
  if (xTraceHeaders) sent.push('x-trace-id', 'x-span-id', 'x-parent-span-id');
  if (baggageTo.length > 0) sent.push('baggage');
  return new Set([...sent, ...ofAuth]);
}

/** Checks a client's options and fills in what they leave out. @throws ConfigError */
export function readClientOptions(given: ServiceClientOptions): ClientSettings {
  const read = readOptions(
    'createServiceClient',
    given,
    {
      target: required(text),
      baseUrl: required(secret(baseUrlCheck)),
      operations: required(operations),
      deadlineMs: milliseconds(),
      attemptTimeoutMs: milliseconds(),
      connectTimeoutMs: milliseconds(),
      retry: options(),
      budget: options(),
      hedge: options(),
      breaker: options(),
      hosts: options(),
      bulkhead: options(),
      auth: secret(authenticator),
      envelope: callable<Envelope>(),
      userAgent: text,
      headers: plainObject('an object of strings'),
      deadlineHeader: headerName,
      deadlineMarginMs: number(1, 60_000),
      attemptHeader: headerName,
      xTraceHeaders: flag,
      baggageTo: texts,
      connections: whole(1, 65_535),
      keepAliveMs: milliseconds(),
      allowH2: flag,
      maxBodyBytes: whole(1),
      maxHeaderBytes: whole(1024),
      followRedirects: redirects,
      egress,
      tls: secret(tlsSource),
      tracing,
      interceptors,
      transport: callable<OpenTransport>(),
      runtime: aRuntime,
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
  const longestMs = checkOperations(read.operations, attemptTimeoutMs, deadlineMs, wrong);
  const { windowMs, probeLeaseMs, slowMs } = read.breaker ?? {};
  if (windowMs !== undefined && windowMs < longestMs) {
    const expected = `at least the longest attempt timeout, ${longestMs}: a timeout would leave the window as it enters`;
    wrong('breaker.windowMs', expected, windowMs);
  }
  if (probeLeaseMs !== undefined && probeLeaseMs <= longestMs) {
    const expected = `more than the longest attempt timeout, ${longestMs}: a probe would fail while its answer is on the way`;
    wrong('breaker.probeLeaseMs', expected, probeLeaseMs);
  }
  if (slowMs !== undefined && slowMs >= longestMs) {
    const expected = `less than the longest attempt timeout, ${longestMs}: an attempt would be given up before it is slow`;
    wrong('breaker.slowMs', expected, slowMs);
  }
  const own = ownHeaders(read.auth, read);
  for (const [name, value] of Object.entries({ 'user-agent': read.userAgent, ...read.headers })) {
    const problem = own.has(name.toLowerCase())
      ? `header ${name}: set by the client itself`
      : headerProblem(name, value);
    if (problem !== undefined) wrong('headers', `headers that can be sent (${problem})`, 'one that cannot');
  }
  const { origin, prefix, source } = readBaseUrl('createServiceClient.baseUrl', read.baseUrl);
  if (read.tls !== undefined && !origin.startsWith('https:')) {
    wrong('tls', 'nothing, as baseUrl is not https', 'certificates');
  }
  if (typeof read.baseUrl === 'string' && read.hosts !== undefined) {
    wrong('hosts', 'several hosts in baseUrl, or there is nothing to choose', 'one URL');
  }
  const hosts = readHostsOptions('createServiceClient.hosts', read.hosts ?? {});
  // Without a prototype, as `read` is: an option left out must not be found on a polluted `Object.prototype`.
  return Object.assign(Object.create(null), read, {
    // A probe is given up by its attempt timeout; the lease is for one that never ends, so it has to be longer.
    breaker: { ...read.breaker, probeLeaseMs: probeLeaseMs ?? Math.max(breakerDefaults.probeLeaseMs, 2 * longestMs) },
    origin,
    prefix,
    hosts: source === undefined ? undefined : { ...hosts, source },
    // A connection takes its time out of the attempt's, so it can never have more.
    connectTimeoutMs: Math.min(read.connectTimeoutMs, attemptTimeoutMs),
    interceptors: read.interceptors && readInterceptors('createServiceClient.interceptors', read.interceptors),
    transport: read.transport ?? undiciTransport,
    runtime: read.runtime ?? systemRuntime,
  });
}

/** Checks the times of each operation against the client's. @returns The longest attempt timeout of all. */
function checkOperations(
  operations: Operations,
  attemptTimeoutMs: number,
  deadlineMs: number,
  wrong: (name: string, expected: string, got: unknown) => never,
): number {
  let longestMs = attemptTimeoutMs;
  for (const [name, { options: said }] of Object.entries(operations)) {
    const attempt = said.attemptTimeoutMs ?? attemptTimeoutMs;
    const whole = said.deadlineMs ?? deadlineMs;
    if (said.attemptTimeoutMs !== undefined && attempt > whole) {
      wrong(`operations.${name}.attemptTimeoutMs`, `at most the deadline, which is ${whole}`, attempt);
    }
    longestMs = Math.max(longestMs, Math.min(attempt, whole));
  }
  return longestMs;
}
