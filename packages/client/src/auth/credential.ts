import type { Call } from '@switchgear/policy';

/** A request as it goes out, but for what authorises it. */
export interface UnauthorisedRequest {
  readonly method: string;
  /** Scheme, host and port of where it goes. */
  readonly origin: string;
  /** Path and query, encoded. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Of a stream nothing is known beforehand. */
  readonly body: Uint8Array | 'stream' | undefined;
}

/** What an attempt is authorised with: a token, or a key to sign with. */
export interface Grant {
  /** Counts the grants of a credential, from 1: a renewed one has a higher number. */
  readonly generation: number;
  /**
   * The headers that authorise a request, names and values in turn. Called for each attempt, last of all, when nothing
   * else about it changes any more.
   */
  authorise(request: UnauthorisedRequest): readonly string[];
}

/** The head of a 401, by lower-case name. */
export type RefusedHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What the client asks of whatever authorises its requests. */
export interface Credential {
  /** Where it may go; left out, wherever its client sends requests. */
  readonly origins?: ReadonlySet<string> | undefined;
  /** What to authorise an attempt with: at once while it is good. Waits no longer than the call lasts. */
  get(call: Call): Grant | Promise<Grant>;
  /**
   * An attempt was answered with 401.
   * @returns A newer grant to try, or `undefined` when none is to be had, or would help: the 401 stands.
   */
  renew(refused: Grant, headers: RefusedHeaders, call: Call): Grant | undefined | Promise<Grant | undefined>;
  /** What `renew` had just given was refused too. */
  refusedAfterRenewal(grant: Grant): void;
  close(): Promise<void>;
}
