import { ConfigError } from '@switchgear/policy';
import { type Check, callable, readOptions, required, secret } from '@switchgear/policy/options';
import type { AuthenticationError } from '../errors.ts';
import type { TlsSource } from '../transport/tls.ts';
import { tell } from './auth-loss.ts';
import type { Authenticator } from './authenticator.ts';
import { isSession, isSessionEnd, type LoadTokens, Session } from './session.ts';
import { SharedSource } from './shared-source.ts';
import { TokenEndpoint } from './token-endpoint.ts';
import { type SessionTokens, TokenKeeper } from './token-keeper.ts';
import { readTokenRequest, tokenRequestChecks } from './token-request.ts';
import { TokenSource } from './token-source.ts';

export interface RefreshTokenOptions {
  /** The token endpoint, absolute. @default none */
  readonly tokenUrl: string;
  /** @default none */
  readonly clientId: string;
  /** Left out by a public client. Sent in the `Authorization` header of the token request alone. @default none */
  readonly clientSecret?: string;
  /**
   * The refresh token, or a function that loads it, with the access token if one is stored. The function is asked when
   * the first token is needed, and again when the token server refuses the one in use: if another process has stored a
   * newer one since, the session goes on with that. @default none
   */
  readonly refreshToken: string | LoadTokens;
  /**
   * Stores rotated tokens. Calls that need them wait for it, within `timeoutMs`; when it fails or takes longer, they
   * go on, and it is called again later, always with the newest. @default none
   */
  readonly onRotated?: (tokens: SessionTokens) => void | Promise<void>;
  /** Asked for, when given: at most what the session has. @default none */
  readonly scope?: string;
  /** Further parameters of the token request, such as `audience` or `resource`. @default none */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Certificates for the token endpoint; the client's own `tls` is not used there. @default none */
  readonly tls?: TlsSource;
  /**
   * Getting a token, `onRotated` included, in milliseconds. It has a time of its own: it is done for all who wait.
   * @default 2_000
   */
  readonly timeoutMs?: number;
  /**
   * After a failure, how long calls fail with it instead of asking again, in milliseconds. Retries wait it out, so a
   * long one turns a quick failure into a slow one. @default 250
   */
  readonly coolDownMs?: number;
  /** Where the token may go: scheme, host and port. @default wherever the clients that share it send requests */
  readonly origins?: readonly string[];
  /**
   * Told once when the session is over (`invalid_grant`), or the token server does not accept this client: the place to
   * log out. Told again only if there was a token in between. @default none
   */
  readonly onAuthLost?: (error: AuthenticationError) => void;
}

/** What `refreshToken()` takes when it is told nothing. */
export const refreshTokenDefaults: Required<Pick<RefreshTokenOptions, 'timeoutMs' | 'coolDownMs'>> = {
  timeoutMs: 2_000,
  coolDownMs: 250,
};

/** A session that may end, and be taken up again. */
export interface RefreshTokenCredential extends Authenticator {
  /**
   * Goes on with other tokens, after a login for instance. Calls that wait for a token of the session before get one of
   * these.
   * @throws ConfigError if there is no refresh token among them.
   */
  restore(tokens: SessionTokens): void;
}

const startOfSession: Check<string | LoadTokens> = {
  expected: 'a refresh token, or a function that loads one',
  ok: (value): value is string | LoadTokens =>
    typeof value === 'function' || (typeof value === 'string' && value !== ''),
};

/**
 * Access tokens by the OAuth 2.0 refresh token grant, through rotations of the refresh token. One refresh is in flight
 * whoever waits, of all clients that share this credential; it is never given up half-way, because the token server may
 * have rotated already. Once it says `invalid_grant`, calls fail at once with AuthenticationError until `restore`.
 * Sources: RFC 6749, section 6; RFC 9700, section 4.14.
 * @throws ConfigError if an option is missing or not what it should be.
 */
export function refreshToken(options: RefreshTokenOptions): RefreshTokenCredential {
  const at = 'refreshToken';
  const checks = {
    ...tokenRequestChecks,
    refreshToken: required(secret(startOfSession)),
    onRotated: callable<(tokens: SessionTokens) => void | Promise<void>>(),
    onAuthLost: callable<(error: AuthenticationError) => void>(),
  };
  const read = readOptions(at, options, checks, refreshTokenDefaults);
  const { endpoint, origins } = readTokenRequest(at, read);
  const { timeoutMs, coolDownMs, onRotated, onAuthLost } = read;
  const session = new Session(read.refreshToken);
  let keeper: TokenKeeper | undefined;
  // Of this session, and not of the clients that come and go.
  let told = false;

  const shared = new SharedSource(origins, (context) => {
    const { clock } = context.runtime;
    const tokens = new TokenEndpoint(endpoint, context);
    const kept =
      onRotated &&
      new TokenKeeper({ save: onRotated, timeoutMs, retryMs: coolDownMs, onUnsaved: context.onUnsaved }, clock);
    keeper = kept;
    const source = new TokenSource(
      {
        obtain: async (call) => {
          const until = clock.now() + timeoutMs;
          const msLeft = (): number => Math.max(0, until - clock.now());
          const obtained = await session.obtain({ endpoint: tokens, keeper: kept, msLeft }, call);
          told = false;
          return obtained;
        },
        timeoutMs,
        coolDownMs,
        isFinal: isSessionEnd,
        onLost(error) {
          if (!told) tell(onAuthLost, error);
          told = true;
        },
      },
      context.runtime,
    );
    const close = async (): Promise<void> => {
      // What is on its way may bring a rotated token, and that must not be lost.
      await source.idle();
      await kept?.close();
      await tokens.close();
    };
    return { source, close };
  });

  return {
    kind: 'refresh-token',
    open: (context) => shared.open(context),
    restore(given) {
      if (!isSession(given)) throw new ConfigError(`${at}.restore`, 'tokens with a refreshToken', 'others');
      const tokens = { ...given };
      session.restore(tokens);
      keeper?.replace(tokens);
      told = false;
      shared.current?.restart();
    },
  };
}
