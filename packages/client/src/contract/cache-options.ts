import { type Check, milliseconds, readOptions, required, whole } from '@switchgear/policy/options';
import { type HttpCaching, isHttpCaching } from './http-caching.ts';

/** For how long answers of an operation may be used again, and how many are kept. */
export interface OperationCacheOptions {
  /** How long an answer is used without asking again, in milliseconds, 0 or more. */
  readonly freshMs: number;
  /**
   * How long after that it is still used at once while a new one is loaded in the background, in milliseconds. Given, the
   * result becomes `Live<T> | Stale<T>`. @default 0
   */
  readonly staleWhileRevalidateMs?: number;
  /**
   * How long after being fresh it is used when the service is away, in milliseconds. Given, the result becomes
   * `Live<T> | Stale<T>`. @default 0
   */
  readonly staleIfErrorMs?: number;
  /** How long a "no" of the service, such as a domain error, is said again without asking, in milliseconds. @default 0 */
  readonly negativeMs?: number;
  /** Answers that are kept; the one not used for longest goes first. @default 1_000 */
  readonly maxEntries?: number;
}

/** What the `cache` of an operation takes when it is told nothing. */
export const operationCacheDefaults: Required<Omit<OperationCacheOptions, 'freshMs'>> = Object.freeze({
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  negativeMs: 0,
  maxEntries: 1_000,
});

/** Checks the options of a cache and fills in what they leave out. @throws ConfigError */
export function readCacheOptions(at: string, given: OperationCacheOptions): Required<OperationCacheOptions> {
  return readOptions(
    at,
    given,
    {
      freshMs: required(milliseconds('zero-allowed')),
      staleWhileRevalidateMs: milliseconds('zero-allowed'),
      staleIfErrorMs: milliseconds('zero-allowed'),
      negativeMs: milliseconds('zero-allowed'),
      maxEntries: whole(1),
    },
    operationCacheDefaults,
  );
}

/** Whether answers may be given that are past their time, which their type then says. */
export function mayBeStale(options: OperationCacheOptions | HttpCaching | undefined): boolean {
  if (isHttpCaching(options)) return options.allowStale;
  return options?.staleIfErrorMs !== undefined || options?.staleWhileRevalidateMs !== undefined;
}

export const cacheOptions: Check<OperationCacheOptions | HttpCaching> = {
  expected: 'an object of options, or httpCache(…)',
  ok: (value): value is OperationCacheOptions | HttpCaching =>
    typeof value === 'object' && value !== null && !Array.isArray(value),
};

export const operationNames: Check<readonly string[]> = {
  expected: 'a list of names of operations',
  ok: (value): value is readonly string[] =>
    Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string'),
};
