import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSwitchgearError } from '@switchgear/policy';
import { ManualClock } from '@switchgear/policy/testing';
import fc from 'fast-check';
import { MemoryMeter } from '../../test/memory-meter.ts';
import { bearer, type ClientEvent, createServiceClient, DomainError, type Fate, get, post } from '../index.ts';
import { metricDefinitions as metrics, recordMetrics } from '../metrics/index.ts';
import {
  after,
  answer,
  answerRaw,
  mockTransport,
  type Reply,
  refuse,
  reset,
  stall,
  tooLarge,
} from '../testing/index.ts';

/* Events, metrics and return values tell one story, whatever goes wrong and in whatever order. */

class UserNotFound extends DomainError {}

const number = { '~standard': { version: 1 as const, vendor: 'test', validate: isNumber } };
function isNumber(value: unknown) {
  return typeof value === 'number' ? { value } : { issues: [{ message: 'no number' }] };
}

const reply: fc.Arbitrary<Reply> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(answer(200, 1)) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 200 }).map((ms) => after(ms, answer(200, 1))) },
  {
    weight: 6,
    arbitrary: fc.constantFrom<Reply>(
      answer(200, 'not a number'),
      answerRaw(200, '{', { 'content-type': 'application/json' }),
      answer(302, undefined, { location: '/elsewhere' }),
      answer(401),
      answer(404, {}),
      answer(409, {}),
      answer(421),
      answer(429),
      answer(500),
      answer(503),
      answer(503, undefined, { 'retry-after': '1' }),
      refuse(),
      refuse('ENOTFOUND'),
      reset(),
      reset('stale-connection'),
      reset('response'),
      tooLarge(),
      stall('connect'),
      stall('wait'),
      stall('body'),
      after(90, reset()),
    ),
  },
);

const names = ['getUser', 'getKept', 'getDegraded', 'createUser', 'createOnce'] as const;

const call = fc.record({
  operation: fc.constantFrom(...names),
  gapMs: fc.constantFrom(0, 0, 5, 60, 1_500),
  /** The id, and so what is asked for; one of them cannot be sent. */
  userId: fc.constantFrom('1', '2', '..'),
  leavesAfterMs: fc.constantFrom(10, 300, ...Array<number>(6).fill(Number.POSITIVE_INFINITY)),
});

const world = fc.record({
  replies: fc.array(reply, { minLength: 1, maxLength: 12 }),
  calls: fc.array(call, { minLength: 1, maxLength: 12 }),
  maxConcurrent: fc.constantFrom(1, 4),
  consecutiveFailures: fc.constantFrom(2, 20),
  hedged: fc.boolean(),
  token: fc.constantFrom('none', 'good', 'renewed', 'away'),
});

/** The fates that a promise which is fulfilled may have; all others reject. */
const fulfilled: ReadonlySet<Fate> = new Set(['ok', 'ok-retried', 'ok-hedged', 'cached', 'stale', 'degraded']);

test('events, metrics and return values agree three ways, and the fates of all calls add up to the calls', async () => {
  const fates = new Set<Fate>();
  await fc.assert(
    fc.asyncProperty(world, async ({ replies, calls, maxConcurrent, consecutiveFailures, hedged, token }) => {
      const clock = new ManualClock();
      let turn = 0;
      let tokens = 0;
      const mock = mockTransport(() => replies[turn++ % replies.length] as Reply);
      const client = createServiceClient({
        target: 'users',
        baseUrl: 'http://users.internal',
        operations: {
          getUser: get('/users/{userId}', { response: number, errors: { 404: UserNotFound } }),
          getKept: get('/kept/{userId}', {
            cache: { freshMs: 50, staleWhileRevalidateMs: 100, staleIfErrorMs: 5_000 },
          }),
          getDegraded: get('/degraded/{userId}', { fallback: () => 0 }),
          createUser: post('/users/{userId}'),
          createOnce: post('/once/{userId}', { idempotencyKey: true, errors: { 409: UserNotFound } }),
        },
        transport: mock,
        runtime: { clock, random: () => 0.5 },
        bulkhead: { maxConcurrent, maxQueue: 2 },
        breaker: { consecutiveFailures },
        ...(hedged && { hedge: { delayMs: 80 } }),
        ...(token !== 'none' && {
          auth: bearer(async () => {
            if (token === 'away') throw new Error('no token');
            return token === 'renewed' ? `t${++tokens}` : 't';
          }),
        }),
      });
      const meter = new MemoryMeter();
      recordMetrics(client, meter);
      const events: ClientEvent[] = [];
      client.on((event) => events.push(event));

      /** What callers saw, in the order in which they were answered. */
      const seen: { fate: Fate | 'rejected'; error: unknown; operation: string }[] = [];
      const running: Promise<void>[] = [];
      for (const { operation, gapMs, userId, leavesAfterMs } of calls) {
        await clock.advance(gapMs);
        const caller = new AbortController();
        if (leavesAfterMs < Number.POSITIVE_INFINITY) clock.setTimer(leavesAfterMs, () => caller.abort('left'));
        running.push(
          client[operation].withMeta({ userId }, { signal: caller.signal }).then(
            ({ fate, provenance }) => {
              assert.equal(provenance, ['cached', 'stale', 'degraded'].includes(fate) ? fate : 'live');
              seen.push({ fate, error: undefined, operation });
            },
            (error: unknown) => void seen.push({ fate: 'rejected', error, operation }),
          ),
        );
      }
      await clock.advance(60_000);
      await Promise.all(running);

      const finished = events.filter((event) => event.type === 'call.finished');
      assert.equal(finished.length, calls.length);
      assert.equal(events.filter(({ type }) => type === 'call.started').length, calls.length);
      // Return values and events: the same fate, or the same error.
      assert.deepEqual(
        finished.map(({ fate, error, operation }) =>
          fulfilled.has(fate) ? { fate, error: undefined, operation } : { fate: 'rejected', error, operation },
        ),
        seen,
      );
      for (const { fate, error } of finished) {
        fates.add(fate);
        if (fate === 'cancelled') assert.equal(error, 'left');
        else if (!fulfilled.has(fate)) assert.ok(isSwitchgearError(error), String(error));
      }
      // Metrics and events: the same counts. The fates of all calls add up to the calls.
      const counts = new Map<string, number>();
      for (const { fate, operation } of finished) {
        const key = `users ${operation} ${fate}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      const measured = Object.entries(meter.recorded(metrics.operationDuration));
      assert.deepEqual(new Map(measured.map(([key, values]) => [key, values.length])), counts);
      assert.equal(
        measured.reduce((sum, [, values]) => sum + values.length, 0),
        calls.length,
      );
      // Requests on the wire, the exchanges that are told of, and the attempts that are counted.
      const sent = mock.requests.length;
      const exchanges = events.filter((event) => event.type === 'exchange.finished');
      const unsent = exchanges.filter(({ phase, sent: left }) => phase === 'auth' && left === 'never').length;
      const attempts = Object.values(meter.counted(metrics.attempts)).reduce((sum, each) => sum + each, 0);
      assert.equal(exchanges.length - unsent, sent);
      assert.equal(attempts, exchanges.length);
      // No time is negative, and the phases of a call, which its attempts and waits are made of, add up to its duration.
      for (const { durationMs, overdueMs, timings } of finished) {
        const phases: readonly number[] = Object.values(timings);
        assert.ok(durationMs >= 0 && overdueMs >= 0 && phases.every((ms) => ms >= 0));
        assert.ok(Math.abs(phases.reduce((sum, ms) => sum + ms, 0) - durationMs) < 1e-6);
      }
      // Nothing takes a place, or is under way, once all have been answered.
      const { inFlight, bulkhead } = client.snapshot();
      assert.deepEqual([inFlight, bulkhead.active, bulkhead.queued], [0, 0, 0]);
      await client.close();
    }),
    // By one seed, so that each draw has all of the fates.
    { numRuns: 300, seed: 42 },
  );
  // Or it would have shown nothing of what it left out.
  const all: readonly Fate[] = [
    ...fulfilled,
    'answered',
    'throttled',
    'refused',
    'timed-out',
    'unavailable',
    'invalid',
    'unauthenticated',
    'cancelled',
    'misused',
  ];
  assert.deepEqual([...fates].sort(), all.toSorted());
});
