import { randomFillSync } from 'node:crypto';

// Identifiers come from crypto, not from the runtime's `random`: a guessable idempotency key lets a stranger read or
// block another's request, and two processes with one seed must not share one.

/** 16 bytes of trace id, in hexadecimal. */
export const newTraceId = (): string => hex(16);

/** 8 bytes of span id, in hexadecimal. */
export const newSpanId = (): string => hex(8);

// Drawn from a pool, because a call to the generator costs more than all else in a header. What is drawn becomes text in
// one piece: put together from digits it would be a chain of strings, and several times as many bytes.
const pool = Buffer.alloc(4096);
let used = pool.length;

/** @returns Where in the pool the next bytes are. */
function draw(bytes: number): number {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return used - bytes;
}

function hex(bytes: number): string {
  const at = draw(bytes);
  const text = pool.toString('hex', at, at + bytes);
  // All zeros is the one value that W3C Trace Context forbids.
  return isZero(at, bytes) ? hex(bytes) : text;
}

function isZero(at: number, bytes: number): boolean {
  for (let i = 0; i < bytes; i++) if (pool[at + i] !== 0) return false;
  return true;
}

const digits = Buffer.from('0123456789abcdef');
const uuid = Buffer.from('00000000-0000-4000-8000-000000000000');
/** Where each byte's two digits stand in it, between the dashes. */
const places: readonly number[] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/** A request id or an idempotency key: a UUID of version 4, as RFC 9562, section 5.4, has it. */
export function newId(): string {
  const at = draw(16);
  for (let i = 0; i < 16; i++) {
    let byte = pool[at + i] as number;
    if (i === 6) byte = (byte & 0x0f) | 0x40;
    else if (i === 8) byte = (byte & 0x3f) | 0x80;
    const place = places[i] as number;
    uuid[place] = digits[byte >> 4] as number;
    uuid[place + 1] = digits[byte & 15] as number;
  }
  return uuid.toString('latin1');
}
