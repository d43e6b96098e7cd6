/**
 * What a terminal, a log file or an editor acts upon instead of showing it: control characters, line and paragraph
 * separators, and those that turn the direction of writing. In a log they make one line look like another.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const deceptive = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The longest text of a line. What other sides say may be of any length. */
const longest = 1_000;

/** A text that is shown on one line, as it is: whatever would not be is written out, and what is too long is cut off. */
export function oneLine(text: string): string {
  const short = text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
  return short.replaceAll(deceptive, (char) => `\\u${(char.codePointAt(0) as number).toString(16).padStart(4, '0')}`);
}

/** The same for all texts of some facts; numbers are rounded to what a person reads. Without what is `undefined`. */
export function readable(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(facts)) if (value !== undefined) shown[name] = shownValue(value);
  return shown;
}

function shownValue(value: unknown): unknown {
  if (typeof value === 'string') return oneLine(value);
  if (typeof value === 'number') return Math.round(value * 1_000) / 1_000;
  if (Array.isArray(value)) return value.slice(0, 20).map(shownValue);
  if (typeof value === 'object' && value !== null) return readable(value as Record<string, unknown>);
  return value;
}
