import {
  attemptTimeout,
  type BreakerSnapshot,
  type Bulkhead,
  type BulkheadSnapshot,
  breaker,
  bulkhead,
  type CircuitBreaker,
  ConfigError,
  deadline,
  EventBus,
  type Pipeline,
  type Policy,
  pipeline,
  type RetryBudgetSnapshot,
  type Runtime,
  retry,
  retryBudget,
} from '@switchgear/policy';
import type { Credential } from './auth/credential.ts';
import { OperationCache } from './cache/operation-cache.ts';
import {
  type ClientSettings,
  type Operations,
  ownHeaders,
  readClientOptions,
  type ServiceClientOptions,
} from './client-options.ts';
import type { OperationDefinition, OperationOptions } from './contract/operation.ts';
import { hasBody } from './contract/operation-checks.ts';
import type { ClientEvent } from './events.ts';
import type { HostSnapshot } from './hosts/host.ts';
import type { Hosts } from './hosts/hosts.ts';
import { bestBreaker, openHosts } from './hosts/open-hosts.ts';
import { type SharedTools, SpreadAttempts } from './hosts/spread-attempts.ts';
import { InFlight } from './in-flight.ts';
import { type OperationCall, operationCall } from './operation-call.ts';
import { contentTypes } from './request/body.ts';
import { callerHeaders } from './request/headers.ts';
import { egressGuard } from './transport/egress.ts';
import { type TlsProvider, type TlsSource, tlsProvider } from './transport/tls.ts';
import type { Transport } from './transport/transport.ts';

/** A client's policies at one moment, in values that survive JSON. */
export interface ClientSnapshot {
  readonly target: string;
  /** Calls that have begun and not ended. */
  readonly inFlight: number;
  /** Of several hosts, the one that lets most through; `hosts` has them all. */
  readonly breaker: BreakerSnapshot;
  /** Where a service has several. */
  readonly hosts?: readonly HostSnapshot[];
  readonly bulkhead: BulkheadSnapshot;
  readonly budget: RetryBudgetSnapshot;
}

/** What a client has beside its operations. */
export interface ClientControls extends AsyncDisposable {
  readonly target: string;
  /** Hears everything this client says, until the returned function is called. */
  on(listener: (event: ClientEvent) => void): () => void;
  snapshot(): ClientSnapshot;
  /** The policies an operation goes through, outermost first, a line each. */
  describe(): string;
  /** Why the breaker is in its state, in words; of several hosts, each in a line with its own. */
  explain(): string;
  /** Refuses new calls, lets those under way end (each has its deadline), then closes the connections. */
  close(): Promise<void>;
}

/** A client: the operations of its contract, and its controls. */
export type ServiceClient<Ops extends Operations> = {
  readonly [K in keyof Ops]: OperationCall<Ops[K]>;
} & ClientControls;

const taken = ['target', 'on', 'snapshot', 'describe', 'explain', 'close', 'then'];

/**
 * Makes a client of a service: its operations as functions, each call with one deadline, retries within a budget, a
 * breaker, a bulkhead and a token, all shared by the operations of this client.
 * @throws ConfigError if an option is missing, unknown, out of range or in contradiction to another.
 */
export function createServiceClient<const Ops extends Operations>(
  given: ServiceClientOptions<Ops>,
): ServiceClient<Ops> {
  const settings = readClientOptions(given);
  const events = new EventBus<ClientEvent>();
  const { events: sink } = settings.runtime;
  // A runtime's own sink hears what the policies say, as it would without a client around them.
  if (sink !== undefined) events.on((event) => sink.wants(event.type as never) && sink.publish(event as never));
  const runtime: Runtime = { clock: settings.runtime.clock, random: settings.runtime.random, events };
  const gates = openGates(settings, runtime);
  const tls = settings.tls && readTls(settings.tls, settings, events);
  const hosts = openHosts(settings, runtime, events, (origin, address) =>
    openTransport(settings, tls, origin, address),
  );
  const transport = hosts === undefined ? openTransport(settings, tls, settings.origin) : undefined;
  const credential = openCredential(settings, runtime, events);
  const inFlight = new InFlight();
  const inTime = deadline({ deadlineMs: Number.POSITIVE_INFINITY }, runtime);

  const client: Record<string | symbol, unknown> = Object.assign(
    Object.create(null),
    controls(settings, gates, hosts, events, inFlight, async () => {
      await transport?.close();
      await hosts?.close();
      await credential?.close();
    }),
  );
  const own = ownHeaders(settings.auth, settings.deadlineHeader);
  const clientHeaders = new Map([['user-agent', settings.userAgent], ...callerHeaders(settings.headers, own, {})]);
  const caches = openCaches(settings, inTime, runtime);
  for (const [name, definition] of Object.entries(settings.operations as Operations)) {
    if (taken.includes(name)) {
      throw new ConfigError(
        `createServiceClient.operations.${name}`,
        `a name that is none of ${taken.join(', ')}`,
        name,
      );
    }
    const { options: said } = definition;
    const stack = openStack(settings, gates, definition, runtime);
    const tools: SharedTools = {
      credential,
      reader: {
        definition,
        envelope: (said.envelope ?? settings.envelope) || undefined,
        maxBodyBytes: said.maxBodyBytes ?? settings.maxBodyBytes,
        wallNow: () => runtime.clock.wallNow(),
      },
      answersStream: said.responseAs === 'stream',
      followRedirects: said.followRedirects ?? settings.followRedirects,
      origin: settings.origin,
      deadlineHeader: settings.deadlineHeader,
      runtime,
      events,
    };
    if (tools.answersStream && transport !== undefined && transport.stream === undefined) {
      throw new ConfigError(
        `createServiceClient.operations.${name}.responseAs`,
        'a transport that can stream',
        'one that cannot',
      );
    }
    const headers = headersFor(said, clientHeaders);
    client[name] = operationCall({
      name,
      definition,
      settings,
      stack,
      inTime,
      tools:
        transport === undefined
          ? new SpreadAttempts(hosts as Hosts, attemptTimeoutOf(settings, definition, runtime), tools)
          : { ...tools, transport },
      headers,
      own,
      cache: caches.get(name),
      invalidates: said.invalidates?.map((forgotten) => caches.get(forgotten) as OperationCache),
      inFlight,
      events,
      runtime,
    });
  }
  return client as ServiceClient<Ops>;
}

/** The caches of the operations that have one. Each is its own, so that one of them cannot push out what others keep. */
function openCaches(
  { operations, deadlineMs }: ClientSettings,
  inTime: Policy,
  runtime: Runtime,
): ReadonlyMap<string, OperationCache> {
  const caches = new Map<string, OperationCache>();
  for (const [name, { options }] of Object.entries(operations)) {
    if (options.cache === undefined) continue;
    const at = `createServiceClient.operations.${name}.cache`;
    caches.set(name, new OperationCache(at, name, options.cache, options.deadlineMs ?? deadlineMs, inTime, runtime));
  }
  for (const [name, { options }] of Object.entries(operations)) {
    const unknown = options.invalidates?.find((forgotten) => !caches.has(forgotten));
    if (unknown === undefined) continue;
    const expected = `operations with a cache, of which there are: ${[...caches.keys()].join(', ') || 'none'}`;
    throw new ConfigError(`createServiceClient.operations.${name}.invalidates`, expected, unknown);
  }
  return caches;
}

/** What an operation sends with every call, beside what all of them do. */
function headersFor(options: OperationOptions, ofClient: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const { bodyAs = 'json', contentType = contentTypes[bodyAs], responseAs = 'json' } = options;
  const headers = new Map([['accept', responseAs === 'json' ? 'application/json' : '*/*'], ...ofClient]);
  if (contentType !== undefined && hasBody(options)) headers.set('content-type', contentType);
  return headers;
}

interface Gates {
  readonly bulkhead: Bulkhead;
  readonly breaker: CircuitBreaker;
  readonly budget: ReturnType<typeof retryBudget>;
}

function openGates(settings: ClientSettings, runtime: Runtime): Gates {
  return {
    bulkhead: bulkhead({ ...settings.bulkhead, name: settings.target }, runtime),
    breaker: breaker({ ...settings.breaker, name: settings.target }, runtime),
    budget: retryBudget(settings.budget ?? {}, runtime),
  };
}

/**
 * The stack of one operation. The gates and the budget in it are the client's: all operations share them. A call brings
 * its deadline along, and every wait in here keeps it: the queue, the back-off, the attempt. So there is no stage for it.
 */
function openStack(
  settings: ClientSettings,
  gates: Gates,
  definition: OperationDefinition,
  runtime: Runtime,
): Pipeline<never> {
  const outer = pipeline(
    gates.bulkhead, // one permit per call, so that the retries of one caller never crowd out another
    retry({ ...settings.retry, budget: gates.budget }, runtime), // above the breaker, which must hear every attempt, not only the last
  );
  // Of several hosts one is chosen for each attempt, below the retry, which may then go to another. What follows here is
  // done at that host: its own breaker, and the timeout.
  if (settings.hosts !== undefined) return outer;
  return pipeline(
    outer,
    gates.breaker, // below retry and above the timeout, so that a hung attempt is a failure it hears of in time
    attemptTimeoutOf(settings, definition, runtime), // innermost: it covers token, connection, headers, body and decoding
  );
}

function attemptTimeoutOf(settings: ClientSettings, definition: OperationDefinition, runtime: Runtime): Policy {
  return attemptTimeout(
    { attemptTimeoutMs: definition.options.attemptTimeoutMs ?? settings.attemptTimeoutMs },
    runtime,
  );
}

/** Read once for all hosts: they are shown the same certificate. @throws ConfigError if it is no good. */
function readTls(given: TlsSource, settings: ClientSettings, events: EventBus<ClientEvent>): TlsProvider {
  return tlsProvider('createServiceClient.tls', given, (error) => {
    if (!events.wants('tls.reload-failed')) return;
    events.publish({ type: 'tls.reload-failed', at: settings.runtime.clock.now(), target: settings.target, error });
  });
}

function openTransport(
  settings: ClientSettings,
  tls: TlsProvider | undefined,
  origin: string,
  address?: string,
): Transport {
  const { connections, connectTimeoutMs, keepAliveMs, maxBodyBytes, maxHeaderBytes, allowH2, runtime } = settings;
  return settings.transport({
    origin,
    address,
    egress: egressGuard(settings.egress),
    tls,
    connections,
    connectTimeoutMs,
    keepAliveMs,
    maxBodyBytes,
    maxHeaderBytes,
    allowH2,
    runtime,
  });
}

function openCredential(
  settings: ClientSettings,
  runtime: Runtime,
  events: EventBus<ClientEvent>,
): Credential | undefined {
  return settings.auth?.open({
    runtime,
    openTransport: (options) => settings.transport({ ...options, egress: egressGuard(settings.egress) }),
    onRefresh(generation, durationMs, error) {
      if (!events.wants('token.refreshed')) return;
      const at = runtime.clock.now();
      const ok = error === undefined;
      events.publish({ type: 'token.refreshed', at, target: settings.target, ok, generation, durationMs, error });
    },
    onLost(error) {
      if (!events.wants('auth.lost')) return;
      events.publish({
        type: 'auth.lost',
        at: runtime.clock.now(),
        target: settings.target,
        reason: error.reason,
        error,
      });
    },
    onUnsaved(error, retryInMs) {
      if (!events.wants('token.unsaved')) return;
      events.publish({ type: 'token.unsaved', at: runtime.clock.now(), target: settings.target, retryInMs, error });
    },
  });
}

function controls(
  settings: ClientSettings,
  gates: Gates,
  hosts: Hosts | undefined,
  events: EventBus<ClientEvent>,
  inFlight: InFlight,
  release: () => Promise<void>,
): ClientControls & Record<string | symbol, unknown> {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= inFlight.close().then(release);
    return closing;
  };
  return {
    target: settings.target,
    on: (listener) => events.on(listener),
    snapshot: () => ({
      target: settings.target,
      inFlight: inFlight.count,
      breaker: gates.breaker.snapshot(),
      bulkhead: gates.bulkhead.snapshot(),
      budget: gates.budget.snapshot(),
      ...hostsOf(hosts),
    }),
    describe: () =>
      [
        `${settings.target} at ${settings.origin}${settings.prefix}`,
        `deadline: ${settings.deadlineMs} ms for the whole call`,
        ...openStack(settings, gates, { options: {} } as OperationDefinition, settings.runtime).policies.map((policy) =>
          policy.describe(),
        ),
        ...(hosts === undefined ? [] : [`hosts: ${hosts.describe()}`, `at each host: ${gates.breaker.describe()}`]),
      ].join('\n'),
    explain: () => hosts?.explain() ?? gates.breaker.explain(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function hostsOf(hosts: Hosts | undefined): Pick<ClientSnapshot, 'hosts'> & Partial<Pick<ClientSnapshot, 'breaker'>> {
  if (hosts === undefined) return {};
  const each = hosts.snapshot();
  const breaker = bestBreaker(each);
  return breaker === undefined ? { hosts: each } : { hosts: each, breaker };
}
