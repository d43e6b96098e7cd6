import type { BreakerSnapshot, BulkheadSnapshot, RetryBudgetSnapshot } from '@switchgear/policy';
import type { Gates } from '../assembly/gates.ts';
import type { InFlight } from '../call/in-flight.ts';
import type { HostSnapshot } from '../hosts/host.ts';
import type { Hosts } from '../hosts/hosts.ts';
import { bestBreaker } from '../hosts/open-hosts.ts';

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

/** Reads a client's policies as they are now. */
export function snapshotOf(target: string, gates: Gates, hosts: Hosts | undefined, inFlight: InFlight): ClientSnapshot {
  return {
    target,
    inFlight: inFlight.count,
    breaker: gates.breaker.snapshot(),
    bulkhead: gates.bulkhead.snapshot(),
    budget: gates.budget.snapshot(),
    ...hostsOf(hosts),
  };
}

function hostsOf(hosts: Hosts | undefined): Pick<ClientSnapshot, 'hosts'> & Partial<Pick<ClientSnapshot, 'breaker'>> {
  if (hosts === undefined) return {};
  const each = hosts.snapshot();
  const breaker = bestBreaker(each);
  return breaker === undefined ? { hosts: each } : { hosts: each, breaker };
}
