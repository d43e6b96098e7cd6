import type { Call, ErrorFacts } from '@switchgear/policy';
import { milliseconds, readOptions, required, secret, text } from '@switchgear/policy/options';
import { classifyTransportFailure } from '../classify/transport-failure.ts';
import { AuthenticationError, TokenUnavailableError } from '../errors.ts';
import { httpUrl } from '../request/http-url.ts';
import { parseJson } from '../response/parse-json.ts';
import type { Transport } from '../transport/transport.ts';
import type { Authenticator } from './authenticator.ts';
import { type FetchedToken, TokenSource } from './token-source.ts';

export interface ClientCredentialsOptions {
  /** The token endpoint, absolute. @default none */
  readonly tokenUrl: string;
  /** @default none */
  readonly clientId: string;
  /** Sent in the `Authorization` header of the token request alone. @default none */
  readonly clientSecret: string;
  /** Asked for, when given. @default none */
  readonly scope?: string;
  /** One token request, in milliseconds. It has a time of its own: it is made for all who wait. @default 2_000 */
  readonly timeoutMs?: number;
  /**
   * After a failure, how long calls fail with it instead of asking again, in milliseconds. Retries wait it out, so a
   * long one turns a quick failure into a slow one. @default 250
   */
  readonly coolDownMs?: number;
}

/** What `clientCredentials()` takes when it is told nothing. */
export const clientCredentialsDefaults: Required<Pick<ClientCredentialsOptions, 'timeoutMs' | 'coolDownMs'>> = {
  timeoutMs: 2_000,
  coolDownMs: 250,
};

/**
 * Tokens by the OAuth 2.0 client credentials grant. One request is in flight whoever waits, made ahead of the old
 * token's end, over connections of its own: a token request never waits behind the calls that wait for it.
 * Source: RFC 6749, section 4.4.
 * @throws ConfigError if an option is missing or not what it should be.
 */
export function clientCredentials(options: ClientCredentialsOptions): Authenticator {
  const settings = read(options);
  const { tokenUrl, clientId, clientSecret, scope, timeoutMs, coolDownMs } = settings;
  const credentials = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`);
  const headers = [
    'authorization',
    `Basic ${credentials.toString('base64')}`,
    'content-type',
    'application/x-www-form-urlencoded',
    'accept',
    'application/json',
  ];
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  const body = Buffer.from(form.toString());

  return {
    kind: 'client-credentials',
    open({ runtime, openTransport, onRefresh }) {
      const facts: ErrorFacts = { target: tokenUrl.host, operation: 'token' };
      const path = tokenUrl.pathname + tokenUrl.search;
      let transport: Transport | undefined;
      const fetchToken = async (call: Call): Promise<FetchedToken> => {
        // Opened when first needed: a client that is made and never used opens nothing.
        transport ??= openTransport({
          origin: tokenUrl.origin,
          connections: 2,
          connectTimeoutMs: timeoutMs,
          keepAliveMs: 4_000,
          maxBodyBytes: 64 * 1024,
          maxHeaderBytes: 16 * 1024,
          allowH2: false,
          runtime,
        });
        try {
          const response = await transport.send({ method: 'POST', path, headers, body }, call);
          return readToken(response.status, response.headers['content-type'], response.body, facts);
        } catch (error) {
          throw classifyTransportFailure(error, facts);
        }
      };
      const source = new TokenSource({ fetchToken, timeoutMs, coolDownMs, onRefresh }, runtime);
      return {
        get: () => source.get(),
        renew: (refused) => source.renew(refused),
        refusedAfterRenewal: (token) => source.refusedAfterRenewal(token),
        // A token that is still being asked for is of no use to anyone any more.
        close: async () => transport?.destroy(),
      };
    },
  };
}

function readToken(
  status: number,
  contentType: string | string[] | undefined,
  body: Uint8Array,
  facts: ErrorFacts,
): FetchedToken {
  const parsed = parseJson(body, contentType);
  const json = (parsed.ok && typeof parsed.value === 'object' && parsed.value !== null ? parsed.value : {}) as {
    access_token?: unknown;
    expires_in?: unknown;
    error?: unknown;
  };
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
    // RFC 6749, section 5.2: the code is one of a short list; anything else is not repeated.
    const code = typeof json.error === 'string' && /^[a-z_]{1,40}$/.test(json.error) ? json.error : `status ${status}`;
    throw new AuthenticationError(`the token server refuses: ${code}`, { ...facts, sent: 'answered' });
  }
  if (status !== 200) throw new TokenUnavailableError(`the token server answered ${status}`, facts);
  if (typeof json.access_token !== 'string' || json.access_token === '') {
    throw new TokenUnavailableError('the token server answered without a token', facts);
  }
  const seconds = Number(json.expires_in);
  return { accessToken: json.access_token, expiresInMs: seconds > 0 ? seconds * 1000 : undefined };
}

function read(options: ClientCredentialsOptions) {
  const at = 'clientCredentials';
  const settings = readOptions(
    at,
    options,
    {
      tokenUrl: required(text),
      clientId: required(text),
      clientSecret: required(secret(text)),
      scope: text,
      timeoutMs: milliseconds(),
      coolDownMs: milliseconds(),
    },
    clientCredentialsDefaults,
  );
  return { ...settings, tokenUrl: httpUrl(`${at}.tokenUrl`, settings.tokenUrl) };
}
