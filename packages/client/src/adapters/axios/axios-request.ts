import { PassThrough, type Stream } from 'node:stream';
import type { FetchInit, FetchSettings } from '../fetch/fetch-settings.ts';
import type { AxiosLike, KnownConfig } from './axios-like.ts';

/** A config that cannot be gone by, and the code that axios has for it. */
export class UnfitConfig extends Error {
  override readonly name = 'UnfitConfig';
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** What `fetch` is to be called with. */
export interface AxiosRequest {
  readonly url: string;
  readonly init: FetchInit;
}

/**
 * Settings of axios that say how or where to connect. That is the client's business here, and a proxy, a socket or a
 * certificate that was passed over would be missed by nobody until it mattered.
 */
const ofTheClient: readonly string[] = [
  'socketPath',
  'proxy',
  'httpAgent',
  'httpsAgent',
  'transport',
  'lookup',
  'family',
  'beforeRedirect',
  'httpVersion',
  'insecureHTTPParser',
];

/**
 * Makes of a config what `fetch` takes.
 * @throws UnfitConfig
 */
export function requestOf(config: KnownConfig, axios: AxiosLike, signal: AbortSignal | undefined): AxiosRequest {
  for (const name of ofTheClient) {
    if (config[name] === undefined || config[name] === null || config[name] === false) continue;
    throw new UnfitConfig(`${name}: set on the service client, and not on axios`, 'ERR_BAD_OPTION');
  }
  const retries = (config['axios-retry'] as { readonly retries?: unknown } | undefined)?.retries;
  if (typeof retries === 'number' && retries > 0) {
    throw new UnfitConfig('axios-retry is on: it would repeat what the client has decided not to', 'ERR_BAD_OPTION');
  }
  const { data, maxRedirects } = config;
  const headers = headersOf(config);
  const settings = Object.assign(Object.create(null), config.switchgear) as { deadlineMs?: number } & FetchSettings;
  const timeoutMs = timeoutOf(config);
  if (timeoutMs > 0) settings.deadlineMs ??= timeoutMs;
  return {
    // With no defaults of its own: those of the instance are in the config already, and nobody else's belong there.
    url: new axios.Axios().getUri(Object.assign(Object.create(null), { baseURL: '' }, config) as never),
    init: {
      method: (config.method ?? 'get').toUpperCase(),
      headers,
      body: bodyOf(data, headers, config.maxBodyLength ?? -1) as NonNullable<RequestInit['body']> | null,
      redirect: maxRedirects === 0 ? 'manual' : 'follow',
      signal: signal ?? null,
      switchgear: settings,
    },
  };
}

function headersOf({ headers, auth }: KnownConfig): Headers {
  const own = typeof headers?.toJSON === 'function' ? headers.toJSON(true) : (headers ?? {});
  const read = new Headers();
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined || value === null || value === false) continue;
    try {
      read.set(name, String(value));
    } catch {
      // The web's own error shows the value.
      throw new UnfitConfig('headers: one that cannot be sent', 'ERR_BAD_OPTION_VALUE');
    }
  }
  if (auth !== undefined && auth !== null) {
    const { username = '', password = '' } = auth;
    read.set('authorization', `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
  }
  return read;
}

function timeoutOf({ timeout }: KnownConfig): number {
  const ms = timeout === undefined ? 0 : Number.parseInt(String(timeout), 10);
  if (Number.isNaN(ms)) throw new UnfitConfig('timeout: not a number of milliseconds', 'ERR_BAD_OPTION_VALUE');
  return ms;
}

/** The body that `transformRequest` has made, in a form that `fetch` takes. */
function bodyOf(data: unknown, headers: Headers, maxBytes: number): unknown {
  if (maxBytes >= 0 && bytesIn(data) > maxBytes) {
    throw new UnfitConfig('Request body larger than maxBodyLength limit', 'ERR_BAD_REQUEST');
  }
  // The boundary is in its type, and only whoever writes it knows that. axios has set the type of a form with fields.
  if (data instanceof FormData) headers.delete('content-type');
  if (!isOldStream(data)) return data ?? null;
  // What the `form-data` package makes: a stream of the oldest kind, with headers of its own.
  if (typeof data.getHeaders === 'function') {
    for (const [name, value] of Object.entries(data.getHeaders())) headers.set(name, String(value));
  }
  const through = new PassThrough();
  data.on('error', (error: Error) => through.destroy(error));
  return data.pipe(through);
}

type OldStream = Stream & { pipe<T>(to: T): T; getHeaders?(): Record<string, unknown> };

function isOldStream(data: unknown): data is OldStream {
  if (typeof data !== 'object' || data === null) return false;
  return typeof Reflect.get(data, 'pipe') === 'function' && Reflect.get(data, Symbol.asyncIterator) === undefined;
}

/** Of a stream nobody knows: 0. */
function bytesIn(data: unknown): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return data.byteLength;
  return data instanceof Blob ? data.size : 0;
}
