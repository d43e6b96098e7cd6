import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientEvent } from '@switchgear/client';
import { ManualClock } from '@switchgear/policy/testing';
import { aFinishedCall as finished } from './a-finished-call.ts';
import { SECONDS_KEPT, Telemetry } from './telemetry.ts';

const TRANSITION = {
  at: 0,
  target: 'user-service',
  breaker: 'user-service',
  epoch: 1,
  evidence: { calls: 20, failures: 20, consecutiveFailures: 20 },
} as const;
const OPENED: ClientEvent = { ...TRANSITION, type: 'breaker.opened', cause: 'failure-ratio', openMs: 1_000 };
const HALF_OPENED: ClientEvent = { ...TRANSITION, type: 'breaker.half-opened', cause: 'open-time-over' };
const CLOSED: ClientEvent = { ...TRANSITION, type: 'breaker.closed', cause: 'probes-succeeded' };

function telemetryFromZero() {
  const clock = new ManualClock(5_000, Date.UTC(2025, 2, 1, 9));
  return { clock, telemetry: new Telemetry(clock) };
}

test('counts calls, attempts and fates, in total and by the second', async () => {
  const { clock, telemetry } = telemetryFromZero();
  telemetry.hear(finished());
  telemetry.hear(finished({ fate: 'ok-retried', attempts: 3, durationMs: 100 }));
  await clock.advance(1_000);
  telemetry.hear(finished({ fate: 'refused', attempts: 0, durationMs: 0.2 }));
  await clock.advance(1_000);

  const { totals, seconds } = telemetry.report();

  assert.equal(totals.calls, 3);
  assert.equal(totals.attempts, 4);
  assert.equal(totals.mostAttempts, 3);
  assert.deepEqual([totals.fates.ok, totals.fates['ok-retried'], totals.fates.refused], [1, 1, 1]);
  assert.deepEqual(
    seconds.map(({ second, calls, attempts, mostAttempts }) => ({ second, calls, attempts, mostAttempts })),
    [
      { second: 0, calls: 2, attempts: 4, mostAttempts: 3 },
      { second: 1, calls: 1, attempts: 0, mostAttempts: 0 },
    ],
  );
});

test('keeps a second that is not over out of the report', async () => {
  const { clock, telemetry } = telemetryFromZero();
  telemetry.hear(finished());
  await clock.advance(999);

  assert.deepEqual(telemetry.report().seconds, []);
  assert.equal(telemetry.report().totals.calls, 1);
});

test('dates each second, and files the silent ones', async () => {
  const { clock, telemetry } = telemetryFromZero();
  await clock.advance(2_500);
  telemetry.hear(finished());
  await clock.advance(500);

  const { seconds } = telemetry.report();

  assert.deepEqual(
    seconds.map(({ startedAt, calls }) => [startedAt, calls]),
    [
      ['2025-03-01T09:00:00.000Z', 0],
      ['2025-03-01T09:00:01.000Z', 0],
      ['2025-03-01T09:00:02.000Z', 1],
    ],
  );
});

test('reads latency per second, and knows none of a silent second', async () => {
  const { clock, telemetry } = telemetryFromZero();
  for (let call = 0; call < 98; call++) telemetry.hear(finished({ durationMs: 10 }));
  for (let call = 0; call < 2; call++) telemetry.hear(finished({ durationMs: 900 }));
  await clock.advance(2_000);

  const [busy, silent] = telemetry.report().seconds;

  const p50Ms = busy?.latency.p50Ms ?? 0;
  assert.ok(p50Ms >= 10 && p50Ms <= 11, String(p50Ms));
  assert.deepEqual([busy?.latency.p99Ms, busy?.latency.maxMs], [900, 900]);
  assert.deepEqual(silent?.latency, { p50Ms: null, p99Ms: null, maxMs: 0 });
});

test('reports calls that ended past their deadline, and by how much', () => {
  const { telemetry } = telemetryFromZero();
  telemetry.hear(finished());
  telemetry.hear(finished({ overdueMs: 3 }));
  telemetry.hear(finished({ overdueMs: 12 }));

  assert.deepEqual(telemetry.report().totals.overdue, { calls: 2, worstMs: 12 });
});

test('says of every second in which state the circuit ended it', async () => {
  const { clock, telemetry } = telemetryFromZero();
  await clock.advance(1_000);
  telemetry.hear(OPENED);
  await clock.advance(2_000);
  telemetry.hear(HALF_OPENED);
  await clock.advance(1_000);
  telemetry.hear(CLOSED);
  await clock.advance(1_000);

  const { seconds, totals } = telemetry.report();

  assert.deepEqual(
    seconds.map(({ breaker }) => breaker),
    ['closed', 'open', 'open', 'half-open', 'closed'],
  );
  assert.equal(totals.opened, 1);
});

test('counts answers to shoppers, names shown and tokens asked for', () => {
  const { telemetry } = telemetryFromZero();
  for (const answer of ['placed', 'placed', 'refused'] as const) telemetry.orderAnswered(answer);
  for (const provenance of ['live', 'stale', 'stale'] as const) telemetry.nameShown(provenance);
  const token = { type: 'token.refreshed', at: 0, target: 'user-service', generation: 1, durationMs: 2 } as const;
  telemetry.hear({ ...token, ok: true, error: undefined });
  telemetry.hear({ ...token, ok: false, error: new Error('away') });

  const { totals } = telemetry.report();

  assert.deepEqual(totals.orders, { placed: 2, replayed: 0, invalid: 0, refused: 1, failed: 0 });
  assert.deepEqual(totals.names, { live: 1, fresh: 0, stale: 2, 'made-up': 0 });
  assert.deepEqual(totals.tokens, { asked: 2, failed: 1 });
});

test('keeps the latest seconds only, without a gap, even after a long silence', async () => {
  const { clock, telemetry } = telemetryFromZero();
  telemetry.hear(finished());
  await clock.advance(3_600_000);
  telemetry.hear(finished());
  await clock.advance(1_000);

  const { seconds, totals } = telemetry.report();

  assert.equal(seconds.length, SECONDS_KEPT);
  assert.equal(seconds.at(-1)?.second, 3_600);
  assert.equal(seconds[0]?.second, 3_600 - SECONDS_KEPT + 1);
  assert.equal(totals.calls, 2);
});

test('hands out a report that later events do not change', async () => {
  const { telemetry } = telemetryFromZero();
  const before = telemetry.report();
  telemetry.hear(finished());

  assert.equal(before.totals.calls, 0);
  assert.equal(before.totals.fates.ok, 0);
});
