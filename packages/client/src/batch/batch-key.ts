/**
 * What tells one thing of a service from the others. Keys are compared as the text they are sent as: 42 and '42' are one,
 * as they would be in a path.
 */
export type BatchKey = string | number | bigint;

/** A key as the text it is compared by; `undefined` for what is no key. */
export function keyText(key: unknown): string | undefined {
  if (typeof key === 'string') return key;
  const countable = typeof key === 'bigint' || (typeof key === 'number' && Number.isFinite(key));
  return countable ? String(key) : undefined;
}
