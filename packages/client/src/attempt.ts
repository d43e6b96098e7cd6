import { type Call, type ErrorFacts, type EventSink, type Runtime, SwitchgearError } from '@switchgear/policy';
import type { Credential, Token } from './auth/token-source.ts';
import { classifyTransportFailure } from './classify/transport-failure.ts';
import { AuthenticationError, InvalidResponseError, TokenUnavailableError } from './errors.ts';
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
  if (credential === undefined) return read(await send(sending, tools, call, undefined, facts), tools, facts);

  const token = await waitFor(credential.get(), call, facts);
  const response = await send(sending, tools, call, token, facts);
  if (response.status !== 401) return read(response, tools, facts);

  // 401 says that nothing was done, so even a POST may go once more, with a newer token if there is one.
  const newer = await waitFor(credential.renew(token), call, facts);
  if (newer === undefined) return read(response, tools, facts);
  publishReauthorised(tools, call);
  const second = await send(sending, tools, call, newer, facts);
  if (second.status === 401) credential.refusedAfterRenewal(newer);
  return read(second, tools, facts);
}

/** Reads an answer. What the contract's own code throws on the way says nothing about the service, nor for a retry. */
async function read(response: WireResponse, { reader }: AttemptTools, facts: ErrorFacts): Promise<unknown> {
  try {
    return await readAnswer(response, reader, facts);
  } catch (error) {
    if (error instanceof SwitchgearError) throw error;
    throw new InvalidResponseError(response.status, ['the code of the contract failed on it'], {
      ...facts,
      cause: error,
    });
  }
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

/**
 * Waits for a token as long as the call lasts: the request for it is made for all who wait and goes on without this one,
 * but this one's place must not be held by it.
 */
async function waitFor<T extends Token | undefined>(token: T | Promise<T>, call: Call, facts: ErrorFacts): Promise<T> {
  if (!(token instanceof Promise)) return token;
  call.progress('auth', 'never');
  try {
    return await new Promise<T>((resolve, reject) => {
      const leave = call.onCancel(reject);
      token.then(resolve, reject).finally(leave);
    });
  } catch (error) {
    throw forThisCall(error, facts);
  }
}

/** One failed token request fails all who waited for it; each is told of its own call. */
function forThisCall(error: unknown, facts: ErrorFacts): unknown {
  if (error instanceof AuthenticationError) return new AuthenticationError(error.message, { ...facts, cause: error });
  if (error instanceof TokenUnavailableError) {
    return new TokenUnavailableError(error.message, { ...facts, cause: error, retryAfterMs: error.retryAfterMs });
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
