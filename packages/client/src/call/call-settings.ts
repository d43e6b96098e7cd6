/** What a caller may say of one call. */
export interface CallSettings {
  /** Ends the call when aborted; it rejects with this signal's own reason. @default none */
  readonly signal?: AbortSignal | undefined;
  /** For this call, in milliseconds. @default the operation's, or the client's */
  readonly deadlineMs?: number | undefined;
  /**
   * The key of this piece of work, for an operation with `idempotencyKey`. Give the one you stored, so that it survives
   * a restart. @default a new one per call
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * For whom this is asked. Kept answers are given to the same principal alone, so say it wherever an answer depends on
   * who asks. @default ''
   */
  readonly principal?: string | undefined;
  /** Sent with this call. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
