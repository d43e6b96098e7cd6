import assert from 'node:assert/strict';
import type { StateStore } from '../contract/state-store.ts';

/** A store to be tried, and its time. */
export interface StateStoreWorld {
  /** Empty, and used by nobody else. */
  readonly store: StateStore;
  /** Milliseconds on some clock that goes as fast as the store's. */
  now(): number;
  /** Lets at least so many milliseconds pass on the store's clock: by moving it, or by waiting. */
  advance(ms: number): Promise<void>;
  /** Cleans up; the store may have been closed already. */
  end?(): void | Promise<void>;
}

/** What is claimed of every store, and how to find out. */
export type StateStoreClaims = Readonly<Record<string, (world: StateStoreWorld) => Promise<void>>>;

/** So little flows in during a test, even one that waits, that it is nothing. */
export const hourMs = 3_600_000;

/** For times that a store tells: above `least`, where some may have passed already, and at most `most`. */
export function assertBetween(value: number, least: number, most: number): void {
  assert.ok(value > least && value <= most, `${value} is not above ${least} and at most ${most}`);
}

/** The numbers from 1 on, as names of ops or owners. */
export function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `name-${i + 1}`);
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
