import type { ErrorFacts } from '@switchgear/policy';
import { InvalidRequestError } from '../errors.ts';

/** Headers that say how the message is framed or where it goes. They are the client's own business. */
const managed = new Set([
  'host',
  'connection',
  'content-length',
  'content-type',
  'transfer-encoding',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'proxy-authorization',
  'traceparent',
  'tracestate',
  'x-request-id',
  'idempotency-key',
]);

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const visible = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What is wrong with a header, or `undefined`. Nothing is repaired: a stripped line break is an attack that half worked. */
export function headerProblem(name: string, value: unknown): string | undefined {
  if (!token.test(name)) return 'header: a name that is not a token';
  if (managed.has(name.toLowerCase())) return `header ${name}: set by the client itself`;
  if (typeof value !== 'string') return `header ${name}: expected a string, got ${typeof value}`;
  if (!visible.test(value)) return `header ${name}: holds a character that a header may not`;
  return undefined;
}

/** Whether a text can be the value of a header: a request id, a key, a token. */
export function isHeaderValue(value: string): boolean {
  return value !== '' && visible.test(value);
}

/**
 * A caller's headers by lower-case name.
 * @param own Further names that are the client's own business.
 * @throws InvalidRequestError
 */
export function callerHeaders(
  headers: Readonly<Record<string, string>> | undefined,
  own: ReadonlySet<string>,
  facts: ErrorFacts,
): ReadonlyMap<string, string> {
  const read = new Map<string, string>();
  for (const given of Object.keys(headers ?? {})) {
    const value = (headers as Record<string, string>)[given];
    const name = given.toLowerCase();
    const problem = read.has(name)
      ? `header ${name}: given twice`
      : own.has(name)
        ? `header ${name}: set by the client itself`
        : headerProblem(given, value);
    if (problem !== undefined) throw new InvalidRequestError([problem], facts);
    read.set(name, value as string);
  }
  return read;
}

/** Headers as a transport takes them, each name once: a later layer's value stands in place of an earlier one's. */
export function layered(...layers: readonly ReadonlyMap<string, string>[]): string[] {
  const merged = new Map<string, string>();
  for (const layer of layers) for (const [name, value] of layer) merged.set(name, value);
  return [...merged].flat();
}
