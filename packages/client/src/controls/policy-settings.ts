import {
  breakerDefaults,
  bulkheadDefaults,
  hedgeDefaults,
  retryBudgetDefaults,
  retryDefaults,
} from '@switchgear/policy';
import type { ClientSettings } from '../client-options.ts';

/** A policy of a client as it is in effect, in values that survive JSON. */
export interface PolicySettings {
  readonly name: 'deadline' | 'bulkhead' | 'retry' | 'retry-budget' | 'hedge' | 'hosts' | 'breaker' | 'attempt-timeout';
  /** By the names that `createServiceClient` has for them, defaults filled in. A function stands as `'a function'`. */
  readonly options: Readonly<Record<string, string | number | boolean | null>>;
}

/** The policies that calls go through, outermost first; operations may have other times, which their own settings say. */
export function policySettingsOf(settings: ClientSettings): readonly PolicySettings[] {
  const { attemptTimeoutMs, breaker, budget, bulkhead, deadlineMs, hedge, hosts, retry } = settings;
  const policy = (name: PolicySettings['name'], ...layers: (object | undefined)[]): PolicySettings => ({
    name,
    options: plain(Object.assign(Object.create(null), ...layers)),
  });
  return [
    policy('deadline', { deadlineMs }),
    policy('bulkhead', bulkheadDefaults, bulkhead),
    policy('retry', retryDefaults, retry),
    policy('retry-budget', retryBudgetDefaults, budget),
    ...(hedge === undefined ? [] : [policy('hedge', hedgeDefaults, hedge)]),
    ...(hosts === undefined ? [] : [policy('hosts', hosts)]),
    policy('breaker', breakerDefaults, breaker, { name: undefined }),
    policy('attempt-timeout', { attemptTimeoutMs }),
  ];
}

function plain(options: Readonly<Record<string, unknown>>): PolicySettings['options'] {
  const values: Record<string, string | number | boolean | null> = {};
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'function') values[name] = 'a function';
    else if (typeof value === 'number') values[name] = Number.isFinite(value) ? value : String(value);
    else if (typeof value === 'string' || typeof value === 'boolean' || value === null) values[name] = value;
  }
  return values;
}
