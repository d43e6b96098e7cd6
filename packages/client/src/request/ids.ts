import { getRandomValues, randomUUID } from 'node:crypto';

// Identifiers come from crypto, not from the runtime's `random`: a guessable idempotency key lets a stranger read or
// block another's request, and two processes with one seed must not share one.

/** A request id or an idempotency key. */
export const newId = (): string => randomUUID();

/** 16 bytes of trace id, in hexadecimal. */
export const newTraceId = (): string => hex(16);

/** 8 bytes of span id, in hexadecimal. */
export const newSpanId = (): string => hex(8);

// Drawn from a pool, because a call to the generator costs more than all else in a header.
const pool = new Uint8Array(4096);
let used = pool.length;

function hex(bytes: number): string {
  if (used + bytes > pool.length) {
    getRandomValues(pool);
    used = 0;
  }
  let text = '';
  let sum = 0;
  for (let i = 0; i < bytes; i++) {
    const byte = pool[used++] as number;
    sum |= byte;
    text += digits[byte];
  }
  // All zeros is the one value that W3C Trace Context forbids.
  return sum === 0 ? hex(bytes) : text;
}

const digits: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
