import type { z } from 'zod';
import { type FieldProblem, ProblemError } from './errors.ts';
import { isMessageKey, type Language, type MessageKey, text } from './messages.ts';

/** More would not help whoever mends a form, and a hostile body could ask for thousands. */
const PROBLEMS_SHOWN = 20;

/** Names the sentence that a rule of a schema is told in: `z.int(says('field.user-id'))`. */
export function says(key: MessageKey): { readonly error: MessageKey } {
  return { error: key };
}

/**
 * What a schema makes of `value`.
 * @param root what the whole value is called, for problems that belong to no single field.
 * @throws ProblemError 400 with the fields concerned, in the reader's language.
 */
export function parsed<S extends z.ZodType>(schema: S, value: unknown, root: string, language: Language): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = result.error.issues.flatMap((issue): readonly FieldProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        field: [...issue.path, key].join('.').slice(0, 100),
        detail: text('field.unknown', language),
      }));
    }
    const field = issue.path.length === 0 ? root : issue.path.join('.');
    return [{ field, detail: isMessageKey(issue.message) ? text(issue.message, language) : issue.message }];
  });
  throw new ProblemError({ kind: 'invalid-request', status: 400, fields: fields.slice(0, PROBLEMS_SHOWN) });
}
