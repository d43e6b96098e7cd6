import {
  type Bulkhead,
  breaker,
  bulkhead,
  type CircuitBreaker,
  type RetryBudget,
  type Runtime,
  retryBudget,
} from '@switchgear/policy';
import type { ClientSettings } from '../client-options.ts';

/** What all operations of a client share. */
export interface Gates {
  readonly bulkhead: Bulkhead;
  readonly breaker: CircuitBreaker;
  readonly budget: RetryBudget;
}

export function openGates(settings: ClientSettings, runtime: Runtime): Gates {
  return {
    bulkhead: bulkhead({ ...settings.bulkhead, name: settings.target }, runtime),
    breaker: breaker({ ...settings.breaker, name: settings.target }, runtime),
    budget: retryBudget(settings.budget ?? {}, runtime),
  };
}
