import { type ErrorFacts, RefusedError, SwitchgearError, type Verdict, verdicts } from '@switchgear/policy';
import { type ProblemDetails, problemKind } from './classify/problem.ts';

// Each class is a row, or a few, of the failure table: its verdict says what the breaker hears and whether the same
// request may be sent again. The table is applied where the error is made, and nowhere else.

/**
 * Whether a status may be tried again: by what it says in general, because the operation or the server asks for it, not
 * since the server asks not to be asked again, or never, since what was sent cannot be sent a second time.
 */
export type Again = 'by-status' | 'asked-for' | 'unwanted' | 'never';

function asksWhat(again: Again): string {
  return again === 'unwanted' ? ', and asks not to be asked again' : '';
}

/** Not enumerable: serialisers and loggers pass it by. */
function describe(error: SwitchgearError, problem: ProblemDetails | undefined): void {
  Object.defineProperty(error, 'problem', { value: problem });
}

function titled(problem: ProblemDetails | undefined): string {
  return problem?.title === undefined ? '' : `: ${problem.title}`;
}

function shownOf(problem: ProblemDetails | undefined): Record<string, unknown> | undefined {
  return problem === undefined ? undefined : { problem: problemKind(problem), title: problem.title };
}

/** The call was asked for wrongly: nothing was sent. */
export class InvalidRequestError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_INVALID_REQUEST';
  /** What is wrong with the input, by place. */
  readonly issues: readonly string[];

  constructor(issues: readonly string[], facts: ErrorFacts) {
    super(`the request is invalid: ${issues.join('; ')}`, facts);
    this.issues = issues;
  }

  override verdict(): Verdict {
    return verdicts.ignored;
  }
}

/** A hook of an interceptor failed before anything was sent: the call, or the attempt, is not made without it. */
export class InterceptorError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_INTERCEPTOR_FAILED';
  /** The name of the interceptor. */
  readonly interceptor: string;
  readonly hook: 'beforeCall' | 'beforeAttempt';

  constructor(interceptor: string, hook: 'beforeCall' | 'beforeAttempt', facts: ErrorFacts) {
    super(`${hook} of the interceptor ${interceptor} failed`, facts);
    this.interceptor = interceptor;
    this.hook = hook;
  }

  override verdict(): Verdict {
    return verdicts.ignored;
  }
}

/** The client has been closed: before the call began, or before it had ended. */
export class ClientClosedError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_CLIENT_CLOSED';

  override verdict(): Verdict {
    return verdicts.ignored;
  }
}

/** The name of the target could not be resolved. */
export class DnsError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_DNS_FAILED';
  /** Node's code, such as ENOTFOUND. */
  readonly reason: string;
  /** Whether another host of the service is left to ask, and so no reason to wait. */
  elsewhere = false;

  constructor(message: string, reason: string, facts: ErrorFacts) {
    super(message, facts);
    this.reason = reason;
  }

  override verdict(): Verdict {
    if (this.elsewhere) return { kind: this.reason === 'ENOTFOUND' ? 'failure' : 'ignored', retry: 'now' };
    // An unknown name is nearly always a wrong setting, so once more is enough; EAI_AGAIN is the one that passes.
    if (this.reason !== 'ENOTFOUND') return { kind: 'ignored', retry: 'backoff' };
    return { kind: 'failure', retry: this.attempts > 1 ? 'never' : 'backoff' };
  }
}

/** No connection: refused, unreachable, or not made in time. The request never left. */
export class ConnectError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_CONNECT_FAILED';
  /** Whether another host of the service is left to ask, and so no reason to wait. */
  elsewhere = false;

  override verdict(): Verdict {
    return this.elsewhere ? { kind: 'failure', retry: 'now' } : verdicts.failure;
  }
}

/** The name led to an address that the client's `egress` does not let it connect to. Nothing was written there. */
export class EgressRefusedError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_EGRESS_REFUSED';

  override verdict(): Verdict {
    return verdicts.ignored;
  }
}

/** The other side is not who it should be. Never sent again: it will not become so. */
export class TlsError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_TLS_FAILED';

  override verdict(): Verdict {
    return verdicts.ignored;
  }
}

/** The connection was lost after the request had begun to be sent. */
export class ConnectionLostError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_CONNECTION_LOST';
  /** Whether the connection had served before and gave no byte of an answer: the other side was closing it just then. */
  readonly stale: boolean;

  constructor(message: string, stale: boolean, facts: ErrorFacts) {
    super(message, facts);
    this.stale = stale;
  }

  override verdict(idempotent: boolean): Verdict {
    // Two timers crossed, and nobody is sick: once, it is sent again at once over a new connection.
    if (this.stale && this.attempts <= 1) return { kind: 'ignored', retry: idempotent ? 'now' : 'never' };
    return idempotent ? verdicts.failure : verdicts.failureForGood;
  }
}

/** The other side answered with a status that no `errors` entry of the operation names. */
export class HttpStatusError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_HTTP_STATUS';
  readonly status: number;
  /** The problem that the answer describes. */
  declare readonly problem: ProblemDetails | undefined;
  readonly #again: Again;

  constructor(status: number, again: Again, facts: ErrorFacts, problem?: ProblemDetails) {
    super(`answered ${status}${asksWhat(again)}${titled(problem)}`, { ...facts, sent: 'answered' });
    this.status = status;
    this.#again = again;
    describe(this, problem);
  }

  override verdict(idempotent: boolean): Verdict {
    const { kind, again } = this.#judge(idempotent);
    const retry = again && this.#again !== 'never' && this.#again !== 'unwanted' ? 'backoff' : 'never';
    return this.retryAfterMs === undefined ? { kind, retry } : { kind, retry, retryAfterMs: this.retryAfterMs };
  }

  #judge(idempotent: boolean): { readonly kind: Verdict['kind']; readonly again: boolean } {
    const { status } = this;
    // Misdirected: the server says that it did nothing, and another connection may lead elsewhere.
    if (status === 421) return { kind: 'ignored', again: true };
    if (status === 408 || status === 425) return { kind: 'ignored', again: idempotent };
    if (status < 500) return { kind: 'success', again: idempotent && this.#again === 'asked-for' };
    if (status === 501 || status === 505 || status === 508 || status === 511) return { kind: 'ignored', again: false };
    const passing = status === 502 || status === 503 || status === 504;
    return { kind: 'failure', again: idempotent && (passing || this.#again === 'asked-for') };
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), status: this.status, ...shownOf(this.problem) };
  }
}

/** The other side asks for less: 429, or 503 with Retry-After. Not sickness, so the breaker does not count it. */
export class ThrottledError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_THROTTLED';
  readonly status: number;
  /** The problem that the answer describes. */
  declare readonly problem: ProblemDetails | undefined;
  readonly #again: Again;

  constructor(status: number, facts: ErrorFacts, problem?: ProblemDetails, again: Again = 'by-status') {
    super(`answered ${status}: asks for less${asksWhat(again)}${titled(problem)}`, { ...facts, sent: 'answered' });
    this.status = status;
    this.#again = again;
    describe(this, problem);
  }

  override verdict(idempotent: boolean): Verdict {
    const retry = idempotent && this.#again !== 'never' && this.#again !== 'unwanted' ? 'backoff' : 'never';
    const { retryAfterMs } = this;
    return retryAfterMs === undefined ? { kind: 'throttled', retry } : { kind: 'throttled', retry, retryAfterMs };
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), status: this.status, ...shownOf(this.problem) };
  }
}

/**
 * The other side sent us elsewhere. A redirect carries credentials and bodies to where it points, so none is followed
 * unless that was asked for, and then only to the same origin.
 */
export class RedirectRefusedError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_REDIRECT_REFUSED';
  readonly status: number;

  constructor(status: number, facts: ErrorFacts, why = '') {
    super(`answered ${status}, a redirect, which is not followed${why === '' ? '' : `: ${why}`}`, {
      ...facts,
      sent: 'answered',
    });
    this.status = status;
  }

  override verdict(): Verdict {
    return verdicts.success;
  }
}

/** The answer is not what the contract says: no JSON, another shape, no envelope. */
export class InvalidResponseError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_INVALID_RESPONSE';
  readonly status: number;
  /** Where the answer differs from the contract. */
  readonly issues: readonly string[];

  constructor(status: number, issues: readonly string[], facts: ErrorFacts) {
    super(`the answer does not hold to the contract: ${issues.join('; ')}`, {
      ...facts,
      sent: 'answered',
      phase: 'decode',
    });
    this.status = status;
    this.issues = issues;
  }

  override verdict(): Verdict {
    return verdicts.ignored;
  }
}

/** The answer is larger than `maxBodyBytes`, decoded, or wrapped in too many encodings. */
export class ResponseTooLargeError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_RESPONSE_TOO_LARGE';

  constructor(message: string, facts: ErrorFacts) {
    super(message, { ...facts, sent: 'answered' });
  }

  override verdict(): Verdict {
    return verdicts.ignored;
  }
}

/** The credentials were refused: by the token server, or with 401 although the token was new. */
export class AuthenticationError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_AUTHENTICATION_FAILED';
  /** Why, in a word: what the token server calls it, such as `invalid_grant`, or one of ours, such as `refused`. */
  readonly reason: string;

  /** @param reason Shown in logs: a word, and never a secret. */
  constructor(message: string, facts: ErrorFacts = {}, reason = 'refused') {
    super(message, facts);
    this.reason = reason;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), reason: this.reason };
  }

  override verdict(): Verdict {
    return verdicts.ignored;
  }
}

/** The token server could not be asked. The request never left, so it may be sent again. */
export class TokenUnavailableError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_TOKEN_UNAVAILABLE';

  override verdict(): Verdict {
    const { retryAfterMs } = this;
    // A token server that is not to be trusted does not become so by being asked again.
    for (let at: unknown = this, depth = 0; at instanceof Error && depth < 4; depth++, at = at.cause) {
      if (at instanceof TlsError) return verdicts.ignored;
    }
    // Not before the cool-down is over: an earlier retry would hear the same failure again, and spend the budget on it.
    return retryAfterMs === undefined
      ? { kind: 'ignored', retry: 'backoff' }
      : { kind: 'ignored', retry: 'backoff', retryAfterMs };
  }
}

/** Whether an error says that the service could not be had, as opposed to an answer of it, or a fault of ours. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof SwitchgearError)) return false;
  if (error instanceof RefusedError || error instanceof TokenUnavailableError) return true;
  if (error instanceof DnsError || error instanceof ConnectionLostError) return true;
  if (error.code === 'SWITCHGEAR_DEADLINE_EXCEEDED' || error.code === 'SWITCHGEAR_ATTEMPT_TIMEOUT') return true;
  const { kind } = error.verdict(true);
  return kind === 'failure' || kind === 'throttled';
}
