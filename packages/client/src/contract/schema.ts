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
    return result instanceof Promise ? result.then(read, failed) : read(result);
  } catch {
    return failed();
  }
}

type Result = Awaited<ReturnType<Schema['~standard']['validate']>>;

function read(result: Result): Checked {
  if (result.issues === undefined) return { ok: true, value: result.value };
  const issues = result.issues.slice(0, 5).map((issue) => {
    const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  });
  return { ok: false, issues };
}

/** What a refinement threw may quote the value, so only the fact is told. */
function failed(): Checked {
  return { ok: false, issues: ['the schema itself failed'] };
}
