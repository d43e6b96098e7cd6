import type { Call } from '@switchgear/policy';
import type { WireRequest } from '../transport/transport.ts';
import { type Redaction, redactedHeaders } from './redact.ts';

/** A request as a transport of the kit saw it. Headers that hold credentials are there, and their values are not. */
export interface SeenRequest {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** As text; '' when there is none, and for a stream that goes on to somewhere else. */
  readonly body: string;
  readonly target: string;
  readonly operation: string;
  /** 1 for the first send of a call. */
  readonly attempt: number;
  /** When it was sent, in milliseconds of the runtime's clock. */
  readonly at: number;
}

const text = new TextDecoder();

export function seenRequest(
  origin: string,
  request: WireRequest,
  body: Uint8Array | undefined,
  call: Call,
  at: number,
  redaction: Redaction,
): SeenRequest {
  const { method, path } = request;
  const { target, operation, attempt } = call;
  const headers = redactedHeaders(request.headers, redaction);
  return {
    origin,
    method,
    path,
    headers,
    body: body === undefined ? '' : text.decode(body),
    target,
    operation,
    attempt,
    at,
  };
}
