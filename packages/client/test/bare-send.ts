import type { Call } from '@switchgear/policy';
import { ManualClock } from '@switchgear/policy/testing';
import type { TransportOptions } from '../src/index.ts';

/** What a transport is opened with when a test speaks to it without a client. */
export function openOptions(clock: ManualClock = new ManualClock()): TransportOptions {
  return {
    origin: 'http://users.internal',
    connections: 1,
    connectTimeoutMs: 1_000,
    keepAliveMs: 1_000,
    maxBodyBytes: 1_000,
    maxHeaderBytes: 16_384,
    allowH2: false,
    runtime: { clock, random: () => 0 },
  };
}

/** A call that nobody cancels and that listens to nothing. */
export const bareCall: Call = {
  target: '',
  operation: '',
  attempt: 1,
  copy: 1,
  deadline: Number.POSITIVE_INFINITY,
  idempotent: true,
  signal: new AbortController().signal,
  onCancel: () => () => {},
  progress: () => {},
  hold: () => () => {},
};

/** A body, read to its end. */
export async function readText(body: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
