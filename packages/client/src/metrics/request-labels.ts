import type { ExchangeFinished } from '../events.ts';
import { otherName } from './bounded-names.ts';
import type { LabelValues } from './meter.ts';

/** The methods that semantic conventions name; any other is `_OTHER`. */
const knownMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  'QUERY',
]);

export function methodLabel(method: string): string {
  return knownMethods.has(method) ? method : '_OTHER';
}

/** Host and port of an origin, the port also where it goes without saying. */
export function addressOf(origin: string): { readonly address: string; readonly port: string | undefined } {
  if (!URL.canParse(origin)) return { address: otherName, port: undefined };
  const { hostname, port, protocol } = new URL(origin);
  return { address: hostname, port: port === '' ? (protocol === 'https:' ? '443' : '80') : port };
}

/**
 * What a request failed with, as `error.type` has it: the status, or the code of our error. Nothing for one that was
 * given up on purpose: a copy that lost a race is no error.
 */
export function errorTypeOf({ cancelled, code, error, status }: ExchangeFinished): string | undefined {
  if (cancelled) return undefined;
  if (status !== undefined && status >= 400) return String(status);
  if (error === undefined) return undefined;
  return code ?? '_OTHER';
}

/** The labels of `http.client.request.duration`, in the order of its definition. */
export function requestLabels(
  exchange: ExchangeFinished,
  host: { readonly address: string; readonly port: string | undefined },
  template: string,
  errorType: string | undefined,
): LabelValues {
  const { method, protocol, status } = exchange;
  const code = status === undefined ? undefined : String(status);
  return [methodLabel(method), host.address, host.port, template, code, errorType, protocol];
}
