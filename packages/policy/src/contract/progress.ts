/** Whether the request left this machine. `maybe`: some of it was handed to a socket, and no answer came. */
export type Sent = 'never' | 'maybe' | 'answered';

/** Over several attempts the doubtful one counts: an answer to one says nothing about another that got none. */
const doubt: Record<Sent, number> = { never: 0, answered: 1, maybe: 2 };

/** What is known of two attempts together. */
export function moreDoubtful(a: Sent, b: Sent): Sent {
  return doubt[a] >= doubt[b] ? a : b;
}

/**
 * How far an attempt had got. `call` is outside any attempt: waiting to be admitted, backing off, falling back; `queue`
 * waits for a connection to be free, `auth` for a token.
 */
export type Phase = 'call' | 'queue' | 'auth' | 'dns' | 'connect' | 'tls' | 'write' | 'wait' | 'body' | 'decode';

/** How long a call spent in each phase, in milliseconds; `backoff` is between attempts, `call` before the first. */
export type TimeSpent = { readonly [K in Phase | 'backoff']?: number };
