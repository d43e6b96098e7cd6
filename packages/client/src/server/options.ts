import { type Check, flag, readOptions } from '@switchgear/policy/options';
import { type IncomingOptions, incomingChecks, incomingDefaults } from '../trace/incoming.ts';

/** What is done with an incoming request before and around its handler. */
export interface ServerOptions extends IncomingOptions {
  /**
   * The header of yours that says how long the caller waits, in whole milliseconds. `grpc-timeout`, `Connect-Timeout-Ms`
   * and `X-Envoy-Expected-Rq-Timeout-Ms` are read in any case; of several, the earliest holds.
   * @default 'x-request-deadline-ms'
   */
  readonly deadlineHeader?: string;
  /** The header of yours that says which attempt a request is. @default 'x-request-attempt' */
  readonly attemptHeader?: string;
  /**
   * What is answered at once to a request whose caller has stopped waiting, when it comes and again when its body has been
   * read; `false` lets it pass, and then the first call made for it fails. @default 504
   */
  readonly lateStatus?: number | false;
  /** Whether calls made for a request are cancelled when its sender disconnects. @default true */
  readonly cancelOnDisconnect?: boolean;
  /**
   * Whether a 5xx or 429 says `X-Should-Retry: false` when it comes of a call that retries have not helped, or of one that
   * its own limits did not let through: what was tried here is not to be tried again by everybody on the way here.
   * @default true
   */
  readonly stopRetries?: boolean;
}

/** What is done when nothing is said. */
export const serverDefaults: Required<ServerOptions> = Object.freeze({
  ...incomingDefaults,
  lateStatus: 504,
  cancelOnDisconnect: true,
  stopRetries: true,
});

const errorStatus: Check<number | false> = {
  expected: 'a status from 400 to 599, or false',
  ok: (value): value is number | false =>
    value === false || (Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599),
};

/** Checks options, and fills in what they leave out. @throws ConfigError */
export function readServerOptions(path: string, options: ServerOptions): Required<ServerOptions> {
  return readOptions(
    path,
    options,
    { ...incomingChecks, lateStatus: errorStatus, cancelOnDisconnect: flag, stopRetries: flag },
    serverDefaults,
  );
}
