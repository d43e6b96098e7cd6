import type { RefusedHeaders } from './credential.ts';

/** One way to authenticate that a 401 offers. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By lower-case name. */
  readonly params: ReadonlyMap<string, string>;
}

const maxChars = 8_192;
const maxChallenges = 16;
const maxParams = 64;

const tokenAt = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
/** `token68`, which stands in place of parameters and ends its challenge: only a comma or the end may follow. */
const token68At = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;
const spaceAt = /[ \t]*/y;
const commasAt = /[ \t,]*/y;
/** Each character is taken in one way only, so the time is linear. */
const quotedAt = /"((?:[^"\\]|\\[\s\S])*)"/y;

/**
 * Reads `WWW-Authenticate`, in one linear pass and within bounds. What does not keep to the grammar ends the reading:
 * what was read before it is good.
 * Source: RFC 9110, section 11.6.1.
 */
export function readChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const challenges: Challenge[] = [];
  const lines = header === undefined ? [] : typeof header === 'string' ? [header] : header.slice(0, maxChallenges);
  for (const line of lines) if (line.length <= maxChars) readLine(line, challenges);
  return challenges;
}

function readLine(text: string, challenges: Challenge[]): void {
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return undefined;
    at = pattern.lastIndex;
    return found[1] ?? found[0];
  };
  const elementEnds = (): boolean => at >= text.length || text[at] === ',';

  let params: Map<string, string> | undefined;
  for (;;) {
    take(commasAt);
    const name = take(tokenAt)?.toLowerCase();
    if (name === undefined) return;
    const spaces = take(spaceAt) ?? '';
    if (text[at] === '=') {
      at++;
      take(spaceAt);
      const value = text[at] === '"' ? take(quotedAt)?.replaceAll(/\\([\s\S])/g, '$1') : take(tokenAt);
      take(spaceAt);
      if (value === undefined || params === undefined || params.size >= maxParams || !elementEnds()) return;
      // Named twice, the first one stands.
      if (!params.has(name)) params.set(name, value);
      continue;
    }
    // Two words without a comma between them: a scheme and the first of what belongs to it.
    if (challenges.length >= maxChallenges || (spaces === '' && !elementEnds())) return;
    params = new Map();
    challenges.push({ scheme: name, params });
    if (spaces !== '' && take(token68At) !== undefined) params = undefined;
  }
}

/** Errors that say something about what was asked, and nothing about the age of the token. Source: RFC 6750, section 3.1. */
const notTheToken: ReadonlySet<string> = new Set(['insufficient_scope', 'invalid_request']);

/** Whether a 401 may be about the token, so that a newer one may help. It is, unless the answer says something else. */
export function renewalMayHelp(headers: RefusedHeaders): boolean {
  const given = headers['www-authenticate'];
  if (given === undefined) return true;
  return !readChallenges(given).some(({ params }) => notTheToken.has(params.get('error') ?? ''));
}
