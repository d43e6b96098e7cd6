import { circuitClaims } from './state-store-circuit-claims.ts';
import { keyClaims } from './state-store-key-claims.ts';
import { leaseClaims } from './state-store-lease-claims.ts';
import { lifeClaims } from './state-store-life-claims.ts';
import { outcomeClaims } from './state-store-outcome-claims.ts';
import { retryClaims } from './state-store-retry-claims.ts';
import { tokenClaims } from './state-store-token-claims.ts';
import type { StateStoreWorld } from './state-store-world.ts';

export type { StateStoreWorld } from './state-store-world.ts';

/** One thing that every state store does. */
export interface StateStoreCase {
  /** In words, for the name of a test. */
  readonly claim: string;
  /** Rejects if it is not so. Makes a store of its own, so that cases may run in any order. */
  run(): Promise<void>;
}

const claims = {
  ...tokenClaims,
  ...retryClaims,
  ...outcomeClaims,
  ...circuitClaims,
  ...leaseClaims,
  ...keyClaims,
  ...lifeClaims,
};

/**
 * What `StateStore` promises, as cases for any test runner:
 * `for (const { claim, run } of stateStoreContract(make)) test(claim, run);`
 *
 * A store on a server whose clock cannot be moved may wait instead: the cases bear 100 ms of delay, and together wait for
 * less than half a minute.
 * @param make Makes an empty store and its time; asked once per case.
 */
export function stateStoreContract(make: () => StateStoreWorld | Promise<StateStoreWorld>): StateStoreCase[] {
  return Object.entries(claims).map(([claim, check]) => ({
    claim,
    run: async () => {
      const world = await make();
      try {
        await check(world);
      } finally {
        await world.end?.();
      }
    },
  }));
}
