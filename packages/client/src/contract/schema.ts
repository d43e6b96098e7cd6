import type { StandardSchemaV1 } from '@standard-schema/spec';

/** Any schema of zod, valibot, arktype or another library that speaks Standard Schema. */
export type Schema = StandardSchemaV1;

/** Whether a value is a Standard Schema. Some of them are functions. */
export function isSchema(value: unknown): value is Schema {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { '~standard'?: { validate?: unknown } })['~standard']?.validate === 'function'
  );
}

/** What a schema made of a value: the value it let through, or where it objects. */
export type Checked =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: string[] };

/**
 * Runs a schema. The issues name places, such as `address.city: expected string`, at most five of them; the texts are
 * the schema library's own, which do not repeat the value.
 */
export function check(schema: Schema, value: unknown): Checked | Promise<Checked> {
  try {
    const result = schema['~standard'].validate(value);
    // Most schemas answer at once, and a call that need not wait does not.
    return isThenable(result) ? Promise.resolve(result).then(read, failed) : read(result);
  } catch {
    return failed();
  }
}

type Result = Awaited<ReturnType<Schema['~standard']['validate']>>;

function read(result: Result): Checked {
  if (result.issues === undefined) return { ok: true, value: result.value };
  const issues = result.issues.slice(0, 5).map((issue) => {
    const path = (issue.path ?? []).slice(0, 8).map((part) => shown(typeof part === 'object' ? part.key : part, 64));
    return path.length === 0 ? shown(issue.message, 200) : `${path.join('.')}: ${shown(issue.message, 200)}`;
  });
  return { ok: false, issues };
}

/** A part of a path may be a key that the other side chose: it gets one line, and not a long one. */
function shown(part: unknown, longest: number): string {
  const text = String(part).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

function isThenable(value: unknown): value is PromiseLike<Result> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** What a refinement threw may quote the value, so only the fact is told. */
function failed(): Checked {
  return { ok: false, issues: ['the schema itself failed'] };
}
