import {
  type BreakerOptions,
  type BulkheadOptions,
  type Call,
  type Classify,
  classifyOutcome,
  currentDeadline,
  deadline,
  type Registry,
  type RegistryOptions,
  type RetryBudgetOptions,
  type RetryOptions,
  type Runtime,
  registry,
  type Standard,
  standard,
  standardDefaults,
  systemRuntime,
  type Verdict,
  verdicts,
} from '@switchgear/policy';
import {
  type Check,
  type Checks,
  flag,
  made,
  milliseconds,
  number,
  readOptions,
  text,
} from '@switchgear/policy/options';
import { classifyAnswer, type StatusRules } from '../../classify/answer.ts';
import { headerProblem } from '../../request/headers.ts';
import { isRepeatable } from '../../request/repeatable.ts';
import { Upload } from '../../request/upload.ts';
import { DeadlineHeader } from '../../trace/deadline-header.ts';
import { DispatchedAttempt } from './dispatched-attempt.ts';
import { replayableBody } from './dispatched-body.ts';
import { hasHeader } from './dispatched-headers.ts';
import type { Dispatch, DispatchHandler, DispatchOptions } from './dispatching.ts';
import { type KnownRequest, type RequestTools, ResilientRequest } from './resilient-request.ts';

/** Settings of the stack that each origin gets. */
export interface ResilienceOptions {
  /**
   * The whole request, in milliseconds: queueing, connecting, every attempt and wait, and the body of the answer. What
   * surrounds the request (`withDeadline`) can only shorten it. @default 3_000
   */
  readonly deadlineMs?: number;
  /** One attempt until its answer begins, in milliseconds; at most `deadlineMs`. @default 1_000 */
  readonly attemptTimeoutMs?: number;
  /** When and how often to send again. @default the defaults of retry */
  readonly retry?: Omit<RetryOptions, 'budget' | 'classify' | 'dispose'>;
  /** How much retries may add to the load of an origin. @default the defaults of retryBudget */
  readonly budget?: RetryBudgetOptions;
  /** When to stop asking an origin that fails. @default the defaults of breaker */
  readonly breaker?: Omit<BreakerOptions, 'name' | 'classify'>;
  /** How many requests to one origin may be under way. @default the defaults of bulkhead */
  readonly bulkhead?: Omit<BulkheadOptions, 'name' | 'classify'>;
  /** How many origins are known at a time, and for how long. @default the defaults of registry */
  readonly registry?: RegistryOptions;
  /** The header that tells an origin how many milliseconds are left, such as `x-request-deadline-ms`. @default none */
  readonly deadlineHeader?: string;
  /** What an origin is told less than there is, in milliseconds, from 1 to 60_000 and at most a tenth of it. @default 10 */
  readonly deadlineMarginMs?: number;
}

/** What `resilience()` takes when it is told nothing. */
export const resilienceDefaults: Required<
  Pick<ResilienceOptions, 'deadlineMs' | 'attemptTimeoutMs' | 'deadlineMarginMs'>
> = Object.freeze({
  deadlineMs: standardDefaults.deadlineMs,
  attemptTimeoutMs: standardDefaults.attemptTimeoutMs,
  deadlineMarginMs: 10,
});

/** What is said of one request. */
export interface RequestSettings {
  /** What is asked for, in errors and events: a word or a template, never a URL. @default '_other' */
  readonly operation?: string | undefined;
  /** In milliseconds; it can only be nearer than that of the interceptor. @default that of the interceptor */
  readonly deadlineMs?: number | undefined;
  /** Whether it may be done twice. @default by method, and true with an `Idempotency-Key` */
  readonly idempotent?: boolean | undefined;
}

/** An interceptor for `compose`, and the stacks that it keeps. */
export interface Resilience {
  /** To the compiler, any undici's `dispatch` stays what it is. */
  <D extends (options: never, handler: never) => boolean>(dispatch: D): D;
  /** A stack per origin, to look at. */
  readonly stacks: Registry<Standard>;
}

const headerName: Check<string> = {
  expected: 'the name of a header',
  ok: (value): value is string => typeof value === 'string' && headerProblem(value, '0') === undefined,
};

const optionsOf = made<never>('an object of options');

const checks: Checks<ResilienceOptions> = {
  deadlineMs: milliseconds(),
  attemptTimeoutMs: milliseconds(),
  retry: optionsOf,
  budget: optionsOf,
  breaker: optionsOf,
  bulkhead: optionsOf,
  registry: optionsOf,
  deadlineHeader: headerName,
  deadlineMarginMs: number(1, 60_000),
};

const requestChecks: Checks<RequestSettings> = {
  operation: text,
  deadlineMs: milliseconds('zero-allowed'),
  idempotent: flag,
};

/**
 * An interceptor that makes a dispatcher of undici survive, 7.30 or 8: `new Agent().compose(resilience())`. Each origin
 * has a stack of its own: a deadline, a bulkhead, retries within a budget, a breaker, an attempt timeout.
 *
 * A request is sent again by what was sent: one that never left always, one that may have arrived only if it may be done
 * twice, a stream that was begun never. Once an answer has begun to be handed on, nothing is sent again. A failure is told
 * in undici's own words; ours are for what we decided: out of time, or refused.
 * @throws ConfigError if an option is wrong or unknown, or settings contradict each other.
 */
export function resilience(options: ResilienceOptions = {}, runtime: Runtime = systemRuntime): Resilience {
  const read = readOptions('resilience', options, checks, resilienceDefaults);
  const { registry: kept = {}, deadlineHeader, deadlineMarginMs, ...ofStack } = read;
  // Without a prototype, as `read` is: what is left out must not be found on a polluted `Object.prototype`.
  const settings: typeof ofStack = Object.assign(Object.create(null), ofStack);
  const { clock } = runtime;
  const stackOf = (origin: string): Standard =>
    standard(
      { ...settings, retry: { ...settings.retry, dispose: drop }, classify: judgeWith(runtime), name: origin },
      runtime,
    );
  // Settings that cannot be are told now, and not with the first request.
  stackOf('');
  const stacks = registry(stackOf, kept, runtime);
  const tools: RequestTools = {
    stacks,
    inTime: deadline({ deadlineMs: Number.POSITIVE_INFINITY }, runtime),
    deadlineHeader: deadlineHeader === undefined ? undefined : new DeadlineHeader(deadlineHeader, deadlineMarginMs),
    now: () => clock.now(),
  };

  const over = (dispatch: Dispatch): Dispatch => {
    return (given, handler) => {
      if (passesBy(given, handler)) return dispatch(given, handler);
      let request: KnownRequest;
      try {
        request = knownRequest(given, settings.deadlineMs, runtime);
      } catch (error) {
        handler.onResponseError?.(undefined as never, error as Error);
        return false;
      }
      new ResilientRequest(request, dispatch, handler, tools).begin();
      return true;
    };
  };
  return Object.assign(over as unknown as <D>(dispatch: D) => D, { stacks });
}

/**
 * What is said of one request, in the form in which it goes into the options of undici's `request`, `stream` or
 * `dispatch`: `request(url, { dispatcher, ...requestSettings({ operation: 'getUser' }) })`.
 */
export function requestSettings(settings: RequestSettings): { readonly switchgear: RequestSettings } {
  return { switchgear: settings };
}

/** A tunnel, a switch of protocols: there is no answer to wait for. Nor can a handler of another undici be spoken to. */
function passesBy({ method, upgrade }: DispatchOptions, handler: DispatchHandler): boolean {
  const isOfOlderKind = handler.onRequestStart === undefined && Reflect.get(handler, 'onConnect') !== undefined;
  return method === 'CONNECT' || (upgrade !== undefined && upgrade !== null && upgrade !== false) || isOfOlderKind;
}

function knownRequest(options: DispatchOptions, deadlineMs: number, runtime: Runtime): KnownRequest {
  const origin = originOf(options.origin);
  const said = Object.hasOwn(options, 'switchgear') ? Reflect.get(options, 'switchgear') : undefined;
  const own = readOptions<RequestSettings, object>('dispatch.switchgear', said ?? {}, requestChecks, {});
  const body = replayableBody(options.body);
  const dueAt = runtime.clock.now() + Math.min(deadlineMs, own.deadlineMs ?? deadlineMs);
  const call = {
    target: origin,
    operation: own.operation ?? '_other',
    deadline: Math.min(dueAt, currentDeadline(runtime)),
    // A stream that can be sent once makes the request one.
    idempotent: !(body instanceof Upload) && (own.idempotent ?? mayRepeat(options)),
  };
  return { options, origin, body, call };
}

function mayRepeat({ method, headers }: DispatchOptions): boolean {
  return isRepeatable(method) || hasHeader(headers, 'idempotency-key');
}

/** A pool of one origin need not say it. */
function originOf(given: string | URL | undefined): string {
  return URL.parse(String(given))?.origin ?? '';
}

function drop(value: unknown): void {
  if (value instanceof DispatchedAttempt) value.drop(new Error('sent again'));
}

/** An answer is judged by its status, a failure as what it is. */
function judgeWith({ clock }: Runtime): Classify {
  return (outcome, call): Verdict =>
    outcome.ok && outcome.value instanceof DispatchedAttempt
      ? verdictOf(outcome.value, call, clock.wallNow())
      : classifyOutcome(outcome, call);
}

const noRules: StatusRules = { errors: undefined, retryStatuses: undefined };

function verdictOf({ status, headers, spent }: DispatchedAttempt, call: Call, wallNow: number): Verdict {
  if (status < 300) return verdicts.success;
  const answer = { status, headers, unwrapped: undefined };
  const verdict = classifyAnswer(answer, noRules, {}, wallNow).verdict(call.idempotent);
  return spent ? { ...verdict, retry: 'never' } : verdict;
}
