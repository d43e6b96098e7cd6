import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adaptiveLimiter } from '../adaptive/adaptive-limiter.ts';
import { breaker } from '../breaker/breaker.ts';
import { isolation } from '../breaker/isolation.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { cache } from '../cache/cache.ts';
import { chaos } from '../chaos/chaos.ts';
import { coalesce } from '../coalesce/coalesce.ts';
import type { EventSink, PolicyEvent } from '../contract/events.ts';
import type { Permit } from '../contract/gate.ts';
import type { Policy } from '../contract/policy.ts';
import type { Runtime } from '../contract/runtime.ts';
import { fallback } from '../fallback/fallback.ts';
import { hedge } from '../hedge/hedge.ts';
import { rateLimiter } from '../limiter/rate-limiter.ts';
import { retry } from '../retry/retry.ts';
import { JudgedError } from '../testing/judged-error.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { throttle } from '../throttle/throttle.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { deadline } from '../timeout/deadline.ts';

/*
 * Each policy asks for each kind of event by itself whether it is wanted: who listens to one kind gets all of that kind
 * and nothing else, and a policy to which nobody listens does the same and says nothing.
 */

type Story = (runtime: Runtime, clock: ManualClock) => Promise<unknown>;

const down = (): Promise<never> => Promise.reject(new JudgedError('failure'));
/** However it ends. */
const ended = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

const fine = async (): Promise<string> => 'fine';

/** Runs for so long whatever is asked of it, as work does that ignores its signal. */
const busy = (clock: ManualClock, ms: number) => async (): Promise<string> => {
  await clock.sleep(ms);
  return 'done';
};

function admitted(gate: { tryAcquire(): Permit | { admitted: false } }): Permit {
  const admission = gate.tryAcquire();
  assert.ok(admission.admitted);
  return admission;
}

const stories: Readonly<Record<string, { kinds: readonly PolicyEvent['type'][]; tell: Story }>> = {
  retry: {
    kinds: ['attempt.finished', 'retry.scheduled', 'retry.stopped'],
    tell: async (runtime, clock) => {
      const failed = ended(retry({ maxRetries: 1 }, runtime).execute(down));
      await clock.advance(1_000);
      await failed;
    },
  },
  breaker: {
    kinds: ['breaker.opened', 'call.refused', 'breaker.half-opened', 'breaker.closed', 'breaker.isolated'],
    tell: async (runtime, clock) => {
      const gate = breaker({ consecutiveFailures: 1, openMs: 100, probes: 1 }, runtime);
      await ended(gate.execute(down));
      await ended(gate.execute(fine));
      clock.freeze(1_000);
      await gate.execute(fine);
      gate.isolate(isolation()).release();
    },
  },
  bulkhead: {
    kinds: ['bulkhead.queued', 'call.refused', 'bulkhead.changed'],
    tell: async (runtime, clock) => {
      const gate = bulkhead({ maxConcurrent: 1, maxQueue: 1 }, runtime);
      const calls = [1, 2, 3].map(() => ended(gate.execute(busy(clock, 10))));
      await clock.advance(100);
      await Promise.all(calls);
      gate.resize({ maxConcurrent: 2 });
    },
  },
  'rate limiter': {
    kinds: ['rate-limiter.queued', 'call.refused', 'rate-limiter.drained', 'rate-limiter.changed'],
    tell: async (runtime, clock) => {
      const gate = rateLimiter({ limit: 1, intervalMs: 100, maxQueue: 1, maxWaitMs: 1_000 }, runtime);
      const calls = [1, 2, 3].map(() => ended(gate.execute(fine)));
      await clock.advance(500);
      await Promise.all(calls);
      gate.drain();
      gate.change({ limit: 2 });
    },
  },
  'adaptive limiter': {
    kinds: ['limit.changed'],
    tell: async (runtime, clock) => {
      const gate = adaptiveLimiter({ algorithm: 'aimd', initialLimit: 20, windowMs: 100 }, runtime);
      for (let i = 0; i < 40; i++) {
        const permit = admitted(gate);
        clock.freeze(20);
        permit.throttled();
      }
    },
  },
  hedge: {
    kinds: ['hedge.started', 'hedge.finished', 'work.ended-late'],
    tell: async (runtime, clock) => {
      let copies = 0;
      const answered = hedge({ delayMs: 10 }, runtime).execute(() => busy(clock, copies++ === 0 ? 100 : 10)());
      await clock.advance(200);
      await answered;
    },
  },
  coalesce: {
    kinds: ['call.joined', 'work.ended-late'],
    tell: async (runtime, clock) => {
      const shared = coalesce({ key: () => 'one' }, runtime);
      const calls = [1, 2].map(() => shared.execute(busy(clock, 10)));
      await clock.advance(10);
      await Promise.all(calls);
      const caller = new AbortController();
      const left = ended(shared.execute(busy(clock, 100), { signal: caller.signal }));
      await settle();
      caller.abort();
      await clock.advance(200);
      await left;
    },
  },
  fallback: {
    kinds: ['fallback.used'],
    tell: (runtime) => fallback('a guess', {}, runtime).execute(down),
  },
  cache: {
    kinds: ['cache.looked-up', 'call.joined'],
    tell: async (runtime, clock) => {
      const kept = cache({ key: () => 'one', freshMs: 1_000 }, runtime);
      const calls = [1, 2].map(() => kept.execute(busy(clock, 10)));
      await clock.advance(10);
      await Promise.all(calls);
    },
  },
  chaos: {
    kinds: ['chaos.injected'],
    tell: (runtime) => ended(chaos({ enabled: true, rate: 1, fault: () => new Error('made') }, runtime).execute(fine)),
  },
  'attempt timeout': {
    kinds: ['attempt.timed-out', 'work.ended-late'],
    tell: async (runtime, clock) => {
      const failed = ended(attemptTimeout({ attemptTimeoutMs: 10 }, runtime).execute(busy(clock, 100)));
      await clock.advance(200);
      await failed;
    },
  },
  deadline: {
    kinds: ['deadline.exceeded', 'work.ended-late'],
    tell: async (runtime, clock) => {
      const failed = ended(deadline({ deadlineMs: 10 }, runtime).execute(busy(clock, 100)));
      await clock.advance(200);
      await failed;
    },
  },
  throttle: {
    kinds: ['call.refused'],
    tell: async (runtime) => {
      const gate = throttle({ minimumCalls: 1 }, runtime);
      for (let i = 0; i < 10; i++) await ended(gate.execute(down));
    },
  },
};

async function heard(tell: Story, wants: EventSink['wants']): Promise<string[]> {
  const clock = new ManualClock(1_000);
  const types: string[] = [];
  const events: EventSink = { wants, publish: ({ type }) => types.push(type) };
  await tell({ clock, random: () => 0, events }, clock);
  return types;
}

for (const [policy, { kinds, tell }] of Object.entries(stories)) {
  test(`${policy}: who wants one kind of event hears all of that kind and nothing else`, async () => {
    const all = await heard(tell, () => true);
    assert.deepEqual([...new Set(all)].sort(), [...kinds].sort());
    for (const kind of kinds) {
      const wanted = await heard(tell, (type) => type === kind);
      assert.deepEqual(
        wanted,
        all.filter((type) => type === kind),
        kind,
      );
    }
  });

  test(`${policy}: says nothing when nobody listens`, async () => {
    assert.deepEqual(await heard(tell, () => false), []);
  });
}

test('policies go by the names that the rules of order know', () => {
  const policies: Readonly<Record<string, Policy<unknown>>> = {
    'adaptive-limiter': adaptiveLimiter(),
    'attempt-timeout': attemptTimeout(),
    breaker: breaker(),
    bulkhead: bulkhead(),
    cache: cache({ key: () => '', freshMs: 1 }),
    chaos: chaos({ fault: () => new Error('made') }),
    coalesce: coalesce({ key: () => '' }),
    deadline: deadline(),
    fallback: fallback(1),
    hedge: hedge(),
    'rate-limiter': rateLimiter({ limit: 1 }),
    retry: retry(),
    throttle: throttle(),
  };
  for (const [name, policy] of Object.entries(policies)) assert.equal(policy.name, name);
});

test('only what holds a place while its call runs says so', () => {
  assert.deepEqual(
    [adaptiveLimiter(), breaker(), bulkhead(), rateLimiter({ limit: 1 }), throttle()].map(({ name, holdsPlace }) => [
      name,
      holdsPlace,
    ]),
    [
      ['adaptive-limiter', true],
      ['breaker', false],
      ['bulkhead', true],
      ['rate-limiter', false],
      ['throttle', false],
    ],
  );
});
