import type { EventBus } from '@switchgear/policy';
import type { Gates } from '../assembly/gates.ts';
import type { InFlight } from '../call/in-flight.ts';
import type { ClientEvent } from '../events.ts';
import type { Hosts } from '../hosts/hosts.ts';
import type { ClientOperator } from '../operator/client-operator.ts';
import type { Operator } from '../operator/operator.ts';
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
  /** The policies an operation goes through, outermost first, a line each. */
  describe(): string;
  /** Why the breaker is in its state, in words; of several hosts, each in a line with its own. */
  explain(): string;
  /** Refuses new calls, lets those under way end (each has its deadline), then closes the connections. */
  close(): Promise<void>;
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
  readonly describe: () => string;
  /** Closes connections and what else is held. */
  readonly release: () => Promise<void>;
}

export function controlsOf(parts: ControlledParts): ClientControls {
  const { target, gates, hosts, events, inFlight, operator, describe, release } = parts;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    operator.close();
    closing ??= inFlight.close().then(release);
    return closing;
  };
  return {
    target,
    on: (listener, types) => events.on(listener, types),
    snapshot: () => snapshotOf(parts),
    operator: operator.face,
    describe,
    explain: () => hosts?.explain() ?? gates.breaker.explain(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
