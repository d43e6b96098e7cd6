import { type ErrorFacts, SwitchgearError, type Verdict, verdicts } from '@switchgear/policy';
import type { ProblemDetails } from '../classify/problem.ts';

/** What a service answered when it said no. */
export interface ServiceAnswer {
  readonly target: string;
  readonly operation: string;
  readonly attempts: number;
  readonly status: number;
  /** The service's own code for it, from its envelope. */
  readonly serviceCode: string | undefined;
  /** The service's own words, from its envelope. They may name people: for handlers, not for logs. */
  readonly detail: string | undefined;
  /** The problem details that it sent, if it did. */
  readonly problem?: ProblemDetails | undefined;
}

/**
 * The service did its work and the answer is no: no such user, e-mail taken. Extend it and name the class in an
 * operation's `errors`. For the breaker it is a success.
 */
export class DomainError extends SwitchgearError {
  override readonly code: string = 'SWITCHGEAR_DOMAIN_ERROR';
  readonly status: number;
  readonly serviceCode: string | undefined;
  declare readonly detail: string | undefined;
  declare readonly problem: ProblemDetails | undefined;

  constructor(answer: ServiceAnswer) {
    const facts: ErrorFacts = { ...answer, sent: 'answered', phase: 'decode' };
    super(`answered ${answer.status}${answer.serviceCode === undefined ? '' : ` (${answer.serviceCode})`}`, facts);
    this.status = answer.status;
    this.serviceCode = answer.serviceCode;
    // Not enumerable: serialisers and loggers pass it by.
    Object.defineProperty(this, 'detail', { value: answer.detail });
    Object.defineProperty(this, 'problem', { value: answer.problem });
  }

  override verdict(): Verdict {
    return verdicts.success;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), status: this.status, serviceCode: this.serviceCode };
  }
}

/** A class of domain errors, as an operation names it. */
export type DomainErrorClass = new (answer: ServiceAnswer) => DomainError;
