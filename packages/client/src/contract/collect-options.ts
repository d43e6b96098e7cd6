import { type Check, milliseconds, readOptions, required, text, whole } from '@switchgear/policy/options';

/** How single look-ups are asked for together. */
export interface CollectOptions {
  /** The batch of the same client that they go into. Its keys are the values of the path's one parameter. */
  readonly into: string;
  /**
   * How long the first of them waits for others, in milliseconds. With 0, until everything that is ready to run has run,
   * which is no time at all. @default 0
   */
  readonly waitMs?: number;
  /** Keys that are not waited beyond. @default the batch's */
  readonly maxKeys?: number;
}

/** What `collect` takes when it is told nothing. */
export const collectDefaults: { readonly waitMs: number } = Object.freeze({ waitMs: 0 });

/** Checks the options and fills in what they leave out. @throws ConfigError */
export function readCollectOptions(
  at: string,
  given: CollectOptions,
): CollectOptions & Required<Pick<CollectOptions, 'waitMs'>> {
  return readOptions(
    at,
    given,
    { into: required(text), waitMs: milliseconds('zero-allowed'), maxKeys: whole(1) },
    collectDefaults,
  );
}

export const collectOptions: Check<CollectOptions> = {
  expected: 'an object of options',
  ok: (value): value is CollectOptions => typeof value === 'object' && value !== null && !Array.isArray(value),
};
