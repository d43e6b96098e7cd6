import type { BreakerSnapshot } from '@switchgear/policy';
import type { ClientSnapshot } from '../controls/snapshot.ts';
import type { HostState } from '../hosts/host.ts';
import { metricDefinitions as metrics } from './definitions.ts';
import type { SetGauge } from './meter.ts';
import type { MetricNames } from './metric-names.ts';

const breakerStates = ['closed', 'open', 'half-open', 'isolated', 'disabled'] as const;
const hostStates = ['in-service', 'ramping', 'ejected', 'draining'] as const satisfies readonly HostState[];

/** Says how a client's policies stand. */
export function readSnapshot(
  { inFlight, breaker, hosts, bulkhead, budget }: ClientSnapshot,
  target: string,
  names: MetricNames,
  set: SetGauge,
): void {
  set(metrics.operationsInFlight, [target], inFlight);
  set(metrics.bulkheadInFlight, [target], bulkhead.active);
  set(metrics.bulkheadLimit, [target], bulkhead.maxConcurrent);
  set(metrics.bulkheadQueued, [target], bulkhead.queued);
  set(metrics.bulkheadQueueLimit, [target], bulkhead.maxQueue);
  set(metrics.retryBudgetTokens, [target], budget.available);
  if (hosts === undefined) {
    readBreaker(breaker, target, names, set);
    return;
  }
  for (const { breaker: ofHost } of hosts) readBreaker(ofHost, target, names, set);
  for (const state of hostStates) {
    set(metrics.hosts, [target, state], hosts.filter((host) => host.state === state).length);
  }
}

function readBreaker(snapshot: BreakerSnapshot, target: string, names: MetricNames, set: SetGauge): void {
  const { admittedShare, calls, failureRatio, mode, slow, state } = snapshot;
  const name = names.breaker.admit(snapshot.name);
  const now = mode === 'disabled' ? 'disabled' : state;
  for (const each of breakerStates) set(metrics.breakerState, [target, name, each], each === now ? 1 : 0);
  set(metrics.breakerFailureRatio, [target, name], failureRatio);
  set(metrics.breakerSlowRatio, [target, name], calls === 0 ? 0 : slow / calls);
  set(metrics.breakerWindowCalls, [target, name], calls);
  set(metrics.breakerAdmittedShare, [target, name], admittedShare);
}
