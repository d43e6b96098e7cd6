import { AuthenticationError } from '../errors.ts';
import type { Grant } from './credential.ts';
import type { Obtained } from './token-source.ts';

/** A token and how long it is good for. */
export interface FetchedToken {
  readonly accessToken: string;
  /** Milliseconds from when it was asked for; left out when it does not say. */
  readonly expiresInMs?: number | undefined;
}

/** A bearer token in use. Its header is made once, and not per attempt. Source: RFC 6750, section 2.1. */
class BearerToken implements Grant {
  readonly generation: number;
  readonly #headers: readonly string[];

  constructor(accessToken: string, generation: number) {
    this.generation = generation;
    this.#headers = ['authorization', `Bearer ${accessToken}`];
  }

  authorise(): readonly string[] {
    return this.#headers;
  }
}

/** Whether a text can stand as a token in a header. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
}

/** A token as a token source keeps it. */
export function obtainedToken(fetched: FetchedToken): Obtained {
  const accessToken: unknown = fetched?.accessToken;
  return {
    id: typeof accessToken === 'string' ? accessToken : '',
    expiresInMs: fetched?.expiresInMs,
    grant(generation) {
      if (isToken(accessToken)) return new BearerToken(accessToken, generation);
      throw new AuthenticationError('the token is not one that a header can hold', {}, 'unusable-token');
    },
  };
}
