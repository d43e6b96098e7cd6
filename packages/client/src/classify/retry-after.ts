/** The longest wish that is read at all, in milliseconds: a day. Anything above says "go away", and is kept as that. */
export const longestWishMs = 86_400_000;

/**
 * Reads a `Retry-After` header, in both its forms.
 * Source: RFC 9110, section 10.2.3.
 * @param wallNow Milliseconds since 1970, for the date form.
 * @returns Milliseconds from now, 0 for a moment that has passed, `undefined` for what is neither form.
 */
export function readRetryAfter(header: string | string[] | undefined, wallNow: number): number | undefined {
  if (typeof header !== 'string' || header.length > 40) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, longestWishMs);
  // A date begins with the name of a day; `Date.parse` alone would take "1e9" or "-5" for a year.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - wallNow), longestWishMs);
}
