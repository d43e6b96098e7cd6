import { type Call, type ErrorFacts, type EventSink, type Runtime, SwitchgearError } from '@switchgear/policy';
import type { Credential, Grant } from '../auth/credential.ts';
import { classifyTransportFailure } from '../classify/transport-failure.ts';
import { AuthenticationError, InvalidResponseError } from '../errors.ts';
import type { AttemptReauthorised, ClientEvent } from '../events.ts';
import type { BuiltRequest } from '../request/build-request.ts';
import { newSpanId } from '../request/ids.ts';
import { isRedirect } from '../request/redirect.ts';
import { Upload } from '../request/upload.ts';
import { type Reader, readAnswer } from '../response/read-answer.ts';
import { Streamed, type StreamsOfCall } from '../response/streamed-answer.ts';
import { formatTraceparent } from '../trace/traceparent.ts';
import type { Transport, WireRequest, WireResponse, WireStream } from '../transport/transport.ts';
import { authorise, waitFor } from './authorise.ts';
import { followRedirects } from './follow-redirects.ts';
import { isStream, sendStreamed, type WireAnswer } from './send-streamed.ts';

/** What all attempts of one call have in common. */
export interface Sending {
  readonly request: BuiltRequest;
  /** Names and values in turn: everything but what an attempt adds. */
  readonly headers: readonly string[];
  readonly traceId: string;
  readonly traceFlags: number;
  /** Where streams are kept that attempts open, for an operation that answers with one. */
  readonly streams: StreamsOfCall | undefined;
}

/** What all calls of one operation have in common. */
export interface AttemptTools {
  readonly transport: Transport;
  readonly credential: Credential | undefined;
  readonly reader: Reader;
  /** Whether answers are streams. */
  readonly answersStream: boolean;
  /** Redirects that are followed. */
  readonly followRedirects: number;
  /** Scheme, host and port: where redirects may lead. */
  readonly origin: string;
  readonly deadlineHeader: string;
  readonly runtime: Runtime;
  readonly events: EventSink<ClientEvent>;
}

/** Makes one attempt: authorises it, sends it, reads the answer. The innermost stage of the stack. */
export async function attempt(sending: Sending, tools: AttemptTools, call: Call): Promise<unknown> {
  const { target, operation } = call;
  const facts: ErrorFacts = { target, operation, attempts: call.attempt };
  let answer = await exchange(sending, tools, call, facts);
  let once = isSpent(sending);
  if (tools.followRedirects > 0 && isRedirect(answer.status)) {
    answer = await onward(answer, sending, tools, call, facts);
    // What the first request did stays done.
    once ||= !call.idempotent;
  }
  return isStream(answer) ? openStream(answer, sending, tools, call, facts) : read(answer, tools, facts, once);
}

/** A function of its own, so that an attempt without redirects makes no closure. */
function onward(first: WireAnswer, sending: Sending, tools: AttemptTools, call: Call, facts: ErrorFacts) {
  const { followRedirects: most, origin } = tools;
  const again = (next: Sending, of: Call): Promise<WireAnswer> => exchange(next, tools, of, facts);
  return followRedirects(first, sending, most, origin, call, facts, again);
}

/** Sends once, and once more if the token was refused. */
function exchange(sending: Sending, tools: AttemptTools, call: Call, facts: ErrorFacts): Promise<WireAnswer> {
  const { credential } = tools;
  if (credential === undefined) return send(sending, tools, call, undefined, facts);
  return authorised(credential, sending, tools, call, facts);
}

async function authorised(
  credential: Credential,
  sending: Sending,
  tools: AttemptTools,
  call: Call,
  facts: ErrorFacts,
): Promise<WireAnswer> {
  if (credential.origins !== undefined && !credential.origins.has(tools.origin)) {
    throw new AuthenticationError('the credential is not for this origin', { ...facts, phase: 'auth' }, 'other-origin');
  }
  const granted = credential.get(call);
  const grant = granted instanceof Promise ? await waitFor(granted, 'never', call, facts) : granted;
  const response = await send(sending, tools, call, grant, facts);
  if (response.status !== 401) return response;

  const renewal = credential.renew(grant, response.headers, call);
  if (isSpent(sending)) {
    // A body that is used up cannot go once more. The new token is for the next call, and nobody waits for it here.
    Promise.resolve(renewal).catch(() => {});
    return response;
  }
  // 401 says that nothing was done, so even a POST may go once more, with a newer token if there is one.
  const newer = renewal instanceof Promise ? await waitFor(renewal, 'answered', call, facts) : renewal;
  if (newer === undefined) return response;
  publishReauthorised(tools, call);
  const second = await send(sending, tools, call, newer, facts);
  if (second.status === 401) credential.refusedAfterRenewal(newer);
  return second;
}

/** Whether the body was a stream, and has been used. */
function isSpent({ request: { body } }: Sending): boolean {
  return body instanceof Upload && body.spent;
}

/** The answer is given to the caller before its body has come, and what the call has taken stays taken until then. */
function openStream(head: WireStream, sending: Sending, tools: AttemptTools, call: Call, facts: ErrorFacts): Streamed {
  const streamed = new Streamed(head, tools.reader.maxBodyBytes, facts);
  streamed.onEnd(call.hold());
  sending.streams?.add(streamed);
  return streamed;
}

/** Reads an answer. What the contract's own code throws on the way says nothing about the service, nor for a retry. */
async function read(
  response: WireResponse,
  { reader }: AttemptTools,
  facts: ErrorFacts,
  once: boolean,
): Promise<unknown> {
  try {
    return await readAnswer(response, reader, facts, once);
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
  grant: Grant | undefined,
  facts: ErrorFacts,
): Promise<WireAnswer> {
  const leftMs = Math.max(0, Math.floor(call.deadline - tools.runtime.clock.now()));
  // A span of its own per attempt, so that a trace shows each of them.
  const trace = { traceId: sending.traceId, spanId: newSpanId(), flags: sending.traceFlags };
  const headers = [...sending.headers, 'traceparent', formatTraceparent(trace)];
  if (Number.isFinite(leftMs)) headers.push(tools.deadlineHeader, String(leftMs));
  const { method, path, body } = sending.request;
  // Last of all, for it may sign the others.
  if (grant !== undefined) headers.push(...authorise(grant, sending.request, headers, tools.origin, facts));
  const { maxBodyBytes } = tools.reader;
  if (tools.answersStream || body instanceof Upload) {
    const request: WireRequest = {
      method,
      path,
      headers,
      body: body instanceof Upload ? undefined : body,
      maxBodyBytes,
    };
    return sendStreamed(request, body, tools.answersStream, tools.transport, call, facts);
  }
  try {
    return await tools.transport.send({ method, path, headers, body, maxBodyBytes }, call);
  } catch (error) {
    throw classifyTransportFailure(error, facts);
  }
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
