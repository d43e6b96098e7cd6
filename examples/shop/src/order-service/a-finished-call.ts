import type { CallFinished } from '@switchgear/client';

/** For tests: a call of a user that went well, but for what a test changes about it. */
export function aFinishedCall(change: Partial<CallFinished> = {}): CallFinished {
  return {
    type: 'call.finished',
    at: 0,
    target: 'user-service',
    operation: 'getUserById',
    fate: 'ok',
    durationMs: 10,
    attempts: 1,
    retries: 0,
    hedges: 0,
    overdueMs: 0,
    requestId: 'request',
    traceId: 'trace',
    spanId: 'span',
    parentSpanId: undefined,
    timings: {
      admissionMs: 0,
      queueMs: 0,
      authMs: 0,
      dnsMs: 0,
      connectMs: 0,
      tlsMs: 0,
      writeMs: 0,
      waitMs: 10,
      bodyMs: 0,
      decodeMs: 0,
      backoffMs: 0,
    },
    error: undefined,
    ...change,
  };
}
