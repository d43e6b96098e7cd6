import {
  type CacheFinding,
  type CallOptions,
  currentDeadline,
  type ErrorFacts,
  type EventBus,
  type Pipeline,
  type Policy,
  type Runtime,
  SwitchgearError,
} from '@switchgear/policy';
import { type AttemptTools, attempt, type Sending } from './attempt.ts';
import { cacheKey, type OperationCache } from './cache/operation-cache.ts';
import type { ClientSettings } from './client-options.ts';
import { mayBeStale } from './contract/cache-options.ts';
import type { InputOf, OperationDefinition, ResultOf } from './contract/operation.ts';
import { ClientClosedError, InvalidRequestError, isAway } from './errors.ts';
import type { ClientEvent, Fate } from './events.ts';
import { fateOf } from './fate.ts';
import { SpreadAttempts } from './hosts/spread-attempts.ts';
import type { InFlight } from './in-flight.ts';
import { type BuiltRequest, buildRequest } from './request/build-request.ts';
import { callerHeaders, layered } from './request/headers.ts';
import { newId, newTraceId } from './request/ids.ts';
import { Upload } from './request/upload.ts';
import { Streamed, StreamsOfCall } from './response/streamed-answer.ts';
import { currentIncoming, type Incoming } from './trace/incoming.ts';
import { type StreamingCall, watchStream } from './watch-stream.ts';

/** What a caller may say of one call. */
export interface CallSettings {
  /** Ends the call when aborted; it rejects with this signal's own reason. @default none */
  readonly signal?: AbortSignal | undefined;
  /** For this call, in milliseconds. @default the operation's, or the client's */
  readonly deadlineMs?: number | undefined;
  /**
   * The key of this piece of work, for an operation with `idempotencyKey`. Give the one you stored, so that it survives
   * a restart. @default a new one per call
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * For whom this is asked. Kept answers are given to the same principal alone, so say it wherever an answer depends on
   * who asks. @default ''
   */
  readonly principal?: string | undefined;
  /** Sent with this call. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A result, and how it came about. */
export interface WithMeta<T> {
  readonly value: T;
  readonly provenance: 'live' | 'cached' | 'stale' | 'degraded';
  /** Attempts that were begun. */
  readonly attempts: number;
  readonly durationMs: number;
  readonly requestId: string;
  readonly traceId: string;
}

type Arguments<I> =
  Record<never, never> extends I ? [input?: I, settings?: CallSettings] : [input: I, settings?: CallSettings];

/** An operation as a function. */
export interface OperationCall<D> {
  (...args: Arguments<InputOf<D>>): Promise<ResultOf<D>>;
  /** The same call, answered with where the value came from and what it took. */
  withMeta(...args: Arguments<InputOf<D>>): Promise<WithMeta<ResultOf<D>>>;
}

/** What an operation is made of. */
export interface OperationParts {
  readonly name: string;
  readonly definition: OperationDefinition;
  readonly settings: ClientSettings;
  readonly stack: Pipeline<never>;
  /** Ends at the call's deadline, or when its caller leaves, what is done before the stack. */
  readonly inTime: Policy;
  /** For a service of several hosts, what chooses one for each attempt. */
  readonly tools: AttemptTools | SpreadAttempts;
  /** Sent with every call, by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** Names that a caller may not set. */
  readonly own: ReadonlySet<string>;
  /** For an operation with `cache`. */
  readonly cache?: OperationCache | undefined;
  /** What is forgotten once this operation has been sent. */
  readonly invalidates?: readonly OperationCache[] | undefined;
  readonly inFlight: InFlight;
  readonly events: EventBus<ClientEvent>;
  readonly runtime: Runtime;
}

type Input = Readonly<Record<string, unknown>>;

/** Makes the function of an operation. */
export function operationCall(parts: OperationParts): OperationCall<OperationDefinition> {
  const run = (input: Input = {}, settings: CallSettings = {}): Promise<WithMeta<unknown>> =>
    execute(parts, input, settings);
  const call = (input?: Input, settings?: CallSettings): Promise<unknown> =>
    run(input, settings).then((result) => result.value);
  return Object.assign(call, { withMeta: run }) as OperationCall<OperationDefinition>;
}

async function execute(parts: OperationParts, given: Input, said: CallSettings): Promise<WithMeta<unknown>> {
  const { definition, inFlight, runtime } = parts;
  // Own properties alone: what someone put on `Object.prototype` is neither an input nor a setting.
  const input: Input = Object.assign(Object.create(null), given);
  const settings: CallSettings = Object.assign(Object.create(null), said);
  const incoming = currentIncoming();
  const record: CallRecord = {
    startedAt: runtime.clock.now(),
    deadline: Number.POSITIVE_INFINITY,
    requestId: incoming?.requestId ?? newId(),
    traceId: incoming?.trace?.traceId ?? newTraceId(),
    streams: definition.options.responseAs === 'stream' ? new StreamsOfCall() : undefined,
    attempts: 0,
  };
  inFlight.begin();
  try {
    const value = await send(parts, input, settings, incoming, record);
    const { found, ageMs } = record;
    if (found === 'stale' || found === 'stale-on-error') {
      return finished(parts, record, 'stale', undefined, { provenance: 'stale', value, ageMs });
    }
    const { fallback, cache } = definition.options;
    const live = fallback === undefined && !mayBeStale(cache) ? value : { provenance: 'live', value };
    if (found === 'fresh') return finished(parts, record, 'cached', undefined, live);
    if (value instanceof Streamed) {
      // The call goes on until its body has ended, and is told of then.
      record.streams?.settle(value);
      watchStream(value, streamingCall(parts, record, settings.signal), (fate, error) =>
        publishFinished(parts, record, fate, error),
      );
      return metaOf(parts, record, 'ok', live);
    }
    return finished(parts, record, record.attempts > 1 ? 'ok-retried' : 'ok', undefined, live);
  } catch (error) {
    record.streams?.settle(undefined);
    const cancelled = settings.signal?.aborted === true && error === settings.signal.reason;
    const degraded = cancelled ? undefined : degrade(parts, input, error);
    if (degraded !== undefined) return finished(parts, record, 'degraded', error, degraded);
    finished(parts, record, fateOf(error, cancelled), error, undefined);
    throw error;
  } finally {
    // Whatever came of it: what has been sent may have been done.
    if (parts.invalidates !== undefined && record.attempts > 0) for (const cache of parts.invalidates) cache.clear();
    inFlight.end();
  }
}

/** Fixes the request, before anything is waited for, and sends it through the stack: the same in every attempt. */
async function send(
  parts: OperationParts,
  input: Input,
  settings: CallSettings,
  incoming: Incoming | undefined,
  record: CallRecord,
): Promise<unknown> {
  const { name, definition, inFlight } = parts;
  const { target, prefix } = parts.settings;
  const facts: ErrorFacts = { target, operation: name };
  if (inFlight.closed) throw new ClientClosedError('the client has been closed', facts);
  record.deadline = deadlineOf(parts, settings, record.startedAt, incoming?.deadline, facts);
  const idempotencyKey = keyOf(definition, settings, facts);
  const call: CallOptions = {
    target,
    operation: name,
    deadline: record.deadline,
    signal: settings.signal,
    idempotent: idempotencyKey !== undefined || isIdempotent(definition),
  };
  const built = buildRequest(definition, prefix, input, parts.own, facts);
  // A schema that takes its time takes it out of the call's.
  const request = built instanceof Promise ? await parts.inTime.execute(() => built, call) : built;
  const sending: Sending = {
    request,
    headers: headersOf(
      parts,
      settings,
      request,
      { 'x-request-id': record.requestId, 'idempotency-key': idempotencyKey, tracestate: incoming?.tracestate },
      facts,
    ),
    traceId: record.traceId,
    traceFlags: incoming?.trace?.flags ?? 1,
    streams: record.streams,
  };
  const key = parts.cache === undefined ? undefined : cacheKey(request, settings, facts);
  if (parts.cache === undefined || key === undefined) return sendNow(parts, sending, call, record);
  const answer = await parts.cache.ask((own) => load(parts, sending, own, record), { ...call, key });
  record.found = answer.found;
  record.ageMs = answer.ageMs;
  // A refresh in the background is nobody's attempt.
  if (answer.found === 'stale') record.attempts = 0;
  return answer.value;
}

/** Loads what is kept, for this call or in the background; closing waits for it. */
async function load(parts: OperationParts, sending: Sending, call: CallOptions, record: CallRecord): Promise<unknown> {
  parts.inFlight.begin();
  try {
    return await sendNow(parts, sending, call, record);
  } finally {
    parts.inFlight.end();
  }
}

function sendNow(parts: OperationParts, sending: Sending, call: CallOptions, record: CallRecord): Promise<unknown> {
  const { stack, tools } = parts;
  const { request } = sending;
  const spread = tools instanceof SpreadAttempts ? tools.of(sending) : undefined;
  return stack.execute(
    (attempted) => {
      record.attempts = attempted.attempt;
      return spread === undefined ? attempt(sending, tools as AttemptTools, attempted) : spread(attempted);
    },
    // A stream that can be sent once makes the call one: whatever has begun to be sent is not sent again.
    request.body instanceof Upload && !request.body.replayable ? { ...call, idempotent: false } : call,
  );
}

interface CallRecord {
  readonly startedAt: number;
  deadline: number;
  readonly requestId: string;
  readonly traceId: string;
  /** For an operation that answers with a stream. */
  readonly streams: StreamsOfCall | undefined;
  attempts: number;
  /** For an operation with `cache`, what was found there. */
  found?: CacheFinding;
  /** How long ago the answer was loaded, in milliseconds. */
  ageMs?: number;
}

function finished(
  parts: OperationParts,
  record: CallRecord,
  fate: Fate,
  error: unknown,
  value: unknown,
): WithMeta<unknown> {
  publishFinished(parts, record, fate, error);
  return metaOf(parts, record, fate, value);
}

function metaOf(parts: OperationParts, record: CallRecord, fate: Fate, value: unknown): WithMeta<unknown> {
  const { attempts, requestId, traceId } = record;
  const durationMs = parts.runtime.clock.now() - record.startedAt;
  const provenance = fate === 'degraded' || fate === 'cached' || fate === 'stale' ? fate : 'live';
  return { value, provenance, attempts, durationMs, requestId, traceId };
}

function publishFinished(parts: OperationParts, record: CallRecord, fate: Fate, error: unknown): void {
  if (parts.events.wants('call.finished')) {
    const at = parts.runtime.clock.now();
    const { attempts, requestId, traceId } = record;
    parts.events.publish({
      type: 'call.finished',
      at,
      target: parts.settings.target,
      operation: parts.name,
      fate,
      durationMs: at - record.startedAt,
      attempts,
      overdueMs: Math.max(0, at - record.deadline),
      requestId,
      traceId,
      error,
    });
  }
}

function streamingCall(parts: OperationParts, record: CallRecord, signal: AbortSignal | undefined): StreamingCall {
  const { inTime, inFlight, name: operation } = parts;
  const { attempts, deadline } = record;
  return { target: parts.settings.target, operation, attempts, deadline, signal, inTime, inFlight };
}

/** The fallback's answer, or `undefined` when there is none to give: not asked for, not an outage, or the fallback failed. */
function degrade(parts: OperationParts, input: Input, error: unknown): unknown {
  const { fallback } = parts.definition.options;
  if (fallback === undefined || !isAway(error)) return undefined;
  let value: unknown;
  try {
    value = fallback({ error, input });
  } catch {
    return undefined;
  }
  // The time of the call is up, so a promise is not waited for. The compiler refuses one; this is for who has none.
  if (typeof (value as PromiseLike<unknown> | undefined)?.then === 'function') {
    Promise.resolve(value).catch(() => {});
    return undefined;
  }
  if (parts.events.wants('fallback.used')) {
    const attempts = error instanceof SwitchgearError ? error.attempts : 0;
    parts.events.publish({
      type: 'fallback.used',
      at: parts.runtime.clock.now(),
      target: parts.settings.target,
      operation: parts.name,
      attempt: Math.max(1, attempts),
      error,
    });
  }
  return { provenance: 'degraded', value, error };
}

function deadlineOf(
  parts: OperationParts,
  settings: CallSettings,
  now: number,
  incoming: number | undefined,
  facts: ErrorFacts,
): number {
  const ms = settings.deadlineMs ?? parts.definition.options.deadlineMs ?? parts.settings.deadlineMs;
  if (!Number.isFinite(ms) || ms < 0) {
    throw new InvalidRequestError([`deadlineMs: expected milliseconds, 0 or more, got ${String(ms)}`], facts);
  }
  // Someone else's deadline can only be kept, never made later: that of the request being handled, or of `withDeadline`.
  return Math.min(now + ms, incoming ?? Number.POSITIVE_INFINITY, currentDeadline(parts.runtime));
}

function isIdempotent({ method, options }: OperationDefinition): boolean {
  return options.idempotent ?? (method !== 'POST' && method !== 'PATCH');
}

function keyOf(definition: OperationDefinition, settings: CallSettings, facts: ErrorFacts): string | undefined {
  const given = settings.idempotencyKey;
  if (definition.options.idempotencyKey !== true) {
    if (given === undefined) return undefined;
    throw new InvalidRequestError(['idempotencyKey: this operation sends none'], facts);
  }
  if (given !== undefined && !/^[\x21-\x7e]{1,255}$/.test(given)) {
    throw new InvalidRequestError(['idempotencyKey: expected 1 to 255 visible ASCII characters'], facts);
  }
  return given ?? newId();
}

const none: ReadonlyMap<string, string> = new Map();

function headersOf(
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
