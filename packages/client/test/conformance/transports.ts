import { type OpenTransport, undiciTransport } from '../../src/index.ts';
import { faultTransport, recorder } from '../../src/testing/index.ts';

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
}

const everything = { knowsSent: true, knowsPhase: true, knowsReuse: true };

/** Every transport; another one is another line. */
export const transports: readonly TransportUnderTest[] = [
  { name: 'undici', open: () => undiciTransport, ...everything },
  // What wraps a transport must change nothing about it.
  { name: 'undici with a plan of no faults', open: () => faultTransport(undiciTransport, []), ...everything },
  { name: 'undici, recorded', open: () => recorder(undiciTransport), ...everything },
];
