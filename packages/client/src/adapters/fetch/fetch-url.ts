import type { ErrorFacts } from '@switchgear/policy';
import { holdsDotSegment } from '../../contract/dot-segments.ts';
import { InvalidRequestError } from '../../errors.ts';

/** Where a client's requests may go. */
export interface Place {
  /** Scheme, host and port. */
  readonly origin: string;
  /** The path of the base URL, without a slash at its end. */
  readonly prefix: string;
}

/**
 * Reads where a request is to go: a path beneath the base URL, or the whole of such a URL. Everything else is refused, and
 * not mended: a URL that is built from what a stranger sent must not lead elsewhere with our credentials.
 * @returns Path and query, encoded.
 * @throws InvalidRequestError, which never shows the URL.
 */
export function pathWithin(given: string, { origin, prefix }: Place, facts: ErrorFacts): string {
  const wrong = (problem: string): never => {
    throw new InvalidRequestError([`url: ${problem}`], facts);
  };
  if (!given.isWellFormed()) wrong('half of a surrogate pair');
  // Parsers drop tabs and line breaks, and trim: what is written would not be what is meant.
  if (/[\p{Cc}\\]|^ | $/u.test(given)) wrong('a control character, a backslash or a space at an end');
  const isWhole = /^[a-z][a-z\d+.-]*:/i.test(given);
  if (!isWhole && given.startsWith('//')) wrong('a host of its own');
  const [beforeQuery = ''] = given.split(/[?#]/, 1);
  // What stands before the path of a whole URL holds no dots between slashes.
  if (holdsDotSegment(beforeQuery)) wrong('a dot segment');
  const url = URL.parse(isWhole ? given : `${origin}${prefix}${/^[/?#]/.test(given) ? '' : '/'}${given}`);
  if (url === null) return wrong('not one');
  if (url.origin !== origin) wrong('another origin than that of the client');
  if (url.username !== '' || url.password !== '') wrong('credentials in it');
  const { pathname, search } = url;
  if (prefix !== '' && pathname !== prefix && !pathname.startsWith(`${prefix}/`)) wrong('not beneath the base URL');
  return pathname + search;
}
