import { type ErrorFacts, type Phase, SwitchgearError } from '@switchgear/policy';
import {
  ConnectError,
  ConnectionLostError,
  DnsError,
  EgressRefusedError,
  ResponseTooLargeError,
  TlsError,
} from '../errors.ts';
import { BodyTooLarge, TransportFailure } from '../transport/transport.ts';

const dnsCodes = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME', 'ENODATA', 'ETIMEOUT']);

/** A certificate that nobody vouches for, or of somebody else. */
const untrustedCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

const tlsCodes = new Set([...untrustedCodes, 'EPROTO', 'ERR_TLS_MATERIAL']);

/**
 * With TLS 1.3 a client may begin to send before the server has looked at its certificate, so that a refusal comes after
 * the request has begun. What was sent by then is thrown away unread.
 */
const certificateAlert =
  /^ERR_SSL_[\w/]*ALERT_(?:BAD_CERTIFICATE|CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;

/** How it shows that the other side has closed a connection. */
const closedCodes = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** What undici says when the answer was cut or misshapen after its status had come. */
const headerOverflow = 'UND_ERR_HEADERS_OVERFLOW';

/**
 * Makes the error of a send that came to nothing. The first half of the failure table: what is told apart here is how
 * far the request had got, and, if it had not, what stood in the way.
 */
export function classifyTransportFailure(error: unknown, facts: ErrorFacts): unknown {
  if (error instanceof BodyTooLarge) {
    return new ResponseTooLargeError(`the body has ${error.message}`, { ...facts, phase: 'body' });
  }
  if (!(error instanceof TransportFailure)) return error;
  const codes = codesOf(error.cause);
  const code = codes.at(-1) ?? 'without a code';
  // The cause stays reachable for a debugger, without what the other side sent.
  const known: ErrorFacts = { ...facts, cause: withoutData(error.cause) };

  if (codes.includes(headerOverflow)) {
    return new ResponseTooLargeError('the headers are too large', { ...known, phase: 'wait' });
  }
  if (error.reached === 'response') {
    const message = `the answer broke off (${code})`;
    return new ConnectionLostError(message, false, { ...known, sent: 'answered', phase: 'body' });
  }
  if (error.reached !== 'nothing') {
    const refused = codes.find((found) => certificateAlert.test(found));
    if (refused !== undefined) {
      const message = `the other side does not accept our certificate (${refused})`;
      return new TlsError(message, { ...known, sent: 'maybe', phase: 'tls' });
    }
    // Said before anything is written, whatever the transport knows of that: it will not become so by being asked again.
    const untrusted = codes.find((found) => untrustedCodes.has(found) || found.startsWith('CERT_'));
    if (untrusted !== undefined) {
      const message = `the connection is not to be trusted (${untrusted})`;
      return new TlsError(message, { ...known, sent: 'maybe', phase: 'tls' });
    }
    const stale = error.reached === 'stale-connection' && codes.some((found) => closedCodes.has(found));
    const message = `the connection was lost (${code})`;
    return new ConnectionLostError(message, stale, { ...known, sent: 'maybe', phase: 'wait' });
  }

  if (codes.includes('EGRESS_BLOCKED')) {
    return new EgressRefusedError('the name leads to an address that must not be connected to', at(known, 'connect'));
  }
  const dns = codes.find((found) => dnsCodes.has(found));
  if (dns !== undefined) return new DnsError(`the name was not resolved (${dns})`, dns, at(known, 'dns'));
  const tls = codes.find((found) => tlsCodes.has(found) || found.startsWith('CERT_') || found.startsWith('ERR_SSL'));
  if (tls !== undefined) return new TlsError(`the connection is not to be trusted (${tls})`, at(known, 'tls'));
  return new ConnectError(`no connection (${code})`, at(known, 'connect'));
}

function at(facts: ErrorFacts, phase: Phase): ErrorFacts {
  return { ...facts, sent: 'never', phase };
}

/**
 * The codes along a chain of causes, outermost first, those of an AggregateError's members included (happy eyeballs
 * fails with one error per address). Never the message: it is for people, and changes.
 */
export function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  let level: unknown[] = [error];
  for (let depth = 0; depth < 10 && level.length > 0; depth++) {
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each !== 'object' || each === null || each instanceof SwitchgearError) continue;
      const { code, cause, errors } = each as { code?: unknown; cause?: unknown; errors?: unknown };
      // llhttp's errors have a code of their own; some parser errors have only a name.
      if (typeof code === 'string') codes.push(code);
      else if (each instanceof Error && each.name !== 'Error') codes.push(each.name);
      if (Array.isArray(errors)) next.push(...errors.slice(0, 16));
      if (cause !== undefined) next.push(cause);
    }
    level = next;
  }
  return codes;
}

/** undici's parser error keeps the bytes that it choked on, and they may be anybody's. */
function withoutData(error: unknown): unknown {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 10; depth++) {
    if (Object.hasOwn(at, 'data')) Reflect.deleteProperty(at, 'data');
    at = (at as { cause?: unknown }).cause;
  }
  return error;
}
