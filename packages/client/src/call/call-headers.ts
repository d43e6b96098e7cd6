import type { ErrorFacts } from '@switchgear/policy';
import type { BuiltRequest } from '../request/build-request.ts';
import { callerHeaders, layered } from '../request/headers.ts';
import type { CallSettings } from './call-settings.ts';
import type { OperationParts } from './operation-parts.ts';

const none: ReadonlyMap<string, string> = new Map();

/**
 * The headers that all attempts of a call send, names and values in turn.
 * @param own What the client itself says of this call.
 * @throws InvalidRequestError if the caller sets one that is not theirs to set, or cannot be sent.
 */
export function headersOf(
  parts: OperationParts,
  settings: CallSettings,
  request: BuiltRequest,
  own: Readonly<Record<string, string | undefined>>,
  facts: ErrorFacts,
): string[] {
  const headers =
    settings.headers === undefined && request.headers === undefined
      ? [...parts.headers].flat()
      : layered(parts.headers, request.headers ?? none, callerHeaders(settings.headers, parts.own, facts));
  if (request.contentType !== undefined) headers.push('content-type', request.contentType);
  for (const [name, value] of Object.entries(own)) if (value !== undefined) headers.push(name, value);
  return headers;
}
