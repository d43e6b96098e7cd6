import type { UnauthorisedRequest } from './credential.ts';

/** What is said of a signature beside what it covers. All of it is signed. */
export interface SignatureParameters {
  /** Seconds since 1970. */
  readonly created: number;
  readonly expires?: number | undefined;
  readonly nonce?: string | undefined;
  readonly alg?: string | undefined;
  readonly keyid: string;
  readonly tag?: string | undefined;
}

/** The parts of a request that have no header of their own. Source: RFC 9421, section 2.2. */
const derived: Readonly<Record<string, (request: UnauthorisedRequest) => string>> = {
  '@method': ({ method }) => method,
  '@target-uri': ({ origin, path }) => origin + path,
  '@authority': ({ origin }) => new URL(origin).host,
  '@scheme': ({ origin }) => new URL(origin).protocol.slice(0, -1),
  '@request-target': ({ path }) => path,
  '@path': ({ path }) => path.split('?', 1)[0] as string,
  '@query': ({ path }) => (path.includes('?') ? path.slice(path.indexOf('?')) : '?'),
};

/** Whether something can be covered: a derived component that is known here, or a header in lower case. */
export function isComponent(name: string): boolean {
  return name.startsWith('@') ? Object.hasOwn(derived, name) : /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name);
}

/** A text as a string of RFC 8941, or `undefined` when it holds more than printable ASCII. */
export function quoted(value: string): string | undefined {
  return /^[\x20-\x7e]*$/.test(value) ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : undefined;
}

/**
 * The text that is signed, and what `Signature-Input` says of it. Headers that the request does not have are left out:
 * what is not there cannot be covered, and `Signature-Input`, which is signed as well, shows that.
 * Source: RFC 9421, sections 2.3 and 2.5.
 */
export function signatureBase(
  request: UnauthorisedRequest,
  components: readonly string[],
  parameters: SignatureParameters,
): { readonly base: string; readonly input: string } {
  const lines: string[] = [];
  const covered: string[] = [];
  for (const name of components) {
    const value = name.startsWith('@') ? derived[name]?.(request) : fieldValue(request.headers, name);
    if (value === undefined) continue;
    covered.push(`"${name}"`);
    lines.push(`"${name}": ${value}`);
  }
  const input = `(${covered.join(' ')})${serialised(parameters)}`;
  lines.push(`"@signature-params": ${input}`);
  return { base: lines.join('\n'), input };
}

/** Numbers as they are, texts in quotes; in the order of RFC 9421's own list. */
function serialised({ created, expires, nonce, alg, keyid, tag }: SignatureParameters): string {
  const texts = (name: string, value: string | undefined): string =>
    value === undefined ? '' : `;${name}=${quoted(value)}`;
  const end = expires === undefined ? '' : `;expires=${expires}`;
  return `;created=${created}${end}${texts('nonce', nonce)}${texts('alg', alg)}${texts('keyid', keyid)}${texts('tag', tag)}`;
}

/** The values of a header, without what surrounds them, as one. Source: RFC 9421, section 2.1. */
function fieldValue(headers: readonly string[], name: string): string | undefined {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if ((headers[i] as string).toLowerCase() === name) values.push((headers[i + 1] as string).trim());
  }
  return values.length === 0 ? undefined : values.join(', ');
}
