import { type Call, type ErrorFacts, SwitchgearError } from '@switchgear/policy';
import { ConnectionLostError, RedirectRefusedError } from '../errors.ts';
import type { BuiltRequest } from '../request/build-request.ts';
import { isRedirect, redirected } from '../request/redirect.ts';
import type { WireAnswer } from './send-streamed.ts';

/** What is sent, and with which headers. */
export interface Redirectable {
  readonly request: BuiltRequest;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

/**
 * Goes where an answer points, within the attempt and its time.
 * @param most Redirects that are followed.
 * @param exchange Sends once more.
 * @throws RedirectRefusedError at the first that is not followed.
 */
export async function followRedirects<S extends Redirectable>(
  first: WireAnswer,
  sending: S,
  most: number,
  origin: string,
  call: Call,
  facts: ErrorFacts,
  exchange: (sending: S) => Promise<WireAnswer>,
): Promise<WireAnswer> {
  let answer = first;
  let at = sending;
  for (let followed = 0; isRedirect(answer.status); followed++) {
    const next = redirected(at.request, answer, answer.origin ?? origin);
    const why = followed === most ? `more than ${most} in a row` : next.ok ? undefined : next.why;
    if (!next.ok || why !== undefined) {
      throw new RedirectRefusedError(answer.status, { ...facts, phase: 'decode' }, why);
    }
    at = { ...at, request: next.request, headers: next.bodyDropped ? withoutContent(at.headers) : at.headers };
    try {
      answer = await exchange(at);
    } catch (error) {
      throw afterRedirect(error, call, facts);
    }
  }
  return answer;
}

/** What described a body that is no longer there. */
function withoutContent(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name !== 'content-type' && name !== 'idempotency-key') kept.push(name, headers[i + 1] as string);
  }
  return kept;
}

/** An error that would have the whole attempt sent again because nothing was sent: but the first request was. */
function afterRedirect(error: unknown, call: Call, facts: ErrorFacts): unknown {
  if (!(error instanceof SwitchgearError) || error.sent !== 'never') return error;
  if (error.verdict(call.idempotent).retry === 'never') return error;
  const message = `the redirect could not be followed (${error.code})`;
  return new ConnectionLostError(message, false, { ...facts, sent: 'maybe', phase: error.phase, cause: error });
}
