import type { Phase, Sent, VerdictKind } from '@switchgear/policy';
import type { ServerPlace, ServerStep } from '../../src/testing/index.ts';
import { canaries } from './canaries.ts';

/** The ways to ask: they differ in what a second send may do. */
export const asks = ['GET', 'POST', 'POST with a key'] as const;

export type Ask = (typeof asks)[number];

/** Who is sent again: nobody, who may be repeated safely, or everybody since nothing had left. */
export type Again = 'never' | 'if safe' | 'always';

/** A fault, and what a call that meets it comes to. The failure table, row by row. */
export interface Row {
  /** Its number in the catalogue of faults that clients have met. */
  readonly number: number;
  readonly fault: string;
  readonly meets:
    | ServerStep
    | { readonly place: ServerPlace }
    | { readonly lookup: string }
    | { readonly h2: ServerStep };
  /** Whether a good call goes before, so that the connection has served. */
  readonly warm?: true;
  /** Where an attempt is stuck until its time is up, and how long that is, in milliseconds. */
  readonly stuck?: { readonly phase: Phase; readonly ms: number };
  readonly code: string;
  readonly sent: Sent;
  readonly phase: Phase;
  /** What the breaker hears of each attempt. */
  readonly breaker: VerdictKind;
  readonly again: Again;
  /** Whether once more is all that it is ever sent. */
  readonly once?: true;
  /** Whether sending again is the cure. */
  readonly cured?: true;
  /** Whether the server gets to read the request. */
  readonly read: boolean;
  /** How often per attempt. @default 1 */
  readonly readTimes?: number;
  /** What becomes of the connection. */
  readonly connection: 'kept' | 'closed' | 'none';
}

const ok = {
  code: 'ok',
  sent: 'answered',
  phase: 'decode',
  breaker: 'success',
  again: 'never',
  read: true,
  connection: 'kept',
} as const;
const unconnected = {
  code: 'SWITCHGEAR_CONNECT_FAILED',
  sent: 'never',
  phase: 'connect',
  breaker: 'failure',
  again: 'always',
  read: false,
  connection: 'none',
} as const;
const lost = {
  code: 'SWITCHGEAR_CONNECTION_LOST',
  sent: 'maybe',
  phase: 'wait',
  breaker: 'failure',
  again: 'if safe',
  read: true,
  connection: 'closed',
} as const;
const broken = { ...lost, sent: 'answered', phase: 'body' } as const;
const late = {
  code: 'SWITCHGEAR_ATTEMPT_TIMEOUT',
  sent: 'maybe',
  phase: 'wait',
  breaker: 'failure',
  again: 'if safe',
  read: true,
  connection: 'closed',
} as const;
const answered = {
  code: 'SWITCHGEAR_HTTP_STATUS',
  sent: 'answered',
  phase: 'decode',
  read: true,
  connection: 'kept',
} as const;
const throttled = { ...answered, code: 'SWITCHGEAR_THROTTLED', breaker: 'throttled', again: 'if safe' } as const;
const redirected = { ...answered, code: 'SWITCHGEAR_REDIRECT_REFUSED', breaker: 'success', again: 'never' } as const;
const invalid = { ...answered, code: 'SWITCHGEAR_INVALID_RESPONSE', breaker: 'ignored', again: 'never' } as const;
const tooLarge = { ...invalid, code: 'SWITCHGEAR_RESPONSE_TOO_LARGE', phase: 'body', connection: 'closed' } as const;

/** What one attempt may take, what a connection may take, in milliseconds, in every test of the suite. */
export const attemptTimeoutMs = 1_000;
export const connectTimeoutMs = 400;

export const table: readonly Row[] = [
  { number: 0, fault: 'none', meets: 'ok', ...ok },
  { number: 1, fault: 'refused', meets: { place: 'refuse' }, ...unconnected },
  {
    number: 2,
    fault: 'unknown name',
    meets: { lookup: 'ENOTFOUND' },
    ...unconnected,
    code: 'SWITCHGEAR_DNS_FAILED',
    phase: 'dns',
    once: true,
  },
  {
    number: 2,
    fault: 'resolver away',
    meets: { lookup: 'EAI_AGAIN' },
    ...unconnected,
    code: 'SWITCHGEAR_DNS_FAILED',
    phase: 'dns',
    breaker: 'ignored',
  },
  {
    number: 3,
    fault: 'black hole',
    meets: { place: 'black-hole' },
    stuck: { phase: 'connect', ms: connectTimeoutMs },
    ...unconnected,
  },
  {
    number: 4,
    fault: 'TLS handshake that never ends',
    meets: { place: 'tls-stall' },
    stuck: { phase: 'tls', ms: connectTimeoutMs },
    ...unconnected,
  },
  {
    number: 4,
    fault: 'certificate that nobody vouches for',
    meets: { place: 'tls-self-signed' },
    ...unconnected,
    code: 'SWITCHGEAR_TLS_FAILED',
    phase: 'tls',
    breaker: 'ignored',
    again: 'never',
  },
  { number: 5, fault: 'reset before it is read', meets: 'reset-before-read', ...lost, read: false },
  { number: 6, fault: 'reset after it is read', meets: 'reset-after-read', ...lost },
  { number: 6, fault: 'closed after it is read', meets: 'close-after-read', ...lost },
  {
    number: 7,
    fault: 'closed as a kept connection is used again',
    meets: 'close-on-reuse',
    warm: true,
    ...lost,
    breaker: 'ignored',
    read: false,
    cured: true,
  },
  {
    number: 7,
    fault: 'reset as a kept connection is used again',
    meets: 'reset-on-reuse',
    warm: true,
    ...lost,
    breaker: 'ignored',
    read: false,
    cured: true,
  },
  {
    number: 7,
    fault: 'closed after the answer before',
    meets: 'close-after-answer',
    warm: true,
    ...ok,
    connection: 'closed',
  },
  {
    number: 8,
    fault: 'an answer nobody asked for',
    meets: 'unsolicited-answer',
    warm: true,
    ...ok,
    connection: 'closed',
  },
  { number: 9, fault: 'no headers', meets: 'never-headers', stuck: { phase: 'wait', ms: attemptTimeoutMs }, ...late },
  {
    number: 10,
    fault: 'headers, then nothing',
    meets: 'headers-then-stall',
    stuck: { phase: 'body', ms: attemptTimeoutMs },
    ...late,
    sent: 'answered',
    phase: 'body',
  },
  {
    number: 11,
    fault: 'a byte now and then',
    meets: 'trickle',
    stuck: { phase: 'body', ms: attemptTimeoutMs },
    ...late,
    sent: 'answered',
    phase: 'body',
  },
  { number: 12, fault: 'body shorter than its length', meets: 'truncated-length', ...broken },
  { number: 12, fault: 'chunks without an end', meets: 'truncated-chunks', ...broken },
  { number: 13, fault: 'misshapen chunk', meets: 'malformed-chunk', ...broken },
  { number: 13, fault: 'not HTTP', meets: 'not-http', ...lost },
  { number: 14, fault: 'body too large, and says so', meets: 'huge-length', ...tooLarge },
  { number: 14, fault: 'body without an end', meets: 'huge-chunks', ...tooLarge },
  { number: 14, fault: 'head too large', meets: 'huge-headers', ...tooLarge, phase: 'wait' },
  { number: 15, fault: 'gzip bomb', meets: 'gzip-bomb', ...tooLarge, phase: 'decode', connection: 'kept' },
  {
    number: 16,
    fault: 'a thousand encodings',
    meets: 'thousand-encodings',
    ...tooLarge,
    phase: 'decode',
    connection: 'kept',
  },
  { number: 17, fault: 'a thousand interim answers, then one', meets: 'informational-storm', ...ok },
  {
    number: 17,
    fault: 'interim answers without an end',
    meets: 'informational-forever',
    stuck: { phase: 'wait', ms: attemptTimeoutMs },
    ...late,
  },
  { number: 18, fault: '503', meets: 'unavailable', ...answered, breaker: 'failure', again: 'if safe' },
  { number: 18, fault: '503 with Retry-After', meets: 'unavailable-for-a-while', ...throttled },
  { number: 19, fault: '429', meets: 'rate-limited', ...throttled },
  {
    number: 20,
    fault: '401',
    meets: 'unauthorised',
    ...answered,
    code: 'SWITCHGEAR_AUTHENTICATION_FAILED',
    breaker: 'ignored',
    again: 'never',
  },
  { number: 22, fault: 'redirect to the same host', meets: 'redirect-same-origin', ...redirected },
  { number: 22, fault: 'redirect to another host', meets: 'redirect-cross-origin', ...redirected },
  { number: 22, fault: 'redirect to a socket', meets: 'redirect-unix', ...redirected },
  { number: 22, fault: 'redirect to a data URL', meets: 'redirect-data', ...redirected },
  { number: 22, fault: 'redirect to a file', meets: 'redirect-file', ...redirected },
  { number: 22, fault: 'redirect to itself', meets: 'redirect-loop', ...redirected },
  { number: 22, fault: 'redirect that keeps the method', meets: 'redirect-307', ...redirected },
  { number: 23, fault: 'a page in place of JSON', meets: 'html-200', ...invalid },
  { number: 23, fault: 'nothing in place of JSON', meets: 'empty-200', ...invalid },
  { number: 23, fault: 'half of a JSON text', meets: 'truncated-json', ...invalid },
  { number: 23, fault: 'bytes that are not UTF-8', meets: 'wrong-charset', ...invalid },
  { number: 24, fault: 'deep JSON', meets: 'deep-json', ...invalid },
  { number: 25, fault: '`__proto__` in JSON', meets: 'proto-json', ...ok },
  {
    number: 28,
    fault: 'HTTP/2: the connection is wound up',
    meets: { h2: 'goaway' },
    ...lost,
    read: false,
    connection: 'none',
  },
  {
    number: 29,
    fault: 'HTTP/2: the request is refused',
    meets: { h2: 'refused-stream' },
    ...lost,
    read: false,
    connection: 'none',
  },
  {
    number: 9,
    fault: 'HTTP/2: no headers',
    meets: { h2: 'never-headers' },
    stuck: { phase: 'wait', ms: attemptTimeoutMs },
    ...late,
    connection: 'none',
  },
  { number: 0, fault: '404', meets: 404, ...answered, breaker: 'success', again: 'never' },
  { number: 0, fault: '408', meets: 408, ...answered, breaker: 'ignored', again: 'if safe' },
  { number: 0, fault: '409', meets: 409, ...answered, breaker: 'success', again: 'never' },
  { number: 0, fault: '421', meets: 421, ...answered, breaker: 'ignored', again: 'always' },
  { number: 0, fault: '422', meets: 422, ...answered, breaker: 'success', again: 'never' },
  { number: 0, fault: '425', meets: 425, ...answered, breaker: 'ignored', again: 'if safe' },
  {
    number: 0,
    fault: '500 with a body that tells too much',
    meets: { status: 500, body: { trace: canaries.answer } },
    ...answered,
    breaker: 'failure',
    again: 'never',
  },
  { number: 0, fault: '501', meets: 501, ...answered, breaker: 'ignored', again: 'never' },
  { number: 0, fault: '502', meets: 502, ...answered, breaker: 'failure', again: 'if safe' },
  { number: 0, fault: '504', meets: 504, ...answered, breaker: 'failure', again: 'if safe' },
];
