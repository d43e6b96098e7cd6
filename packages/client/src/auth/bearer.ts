import { ConfigError } from '@switchgear/policy';
import { milliseconds, readOptions } from '@switchgear/policy/options';
import type { Authenticator } from './authenticator.ts';
import { type FetchedToken, TokenSource } from './token-source.ts';

export interface BearerOptions {
  /** How long the function may take, in milliseconds. @default 2_000 */
  readonly timeoutMs?: number;
  /**
   * After a failure, how long calls fail with it instead of asking again, in milliseconds. Retries wait it out, so a
   * long one turns a quick failure into a slow one. @default 250
   */
  readonly coolDownMs?: number;
}

/** What `bearer()` takes when it is told nothing. */
export const bearerDefaults: Required<BearerOptions> = { timeoutMs: 2_000, coolDownMs: 250 };

/**
 * Bearer tokens of your own: a fixed one, or a function that gets one. The function is asked once for all calls that
 * need a token, and again after a 401.
 * @throws ConfigError if it is neither.
 */
export function bearer(
  token: string | (() => Promise<string | FetchedToken>),
  options: BearerOptions = {},
): Authenticator {
  const { timeoutMs, coolDownMs } = readOptions(
    'bearer',
    options,
    { timeoutMs: milliseconds(), coolDownMs: milliseconds() },
    bearerDefaults,
  );
  if (typeof token === 'string' ? !/^[\x21-\x7e]+$/.test(token) : typeof token !== 'function') {
    throw new ConfigError('bearer', 'a token of visible ASCII characters, or a function that gets one', typeof token);
  }
  return {
    kind: 'bearer',
    open({ runtime, onRefresh }) {
      const fetchToken = async (): Promise<FetchedToken> => {
        if (typeof token === 'string') return { accessToken: token };
        const got = await token();
        return typeof got === 'string' ? { accessToken: got } : got;
      };
      const source = new TokenSource({ fetchToken, timeoutMs, coolDownMs, onRefresh }, runtime);
      return {
        get: () => source.get(),
        // A fixed token does not become another one by being asked for again.
        renew: (refused) => (typeof token === 'string' ? Promise.resolve(undefined) : source.renew(refused)),
        refusedAfterRenewal: (refused) => source.refusedAfterRenewal(refused),
        close: async () => {},
      };
    },
  };
}
