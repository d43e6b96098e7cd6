import { test } from 'node:test';
import { memoryStateStore } from '../store/memory-state-store.ts';
import { ManualClock } from './manual-clock.ts';
import { stateStoreContract } from './state-store-contract.ts';

const cases = stateStoreContract(() => {
  // In the middle of nowhere, so that no boundary of a window lies where a store begins.
  const clock = new ManualClock(1_234_567.8);
  const store = memoryStateStore({}, { clock, random: () => 0 });
  return { store, now: () => clock.now(), advance: (ms) => clock.advance(ms), end: () => store.close() };
});

for (const { claim, run } of cases) test(`a store in memory: ${claim}`, run);
