import type { CallOptions, ErrorFacts } from '@switchgear/policy';
import { type AttemptTools, attempt, type Sending } from '../attempt/attempt.ts';
import type { CallPart } from '../attempt/call-part.ts';
import { CallProgress } from '../attempt/call-progress.ts';
import { type Joining, together } from '../batch/together.ts';
import type { Revalidation } from '../cache/call-cache.ts';
import { keptAnswers } from '../cache/kept-answers.ts';
import { mayBeStale } from '../contract/cache-options.ts';
import type { InputOf, OperationDefinition, ResultOf } from '../contract/operation.ts';
import { ClientClosedError } from '../errors.ts';
import { SpreadAttempts } from '../hosts/spread-attempts.ts';
import { buildRequest } from '../request/build-request.ts';
import { newId } from '../request/ids.ts';
import { Upload } from '../request/upload.ts';
import { readAnswer } from '../response/read-answer.ts';
import { Streamed, StreamsOfCall } from '../response/streamed-answer.ts';
import { CallTrace } from '../trace/call-trace.ts';
import { currentIncoming, type Incoming } from '../trace/incoming.ts';
import { askerKey } from './asker.ts';
import { deadlineOf } from './call-deadline.ts';
import { finished, metaOf, publishFinished, publishStarted } from './call-finished.ts';
import { headersOf } from './call-headers.ts';
import type { CallRecord } from './call-record.ts';
import { type CallSettings, settingsOf } from './call-settings.ts';
import { degrade } from './degrade.ts';
import { fateOf, liveFate } from './fate.ts';
import { tellGivenUp } from './given-up.ts';
import { isIdempotent, keyOf } from './idempotency.ts';
import { interceptCall, saidHeaders } from './intercept-call.ts';
import type { CallInput, OperationParts } from './operation-parts.ts';
import { type StreamingCall, watchStream } from './watch-stream.ts';
import type { WithMeta } from './with-meta.ts';

type Arguments<I> =
  Record<never, never> extends I ? [input?: I, settings?: CallSettings] : [input: I, settings?: CallSettings];

/** An operation as a function. */
export interface OperationCall<D> {
  (...args: Arguments<InputOf<D>>): Promise<ResultOf<D>>;
  /** The same call, answered with where the value came from and what it took. */
  withMeta(...args: Arguments<InputOf<D>>): Promise<WithMeta<ResultOf<D>>>;
}

/** Makes the function of an operation. */
export function operationCall(parts: OperationParts): OperationCall<OperationDefinition> {
  const run = (input: CallInput = {}, settings: CallSettings = {}): Promise<WithMeta<unknown>> =>
    execute(parts, input, settings);
  const call = (input?: CallInput, settings?: CallSettings): Promise<unknown> =>
    run(input, settings).then((result) => result.value);
  const { cache } = parts;
  const kept = cache === undefined ? undefined : keptAnswers(parts, cache);
  return Object.assign(call, { withMeta: run }, kept) as OperationCall<OperationDefinition>;
}

/**
 * Makes one call of an operation, from its input to its result, and tells of it.
 * @param part What it has from a larger one that it is part of, and that is counted in its place.
 */
export async function execute(
  parts: OperationParts,
  given: CallInput,
  said: CallSettings,
  part?: CallPart,
): Promise<WithMeta<unknown>> {
  const { inFlight } = parts;
  // Own properties alone: what someone put on `Object.prototype` is neither an input nor a setting.
  const input: CallInput = Object.assign(Object.create(null), given);
  const incoming = currentIncoming();
  // What is a part of something larger ends with that, for which others may wait as well.
  const settings = settingsOf(said, part === undefined ? incoming : undefined);
  const record = newRecord(parts, incoming, part);
  if (part === undefined) inFlight.begin();
  publishStarted(parts, record);
  try {
    const { span } = record.trace;
    const answered =
      span === undefined
        ? send(parts, input, settings, record, part)
        : span.run(() => send(parts, input, settings, record, part));
    const value = await answered;
    const { found, ageMs } = record;
    if (found === 'stale' || found === 'stale-on-error') {
      return finished(parts, record, 'stale', undefined, { provenance: 'stale', value, ageMs });
    }
    const { fallback, cache } = parts.definition.options;
    const live = fallback === undefined && !mayBeStale(cache) ? value : { provenance: 'live', value };
    if (found === 'fresh') return finished(parts, record, 'cached', undefined, live);
    if (value instanceof Streamed) {
      // The call goes on until its body has ended, and is told of then.
      record.streams?.settle(value);
      watchStream(value, streamingCall(parts, record, settings.signal), (fate, error) =>
        publishFinished(parts, record, fate, error),
      );
      return metaOf(parts, record, liveFate(record), live);
    }
    return finished(parts, record, liveFate(record), undefined, live);
  } catch (reason) {
    record.streams?.settle(undefined);
    const error = inFlight.isCancelledBy(reason) ? closedWhile(parts, record) : reason;
    const cancelled = error !== reason || (settings.signal?.aborted === true && error === settings.signal.reason);
    const degraded = cancelled ? undefined : degrade(parts, input, error);
    if (degraded !== undefined) return finished(parts, record, 'degraded', error, degraded);
    finished(parts, record, fateOf(error, cancelled), error, undefined);
    if (!cancelled) tellGivenUp(incoming, error);
    throw error;
  } finally {
    // Whatever came of it: what has been sent may have been done.
    if (parts.invalidates !== undefined && record.attempts > 0) for (const cache of parts.invalidates) cache.clear();
    if (parts.changes !== undefined && record.path !== undefined && record.attempts > 0) {
      for (const cache of parts.changes) cache.forgetPath(record.path);
    }
    if (part === undefined) inFlight.end();
  }
}

/** All that are under way are ended by one reason; each is told of its own call. */
function closedWhile({ name, settings: { target } }: OperationParts, { attempts, progress }: CallRecord): Error {
  const { sent, phase } = progress;
  return new ClientClosedError('the client was closed before the call had ended', {
    target,
    operation: name,
    attempts,
    sent,
    phase,
  });
}

/** What is known of a call that begins. */
export function newRecord(
  { definition, runtime, settings }: OperationParts,
  incoming: Incoming | undefined,
  part?: CallPart,
): CallRecord {
  const startedAt = runtime.clock.now();
  return {
    startedAt,
    deadline: Number.POSITIVE_INFINITY,
    requestId: part?.requestId ?? incoming?.requestId ?? newId(),
    trace: part?.trace ?? CallTrace.of(incoming, settings.tracing),
    progress: new CallProgress(startedAt),
    streams: definition.options.responseAs === 'stream' ? new StreamsOfCall() : undefined,
    attempts: 0,
    hedges: 0,
    entered: { count: 0, left: false },
  };
}

/** Fixes the request, before anything is waited for, and sends it through the stack: the same in every attempt. */
async function send(
  parts: OperationParts,
  input: CallInput,
  settings: CallSettings,
  record: CallRecord,
  part: CallPart | undefined,
): Promise<unknown> {
  const { name, definition, inFlight } = parts;
  const { target, prefix } = parts.settings;
  const facts: ErrorFacts = { target, operation: name };
  if (inFlight.closed && part === undefined) throw new ClientClosedError('the client has been closed', facts);
  record.deadline = part?.deadline ?? deadlineOf(parts, settings, record.startedAt, facts);
  const idempotencyKey = keyOf(definition, settings, facts);
  const call: CallOptions = {
    target,
    operation: name,
    deadline: record.deadline,
    signal: settings.signal,
    group: inFlight.group,
    idempotent: idempotencyKey !== undefined || isIdempotent(definition),
  };
  const built = parts.build?.(facts) ?? buildRequest(definition, prefix, input, parts.own, facts);
  // A schema that takes its time takes it out of the call's.
  const request = built instanceof Promise ? await parts.inTime.execute(() => built, call) : built;
  const ofCall = {
    'x-request-id': record.requestId,
    'idempotency-key': idempotencyKey,
    // Who makes spans says with each of them what is told of it.
    tracestate: record.trace.span === undefined ? record.trace.tracestate : undefined,
  };
  const plain = headersOf(parts, settings, request, ofCall, facts);
  const { interceptors } = parts;
  const edited =
    interceptors === undefined ? undefined : await interceptCall(interceptors, parts, record, plain, call, facts);
  const sending: Sending = {
    request,
    headers: edited?.list ?? plain,
    intercepted: record.intercepted,
    trace: record.trace,
    progress: record.progress,
    streams: record.streams,
    part,
  };
  record.path = request.path;
  const { cache, collector } = parts;
  if (cache === undefined && collector === undefined) return sendNow(parts, sending, call, record);
  const asker = edited === undefined ? settings : { ...settings, headers: saidHeaders(settings.headers, edited) };
  const joining =
    collector === undefined
      ? undefined
      : { input, params: request.params, settings, asker: askerKey(asker, facts), record };
  const key = cache?.keyOf(request, asker, facts);
  if (cache === undefined || key === undefined) return sendOrJoin(parts, sending, call, record, joining);
  const answer = await cache.ask({
    key,
    call: { ...call, key },
    method: definition.method,
    path: request.path,
    headers: sending.headers,
    principal: settings.principal ?? '',
    isAuthorised: parts.settings.auth !== undefined,
    load: (own, revalidation) => load(parts, revalidated(sending, revalidation), own, record, joining),
    read: (response) => readAnswer(response, parts.tools.reader, facts),
  });
  record.found = answer.found;
  record.ageMs = answer.ageMs;
  // A refresh in the background is nobody's attempt.
  if (answer.found === 'stale') {
    record.attempts = 0;
    record.hedges = 0;
  }
  return answer.value;
}

function revalidated(sending: Sending, revalidation: Revalidation | undefined): Sending {
  if (revalidation === undefined) return sending;
  return { ...sending, headers: [...sending.headers, ...revalidation.headers], revalidation };
}

/** Loads what is kept, for this call or in the background; closing waits for it. */
function load(
  parts: OperationParts,
  sending: Sending,
  call: CallOptions,
  record: CallRecord,
  joining: Joining | undefined,
): Promise<unknown> {
  return parts.inFlight.during(() => sendOrJoin(parts, sending, call, record, joining));
}

/** Sends the request, or lets the call go along with others where its operation collects them. */
function sendOrJoin(
  parts: OperationParts,
  sending: Sending,
  call: CallOptions,
  record: CallRecord,
  joining: Joining | undefined,
): Promise<unknown> {
  const alone = () => sendNow(parts, sending, call, record);
  const { collector } = parts;
  if (collector === undefined || joining === undefined) return alone();
  return together(parts, collector, joining, call, alone);
}

function sendNow(parts: OperationParts, sending: Sending, call: CallOptions, record: CallRecord): Promise<unknown> {
  const { stack, tools } = parts;
  const { request } = sending;
  const spread = tools instanceof SpreadAttempts ? tools.of(sending) : undefined;
  return stack.execute(
    (attempted) => {
      record.attempts = attempted.attempt;
      if (attempted.copy > 1) record.hedges++;
      return spread === undefined ? attempt(sending, tools as AttemptTools, attempted) : spread(attempted);
    },
    // A stream that can be sent once makes the call one: whatever has begun to be sent is not sent again.
    request.body instanceof Upload && !request.body.replayable ? { ...call, idempotent: false } : call,
  );
}

function streamingCall(parts: OperationParts, record: CallRecord, signal: AbortSignal | undefined): StreamingCall {
  const { inTime, inFlight, name: operation } = parts;
  const { attempts, deadline } = record;
  const fate = liveFate(record);
  return { target: parts.settings.target, operation, attempts, fate, deadline, signal, inTime, inFlight };
}
