import { ConfigError, type ErrorFacts } from '@switchgear/policy';
import { type Checks, flag, milliseconds, readOptions, text } from '@switchgear/policy/options';
import { InvalidRequestError } from '../../errors.ts';

/** What is said of one `fetch`, beyond what the web has words for. */
export interface FetchSettings {
  /**
   * What is asked for, as it stands in errors, events and metrics: a word, or a template, and never a URL, which would
   * make a series of each. @default the operation of the contract that it is, or '_other'
   */
  readonly operation?: string | undefined;
  /** The whole call, the body of its answer included, in milliseconds. @default the operation's, or the client's */
  readonly deadlineMs?: number | undefined;
  /** Whether it may be done twice. @default the operation's; by method, and true with an `Idempotency-Key` */
  readonly idempotent?: boolean | undefined;
}

/** The second argument of `client.fetch`. */
export interface FetchInit extends RequestInit {
  /** @default none */
  readonly switchgear?: FetchSettings | undefined;
}

const checks: Checks<FetchSettings> = {
  operation: text,
  deadlineMs: milliseconds('zero-allowed'),
  idempotent: flag,
};

/** @throws InvalidRequestError */
export function readFetchSettings(given: FetchSettings, facts: ErrorFacts): FetchSettings {
  try {
    return readOptions('switchgear', given, checks, {});
  } catch (error) {
    if (error instanceof ConfigError)
      throw new InvalidRequestError([`${error.path}: expected ${error.expected}`], facts);
    throw error;
  }
}
