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
  pipeline,
  type RetryBudgetSnapshot,
  type Runtime,
  retry,
  retryBudget,
} from '@switchgear/policy';
import type { AttemptTools } from './attempt.ts';
import type { Credential } from './auth/token-source.ts';
import {
  type ClientSettings,
  type Operations,
  ownHeaders,
  readClientOptions,
  type ServiceClientOptions,
} from './client-options.ts';
import type { OperationDefinition } from './contract/operation.ts';
import type { ClientEvent } from './events.ts';
import { InFlight } from './in-flight.ts';
import { type OperationCall, operationCall } from './operation-call.ts';
import { callerHeaders } from './request/headers.ts';
import type { Transport } from './transport/transport.ts';

/** A client's policies at one moment, in values that survive JSON. */
export interface ClientSnapshot {
  readonly target: string;
  /** Calls that have begun and not ended. */
  readonly inFlight: number;
  readonly breaker: BreakerSnapshot;
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
  /** Why the breaker is in its state, in words. */
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
  const transport = openTransport(settings);
  const credential = openCredential(settings, runtime, events);
  const inFlight = new InFlight();
  const inTime = deadline({ deadlineMs: Number.POSITIVE_INFINITY }, runtime);

  const client: Record<string | symbol, unknown> = Object.assign(
    Object.create(null),
    controls(settings, gates, events, inFlight, async () => {
      await transport.close();
      await credential?.close();
    }),
  );
  const own = ownHeaders(credential !== undefined, settings.deadlineHeader);
  const clientHeaders = new Map([
    ['user-agent', settings.userAgent],
    ['accept', 'application/json'],
    ...callerHeaders(settings.headers, own, {}),
  ]);
  for (const [name, definition] of Object.entries(settings.operations as Operations)) {
    if (taken.includes(name)) {
      throw new ConfigError(
        `createServiceClient.operations.${name}`,
        `a name that is none of ${taken.join(', ')}`,
        name,
      );
    }
    const stack = openStack(settings, gates, definition, runtime);
    const tools: AttemptTools = {
      transport,
      credential,
      reader: {
        definition,
        envelope: settings.envelope,
        maxBodyBytes: settings.maxBodyBytes,
        wallNow: () => runtime.clock.wallNow(),
      },
      deadlineHeader: settings.deadlineHeader,
      runtime,
      events,
    };
    const hasBody = definition.options.body !== undefined;
    const headers = hasBody ? new Map([...clientHeaders, ['content-type', 'application/json']]) : clientHeaders;
    client[name] = operationCall({
      name,
      definition,
      settings,
      stack,
      inTime,
      tools,
      headers,
      own,
      inFlight,
      events,
      runtime,
    });
  }
  return client as ServiceClient<Ops>;
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
  const attemptTimeoutMs = definition.options.attemptTimeoutMs ?? settings.attemptTimeoutMs;
  return pipeline(
    gates.bulkhead, // one permit per call, so that the retries of one caller never crowd out another
    retry({ ...settings.retry, budget: gates.budget }, runtime), // above the breaker, which must hear every attempt, not only the last
    gates.breaker, // below retry and above the timeout, so that a hung attempt is a failure it hears of in time
    attemptTimeout({ attemptTimeoutMs }, runtime), // innermost: it covers token, connection, headers, body and decoding
  );
}

function openTransport(settings: ClientSettings): Transport {
  const { origin, connections, connectTimeoutMs, keepAliveMs, maxBodyBytes, maxHeaderBytes, allowH2, runtime } =
    settings;
  return settings.transport({
    origin,
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
    openTransport: settings.transport,
    onRefresh(generation, durationMs, error) {
      if (!events.wants('token.refreshed')) return;
      const at = runtime.clock.now();
      const ok = error === undefined;
      events.publish({ type: 'token.refreshed', at, target: settings.target, ok, generation, durationMs, error });
    },
  });
}

function controls(
  settings: ClientSettings,
  gates: Gates,
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
    }),
    describe: () =>
      [
        `${settings.target} at ${settings.origin}${settings.prefix}`,
        `deadline: ${settings.deadlineMs} ms for the whole call`,
        ...openStack(settings, gates, { options: {} } as OperationDefinition, settings.runtime).policies.map((policy) =>
          policy.describe(),
        ),
      ].join('\n'),
    explain: () => gates.breaker.explain(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
