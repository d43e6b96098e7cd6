import { ConfigError } from '@switchgear/policy';
import { callable, readOptions } from '@switchgear/policy/options';
import type { AuthenticationError } from '../errors.ts';
import type { TlsSource } from '../transport/tls.ts';
import { tell } from './auth-loss.ts';
import type { Authenticator } from './authenticator.ts';
import { obtainedToken } from './bearer-token.ts';
import { SharedSource } from './shared-source.ts';
import { TokenEndpoint } from './token-endpoint.ts';
import { readTokenRequest, tokenRequestChecks } from './token-request.ts';
import { TokenSource } from './token-source.ts';

export interface ClientCredentialsOptions {
  /** The token endpoint, absolute. @default none */
  readonly tokenUrl: string;
  /** @default none */
  readonly clientId: string;
  /**
   * Sent in the `Authorization` header of the token request alone. Left out, the certificate in `tls` says who asks.
   * @default none
   */
  readonly clientSecret?: string;
  /** Asked for, when given. @default none */
  readonly scope?: string;
  /** Further parameters of the token request, such as `audience` or `resource`. @default none */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Certificates for the token endpoint; the client's own `tls` is not used there. @default none */
  readonly tls?: TlsSource;
  /** One token request, in milliseconds. It has a time of its own: it is made for all who wait. @default 2_000 */
  readonly timeoutMs?: number;
  /**
   * After a failure, how long calls fail with it instead of asking again, in milliseconds. Retries wait it out, so a
   * long one turns a quick failure into a slow one. @default 250
   */
  readonly coolDownMs?: number;
  /** Where the token may go: scheme, host and port. @default wherever the clients that share it send requests */
  readonly origins?: readonly string[];
  /**
   * Told once when the token server says no; told again only if there was a token in between. It is asked again after
   * the cool-down all the same. @default none
   */
  readonly onAuthLost?: (error: AuthenticationError) => void;
}

/** What `clientCredentials()` takes when it is told nothing. */
export const clientCredentialsDefaults: Required<Pick<ClientCredentialsOptions, 'timeoutMs' | 'coolDownMs'>> = {
  timeoutMs: 2_000,
  coolDownMs: 250,
};

/**
 * Tokens by the OAuth 2.0 client credentials grant. One request is in flight whoever waits, of all clients that share
 * this credential, made ahead of the old token's end, over connections of its own: a token request never waits behind
 * the calls that wait for it.
 * Source: RFC 6749, section 4.4.
 * @throws ConfigError if an option is missing or not what it should be.
 */
export function clientCredentials(options: ClientCredentialsOptions): Authenticator {
  const at = 'clientCredentials';
  const checks = { ...tokenRequestChecks, onAuthLost: callable<(error: AuthenticationError) => void>() };
  const read = readOptions(at, options, checks, clientCredentialsDefaults);
  if (read.clientSecret === undefined && read.tls === undefined) {
    throw new ConfigError(`${at}.clientSecret`, 'a string that is not empty, unless tls says who asks', 'nothing');
  }
  const { endpoint, origins } = readTokenRequest(at, read);
  const { timeoutMs, coolDownMs, onAuthLost } = read;
  const shared = new SharedSource(origins, (context) => {
    const tokens = new TokenEndpoint(endpoint, context);
    const source = new TokenSource(
      {
        obtain: async (call) => obtainedToken(await tokens.ask({ grant_type: 'client_credentials' }, call)),
        timeoutMs,
        coolDownMs,
        abandonable: true,
        onLost: (error) => tell(onAuthLost, error),
      },
      context.runtime,
    );
    // A token that is still being asked for is of no use to anyone any more.
    return { source, close: () => tokens.close() };
  });
  return { kind: 'client-credentials', open: (context) => shared.open(context) };
}
