import type { Call, Runtime } from '@switchgear/policy';
import type { EgressGuard } from './egress.ts';
import type { TlsProvider } from './tls.ts';

/** A request as it goes onto the wire. */
export interface WireRequest {
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Bytes, or a stream of them, of which nothing is taken before the connection is there. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** The largest body of the answer, as it comes over the wire, in bytes, where it is not the transport's own limit. */
  readonly maxBodyBytes?: number | undefined;
}

/** A whole answer, its body read within the limit. */
export interface WireResponse {
  readonly status: number;
  /** By lower-case name. A header that came more than once is a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  /** Whose answer it is, where a transport has several hosts to ask: redirects may lead there and nowhere else. */
  readonly origin?: string | undefined;
  /** What was spoken, where the transport knows: `1.1` or `2`. */
  readonly protocol?: '1.1' | '2' | undefined;
}

/** A body that is still on its way, to be read once. Nothing is read ahead of its reader but what a buffer holds. */
export interface WireBody extends AsyncIterable<Uint8Array> {
  /** Ends it and its connection: what is read of it from now on rejects with the reason. Nothing once it has ended. */
  destroy(reason: unknown): void;
}

/** The head of an answer, and its body to come. */
export interface WireStream extends Omit<WireResponse, 'body'> {
  readonly body: WireBody;
}

/** How far a send had got when it failed. */
export type Reached =
  /** No byte of the request was written. */
  | 'nothing'
  /** The request had begun to be written, and no byte of an answer had come. */
  | 'request'
  /** The same, on a connection that had served before: most likely the other side was closing it just then. */
  | 'stale-connection'
  /** An answer had begun. */
  | 'response';

/** Why a send came to nothing; `classifyTransportFailure` makes the error that the caller sees. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
  readonly reached: Reached;

  constructor(reached: Reached, cause: unknown) {
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
  /**
   * Sends once, and answers with the head. Until the body has ended the connection is taken; a cancelled call destroys
   * it. Reading the body rejects with what `send` would have. A transport that cannot do this has no such method.
   */
  stream?(request: WireRequest, call: Call): Promise<WireStream>;
  /** Lets what is in flight end, then closes the connections. */
  close(): Promise<void>;
  /** Closes the connections now; what is in flight fails. */
  destroy(): Promise<void>;
}

/** What a transport is opened with. */
export interface TransportOptions {
  /** Scheme, host and port, such as `https://users.internal:8443`. */
  readonly origin: string;
  /**
   * The IP address to connect to, where it is known; TLS and the Host header keep to the name in `origin`. A transport
   * that cannot do this throws a ConfigError when it is given one. @default none
   */
  readonly address?: string | undefined;
  /**
   * Asked with each IP address before it is connected to; nothing is written to one that it refuses. A transport that
   * cannot do this throws a ConfigError when it is given one. @default none
   */
  readonly egress?: EgressGuard | undefined;
  /**
   * What connections are made with, asked for each of them; left out, what Node has by itself. A transport that cannot do
   * this throws a ConfigError when it is given one. @default none
   */
  readonly tls?: TlsProvider | undefined;
  /** Connections at most. What finds none free waits, and tells its call so. */
  readonly connections: number;
  /** Making one connection, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long an idle connection is kept, in milliseconds. */
  readonly keepAliveMs: number;
  /** The largest body, as it comes over the wire, in bytes. */
  readonly maxBodyBytes: number;
  /** The largest head of an answer, in bytes. */
  readonly maxHeaderBytes: number;
  /** Whether HTTP/2 is offered. */
  readonly allowH2: boolean;
  /** Time and chance. */
  readonly runtime: Runtime;
}

/** What a transport can know and do. What it cannot, the client does not pretend. */
export interface TransportCapabilities {
  /**
   * Whether it can tell a request that never left. Where it is unknown, a failed one always may have: a POST without a key
   * is not sent again.
   */
  readonly sentState: 'exact' | 'unknown';
  /** Whether `connectTimeoutMs` is kept apart from the attempt timeout. */
  readonly connectTimeout: boolean;
  /** Whether `maxHeaderBytes` is kept. */
  readonly headerLimit: boolean;
}

/** Opens a transport. */
export interface OpenTransport {
  (options: TransportOptions): Transport;
  /** @default all of them */
  readonly capabilities?: TransportCapabilities;
}
