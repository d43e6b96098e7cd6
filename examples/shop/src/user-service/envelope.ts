/** What is wrong with one field of a request. Never holds the field's value. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly FieldProblem[];
}

/** Every answer but those of the token endpoint, which RFC 6749 prescribes, has this shape. */
export type Envelope<T> =
  | { readonly success: true; readonly data: T; readonly error: null }
  | { readonly success: false; readonly data: null; readonly error: ErrorBody };

export function succeeded<T>(data: T): Envelope<T> {
  return { success: true, data, error: null };
}

export function failed(error: ErrorBody): Envelope<never> {
  return { success: false, data: null, error };
}
