import type { Call } from '../contract/call.ts';
import { type Checks, callable, readOptions, required, whole } from '../contract/options.ts';

/** Which calls are one, and how they share what it answers. */
export interface CoalesceOptions {
  /**
   * What makes two calls the same. Calls with one key get one answer, so it holds everything the answer depends on: the
   * operation, its arguments, and **whoever it is meant for**; two users who share a key see each other's data.
   * `undefined`, anything else that is not a string, or a function that throws, lets the call run by itself.
   */
  readonly key: (call: Call) => string | undefined;
  /**
   * Different keys under way at a time, a whole number of at least 1. A call beyond that runs by itself.
   * @default 1_000
   */
  readonly maxKeys?: number;
  /**
   * Makes a copy of the value for each caller but the first. Left out, all callers get the very same value: what one of
   * them changes in it the others see. A caller whose copy fails runs by itself. @default none
   */
  readonly clone?: <T>(value: T) => T;
}

/** What applies where an option is left out. */
export const coalesceDefaults: Required<Omit<CoalesceOptions, 'key' | 'clone'>> = Object.freeze({ maxKeys: 1_000 });

/** Options that have been read: every setting with a default is there. */
export type CoalesceSettings = Required<Omit<CoalesceOptions, 'clone'>> & Pick<CoalesceOptions, 'clone'>;

const checks: Checks<CoalesceOptions> = {
  key: required(callable<CoalesceOptions['key']>()),
  maxKeys: whole(1),
  clone: callable<<T>(value: T) => T>(),
};

/**
 * Checks what was given and fills in the rest.
 * @throws ConfigError with a path such as `coalesce.key`.
 */
export function readCoalesceOptions(given: CoalesceOptions): CoalesceSettings {
  return readOptions('coalesce', given, checks, coalesceDefaults);
}
