import type { ErrorFacts, SwitchgearError } from '@switchgear/policy';
import { DomainError, type DomainErrorClass } from '../contract/domain-error.ts';
import type { Unwrapped } from '../contract/envelope.ts';
import { type Again, AuthenticationError, HttpStatusError, RedirectRefusedError, ThrottledError } from '../errors.ts';
import type { ProblemDetails } from './problem.ts';
import { type AnswerHeaders, type Pushback, readPushback } from './pushback.ts';

/** What is known of an answer that is not a success. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** What the envelope said, if there was one. */
  readonly unwrapped: Unwrapped | undefined;
  /** What it says of itself as RFC 9457 has it. */
  readonly problem?: ProblemDetails | undefined;
}

/** What an operation says about statuses. */
export interface StatusRules {
  readonly errors: Readonly<Record<number, DomainErrorClass>> | undefined;
  readonly retryStatuses: readonly number[] | undefined;
  /** What was sent is used up, or has taken effect: it must not be sent a second time, whatever the status says. */
  readonly once?: boolean | undefined;
}

/** Makes the error of an answer outside 2xx: the second half of the failure table. */
export function classifyAnswer(
  answer: Answer,
  rules: StatusRules,
  facts: ErrorFacts,
  wallNow: number,
): SwitchgearError {
  const { status } = answer;
  // Phase `decode`: everything had arrived, and it is the answer itself that says no.
  const answered: ErrorFacts = { ...facts, sent: 'answered', phase: 'decode' };
  const domain = rules.errors !== undefined && Object.hasOwn(rules.errors, status) ? rules.errors[status] : undefined;
  if (domain !== undefined) return domainError(domain, answer, answered);
  // 304 answers a condition that we never made; all others send us elsewhere.
  if (status >= 300 && status < 400 && status !== 304) return new RedirectRefusedError(status, answered);
  if (status === 401) return new AuthenticationError('answered 401: the credentials are not accepted', answered);

  const { problem } = answer;
  const pushback = readPushback(status, answer.headers, wallNow);
  const { retryAfterMs, overloaded } = pushback;
  const again = againAfter(status, rules, pushback, problem);
  const known: ErrorFacts = { ...answered, retryAfterMs };
  if (status === 429 || (status === 503 && (retryAfterMs !== undefined || overloaded || isShortOfCapacity(problem)))) {
    return new ThrottledError(status, known, problem, again);
  }
  return new HttpStatusError(status, again, known, problem);
}

/** What the server says counts for more than what the operation says, and that it is used up for more than both. */
function againAfter(
  status: number,
  { once, retryStatuses }: StatusRules,
  pushback: Pushback,
  problem: ProblemDetails | undefined,
): Again {
  if (once === true) return 'never';
  // Whoever is taken for an attacker does not become less of one by coming back.
  if (pushback.again === false || problem?.type === `${rateLimitProblems}abnormal-usage-detected`) return 'unwanted';
  return pushback.again === true || retryStatuses?.includes(status) === true ? 'asked-for' : 'by-status';
}

/** Source: draft-ietf-httpapi-ratelimit-headers, section 5. */
const rateLimitProblems = 'https://iana.org/assignments/http-problem-types#';

function isShortOfCapacity(problem: ProblemDetails | undefined): boolean {
  const type = problem?.type;
  return type === `${rateLimitProblems}quota-exceeded` || type === `${rateLimitProblems}temporary-reduced-capacity`;
}

/** The domain error of an operation, told what the service said. */
export function domainError(DomainErrorOf: DomainErrorClass, answer: Answer, facts: ErrorFacts): DomainError {
  const { unwrapped } = answer;
  const refusal = unwrapped !== undefined && !unwrapped.ok ? unwrapped : undefined;
  return new DomainErrorOf({
    target: facts.target ?? '',
    operation: facts.operation ?? '',
    attempts: facts.attempts ?? 0,
    status: answer.status,
    // A code is a word. A text of some length in its place is not one, and may be anything.
    serviceCode: refusal?.code !== undefined && /^[\w.:-]{1,64}$/.test(refusal.code) ? refusal.code : undefined,
    detail: refusal?.message ?? answer.problem?.detail,
    problem: answer.problem,
  });
}

/** The error of an envelope that says no in a 2xx answer. */
export function refusedInEnvelope(answer: Answer, facts: ErrorFacts): DomainError {
  return domainError(DomainError, answer, facts);
}
