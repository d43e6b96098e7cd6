import type { EventBus } from '@switchgear/policy';
import type { Gates } from '../assembly/gates.ts';
import type { InFlight } from '../call/in-flight.ts';
import type { ClientEvent } from '../events.ts';
import type { Hosts } from '../hosts/hosts.ts';
import type { ClientOperator } from '../operator/client-operator.ts';
import type { Operator } from '../operator/operator.ts';
import type { TransportCapabilities } from '../transport/transport.ts';
import type { CloseOptions, Closing } from './closing.ts';
import type { OperationSettings } from './operation-settings.ts';
import type { PolicySettings } from './policy-settings.ts';
import { type ClientSnapshot, snapshotOf } from './snapshot.ts';

/** What a client has beside its operations. */
export interface ClientControls extends AsyncDisposable {
  readonly target: string;
  /**
   * Hears what this client says, until the returned function is called.
   * @param types What is heard; no other event is even made for this listener's sake. Everything if left out.
   */
  on(listener: (event: ClientEvent) => void, types?: readonly ClientEvent['type'][]): () => void;
  snapshot(): ClientSnapshot;
  /** For whoever is on call: isolates, resets, injects faults. */
  readonly operator: ClientOperator;
  /** What its transport can know and do. */
  readonly capabilities: TransportCapabilities;
  /** The policies an operation goes through, outermost first, a line each. */
  describe(): string;
  /** Why the breaker is in its state, in words; of several hosts, each in a line with its own. */
  explain(): string;
  /**
   * Refuses new calls, gives those under way their grace and then cancels them, and closes the connections. Called again,
   * it is the same end, at the sooner of the two times. `await using` calls it with its defaults.
   * @throws ConfigError if an option is out of range or unknown.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** The names that no operation can have. */
export const controlNames: readonly string[] = [
  'target',
  'on',
  'snapshot',
  'describe',
  'explain',
  'close',
  'fetch',
  'operator',
  'capabilities',
  'then',
];

/** What the controls work on. */
export interface ControlledParts {
  readonly target: string;
  readonly gates: Gates;
  readonly hosts: Hosts | undefined;
  readonly events: EventBus<ClientEvent>;
  readonly inFlight: InFlight;
  readonly operator: Operator;
  readonly policies: readonly PolicySettings[];
  readonly operations: readonly OperationSettings[];
  readonly capabilities: TransportCapabilities | undefined;
  readonly describe: () => string;
  readonly closing: Closing;
}

const allCapabilities: TransportCapabilities = Object.freeze({
  sentState: 'exact',
  connectTimeout: true,
  headerLimit: true,
});

export function controlsOf(parts: ControlledParts): ClientControls {
  const { target, gates, hosts, events, operator, capabilities, describe, closing } = parts;
  const close = async (options?: CloseOptions): Promise<void> => {
    const closed = closing.close(options);
    operator.close();
    await closed;
  };
  return {
    target,
    on: (listener, types) => events.on(listener, types),
    snapshot: () => snapshotOf(parts),
    operator: operator.face,
    capabilities: capabilities ?? allCapabilities,
    describe,
    explain: () => hosts?.explain() ?? gates.breaker.explain(),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
