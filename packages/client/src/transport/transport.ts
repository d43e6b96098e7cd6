import type { Call } from '@switchgear/policy';

/** A request as it goes onto the wire. */
export interface WireRequest {
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
}

/** A whole answer, its body read within the limit. */
export interface WireResponse {
  readonly status: number;
  /** By lower-case name. A header that came more than once is a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/** Why a send came to nothing; `classifyTransportFailure` makes the error that the caller sees. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
  /** Whether the request had begun to be written, and whether an answer had begun. */
  readonly reached: 'nothing' | 'request' | 'response';

  constructor(reached: TransportFailure['reached'], cause: unknown) {
    super('the transport failed', { cause });
    this.reached = reached;
  }
}

/** The answer is larger than the limit that was set. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** One origin's connections. */
export interface Transport {
  /**
   * Sends once. Tells the call how far it gets, heeds its cancellation, and reads or destroys every body.
   * Rejects with TransportFailure or BodyTooLarge, or with the call's own reason when that was cancelled.
   */
  send(request: WireRequest, call: Call): Promise<WireResponse>;
  /** Lets what is in flight end, then closes the connections. */
  close(): Promise<void>;
  /** Closes the connections now; what is in flight fails. */
  destroy(): Promise<void>;
}

/** What a transport is opened with. */
export interface TransportOptions {
  /** Such as `https://users.internal:8443`. */
  readonly origin: string;
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  readonly allowH2: boolean;
}

/** Opens a transport. */
export type OpenTransport = (options: TransportOptions) => Transport;
