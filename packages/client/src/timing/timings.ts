/** Where the time of an exchange went, in milliseconds. A phase that there was not, or that is not known, is 0. */
export interface PhaseTimings {
  /** For a connection to be free. */
  readonly queueMs: number;
  /** For a token. */
  readonly authMs: number;
  readonly dnsMs: number;
  readonly connectMs: number;
  readonly tlsMs: number;
  /** Handing the request to the connection. */
  readonly writeMs: number;
  /** From there to the first byte of the answer. */
  readonly waitMs: number;
  /** Reading the answer to its end. */
  readonly bodyMs: number;
  /** Unpacking it, and holding it against the schema. */
  readonly decodeMs: number;
}

/** Where the time of a whole call went, in milliseconds: every moment of it is in one of these. */
export interface CallTimings extends PhaseTimings {
  /**
   * Before an attempt: checking the input, looking into the cache, waiting for a place in the bulkhead, for the same
   * answer that another call is fetching, or for an interceptor.
   */
  readonly admissionMs: number;
  /** After an attempt that failed: until the next one began, or the call ended. */
  readonly backoffMs: number;
}
