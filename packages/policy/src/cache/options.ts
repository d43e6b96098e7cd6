import type { Call } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import {
  anyText,
  type Check,
  type Checks,
  callable,
  milliseconds,
  number,
  readOptions,
  required,
  whole,
} from '../contract/options.ts';
import type { Copy } from './isolation.ts';
import type { CacheStore } from './store.ts';

/** For how long answers may be used again, for whom, and how many are kept. */
export interface CacheOptions {
  /**
   * What an answer is kept under. Two calls with one key get one answer, so it holds everything the answer depends on:
   * the operation, its arguments, and **whoever it is meant for**. `undefined` (or a function that throws) lets the call
   * pass by the cache.
   */
  readonly key: (call: Call) => string | undefined;
  /** How long an answer is used without asking again, in milliseconds, 0 or more. Less by up to `ttlJitterRatio`. */
  readonly freshMs: number;
  /**
   * How long after that an answer is still used at once while a new one is loaded in the background, in milliseconds,
   * 0 or more; 0 for never. @default 0
   */
  readonly staleMs?: number;
  /**
   * How long after being fresh an answer is used when loading a new one fails because the other side is away, in
   * milliseconds, 0 or more; 0 for never. @default 0
   */
  readonly staleIfErrorMs?: number;
  /** How long an error is thrown again without asking, in milliseconds, 0 or more; 0 for never. @default 0 */
  readonly negativeMs?: number;
  /**
   * Which errors are kept for `negativeMs`; only `true` does. Left out: proper answers of the other side, such as "no
   * such user". @default none
   */
  readonly negative?: (error: unknown) => boolean;
  /**
   * The largest share by which `freshMs` and `negativeMs` are shortened, drawn by chance: 0 or more, below 1. So that
   * what was loaded together is not all loaded again together. @default 0.1
   */
  readonly ttlJitterRatio?: number;
  /** After a refresh in the background failed, how long until the next, in milliseconds, 0 or more. @default 1_000 */
  readonly refreshPauseMs?: number;
  /**
   * How long a refresh in the background may take, in milliseconds, above 0. It has no caller whose deadline it could
   * keep. @default 3_000
   */
  readonly refreshDeadlineMs?: number;
  /** Answers that are kept, a whole number of at least 1; the one not used for longest goes first. @default 1_000 */
  readonly maxEntries?: number;
  /** Bytes that are kept, a whole number of at least 1, as `sizeOf` counts them; needs `sizeOf`. @default none */
  readonly maxBytes?: number;
  /**
   * How much room an answer takes, in bytes; the key counts too, if it is long. One without a proper size (a number of 0
   * or more) is not kept. @default none
   */
  readonly sizeOf?: (value: unknown, key: string) => number;
  /** Where answers are kept instead, with bounds of its own; `maxEntries` and `maxBytes` are then its business. @default none */
  readonly store?: CacheStore;
  /**
   * Makes the copy that a caller gets, and the one that is kept. Needed for instances of classes only. Left out: plain
   * data is frozen and shared, and dates, maps, sets and binary data are copied by `structuredClone`. @default none
   */
  readonly clone?: Copy;
  /** Whose cache it is, for its events. @default '' */
  readonly name?: string;
}

/** What holds where `CacheOptions` are silent. */
export const cacheDefaults: Required<
  Omit<CacheOptions, 'key' | 'freshMs' | 'negative' | 'maxBytes' | 'sizeOf' | 'store' | 'clone'>
> = Object.freeze({
  staleMs: 0,
  staleIfErrorMs: 0,
  negativeMs: 0,
  ttlJitterRatio: 0.1,
  refreshPauseMs: 1_000,
  refreshDeadlineMs: 3_000,
  maxEntries: 1_000,
  name: '',
});

/** Options that have been checked and filled in. */
export interface CacheSettings
  extends Required<Omit<CacheOptions, 'negative' | 'maxBytes' | 'sizeOf' | 'store' | 'clone'>> {
  readonly negative: CacheOptions['negative'];
  readonly maxBytes: number;
  readonly sizeOf: CacheOptions['sizeOf'];
  readonly store: CacheStore | undefined;
  readonly clone: Copy | undefined;
}

const store: Check<CacheStore> = {
  expected: 'a CacheStore, with get, set, delete, clear and size',
  ok: (value): value is CacheStore =>
    typeof value === 'object' &&
    value !== null &&
    ['get', 'set', 'delete', 'clear'].every((method) => typeof Reflect.get(value, method) === 'function') &&
    typeof Reflect.get(value, 'size') === 'number',
};

const belowOne: Check<number> = {
  expected: 'a number of at least 0 and below 1',
  ok: (value): value is number => number(0, 1).ok(value) && value < 1,
};

const checks: Checks<CacheOptions> = {
  key: required(callable<CacheOptions['key']>()),
  freshMs: required(milliseconds('zero-allowed')),
  staleMs: milliseconds('zero-allowed'),
  staleIfErrorMs: milliseconds('zero-allowed'),
  negativeMs: milliseconds('zero-allowed'),
  negative: callable<(error: unknown) => boolean>(),
  ttlJitterRatio: belowOne,
  refreshPauseMs: milliseconds('zero-allowed'),
  refreshDeadlineMs: milliseconds(),
  maxEntries: whole(1),
  maxBytes: whole(1),
  sizeOf: callable<(value: unknown, key: string) => number>(),
  store,
  clone: callable<Copy>(),
  name: anyText,
};

/** Checks options once. @throws ConfigError when one is wrong, unknown, or contradicts another. */
export function readCacheOptions(options: CacheOptions): CacheSettings {
  const read = readOptions('cache', options, checks, cacheDefaults);
  if (read.freshMs + read.staleMs + read.staleIfErrorMs + read.negativeMs === 0) {
    throw new ConfigError('cache.freshMs', 'above 0, or staleMs, staleIfErrorMs or negativeMs beside it', read.freshMs);
  }
  if (read.negative !== undefined && read.negativeMs === 0) {
    throw new ConfigError('cache.negativeMs', 'milliseconds above 0, as there is a negative', read.negativeMs);
  }
  if (read.store !== undefined) {
    for (const name of ['maxEntries', 'maxBytes'] as const) {
      if (Object.hasOwn(options, name) && options[name] !== undefined) {
        throw new ConfigError(`cache.${name}`, 'nothing, as the store has bounds of its own', options[name]);
      }
    }
  } else if ((read.maxBytes === undefined) !== (read.sizeOf === undefined)) {
    const [missing, given] = read.maxBytes === undefined ? ['maxBytes', 'sizeOf'] : ['sizeOf', 'maxBytes'];
    throw new ConfigError(`cache.${missing}`, `one, as there is ${given}`, undefined);
  }
  // Copied out: what was read is kept as a dictionary, which is slower to read.
  return {
    key: read.key,
    freshMs: read.freshMs,
    staleMs: read.staleMs,
    staleIfErrorMs: read.staleIfErrorMs,
    negativeMs: read.negativeMs,
    negative: read.negative,
    ttlJitterRatio: read.ttlJitterRatio,
    refreshPauseMs: read.refreshPauseMs,
    refreshDeadlineMs: read.refreshDeadlineMs,
    maxEntries: read.maxEntries,
    maxBytes: read.maxBytes ?? Number.POSITIVE_INFINITY,
    sizeOf: read.sizeOf,
    store: read.store,
    clone: read.clone,
    name: read.name,
  };
}
