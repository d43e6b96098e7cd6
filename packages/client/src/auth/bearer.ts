import { ConfigError } from '@switchgear/policy';
import { callable, milliseconds, readOptions } from '@switchgear/policy/options';
import { AuthenticationError } from '../errors.ts';
import { tell } from './auth-loss.ts';
import type { Authenticator } from './authenticator.ts';
import { type FetchedToken, isToken, obtainedToken } from './bearer-token.ts';
import { originList, originSet } from './origins.ts';
import { SharedSource } from './shared-source.ts';
import { TokenSource } from './token-source.ts';
import { renewalMayHelp } from './www-authenticate.ts';

export interface BearerOptions {
  /** How long the function may take, in milliseconds. @default 2_000 */
  readonly timeoutMs?: number;
  /**
   * After a failure, how long calls fail with it instead of asking again, in milliseconds. Retries wait it out, so a
   * long one turns a quick failure into a slow one. @default 250
   */
  readonly coolDownMs?: number;
  /** Where the token may go: scheme, host and port. @default wherever the clients that share it send requests */
  readonly origins?: readonly string[];
  /**
   * Told once when the token is worth nothing any more: a fixed one was refused, or the function threw an
   * AuthenticationError. Told again only if there was a good one in between. @default none
   */
  readonly onAuthLost?: (error: AuthenticationError) => void;
}

/** What `bearer()` takes when it is told nothing. */
export const bearerDefaults: Required<Pick<BearerOptions, 'timeoutMs' | 'coolDownMs'>> = {
  timeoutMs: 2_000,
  coolDownMs: 250,
};

/**
 * Bearer tokens of your own: a fixed one, or a function that gets one. The function is asked once for all calls that
 * need a token, of all clients that share this credential, and again after a 401. It must not use one of those clients:
 * it would wait for itself.
 * @throws ConfigError if it is neither.
 */
export function bearer(
  token: string | (() => Promise<string | FetchedToken>),
  options: BearerOptions = {},
): Authenticator {
  const { timeoutMs, coolDownMs, origins, onAuthLost } = readOptions(
    'bearer',
    options,
    { timeoutMs: milliseconds(), coolDownMs: milliseconds(), origins: originList, onAuthLost: callable() },
    bearerDefaults,
  );
  const mayGoTo = originSet('bearer.origins', origins);
  if (typeof token === 'string') {
    if (isToken(token)) return fixed(token, mayGoTo, onAuthLost);
  } else if (typeof token === 'function') {
    const obtain = async () => {
      const got = await token();
      return obtainedToken(typeof got === 'string' ? { accessToken: got } : got);
    };
    const onLost = (error: AuthenticationError): void => tell(onAuthLost, error);
    const shared = new SharedSource(mayGoTo, ({ runtime }) => ({
      source: new TokenSource({ obtain, timeoutMs, coolDownMs, onLost }, runtime),
      close: async () => {},
    }));
    return { kind: 'bearer', open: (context) => shared.open(context) };
  }
  throw new ConfigError('bearer', 'a token of visible ASCII characters, or a function that gets one', typeof token);
}

/** A fixed token does not become another one by being asked for again, so a 401 about it ends it. */
function fixed(
  accessToken: string,
  origins: ReadonlySet<string> | undefined,
  onAuthLost: BearerOptions['onAuthLost'],
): Authenticator {
  const grant = obtainedToken({ accessToken }).grant(1);
  let lost = false;
  return {
    kind: 'bearer',
    open: ({ onLost }) => ({
      origins,
      get: () => grant,
      renew(_, headers) {
        if (lost || !renewalMayHelp(headers)) return undefined;
        lost = true;
        const error = new AuthenticationError('the fixed token was refused', { sent: 'answered' }, 'token-refused');
        onLost(error);
        tell(onAuthLost, error);
        return undefined;
      },
      refusedAfterRenewal() {},
      close: async () => {},
    }),
  };
}
