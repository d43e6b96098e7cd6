/** What the standard asks everybody to carry at least. */
const longest = 512;
const mostMembers = 32;

/** `vendor=value`, or `tenant@vendor=value`. */
const member = /^[a-z\d][a-z\d_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * A `tracestate` as it came, or `undefined` for one that is malformed or too long: it is passed on whole or not at all.
 * Source: W3C Trace Context, section 3.3.
 */
export function readTracestate(header: string | undefined): string | undefined {
  if (header === undefined || header.length > longest) return undefined;
  const keys = new Set<string>();
  for (const part of header.split(',')) {
    const text = part.trim();
    if (text === '') continue;
    const key = text.slice(0, text.indexOf('='));
    if (!member.test(text) || keys.has(key) || keys.size === mostMembers) return undefined;
    keys.add(key);
  }
  return keys.size === 0 ? undefined : header;
}
