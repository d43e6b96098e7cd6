import type { WireResponse } from '../transport/transport.ts';
import type { BuiltRequest } from './build-request.ts';
import { Upload } from './upload.ts';

/** The request that a redirect asks for, or why it is not made. */
export type Redirected =
  | { readonly ok: true; readonly request: BuiltRequest; readonly bodyDropped: boolean }
  | { readonly ok: false; readonly why: string };

const followed: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** A longer one is no address. */
const longestLocation = 8_192;

/** Whether a status is a redirect that could be followed. */
export function isRedirect(status: number): boolean {
  return followed.has(status);
}

/**
 * What a redirect asks for: with 307 and 308 the same request, with 303 a GET, with 301 and 302 the same one if it
 * changes nothing. What those two mean for a POST, clients never agreed upon, so that is not guessed.
 * @param origin Of the answer. No other is gone to: what is sent is meant for this one.
 */
export function redirected(
  request: BuiltRequest,
  { status, headers }: Pick<WireResponse, 'status' | 'headers'>,
  origin: string,
): Redirected {
  const { location } = headers;
  if (typeof location !== 'string' || location === '' || location.length > longestLocation) {
    return { ok: false, why: 'it says nowhere to go' };
  }
  const url = URL.parse(location, origin + request.path);
  if (url === null) return { ok: false, why: 'it says nowhere to go' };
  if (url.origin !== origin || url.username !== '' || url.password !== '') {
    return { ok: false, why: 'it leads to another origin' };
  }
  const path = url.pathname + url.search;
  const safe = request.method === 'GET' || request.method === 'HEAD' || request.method === 'QUERY';
  if (status === 303) {
    const method = request.method === 'HEAD' ? 'HEAD' : 'GET';
    return { ok: true, request: { ...request, method, path, body: undefined }, bodyDropped: true };
  }
  if ((status === 301 || status === 302) && !safe) {
    return { ok: false, why: `${status} does not say what becomes of a ${request.method}` };
  }
  if (request.body instanceof Upload && request.body.spent) {
    return { ok: false, why: 'the body is a stream that has been used' };
  }
  return { ok: true, request: { ...request, path }, bodyDropped: false };
}
