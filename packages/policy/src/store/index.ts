export * from '../contract/state-store.ts';
export * from '../contract/state-store-arguments.ts';
export { StateStoreError, type StateStoreFailure } from '../contract/state-store-error.ts';
export {
  MemoryStateStore,
  type MemoryStateStoreOptions,
  memoryStateStore,
  memoryStateStoreDefaults,
} from './memory-state-store.ts';
