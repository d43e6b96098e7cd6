/** What the standard asks everybody to carry; no more is carried here. */
const longestBytes = 8_192;
const mostMembers = 64;

const token = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/;
const octets = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/**
 * A `baggage` as it came, or `undefined` for one that is malformed or beyond the limits. Never a part of one: somebody
 * who reads it could not tell what was left out.
 * Source: W3C Baggage, sections 3.2 and 3.3.
 */
export function readBaggage(header: string | undefined): string | undefined {
  if (header === undefined || header === '' || header.length > longestBytes) return undefined;
  const members = header.split(',');
  return members.length <= mostMembers && members.every(isMember) ? header : undefined;
}

/** `key=value;property;property=value`, with blanks around each of the signs. */
function isMember(text: string): boolean {
  const [pair = '', ...properties] = text.split(';');
  return pair.includes('=') && isPair(pair) && properties.every(isPair);
}

function isPair(text: string): boolean {
  const at = text.indexOf('=');
  if (at < 0) return token.test(trimmed(text));
  return token.test(trimmed(text.slice(0, at))) && octets.test(trimmed(text.slice(at + 1)));
}

/** Of blanks and tabs alone: of the spaces that Unicode has, none belongs here. */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
