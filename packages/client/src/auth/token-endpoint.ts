import type { Call, ErrorFacts } from '@switchgear/policy';
import { readRetryAfter } from '../classify/retry-after.ts';
import { classifyTransportFailure } from '../classify/transport-failure.ts';
import { AuthenticationError, TokenUnavailableError } from '../errors.ts';
import { parseJson } from '../response/parse-json.ts';
import type { TlsProvider } from '../transport/tls.ts';
import type { Transport, WireResponse } from '../transport/transport.ts';
import type { AuthenticatorContext } from './authenticator.ts';
import type { FetchedToken } from './bearer-token.ts';

export interface TokenEndpointSettings {
  readonly tokenUrl: URL;
  readonly clientId: string;
  /** Left out by a public client, and by one that its certificate identifies. */
  readonly clientSecret?: string | undefined;
  readonly scope?: string | undefined;
  /** Sent along, such as `audience`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly timeoutMs: number;
  readonly tls?: TlsProvider | undefined;
}

/** What a token endpoint gives. */
export interface TokenAnswer extends FetchedToken {
  readonly refreshToken?: string | undefined;
}

/** The codes that an answer may be quoted with; any other text in their place may be anything. */
const errorCodes: ReadonlySet<string> = new Set([
  // RFC 6749, section 5.2
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  // RFC 8707, section 2
  'invalid_target',
  // OpenID Connect Core, section 3.1.2.6
  'login_required',
  'interaction_required',
  'consent_required',
]);

/**
 * A token endpoint: over connections of its own, for a token request must never wait behind the calls that wait for it,
 * nor go through what authorises, retries and judges them.
 * Source: RFC 6749, sections 2.3.1, 5.1 and 5.2.
 */
export class TokenEndpoint {
  readonly #settings: TokenEndpointSettings;
  readonly #context: AuthenticatorContext;
  readonly #headers: readonly string[];
  readonly #facts: ErrorFacts;
  #transport: Transport | undefined;

  constructor(settings: TokenEndpointSettings, context: AuthenticatorContext) {
    const { clientId, clientSecret, tokenUrl } = settings;
    this.#settings = settings;
    this.#context = context;
    this.#facts = { target: tokenUrl.host, operation: 'token' };
    const headers = ['content-type', 'application/x-www-form-urlencoded', 'accept', 'application/json'];
    if (clientSecret !== undefined) {
      const pair = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`);
      headers.push('authorization', `Basic ${pair.toString('base64')}`);
    }
    this.#headers = headers;
  }

  /**
   * @throws AuthenticationError when it says no.
   * @throws TokenUnavailableError when it could not be asked, or did not answer as it should.
   */
  async ask(grant: Readonly<Record<string, string>>, call: Call): Promise<TokenAnswer> {
    const { clientId, clientSecret, scope, parameters, tokenUrl } = this.#settings;
    const form = new URLSearchParams({ ...parameters, ...grant });
    if (scope !== undefined) form.set('scope', scope);
    if (clientSecret === undefined) form.set('client_id', clientId);
    const path = tokenUrl.pathname + tokenUrl.search;
    const body = Buffer.from(form.toString());
    this.#transport ??= this.#open();
    let response: WireResponse;
    try {
      response = await this.#transport.send({ method: 'POST', path, headers: this.#headers, body }, call);
    } catch (error) {
      throw classifyTransportFailure(error, this.#facts);
    }
    return this.#read(response);
  }

  /** Ends the connections now. */
  async close(): Promise<void> {
    await this.#transport?.destroy();
  }

  /** Opened when first needed: a client that is made and never used opens nothing. */
  #open(): Transport {
    const { timeoutMs, tls, tokenUrl } = this.#settings;
    const { openTransport, runtime } = this.#context;
    return openTransport({
      origin: tokenUrl.origin,
      connections: 2,
      connectTimeoutMs: timeoutMs,
      keepAliveMs: 4_000,
      maxBodyBytes: 64 * 1024,
      maxHeaderBytes: 16 * 1024,
      allowH2: false,
      runtime,
      tls,
    });
  }

  #read({ status, headers, body }: WireResponse): TokenAnswer {
    const parsed = parseJson(body, headers['content-type']);
    const json = (parsed.ok && typeof parsed.value === 'object' && parsed.value !== null ? parsed.value : {}) as {
      readonly access_token?: unknown;
      readonly expires_in?: unknown;
      readonly refresh_token?: unknown;
      readonly token_type?: unknown;
      readonly error?: unknown;
    };
    const facts = this.#facts;
    if (status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429) {
      const { error } = json;
      const code = typeof error === 'string' && errorCodes.has(error) ? error : undefined;
      const message = `the token server refuses: ${code ?? `status ${status}`}`;
      throw new AuthenticationError(message, { ...facts, sent: 'answered' }, code ?? `status-${status}`);
    }
    if (status !== 200) {
      const retryAfterMs = readRetryAfter(headers['retry-after'], this.#context.runtime.clock.wallNow());
      throw new TokenUnavailableError(`the token server answered ${status}`, { ...facts, retryAfterMs });
    }
    if (typeof json.access_token !== 'string' || json.access_token === '') {
      throw new TokenUnavailableError('the token server answered without a token', facts);
    }
    const type = json.token_type;
    if (type !== undefined && String(type).toLowerCase() !== 'bearer') {
      // Sent as a bearer token, it would do without the proof of possession that it was made to need.
      throw new TokenUnavailableError('the token server answered with a token that is not a bearer token', facts);
    }
    const seconds = Number(json.expires_in);
    return {
      accessToken: json.access_token,
      expiresInMs: seconds > 0 ? seconds * 1000 : undefined,
      refreshToken:
        typeof json.refresh_token === 'string' && json.refresh_token !== '' ? json.refresh_token : undefined,
    };
  }
}
