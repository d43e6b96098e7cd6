import { ConfigError } from '@switchgear/policy';
import { type Check, type Checks, milliseconds, required, secret, text } from '@switchgear/policy/options';
import { httpUrl } from '../request/http-url.ts';
import { type TlsSource, tlsProvider, tlsSource } from '../transport/tls.ts';
import { originList, originSet } from './origins.ts';
import type { TokenEndpointSettings } from './token-endpoint.ts';

/** What the endpoint settles itself. */
const managed: ReadonlySet<string> = new Set([
  'grant_type',
  'refresh_token',
  'client_id',
  'client_secret',
  'scope',
  'client_assertion',
]);

const parameters: Check<Readonly<Record<string, string>>> = {
  expected: `texts by name, but for ${[...managed].join(', ')}`,
  ok: (value): value is Readonly<Record<string, string>> =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(value).every(([name, each]) => !managed.has(name) && typeof each === 'string'),
};

/** The checks of the options that every grant of a token endpoint has. */
export const tokenRequestChecks: Checks<Required<TokenRequestSettings> & { readonly coolDownMs: number }> = {
  tokenUrl: required(text),
  clientId: required(text),
  clientSecret: secret(text),
  scope: text,
  parameters: secret(parameters),
  tls: secret(tlsSource),
  timeoutMs: milliseconds(),
  coolDownMs: milliseconds(),
  origins: originList,
};

/** Those options, as they are given. */
export interface TokenRequestSettings {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly scope?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly tls?: TlsSource;
  readonly timeoutMs: number;
  readonly origins?: readonly string[];
}

/** Those options, read further. @throws ConfigError */
export function readTokenRequest(
  path: string,
  read: TokenRequestSettings,
): { readonly endpoint: TokenEndpointSettings; readonly origins: ReadonlySet<string> | undefined } {
  const { clientId, clientSecret, scope, timeoutMs, tls } = read;
  const tokenUrl = httpUrl(`${path}.tokenUrl`, read.tokenUrl);
  if (tls !== undefined && tokenUrl.protocol !== 'https:') {
    throw new ConfigError(`${path}.tls`, 'nothing, as tokenUrl is not https', 'certificates');
  }
  return {
    endpoint: {
      tokenUrl,
      clientId,
      clientSecret,
      scope,
      // A copy, without a prototype: what is added later is not sent.
      parameters: Object.assign(Object.create(null), read.parameters),
      timeoutMs,
      tls: tls === undefined ? undefined : tlsProvider(`${path}.tls`, tls),
    },
    origins: originSet(`${path}.origins`, read.origins),
  };
}
