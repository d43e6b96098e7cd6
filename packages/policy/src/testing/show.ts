const deepest = 2;
const longestText = 80;

/** A value in a few words, for the message of a failed expectation. */
export function show(value: unknown, depth = 0): string {
  if (typeof value === 'string') return JSON.stringify(cut(value));
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (value instanceof Error) return `${value.name}: ${cut(value.message)}`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) {
    return depth === deepest ? '[...]' : `[${value.map((item) => show(item, depth + 1)).join(', ')}]`;
  }
  if (!isPlain(value)) return `a ${value.constructor?.name ?? 'thing'}`;
  return showFields(value, Object.keys(value), depth);
}

/** The named fields of an object, as an object. */
export function showFields(value: object, names: readonly string[], depth = 0): string {
  if (names.length === 0) return '{}';
  if (depth === deepest) return '{...}';
  return `{ ${names.map((name) => `${name}: ${show(Reflect.get(value, name), depth + 1)}`).join(', ')} }`;
}

/** Whether an object is a bag of fields, which may be compared and shown field by field. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)}...`;
}
