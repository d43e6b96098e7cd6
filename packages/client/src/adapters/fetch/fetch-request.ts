import type { ReadableStream } from 'node:stream/web';
import type { ErrorFacts } from '@switchgear/policy';
import { InvalidRequestError } from '../../errors.ts';
import type { EncodedBody } from '../../request/body.ts';
import type { BuiltRequest } from '../../request/build-request.ts';
import { callerHeaders } from '../../request/headers.ts';
import { encodeFetchBody, RequestBody } from './fetch-body.ts';
import { type FetchInit, type FetchSettings, readFetchSettings } from './fetch-settings.ts';
import { type Place, pathWithin } from './fetch-url.ts';

/** What `fetch` was asked for, read and not yet sent. */
export interface FetchRequest {
  readonly method: string;
  /** Path and query, encoded, that of the base URL included. */
  readonly path: string;
  readonly signal: AbortSignal | undefined;
  readonly redirect: 'follow' | 'manual' | 'error';
  readonly idempotencyKey: string | undefined;
  readonly settings: FetchSettings;
  /** @param own Names of headers that only the client may set. */
  build(own: ReadonlySet<string>, facts: ErrorFacts): BuiltRequest | Promise<BuiltRequest>;
  /** It came to nothing: what is left of a body that was being read is not wanted. */
  discard(): void;
}

const methodName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const normalised: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);
const forbidden: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** Said elsewhere in the request, or found out from its body. */
const apart: ReadonlySet<string> = new Set(['content-type', 'content-length', 'idempotency-key']);

/**
 * Reads the arguments of `fetch` as the web has them: a URL or a `Request`, and what is to be different from it.
 * @throws InvalidRequestError, and TypeError where the web's own `Headers` refuses.
 */
export function readFetch(
  input: string | URL | Request,
  init: FetchInit | undefined,
  place: Place,
  facts: ErrorFacts,
): FetchRequest {
  const wrong = (problem: string): never => {
    throw new InvalidRequestError([problem], facts);
  };
  const request = isRequest(input) ? input : undefined;
  const said = saidIn(init);
  const path = pathWithin(request === undefined ? String(input) : request.url, place, facts);
  const method = methodOf(said.method ?? request?.method ?? 'GET');
  if (!methodName.test(method) || forbidden.has(method.toUpperCase())) wrong('method: not one that can be sent');
  const headers = new Headers(said.headers ?? request?.headers);
  const redirect = said.redirect ?? request?.redirect ?? 'follow';
  if (redirect !== 'follow' && redirect !== 'manual' && redirect !== 'error') wrong('redirect: not a mode of it');
  // What was asked to be checked, and is not, would pass for checked.
  if ((said.integrity ?? request?.integrity ?? '') !== '') wrong('integrity: it is not checked here');
  const ofRequest = said.body === undefined && request?.body ? request.body : undefined;
  if ((method === 'GET' || method === 'HEAD') && (ofRequest ?? said.body ?? undefined) !== undefined) {
    wrong(`body: ${method} has none`);
  }
  const reading =
    ofRequest === undefined ? undefined : new RequestBody(ofRequest as unknown as ReadableStream<Uint8Array>, facts);

  return {
    method,
    path,
    signal: said.signal ?? request?.signal ?? undefined,
    redirect,
    idempotencyKey: headers.get('idempotency-key') ?? undefined,
    settings: readFetchSettings(said.switchgear ?? {}, facts),
    build(own, told) {
      const sent: Record<string, string> = Object.create(null);
      for (const [name, value] of headers) if (!apart.has(name)) sent[name] = value;
      const built = { method, path, headers: callerHeaders(sent, own, told) };
      const finish = ({ body, contentType }: EncodedBody): BuiltRequest => ({
        ...built,
        body,
        contentType: headers.get('content-type') ?? contentType,
      });
      const encoded = reading?.encode(told) ?? encodeFetchBody(said.body, told);
      return encoded instanceof Promise ? encoded.then(finish) : finish(encoded);
    },
    discard: () => reading?.cancel(),
  };
}

/** By what it says it is: an undici of the user's has a class of its own. */
function isRequest(value: unknown): value is Request {
  return typeof value === 'object' && value !== null && Reflect.get(value, Symbol.toStringTag) === 'Request';
}

/** Own properties alone, unless it is a `Request`, which the web allows here. */
function saidIn(init: FetchInit | undefined): FetchInit {
  return isRequest(init) ? init : Object.assign(Object.create(null), init);
}

/** As the web does it: `get` is GET, but `patch` stays what it is. */
function methodOf(given: string): string {
  const upper = String(given).toUpperCase();
  return normalised.has(upper) ? upper : String(given);
}
