import { isSwitchgearError } from '@switchgear/policy';
import { type Language, type ProblemKind, text } from './messages.ts';

/** One field of a request that is not as it should be. Never holds the field's value. */
export interface FieldProblem {
  readonly field: string;
  /** In the reader's language. */
  readonly detail: string;
}

export interface ProblemParts {
  readonly kind: ProblemKind;
  readonly status: number;
  readonly fields?: readonly FieldProblem[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The members of RFC 9457, and two of ours: `code` to switch on, `errors` to mend a form by. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly errors?: readonly FieldProblem[];
}

/** An answer that is an error, written for the caller. Its cause is for the log and is never shown. */
export class ProblemError extends Error {
  override readonly name: string = 'ProblemError';
  readonly kind: ProblemKind;
  readonly status: number;
  readonly fields: readonly FieldProblem[];
  readonly headers: Readonly<Record<string, string>>;

  constructor({ kind, status, fields = [], headers = {}, cause }: ProblemParts) {
    super(text(`${kind}.title`, 'en'), cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.status = status;
    this.fields = fields;
    this.headers = headers;
  }

  body(language: Language): ProblemBody {
    const { kind, status, fields } = this;
    return {
      type: `urn:problem-type:order-service:${kind}`,
      title: text(`${kind}.title`, language),
      status,
      detail: text(`${kind}.detail`, language),
      code: kind.replaceAll('-', '_').toUpperCase(),
      ...(fields.length > 0 && { errors: fields }),
    };
  }
}

/** The order cannot be placed as it is, and sending it again will not change that. */
export class InvalidOrderError extends ProblemError {
  override readonly name = 'InvalidOrderError';

  constructor(kind: 'unknown-user' | 'suspended-user' | 'total-too-large' | 'idempotency-key-reused', cause?: unknown) {
    super({ kind, status: 422, cause });
  }
}

/** The order could not be placed now, nothing was stored, and the same request may be sent again. */
export class TemporaryOrderError extends ProblemError {
  override readonly name = 'TemporaryOrderError';

  /** @param cause why the user could not be had; its `retryAfterMs` becomes `Retry-After`. */
  constructor(cause: unknown) {
    const hintMs = isSwitchgearError(cause) ? cause.retryAfterMs : undefined;
    super({
      kind: 'user-service-away',
      status: 503,
      headers: { 'retry-after': String(retryAfterSeconds(hintMs)) },
      cause,
    });
  }
}

/** Whole seconds, never early and never zero: a caller told to come back in 0 s comes back in a loop. */
export function retryAfterSeconds(retryAfterMs: number | undefined): number {
  return Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1_000));
}
