import type { WireResponse } from '../transport/transport.ts';

/** What stands in place of a value that is not shown. */
export const redacted = '[redacted]';

/** Names whose values are not kept, in lower case. */
export interface Redaction {
  readonly headers: ReadonlySet<string>;
  /** Of query parameters, form fields and fields anywhere in a JSON body. */
  readonly fields: ReadonlySet<string>;
}

const secretHeaders: readonly string[] = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-amz-security-token',
  'www-authenticate',
];

const secretFields: readonly string[] = [
  'password',
  'secret',
  'client_secret',
  'clientsecret',
  'token',
  'access_token',
  'accesstoken',
  'refresh_token',
  'refreshtoken',
  'id_token',
  'idtoken',
  'api_key',
  'apikey',
  'assertion',
  'signature',
];

/** Names that are a credential in a query or a form, and any word elsewhere. */
const secretPairs: ReadonlySet<string> = new Set(['key', 'code', 'sig']);

/** The names that everybody means, and those that a user adds. */
export function redaction(headers: readonly string[] = [], fields: readonly string[] = []): Redaction {
  const lower = (names: readonly string[]): Set<string> => new Set(names.map((name) => name.toLowerCase()));
  return { headers: lower([...secretHeaders, ...headers]), fields: lower([...secretFields, ...fields]) };
}

/** Headers, names and values in turn, by lower-case name. One that comes twice is a list with commas. */
export function redactedHeaders(
  headers: readonly string[],
  { headers: secret }: Redaction,
): Readonly<Record<string, string>> {
  const byName = new Map<string, string>();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    const value = secret.has(name) ? redacted : (headers[i + 1] as string);
    const before = byName.get(name);
    byName.set(name, before === undefined || secret.has(name) ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(byName);
}

export function redactedAnswerHeaders(
  headers: WireResponse['headers'],
  { headers: secret }: Redaction,
): Record<string, string | string[]> {
  const shown: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) shown[name] = secret.has(name.toLowerCase()) ? redacted : value;
  }
  return shown;
}

/** A path whose secret query parameters have no values. Order stays, as the request has it. */
export function redactedPath(path: string, redaction: Redaction): string {
  const at = path.indexOf('?');
  return at < 0 ? path : `${path.slice(0, at + 1)}${redactedPairs(path.slice(at + 1), redaction)}`;
}

/** A body whose secret fields have no values: JSON at any depth, or a form. Anything else stays as it is. */
export function redactedBody(body: string, contentType: string, redaction: Redaction): string {
  if (contentType.startsWith('application/x-www-form-urlencoded')) return redactedPairs(body, redaction);
  if (!/\bjson\b/.test(contentType)) return body;
  let found = false;
  const hide = (name: string, value: unknown): unknown => {
    const plain = value === null || typeof value === 'boolean';
    if (plain || name === '' || !redaction.fields.has(name.toLowerCase())) return value;
    found = true;
    return redacted;
  };
  try {
    const json = JSON.stringify(JSON.parse(body, hide));
    // What holds no secret stays byte for byte what it was.
    return found ? json : body;
  } catch {
    return body;
  }
}

function redactedPairs(pairs: string, { fields }: Redaction): string {
  return pairs
    .split('&')
    .map((pair) => {
      const name = pair.split('=', 1)[0] as string;
      const plain = decoded(name).toLowerCase();
      return pair.includes('=') && (fields.has(plain) || secretPairs.has(plain)) ? `${name}=${redacted}` : pair;
    })
    .join('&');
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
