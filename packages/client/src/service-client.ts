import {
  attemptTimeout,
  ConfigError,
  deadline,
  EventBus,
  type Pipeline,
  type Policy,
  pipeline,
  type Runtime,
  retry,
} from '@switchgear/policy';
import { type ClientFetch, clientFetch } from './adapters/fetch/client-fetch.ts';
import { attemptHeadersFor } from './assembly/attempt-headers.ts';
import { openCaches } from './assembly/caches.ts';
import { openCollectors } from './assembly/collectors.ts';
import { openCredential } from './assembly/credential.ts';
import { type Gates, openGates } from './assembly/gates.ts';
import { openHedge } from './assembly/hedging.ts';
import { headersFor } from './assembly/operation-headers.ts';
import { openTransport, readTls } from './assembly/transports.ts';
import { isBatch } from './batch/batch.ts';
import { batchCall } from './batch/batch-call.ts';
import type { CollectsFit } from './batch/collects-fit.ts';
import type { CallCache } from './cache/call-cache.ts';
import type { CallOf } from './call/call-of.ts';
import { InFlight } from './call/in-flight.ts';
import { operationCall } from './call/operation-call.ts';
import type { OperationParts } from './call/operation-parts.ts';
import {
  type ClientSettings,
  type Operations,
  ownHeaders,
  readClientOptions,
  type ServiceClientOptions,
} from './client-options.ts';
import type { OperationDefinition } from './contract/operation.ts';
import { isRead } from './contract/operation-checks.ts';
import { type ClientControls, controlNames, controlsOf } from './controls/client-controls.ts';
import { Closing } from './controls/closing.ts';
import { operationSettingsOf } from './controls/operation-settings.ts';
import { policySettingsOf } from './controls/policy-settings.ts';
import type { ClientEvent } from './events.ts';
import type { Hosts } from './hosts/hosts.ts';
import { openHosts } from './hosts/open-hosts.ts';
import { type SharedTools, SpreadAttempts } from './hosts/spread-attempts.ts';
import { Interceptors } from './interceptors/interceptors.ts';
import { Operator } from './operator/operator.ts';
import { callerHeaders } from './request/headers.ts';
import type { RawAnswers } from './response/read-answer.ts';
import type { Transport } from './transport/transport.ts';

/** A client: the operations of its contract, and its controls. */
export type ServiceClient<Ops extends Operations> = {
  readonly [K in keyof Ops]: CallOf<Ops[K]>;
} & ClientControls & {
    /** The web's `fetch`, for what brings none of its own: to this service, through all of this client. */
    readonly fetch: ClientFetch;
  };

/**
 * Makes a client of a service: its operations as functions, each call with one deadline, retries within a budget, a
 * breaker, a bulkhead and a token, all shared by the operations of this client.
 * @throws ConfigError if an option is missing, unknown, out of range or in contradiction to another.
 */
export function createServiceClient<const Ops extends Operations>(
  given: ServiceClientOptions<Ops> & { readonly operations: CollectsFit<Ops> },
): ServiceClient<Ops> {
  const settings = readClientOptions(given);
  const events = new EventBus<ClientEvent>();
  const { events: sink } = settings.runtime;
  // A runtime's own sink hears what the policies say, as it would without a client around them.
  if (sink !== undefined) events.on((event) => sink.wants(event.type as never) && sink.publish(event as never));
  const runtime: Runtime = { clock: settings.runtime.clock, random: settings.runtime.random, events };
  const gates = openGates(settings, runtime);
  const tls = settings.tls && readTls(settings.tls, settings, events);
  const operator = new Operator({
    target: settings.target,
    operations: Object.keys(settings.operations),
    breakers: () => [gates.breaker, ...(hosts?.breakers ?? [])],
    events,
    runtime,
  });
  const open = (origin: string, address?: string): Transport => openTransport(settings, tls, origin, address);
  const hosts = openHosts(settings, runtime, events, open, (breaker) => operator.isolateNew(breaker));
  const transport = hosts === undefined ? open(settings.origin) : undefined;
  const credential = openCredential(settings, runtime, events);
  const inFlight = new InFlight();
  const inTime = deadline({ deadlineMs: Number.POSITIVE_INFINITY }, runtime);

  const controls = controlsOf({
    target: settings.target,
    gates,
    hosts,
    events,
    inFlight,
    operator,
    capabilities: settings.transport.capabilities,
    policies: policySettingsOf(settings),
    operations: operationSettingsOf(settings),
    describe: () => describe(settings, gates, hosts),
    closing: new Closing({
      target: settings.target,
      inFlight,
      connections: transport ?? (hosts as Hosts),
      closeCredential: async () => credential?.close(),
      runtime,
      events,
    }),
  });
  const client: Record<string | symbol, unknown> = Object.assign(Object.create(null), controls);
  const own = ownHeaders(settings.auth, settings);
  const clientHeaders = new Map([['user-agent', settings.userAgent], ...callerHeaders(settings.headers, own, {})]);
  const caches = openCaches(settings, inTime, runtime);
  const interceptors = settings.interceptors && new Interceptors(settings.interceptors, own, events, runtime);
  const partsOf = (name: string, definition: OperationDefinition, raw?: RawAnswers): OperationParts => {
    const { options: said } = definition;
    const tools: SharedTools = {
      credential,
      reader: {
        definition,
        envelope: (said.envelope ?? settings.envelope) || undefined,
        maxBodyBytes: said.maxBodyBytes ?? settings.maxBodyBytes,
        wallNow: () => runtime.clock.wallNow(),
        raw,
      },
      answersStream: said.responseAs === 'stream',
      followRedirects: said.followRedirects ?? settings.followRedirects,
      origin: settings.origin,
      prefix: settings.prefix,
      headers: attemptHeadersFor(definition, settings),
      operator,
      interceptors,
      runtime,
      events,
    };
    return {
      name,
      definition,
      settings,
      stack: openStack(settings, gates, name, definition, runtime),
      inTime,
      tools:
        transport === undefined
          ? new SpreadAttempts(hosts as Hosts, attemptTimeoutOf(settings, definition, runtime), tools)
          : { ...tools, transport },
      headers: headersFor(said, clientHeaders),
      own,
      cache: raw === undefined ? caches.get(name) : undefined,
      collector: raw === undefined ? collectors.get(name) : undefined,
      invalidates: said.invalidates?.map((forgotten) => caches.get(forgotten) as CallCache),
      changes: caches.size > 0 && !isRead(definition.method) ? [...caches.values()] : undefined,
      interceptors,
      inFlight,
      events,
      runtime,
    };
  };
  const collectors = openCollectors(settings, { partsOf, inFlight, events, runtime });
  const place = { origin: settings.origin, prefix: settings.prefix };
  client.fetch = clientFetch({ target: settings.target, place, operations: settings.operations, partsOf });
  for (const [name, definition] of Object.entries(settings.operations as Operations)) {
    const wrong = (place: string, expected: string, got: unknown): never => {
      throw new ConfigError(`createServiceClient.operations.${name}${place}`, expected, got);
    };
    if (controlNames.includes(name)) wrong('', `a name that is none of ${controlNames.join(', ')}`, name);
    if (definition.options.responseAs === 'stream' && transport !== undefined && transport.stream === undefined) {
      wrong('.responseAs', 'a transport that can stream', 'one that cannot');
    }
    client[name] = isBatch(definition)
      ? batchCall({ ...partsOf(name, definition), definition })
      : operationCall(partsOf(name, definition));
  }
  return client as ServiceClient<Ops>;
}

/**
 * The stack of one operation. The gates and the budget in it are the client's: all operations share them. A call brings
 * its deadline along, and every wait in here keeps it: the queue, the back-off, the attempt. So there is no stage for it.
 */
function openStack(
  settings: ClientSettings,
  gates: Gates,
  name: string,
  definition: OperationDefinition,
  runtime: Runtime,
): Pipeline<never> {
  const copies = openHedge(name, definition, settings, gates.budget, runtime);
  const outer = pipeline(
    gates.bulkhead, // one permit per call, so that the retries of one caller never crowd out another
    retry({ ...settings.retry, budget: gates.budget }, runtime), // above the breaker, which must hear every attempt, not only the last
    ...(copies === undefined ? [] : [copies]), // below retry, whose attempts it shortens, and above all that judges a single copy
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

/** The order and the settings of what an operation goes through, that says nothing of its own. */
function describe(settings: ClientSettings, gates: Gates, hosts: Hosts | undefined): string {
  const any = { method: 'GET', options: {} } as OperationDefinition;
  const { policies } = openStack(settings, gates, '', any, settings.runtime);
  return [
    `${settings.target} at ${settings.origin}${settings.prefix}`,
    `deadline: ${settings.deadlineMs} ms for the whole call`,
    ...policies.map((policy) => policy.describe()),
    ...(hosts === undefined ? [] : [`hosts: ${hosts.describe()}`, `at each host: ${gates.breaker.describe()}`]),
  ].join('\n');
}
