import type { Incoming } from '../trace/incoming.ts';

/** What a caller may say of one call. */
export interface CallSettings {
  /**
   * Ends the call when aborted; it rejects with this signal's own reason. So does that of the request being handled
   * (`withIncoming`). @default none
   */
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

/**
 * The settings of a call: its caller's, and from the request that it is made for, the signal that its sender has left.
 * Own properties alone: what someone put on `Object.prototype` is no setting.
 */
export function settingsOf(said: CallSettings, incoming: Incoming | undefined): CallSettings {
  const settings: { signal?: AbortSignal | undefined } & CallSettings = Object.assign(Object.create(null), said);
  const theirs = incoming?.signal;
  if (theirs === undefined || theirs === settings.signal) return settings;
  // Nearly every call has one of the two at most, and then nothing is made.
  settings.signal = settings.signal === undefined ? theirs : AbortSignal.any([settings.signal, theirs]);
  return settings;
}
