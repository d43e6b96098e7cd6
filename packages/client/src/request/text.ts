/** A text that stands for itself alone: half of a surrogate pair would be sent as another character than was given. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

/** The values of one name: `undefined` none, an array several. Whatever is no text, number or flag is left to the caller. */
export function* valuesOf(value: unknown): Generator<unknown> {
  for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined && each !== null) yield each;
}

/** A value as text, or `undefined` when it is none: an object would be sent as `[object Object]`. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return isText(value) ? value : undefined;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return undefined;
}
