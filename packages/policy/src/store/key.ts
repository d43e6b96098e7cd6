import { createHash } from 'node:crypto';

/** Above the length of what hashing makes of a longer key, so that no key can be written to look like another's hash. */
const longestPlain = 64;

/**
 * The key under which state is kept: itself, or its hash where it is long, so that whoever chooses keys chooses how many,
 * and not how large. Hashed as UTF-16, which is what a string is; UTF-8 would make all lone surrogates one.
 */
export function keptKey(key: string): string {
  return key.length <= longestPlain ? key : `#${createHash('sha256').update(key, 'utf16le').digest('hex')}`;
}
