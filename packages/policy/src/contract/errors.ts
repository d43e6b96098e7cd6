import type { RefusalReason, RetryStop } from './events.ts';
import type { Phase, Sent, TimeSpent } from './progress.ts';
import type { Verdict } from './verdict.ts';

export { moreDoubtful, type Phase, type Sent, type TimeSpent } from './progress.ts';

/** Phases that are our own affair, before the target is asked and after it has answered: a timeout there is not its fault. */
const notTheTargets: ReadonlySet<Phase> = new Set<Phase>(['call', 'queue', 'auth', 'decode']);

/** The facts every error of the library carries. Never a header, a body, a query value or a credential. */
export interface ErrorFacts {
  /** @default '' */
  readonly target?: string | undefined;
  /** @default '' */
  readonly operation?: string | undefined;
  /** Attempts begun, this one included. @default 0 */
  readonly attempts?: number | undefined;
  /** @default 'never' */
  readonly sent?: Sent | undefined;
  /** @default 'call' */
  readonly phase?: Phase | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * Recognised across copies of the library (a CommonJS and an ES one, two versions), where `instanceof` on a class would
 * fail: every instance has this property.
 */
const brand = Symbol.for('switchgear.error');

/** Whether a value is an error of this library, made by any copy of it. */
export function isSwitchgearError(value: unknown): value is SwitchgearError {
  return bears(value, brand);
}

/** Anything may have been thrown: what throws on being looked at is none of ours. */
function bears(value: unknown, own: symbol): boolean {
  try {
    return typeof value === 'object' && value !== null && Reflect.get(value, own) === true;
  } catch {
    return false;
  }
}

/** Makes an error without a stack: a refusal says by its code where it comes from, and a stack costs 3 µs. */
export function withoutStack<E extends Error>(make: () => E): E {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** The family of every error the library makes. Tell them apart by `code`, which is stable. */
export abstract class SwitchgearError extends Error {
  /** Stable and documented, one row each in docs/errors.md. */
  abstract readonly code: string;
  readonly target: string;
  readonly operation: string;
  /** Attempts begun, the last one included. */
  readonly attempts: number;
  /** Whether the request may have reached the other side: "may I send it again?" */
  readonly sent: Sent;
  /** How far it got. */
  readonly phase: Phase;
  /** When trying again may help, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Why the call was not sent again; set by the retry policy that gave up. */
  stopped?: RetryStop;
  /** How often it had been sent again by then; set with `stopped`. A retry further out does not add to it. */
  retries?: number;
  /** Where the time of the call went; set by who made the call, if they know. */
  spentMs?: TimeSpent;

  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.target = facts.target ?? '';
    this.operation = facts.operation ?? '';
    this.attempts = facts.attempts ?? 0;
    this.sent = facts.sent ?? 'never';
    this.phase = facts.phase ?? 'call';
    if (facts.retryAfterMs !== undefined) this.retryAfterMs = facts.retryAfterMs;
  }

  override get name(): string {
    return this.constructor.name;
  }

  /** How this failure is judged; `idempotent` says whether the work may be done twice. */
  abstract verdict(idempotent: boolean): Verdict;

  /** In words: what was called, how far it got, why it stopped, what to do. Safe to log. */
  explain(): string {
    const parts = [`${this.#subject()}: ${this.message}.`];
    if (this.attempts > 0) parts.push(`${plural(this.attempts, 'attempt')}, ${sentInWords[this.sent]}.`);
    const spent = this.spentMs === undefined ? undefined : spentInWords(this.spentMs);
    if (spent !== undefined) parts.push(spent);
    if (this.stopped !== undefined) parts.push(`Not sent again: ${stopInWords[this.stopped]}.`);
    if (this.retryAfterMs !== undefined) parts.push(`Trying again may help in ${Math.ceil(this.retryAfterMs)} ms.`);
    return parts.join(' ');
  }

  /** The same facts for a log line. No header, body, query value or credential is ever among them. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, target, operation, attempts, sent, phase, spentMs, retryAfterMs, stopped } = this;
    return { name, code, message, target, operation, attempts, sent, phase, spentMs, retryAfterMs, stopped };
  }

  #subject(): string {
    if (this.operation === '') return this.target === '' ? 'The call' : `A call to ${this.target}`;
    return this.target === '' ? this.operation : `${this.target}.${this.operation}`;
  }
}

// Not enumerable, so that neither JSON nor a comparison of errors sees them.
Object.defineProperties(SwitchgearError.prototype, {
  // `console.log(error)` shows what `toJSON` does, and the stack; not the cause, which may hold what must not be seen.
  [Symbol.for('nodejs.util.inspect.custom')]: {
    value(this: SwitchgearError): string {
      const facts = Object.entries(this.toJSON())
        .filter(([key, value]) => value !== undefined && key !== 'name' && key !== 'message')
        .map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
      return `${this.stack ?? `${this.name}: ${this.message}`} { ${facts.join(', ')} }`;
    },
  },
});

/**
 * Makes `instanceof` go by a brand, so that it holds for what another copy of the library made, too. A subclass keeps
 * the ordinary meaning. For the classes that policies tell apart.
 */
function goesByBrand(errors: { readonly prototype: SwitchgearError }, own: symbol): void {
  Object.defineProperty(errors.prototype, own, { value: true });
  Object.defineProperty(errors, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== errors) return Function.prototype[Symbol.hasInstance].call(this as never, value);
      return bears(value, own);
    },
  });
}

goesByBrand(SwitchgearError, brand);

const sentInWords: Record<Sent, string> = {
  never: 'the request never left this machine',
  maybe: 'the request may have reached the other side',
  answered: 'the other side answered',
};

const phaseInWords: Required<{ readonly [K in keyof TimeSpent]: string }> = {
  call: 'before the first attempt',
  queue: 'for a free connection',
  auth: 'for a token',
  dns: 'for the name to be looked up',
  connect: 'connecting',
  tls: 'securing the connection',
  write: 'sending',
  wait: 'for the answer to begin',
  body: 'for the rest of it',
  decode: 'reading what it says',
  backoff: 'between attempts',
};

/** `Of 800 ms: 410 for a free connection, 390 for the answer to begin.` Nothing where nothing took a millisecond. */
function spentInWords(spent: TimeSpent): string | undefined {
  const each = (Object.keys(phaseInWords) as (keyof TimeSpent)[])
    .map((phase) => ({ phase, ms: Math.round(spent[phase] ?? 0) }))
    .filter(({ ms }) => ms > 0);
  if (each.length === 0) return undefined;
  const total = each.reduce((sum, { ms }) => sum + ms, 0);
  return `Of ${total} ms: ${each.map(({ phase, ms }) => `${ms} ${phaseInWords[phase]}`).join(', ')}.`;
}

const stopInWords: Record<RetryStop, string> = {
  'not-retryable': 'the same request must not be, or would not help to be, repeated',
  'attempts-exhausted': 'all attempts are used',
  'budget-empty': 'the retry budget of this target is empty',
  'deadline-too-near': 'the wait would not fit before the deadline',
  'elapsed-too-long': 'the call has taken as long as its retries may',
  'server-asks-too-long': 'the other side asks for a longer wait than is allowed',
  refused: 'the next attempt was refused before it was sent',
};

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A gate refused: nothing was sent, nothing was spent. */
export abstract class RefusedError extends SwitchgearError {
  readonly reason: RefusalReason;

  constructor(message: string, reason: RefusalReason, facts: ErrorFacts) {
    super(message, facts);
    this.reason = reason;
  }

  /** Not sent again: waiting out a refusal would turn a quick "no" into a slow one, and fill the queue in front of it. */
  override verdict(): Verdict {
    return { kind: 'ignored', retry: 'never' };
  }
}

/** The circuit breaker refuses: the target has been failing. */
export class CircuitOpenError extends RefusedError {
  override readonly code = 'SWITCHGEAR_CIRCUIT_OPEN';
}

/** All places are taken, and so is the queue, or the wait in it was too long. */
export class BulkheadFullError extends RefusedError {
  override readonly code = 'SWITCHGEAR_BULKHEAD_FULL';
}

/** The bulkhead was closed: it takes no more calls. */
export class BulkheadClosedError extends RefusedError {
  override readonly code = 'SWITCHGEAR_BULKHEAD_CLOSED';
}

/** More calls than the rate allows. `retryAfterMs` says when the next one fits. */
export class RateLimitedError extends RefusedError {
  override readonly code = 'SWITCHGEAR_RATE_LIMITED';
}

/** More calls under way than the adaptive limit takes the target to bear. */
export class ConcurrencyLimitedError extends RefusedError {
  override readonly code = 'SWITCHGEAR_CONCURRENCY_LIMITED';
}

/** Shed by chance, in proportion to how many calls the target has been failing. */
export class ShedError extends RefusedError {
  override readonly code = 'SWITCHGEAR_SHED';
}

/** One attempt took longer than `attemptTimeoutMs`. */
export class AttemptTimeoutError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_ATTEMPT_TIMEOUT';

  override verdict(idempotent: boolean): Verdict {
    // An attempt that waited for a connection of ours, or for a token, says nothing about the other side.
    const kind = notTheTargets.has(this.phase) ? 'ignored' : 'failure';
    return { kind, retry: idempotent || this.sent === 'never' ? 'backoff' : 'never' };
  }
}

/** The whole call took longer than it may. */
export class DeadlineExceededError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_DEADLINE_EXCEEDED';

  override verdict(): Verdict {
    return { kind: notTheTargets.has(this.phase) ? 'ignored' : 'failure', retry: 'never' };
  }
}

/** A setting that cannot be, found when the thing was made. */
export class ConfigError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_INVALID_CONFIG';
  /** Where the setting stands, such as `breaker.windowMs`. */
  readonly path: string;
  readonly expected: string;

  constructor(path: string, expected: string, got: unknown) {
    super(`${path}: expected ${expected}, got ${shown(got)}`);
    this.path = path;
    this.expected = expected;
  }

  override verdict(): Verdict {
    return { kind: 'ignored', retry: 'never' };
  }
}

/** Shows a refused value without spilling it: a string may be a secret that was put in the wrong field. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value.length <= 24 ? JSON.stringify(value) : `a string of ${value.length}`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

goesByBrand(RefusedError, Symbol.for('switchgear.error.refused'));
goesByBrand(AttemptTimeoutError, Symbol.for('switchgear.error.attempt-timeout'));
goesByBrand(DeadlineExceededError, Symbol.for('switchgear.error.deadline-exceeded'));
