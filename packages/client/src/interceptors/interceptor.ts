import type { Fate } from '../events.ts';
import type { WireResponse } from '../transport/transport.ts';
import type { HeaderEditor } from './header-editor.ts';

/**
 * Code of yours around every call and every attempt of a client. It sees what is asked and how it ends, and may set
 * headers; it cannot answer in the service's place, hold a permit or make a failure of a success.
 */
export interface Interceptor {
  /** How errors and events call it. @default none */
  readonly name: string;
  /**
   * Before a call goes on its way: once, also where the answer comes from the cache. Headers set here go with every
   * attempt, and are part of what a cache tells answers apart by. What is waited for is in the call's deadline.
   * @default none
   */
  readonly beforeCall?: (call: InterceptedCall, headers: HeaderEditor) => void | PromiseLike<void>;
  /**
   * Before each attempt, ahead of its token. Headers set here go with this attempt alone. What is waited for is in the
   * attempt's timeout. @default none
   */
  readonly beforeAttempt?: (attempt: InterceptedAttempt, headers: HeaderEditor) => void | PromiseLike<void>;
  /** After each attempt, whatever came of it. Nothing waits for a promise. @default none */
  readonly afterAttempt?: (attempt: InterceptedAttempt, outcome: AttemptOutcome) => void | PromiseLike<void>;
  /** After the call, before its caller hears of the outcome. Nothing waits for a promise. @default none */
  readonly afterCall?: (call: InterceptedCall, outcome: CallOutcome) => void | PromiseLike<void>;
}

/** The names of the hooks, as errors and events have them. */
export type InterceptorHook = Exclude<keyof Interceptor, 'name'>;

/** A call as its interceptors see it: all of its hooks are handed the same object, which a WeakMap may have as its key. */
export interface InterceptedCall {
  readonly target: string;
  readonly operation: string;
  readonly method: string;
  /** The path, that of the base URL included, with its parameters as they stand in the contract. */
  readonly template: string;
  readonly requestId: string;
  readonly traceId: string;
  /** The span of this call. */
  readonly spanId: string;
  /** In monotonic milliseconds of the runtime's clock. */
  readonly deadline: number;
  /** Whether it may be sent more than once. */
  readonly idempotent: boolean;
}

/** An attempt as its interceptors see it; both of its hooks are handed the same object. */
export interface InterceptedAttempt {
  readonly call: InterceptedCall;
  /** 1 for the first. */
  readonly attempt: number;
  /** Who is asked: scheme, host and port. */
  readonly host: string;
}

/** What came of an attempt. */
export interface AttemptOutcome {
  /** Of the answer, if one came. */
  readonly status: number | undefined;
  /** Of the answer, by lower-case name, if one came. */
  readonly headers: WireResponse['headers'] | undefined;
  readonly durationMs: number;
  /** What the attempt failed with; `undefined` if it did not. */
  readonly error: unknown;
}

/** What came of a call. */
export interface CallOutcome {
  readonly fate: Fate;
  readonly attempts: number;
  readonly durationMs: number;
  /** What the call rejects with, or what a fallback stands in for; `undefined` if it went well. */
  readonly error: unknown;
}
