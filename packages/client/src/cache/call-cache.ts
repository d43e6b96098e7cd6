import type { CacheAnswer, CallOptions, ErrorFacts } from '@switchgear/policy';
import type { Asker } from '../call/asker.ts';
import type { BuiltRequest } from '../request/build-request.ts';
import type { WireResponse } from '../transport/transport.ts';

/** What stands between a load and what it is answered with: a cache that asks whether what it keeps still holds. */
export interface Revalidation {
  /** Sent with the request, names and values in turn. */
  readonly headers: readonly string[];
  /** Hears the answer as it came. @returns What is to be read: the answer, or what was kept and still holds. */
  answered(response: WireResponse): WireResponse;
}

/** What a call asks of the cache of its operation. */
export interface CacheQuestion {
  /** What its answer is kept under; it is the call's `key` too. */
  readonly key: string;
  /** The call as its caller made it: deadline, signal. */
  readonly call: CallOptions & { readonly key: string };
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  /** Names and values in turn: what is sent in every attempt. */
  readonly headers: readonly string[];
  /** For whom it is asked; '' when nobody was named. */
  readonly principal: string;
  /** Whether requests are authorised with a credential. */
  readonly isAuthorised: boolean;
  /** Asks the service. */
  load(call: CallOptions, revalidation?: Revalidation): Promise<unknown>;
  /** Reads an answer that is kept, as one that has just come. */
  read(response: WireResponse): unknown;
}

/** The cache of one operation of one client. */
export interface CallCache {
  /** Answers from memory, or waits for the one load of its key. */
  ask(question: CacheQuestion): Promise<CacheAnswer<unknown>>;
  /** What an answer is kept under: who asks, and the request as it is sent; `undefined` where it has no text. */
  keyOf(request: BuiltRequest, asker: Asker, facts: ErrorFacts): string | undefined;
  /** Forgets what is kept of a request, whoever it was for or for one principal alone. */
  invalidate(request: BuiltRequest, principal: string | undefined): void;
  /** Forgets what is kept of a path, whoever it was for, once something there has been changed. */
  forgetPath(path: string): void;
  /** Forgets everything. */
  clear(): void;
}
