import { type BreakerSnapshot, breaker, type CircuitBreaker, type EventSink, type Runtime } from '@switchgear/policy';
import type { ClientSettings } from '../client-options.ts';
import type { ClientEvent } from '../events.ts';
import type { Transport } from '../transport/transport.ts';
import { Host, type HostSnapshot } from './host.ts';
import { Hosts } from './hosts.ts';
import { hostName, type KnownHost } from './resolver.ts';

/** Opens the connections to one host. */
export type OpenHostTransport = (origin: string, address: string | undefined) => Transport;

/**
 * The hosts of a client, each with connections and a breaker of its own; `undefined` where there is one for good.
 * @param onBreaker Told of each breaker before any call asks it.
 */
export function openHosts(
  settings: ClientSettings,
  runtime: Runtime,
  events: EventSink<ClientEvent>,
  openTransport: OpenHostTransport,
  onBreaker: (breaker: CircuitBreaker) => void = () => {},
): Hosts | undefined {
  const { hosts, target, origin, breaker: circuit } = settings;
  if (hosts === undefined) return undefined;
  const open = (known: KnownHost): Host => {
    const name = `${target} at ${hostName(known)}`;
    const { decayMs, slowStartMs } = hosts;
    const own = breaker({ ...circuit, name }, runtime);
    onBreaker(own);
    return new Host(
      {
        known,
        transport: openTransport(known.origin, known.address),
        breaker: own,
        decayMs,
        slowStartMs,
      },
      runtime.clock.now(),
    );
  };
  const { source } = hosts;
  return new Hosts({ target, protocol: new URL(origin).protocol, settings: hosts, runtime, events, open, source });
}

const byHealth: readonly string[] = ['disabled', 'closed', 'half-open', 'open', 'isolated'];

/** Of several breakers the one that lets most through: while one host takes calls, the service can be called. */
export function bestBreaker(hosts: readonly HostSnapshot[]): BreakerSnapshot | undefined {
  const rank = ({ breaker: { state } }: HostSnapshot): number => byHealth.indexOf(state);
  const [first] = hosts;
  if (first === undefined) return undefined;
  return hosts.reduce((best, each) => (rank(each) < rank(best) ? each : best)).breaker;
}
