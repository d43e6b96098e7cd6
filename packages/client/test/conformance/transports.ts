import { Agent, fetch as undiciFetch } from 'undici';
import { type OpenTransport, undiciTransport } from '../../src/index.ts';
import { faultTransport, recorder } from '../../src/testing/index.ts';
import { type FetchLike, fetchTransport } from '../../src/transport/fetch/index.ts';
import { attemptTimeoutMs, type Row } from './table.ts';

/** A transport that the suite runs on, and what it can know. What it cannot is expected otherwise, never left out. */
export interface TransportUnderTest {
  readonly name: string;
  readonly open: () => OpenTransport;
  /** Whether it can tell a request that never left: without it, nothing counts as unsent. */
  readonly knowsSent: boolean;
  /** Whether it tells a call how far it is. Without it, every attempt that got stuck did so waiting. */
  readonly knowsPhase: boolean;
  /** Whether it tells a connection that has served from a new one. Without it, a stale one is a lost one. */
  readonly knowsReuse: boolean;
  /** Whether it speaks HTTP/2 and takes certificates; one that does not refuses to be opened with them. */
  readonly speaksH2: boolean;
  /** What else a row comes to on it. */
  readonly adapt?: (row: Row) => Row;
}

const everything = { knowsSent: true, knowsPhase: true, knowsReuse: true, speaksH2: true };

/** Every transport; another one is another line. */
export const transports: readonly TransportUnderTest[] = [
  { name: 'undici', open: () => undiciTransport, ...everything },
  // What wraps a transport must change nothing about it.
  { name: 'undici with a plan of no faults', open: () => faultTransport(undiciTransport, []), ...everything },
  { name: 'undici, recorded', open: () => recorder(undiciTransport), ...everything },
  {
    name: 'fetch',
    open: openFetch,
    knowsSent: false,
    knowsPhase: false,
    knowsReuse: false,
    speaksH2: false,
    adapt: overFetch,
  },
];

/** A fetch whose connections end with the transport: of the global one nobody can close them, and the suite counts them. */
function openFetch(): OpenTransport {
  const opened: OpenTransport = (options) => {
    const dispatcher = new Agent({ allowH2: false, connections: 1 });
    const fetch = ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher })) as unknown as FetchLike;
    const transport = fetchTransport(fetch)(options);
    return {
      send: (request, call) => transport.send(request, call),
      async close() {
        await transport.close();
        // Of a connection that is being made nobody has any use.
        await dispatcher.destroy();
      },
      destroy: () => transport.destroy().then(() => dispatcher.destroy()),
    };
  };
  return opened;
}

/** All that fetch tells of a connection that was not made is that there is no answer. */
function overFetch(row: Row): Row {
  if (row.fault === 'gzip bomb') return { ...row, phase: 'body', connection: 'closed' };
  // How many encodings it unpacks is its own to bound, and what it says of one too many.
  if (row.fault === 'a thousand encodings') {
    return {
      ...row,
      code: 'SWITCHGEAR_CONNECTION_LOST',
      sent: 'maybe',
      phase: 'wait',
      breaker: 'failure',
      again: 'if safe',
      connection: 'closed',
    };
  }
  // The standard has it send again by itself, once, since 421 says that nothing was done.
  if (row.fault === '421') return { ...row, readTimes: 2 };
  if (row.sent !== 'never') return row;
  const { once: _, ...rest } = row;
  const unknown = { ...rest, sent: 'maybe', phase: 'wait', again: 'if safe', breaker: 'failure' } as const;
  if (row.stuck !== undefined) {
    return { ...unknown, code: 'SWITCHGEAR_ATTEMPT_TIMEOUT', stuck: { phase: 'wait', ms: attemptTimeoutMs } };
  }
  if (row.code === 'SWITCHGEAR_TLS_FAILED') {
    return { ...unknown, code: row.code, phase: 'tls', again: 'never', breaker: 'ignored' };
  }
  return { ...unknown, code: 'SWITCHGEAR_CONNECTION_LOST' };
}
