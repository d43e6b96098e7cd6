import type { BreakerSnapshot, BulkheadSnapshot, RetryBudgetSnapshot } from '@switchgear/policy';
import type { HostSnapshot } from '../hosts/host.ts';
import type { Hosts } from '../hosts/hosts.ts';
import { bestBreaker } from '../hosts/open-hosts.ts';
import type { ControlSnapshot } from '../operator/client-operator.ts';
import type { ControlledParts } from './client-controls.ts';
import type { OperationSettings } from './operation-settings.ts';
import type { PolicySettings } from './policy-settings.ts';

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
  /** What operators have begun and what has not ended, oldest first. */
  readonly controls: readonly ControlSnapshot[];
  /** The policies that calls go through, outermost first, with the options in effect. */
  readonly policies: readonly PolicySettings[];
  /** In the order of the contract. */
  readonly operations: readonly OperationSettings[];
}

/** Reads a client as it is now. */
export function snapshotOf(parts: ControlledParts): ClientSnapshot {
  const { target, gates, hosts, inFlight, operator, policies, operations } = parts;
  return {
    target,
    inFlight: inFlight.count,
    breaker: gates.breaker.snapshot(),
    bulkhead: gates.bulkhead.snapshot(),
    budget: gates.budget.snapshot(),
    ...hostsOf(hosts),
    controls: operator.snapshot(),
    policies,
    operations,
  };
}

function hostsOf(hosts: Hosts | undefined): Pick<ClientSnapshot, 'hosts'> & Partial<Pick<ClientSnapshot, 'breaker'>> {
  if (hosts === undefined) return {};
  const each = hosts.snapshot();
  const breaker = bestBreaker(each);
  return breaker === undefined ? { hosts: each } : { hosts: each, breaker };
}
