import type { z } from 'zod';
import { type Envelope, type ErrorBody, type FieldProblem, failed } from './envelope.ts';

export interface ApiErrorParts extends ErrorBody {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is an error. Its message is written for the caller and holds nothing the caller sent. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly details: readonly FieldProblem[] | undefined;

  constructor({ status, code, message, details, headers = {} }: ApiErrorParts) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.details = details;
  }

  get envelope(): Envelope<never> {
    const { code, message, details } = this;
    return failed({ code, message, ...(details !== undefined && { details }) });
  }
}

export function badRequest(details: readonly FieldProblem[]): ApiError {
  return new ApiError({ status: 400, code: 'INVALID_REQUEST', message: 'the request is not valid', details });
}

export function userNotFound(): ApiError {
  return new ApiError({ status: 404, code: 'USER_NOT_FOUND', message: 'there is no user with this id' });
}

export function emailTaken(): ApiError {
  return new ApiError({ status: 409, code: 'EMAIL_TAKEN', message: 'another user has this e-mail address' });
}

/** RFC 6750: the header tells a client that a new token, and nothing else, would help. */
export function invalidToken(description: string): ApiError {
  return new ApiError({
    status: 401,
    code: 'INVALID_TOKEN',
    message: description,
    headers: { 'www-authenticate': `Bearer error="invalid_token", error_description="${description}"` },
  });
}

export function deadlineExceeded(): ApiError {
  return new ApiError({
    status: 504,
    code: 'DEADLINE_EXCEEDED',
    message: 'the deadline of this request has passed',
  });
}

/**
 * What a schema makes of `value`.
 * @param root what the whole value is called, for problems that belong to no single field.
 * @throws ApiError 400 with one detail per problem.
 */
export function parsed<S extends z.ZodType>(schema: S, value: unknown, root: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw badRequest(
    result.error.issues.map((issue) => ({
      field: issue.path.length === 0 ? root : issue.path.join('.'),
      message: issue.message,
    })),
  );
}
