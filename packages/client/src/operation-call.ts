import {
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
import type { ClientSettings } from './client-options.ts';
import type { InputOf, OperationDefinition, ResultOf } from './contract/operation.ts';
import { ClientClosedError, InvalidRequestError, isAway } from './errors.ts';
import type { ClientEvent, Fate } from './events.ts';
import { fateOf } from './fate.ts';
import type { InFlight } from './in-flight.ts';
import { buildRequest } from './request/build-request.ts';
import { callerHeaders, layered } from './request/headers.ts';
import { newId, newTraceId } from './request/ids.ts';
import { currentIncoming, type Incoming } from './trace/incoming.ts';

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
  /** Sent with this call. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A result, and how it came about. */
export interface WithMeta<T> {
  readonly value: T;
  readonly provenance: 'live' | 'degraded';
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
  readonly tools: AttemptTools;
  /** Sent with every call, by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** Names that a caller may not set. */
  readonly own: ReadonlySet<string>;
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
    attempts: 0,
  };
  inFlight.begin();
  try {
    const value = await send(parts, input, settings, incoming, record);
    const live = definition.options.fallback === undefined ? value : { provenance: 'live', value };
    return finished(parts, record, record.attempts > 1 ? 'ok-retried' : 'ok', undefined, live);
  } catch (error) {
    const cancelled = settings.signal?.aborted === true && error === settings.signal.reason;
    const degraded = cancelled ? undefined : degrade(parts, input, error);
    if (degraded !== undefined) return finished(parts, record, 'degraded', error, degraded);
    finished(parts, record, fateOf(error, cancelled), error, undefined);
    throw error;
  } finally {
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
  const { name, definition, stack, tools, inFlight } = parts;
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
  const built = buildRequest(definition, prefix, input, facts);
  const sending: Sending = {
    // A schema that takes its time takes it out of the call's.
    request: built instanceof Promise ? await parts.inTime.execute(() => built, call) : built,
    headers: headersOf(
      parts,
      settings,
      { 'x-request-id': record.requestId, 'idempotency-key': idempotencyKey, tracestate: incoming?.tracestate },
      facts,
    ),
    traceId: record.traceId,
    traceFlags: incoming?.trace?.flags ?? 1,
  };
  return stack.execute((attempted) => {
    record.attempts = attempted.attempt;
    return attempt(sending, tools, attempted);
  }, call);
}

interface CallRecord {
  readonly startedAt: number;
  deadline: number;
  readonly requestId: string;
  readonly traceId: string;
  attempts: number;
}

function finished(
  parts: OperationParts,
  record: CallRecord,
  fate: Fate,
  error: unknown,
  value: unknown,
): WithMeta<unknown> {
  const at = parts.runtime.clock.now();
  const { attempts, requestId, traceId } = record;
  const durationMs = at - record.startedAt;
  if (parts.events.wants('call.finished')) {
    parts.events.publish({
      type: 'call.finished',
      at,
      target: parts.settings.target,
      operation: parts.name,
      fate,
      durationMs,
      attempts,
      overdueMs: Math.max(0, at - record.deadline),
      requestId,
      traceId,
      error,
    });
  }
  const provenance = fate === 'degraded' ? 'degraded' : 'live';
  return { value, provenance, attempts, durationMs, requestId, traceId };
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

function headersOf(
  parts: OperationParts,
  settings: CallSettings,
  own: Readonly<Record<string, string | undefined>>,
  facts: ErrorFacts,
): string[] {
  const headers =
    settings.headers === undefined
      ? [...parts.headers].flat()
      : layered(parts.headers, callerHeaders(settings.headers, parts.own, facts));
  for (const [name, value] of Object.entries(own)) if (value !== undefined) headers.push(name, value);
  return headers;
}
