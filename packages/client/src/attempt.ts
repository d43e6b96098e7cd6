import type { EventSink, Runtime } from '@switchgear/policy';
import { type Call, type ErrorFacts, RefusedError } from '@switchgear/policy';
import type { Credential, Token } from './auth/token-source.ts';
import { classifyTransportFailure } from './classify/transport-failure.ts';
import { AuthenticationError, TokenUnavailableError } from './errors.ts';
import type { AttemptReauthorised, ClientEvent } from './events.ts';
import type { BuiltRequest } from './request/build-request.ts';
import { newSpanId } from './request/ids.ts';
import { type Reader, readAnswer } from './response/read-answer.ts';
import { formatTraceparent } from './trace/traceparent.ts';
import type { Transport, WireResponse } from './transport/transport.ts';

/** What all attempts of one call have in common. */
export interface Sending {
  readonly request: BuiltRequest;
  /** Names and values in turn: everything but what an attempt adds. */
  readonly headers: readonly string[];
  readonly traceId: string;
  readonly traceFlags: number;
}

/** What all calls of one operation have in common. */
export interface AttemptTools {
  readonly transport: Transport;
  readonly credential: Credential | undefined;
  readonly reader: Reader;
  readonly deadlineHeader: string;
  readonly runtime: Runtime;
  readonly events: EventSink<ClientEvent>;
}

/** Makes one attempt: authorises it, sends it, reads the answer. The innermost stage of the stack. */
export async function attempt(sending: Sending, tools: AttemptTools, call: Call): Promise<unknown> {
  const { target, operation } = call;
  const facts: ErrorFacts = { target, operation, attempts: call.attempt };
  const { credential } = tools;
  if (credential === undefined)
    return readAnswer(await send(sending, tools, call, undefined, facts), tools.reader, facts);

  call.progress('call', 'never');
  const token = await tokenFor(credential, call, facts);
  const response = await send(sending, tools, call, token, facts);
  if (response.status !== 401) return readAnswer(response, tools.reader, facts);

  // 401 says that nothing was done, so even a POST may go once more, with a newer token if there is one.
  const newer = await renewed(credential, token, facts);
  if (newer === undefined) return readAnswer(response, tools.reader, facts);
  publishReauthorised(tools, call);
  const second = await send(sending, tools, call, newer, facts);
  if (second.status === 401) credential.refusedAfterRenewal(newer);
  return readAnswer(second, tools.reader, facts);
}

async function send(
  sending: Sending,
  tools: AttemptTools,
  call: Call,
  token: Token | undefined,
  facts: ErrorFacts,
): Promise<WireResponse> {
  const leftMs = Math.max(0, Math.floor(call.deadline - tools.runtime.clock.now()));
  // A span of its own per attempt, so that a trace shows each of them.
  const trace = { traceId: sending.traceId, spanId: newSpanId(), flags: sending.traceFlags };
  const headers = [...sending.headers, 'traceparent', formatTraceparent(trace)];
  if (Number.isFinite(leftMs)) headers.push(tools.deadlineHeader, String(leftMs));
  if (token !== undefined) headers.push('authorization', `Bearer ${token.value}`);
  try {
    return await tools.transport.send({ ...sending.request, headers }, call);
  } catch (error) {
    throw classifyTransportFailure(error, facts);
  }
}

async function tokenFor(credential: Credential, call: Call, facts: ErrorFacts): Promise<Token> {
  try {
    return await credential.get(call);
  } catch (error) {
    throw forThisCall(error, facts);
  }
}

async function renewed(credential: Credential, token: Token, facts: ErrorFacts): Promise<Token | undefined> {
  try {
    return await credential.renew(token);
  } catch (error) {
    // Nothing was done: the attempt was answered 401, and no newer token is to be had now.
    throw forThisCall(error, facts);
  }
}

/** One failed token request fails all who waited for it; each is told of its own call. */
function forThisCall(error: unknown, facts: ErrorFacts): unknown {
  if (error instanceof AuthenticationError) return new AuthenticationError(error.message, { ...facts, cause: error });
  if (error instanceof TokenUnavailableError || error instanceof RefusedError) {
    return new TokenUnavailableError(error.message, { ...facts, cause: error });
  }
  return error;
}

function publishReauthorised(tools: AttemptTools, call: Call): void {
  if (!tools.events.wants('attempt.reauthorised')) return;
  const event: AttemptReauthorised = {
    type: 'attempt.reauthorised',
    at: tools.runtime.clock.now(),
    target: call.target,
    operation: call.operation,
    attempt: call.attempt,
  };
  tools.events.publish(event);
}
