import type { Call, ErrorFacts, Sent } from '@switchgear/policy';
import type { Grant } from '../auth/credential.ts';
import { AuthenticationError, TokenUnavailableError } from '../errors.ts';
import type { BuiltRequest } from '../request/build-request.ts';
import { Upload } from '../request/upload.ts';

/** What a grant adds to the headers. One that throws cannot have the request sent without it. */
export function authorise(
  grant: Grant,
  { method, path, body }: BuiltRequest,
  headers: readonly string[],
  origin: string,
  facts: ErrorFacts,
): readonly string[] {
  try {
    return grant.authorise({ method, origin, path, headers, body: body instanceof Upload ? 'stream' : body });
  } catch (error) {
    const known: ErrorFacts = { ...facts, phase: 'auth', cause: error };
    throw new AuthenticationError('the request could not be authorised', known, 'unusable-token');
  }
}

/** Waits for a token, which the credential bounds by the call: the request for it is made for all who wait. */
export async function waitFor<T>(grant: Promise<T>, sent: Sent, call: Call, facts: ErrorFacts): Promise<T> {
  call.progress('auth', sent);
  try {
    return await grant;
  } catch (error) {
    throw forThisCall(error, { ...facts, sent, phase: 'auth' });
  }
}

/** One failed token request fails all who waited for it; each is told of its own call. */
function forThisCall(error: unknown, facts: ErrorFacts): unknown {
  const known = { ...facts, cause: error };
  if (error instanceof AuthenticationError) return new AuthenticationError(error.message, known, error.reason);
  if (!(error instanceof TokenUnavailableError)) return error;
  return new TokenUnavailableError(error.message, { ...known, retryAfterMs: error.retryAfterMs });
}
