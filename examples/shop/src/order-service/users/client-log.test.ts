import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenUnavailableError } from '@switchgear/client';
import { logClientEvent } from './client-log.ts';

function recordingLogger() {
  const lines: unknown[][] = [];
  return {
    lines,
    logger: {
      info: (facts: object, message: string) => void lines.push(['info', facts, message]),
      warn: (facts: object, message: string) => void lines.push(['warn', facts, message]),
    },
  };
}

const EVIDENCE = { calls: 20, failures: 19, consecutiveFailures: 3 };
const TRANSITION = { at: 0, target: 'user-service', breaker: 'user-service', epoch: 1, evidence: EVIDENCE } as const;
const TOKEN = { type: 'token.refreshed', at: 0, target: 'user-service', generation: 2, durationMs: 3 } as const;

test('warns that the circuit opened, and says on what evidence', () => {
  const { lines, logger } = recordingLogger();

  logClientEvent(logger, { ...TRANSITION, type: 'breaker.opened', cause: 'failure-ratio', openMs: 812.4 });

  assert.deepEqual(lines, [
    ['warn', { cause: 'failure-ratio', evidence: EVIDENCE, openMs: 812 }, 'the circuit to the user-service opened'],
  ]);
});

test('tells when the circuit is tested and when it closes', () => {
  const { lines, logger } = recordingLogger();

  logClientEvent(logger, { ...TRANSITION, type: 'breaker.half-opened', cause: 'open-time-over' });
  logClientEvent(logger, { ...TRANSITION, type: 'breaker.closed', cause: 'probes-succeeded' });

  assert.deepEqual(
    lines.map(([level, , message]) => [level, message]),
    [
      ['info', 'the circuit to the user-service is tested by probes'],
      ['info', 'the circuit to the user-service closed'],
    ],
  );
});

test('warns of a token that could not be had, and says nothing of one that could', () => {
  const { lines, logger } = recordingLogger();

  logClientEvent(logger, { ...TOKEN, ok: true, error: undefined });
  logClientEvent(logger, { ...TOKEN, ok: false, error: new TokenUnavailableError('no token: ECONNREFUSED') });

  assert.deepEqual(lines, [
    ['warn', { reason: 'SWITCHGEAR_TOKEN_UNAVAILABLE', generation: 2 }, 'no token for the user-service could be had'],
  ]);
});
