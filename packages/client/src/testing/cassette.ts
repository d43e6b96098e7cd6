import { ConfigError } from '@switchgear/policy';
import type { Reached, WireResponse } from '../transport/transport.ts';

/** The form of cassettes that this library writes and reads. */
export const cassetteVersion = 1;

/** A body in JSON: as text where it is text, in base64 where it is not. */
export type RecordedBody = { readonly text: string } | { readonly base64: string };

/** A request, and how it ended. */
export interface RecordedExchange {
  readonly request: {
    readonly origin: string;
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: RecordedBody;
  };
  readonly outcome:
    | {
        readonly kind: 'answer';
        readonly status: number;
        readonly headers: Readonly<Record<string, string | readonly string[]>>;
        readonly body: RecordedBody;
      }
    | { readonly kind: 'failure'; readonly reached: Reached; readonly code: string }
    | { readonly kind: 'too-large' };
}

/** Exchanges in the order of their sending, in values that survive JSON. */
export interface Cassette {
  readonly format: 'switchgear-cassette';
  readonly version: number;
  /** What was hidden besides the usual names, so that a request can be compared with what was kept of it. */
  readonly redacted: { readonly headers: readonly string[]; readonly fields: readonly string[] };
  readonly exchanges: readonly RecordedExchange[];
}

/** Reads a cassette. @throws ConfigError if it is none, or of another version. */
export function readCassette(given: unknown): Cassette {
  const cassette = typeof given === 'string' ? parsed(given) : given;
  if (typeof cassette !== 'object' || cassette === null) throw new ConfigError('cassette', 'a cassette', cassette);
  const { format, version, exchanges, redacted } = cassette as Partial<Cassette>;
  if (format !== 'switchgear-cassette') throw new ConfigError('cassette.format', "'switchgear-cassette'", format);
  if (version !== cassetteVersion) {
    throw new ConfigError('cassette.version', `${cassetteVersion}: record it anew`, version);
  }
  if (!isNames(redacted?.headers) || !isNames(redacted.fields)) {
    throw new ConfigError('cassette.redacted', 'the names that were hidden', redacted);
  }
  if (!Array.isArray(exchanges)) throw new ConfigError('cassette.exchanges', 'a list', exchanges);
  for (const [i, exchange] of exchanges.entries()) {
    const whole = isExchange(exchange);
    if (!whole) throw new ConfigError(`cassette.exchanges[${i}]`, 'a request and its outcome', exchange);
  }
  return cassette as Cassette;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf8 = new TextEncoder();

/** Bytes as they are kept. */
export function recordedBody(bytes: Uint8Array | undefined): RecordedBody {
  if (bytes === undefined) return { text: '' };
  try {
    return { text: strictUtf8.decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}

/** The bytes that were kept. */
export function bytesOf(body: RecordedBody): Uint8Array {
  return 'text' in body ? utf8.encode(body.text) : Uint8Array.from(Buffer.from(body.base64, 'base64'));
}

/** The first value of a header, '' when there is none. */
export function headerOf(headers: WireResponse['headers'], name: string): string {
  const value = headers[name];
  return (typeof value === 'string' ? value : value?.[0]) ?? '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigError('cassette', 'JSON', `a text of ${text.length} characters that is not`);
  }
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function isExchange(value: unknown): value is RecordedExchange {
  const { request, outcome } = (value ?? {}) as Partial<RecordedExchange>;
  if (typeof request?.method !== 'string' || typeof request.path !== 'string' || !isBody(request.body)) return false;
  if (outcome?.kind === 'answer') return Number.isInteger(outcome.status) && isBody(outcome.body);
  return outcome?.kind === 'failure' || outcome?.kind === 'too-large';
}

function isBody(value: unknown): value is RecordedBody {
  const { text, base64 } = (value ?? {}) as { text?: unknown; base64?: unknown };
  return typeof text === 'string' || typeof base64 === 'string';
}
