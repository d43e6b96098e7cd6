import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  breaker,
  bulkhead,
  type Call,
  type CallOptions,
  cache,
  fallback,
  hedge,
  type Policy,
  pipeline,
  type Runtime,
  retry,
} from '../src/index.ts';
import { EventLog, ManualClock, seededRandom, settle } from '../src/testing/index.ts';
import { runs } from './property-runs.ts';
import { anyStack, makeStack } from './stacks.ts';

/*
 * A policy that is asked from within itself: from the work, from a hook, from a listener. It may refuse, and it may let
 * the call wait for as long as its queue does; it never waits for itself for ever.
 */

test('work that calls its own policies ends, in any order of policies', async (t) => {
  const how = fc.record({
    depth: fc.integer({ min: 1, max: 3 }),
    // Under the call that it works for, or as one that begins anew.
    under: fc.boolean(),
    ms: fc.constantFrom(0, 0, 5),
    end: fc.constantFrom('value', 'down'),
    callers: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(anyStack, how, async (stack, { depth, under, ms, end, callers, seed }) => {
      const clock = new ManualClock();
      const layers = makeStack(stack, { clock, random: seededRandom(seed) }, () => {});
      // A cache knows by the call that it is asked from within its own load. One that begins anew would wait for itself.
      const nested = under || stack.some(({ kind }) => kind === 'cache');
      const policy = pipeline(...layers.map((layer) => layer.policy));
      let [begun, ended] = [0, 0];
      let works = 0;
      const call = (left: number, options: CallOptions): Promise<unknown> => {
        begun++;
        const work = async (own: Call): Promise<unknown> => {
          // Retries of retries, each of which begins as many: it could go on for hours, and would show no more.
          if (++works > 200) return 'enough';
          if (ms > 0) await clock.sleep(ms);
          if (left > 0) return await call(left - 1, nested ? own : options);
          if (end === 'down') throw new Error('down');
          return 'value';
        };
        const over = (): void => {
          ended++;
        };
        const answer = policy.execute(work, options);
        answer.then(over, over);
        return answer;
      };
      for (let caller = 0; caller < callers; caller++) call(depth, { key: 'k' }).catch(() => {});
      await clock.advance(20_000);
      assert.equal(ended, begun, `${begun - ended} calls wait for ever`);
      assert.deepEqual(
        layers.map(({ held }) => held()).filter((held) => held > 0),
        [],
      );
      assert.equal(clock.pending, 0);
    }),
    runs(t),
  );
});

type Ask = () => Promise<unknown>;

const hooks: Record<string, (ask: Ask, room: Policy, runtime: Runtime) => Policy<unknown>> = {
  'the hook of a retry': (ask, room, runtime) => pipeline(room, retry({ onRetry: () => void ask() }, runtime)),
  'the hook of a retry, which waits for it': (ask, room, runtime) =>
    pipeline(
      room,
      retry(
        {
          onRetry: async () => {
            await ask();
          },
        },
        runtime,
      ),
    ),
  'the answer of a fallback': (ask, room, runtime) => pipeline(room, fallback(ask, {}, runtime)),
  'the classifier of a breaker': (ask, room, runtime) =>
    pipeline(
      room,
      breaker(
        {
          classify: ({ ok }) => {
            if (!ok) void ask();
            return { kind: ok ? 'success' : 'failure', retry: 'never' };
          },
        },
        runtime,
      ),
    ),
  'the further copy of a hedge': (ask, room, runtime) => pipeline(room, hedge({ delayMs: 1, action: ask }, runtime)),
  'the key of a cache': (ask, room, runtime) =>
    pipeline(
      room,
      cache(
        {
          freshMs: 10,
          key: () => {
            void ask();
            return 'k';
          },
        },
        runtime,
      ),
    ),
};

for (const [name, make] of Object.entries(hooks)) {
  for (const maxQueue of [0, 1]) {
    test(`a call made from ${name} ends in a bulkhead of 1 with ${maxQueue} queued`, async () => {
      const clock = new ManualClock();
      const runtime = { clock, random: () => 0.5, events: new EventLog() };
      const room = bulkhead({ maxConcurrent: 1, maxQueue, queueTimeoutMs: 50 }, runtime);
      const asked: Promise<unknown>[] = [];
      const policy = make(
        () => {
          const inner = asked.length < 3 ? policy.execute(async () => 'inner') : Promise.resolve('enough');
          asked.push(inner);
          inner.catch(() => {});
          return inner;
        },
        room,
        runtime,
      );
      const outer = policy.execute(async () => {
        await clock.sleep(5);
        throw new Error('down');
      });
      outer.catch(() => {});
      await clock.advance(5_000);
      let ended = 0;
      void Promise.allSettled([outer, ...asked]).then((all) => {
        ended = all.length;
      });
      await settle();
      assert.ok(asked.length > 0 && ended === 1 + asked.length, 'somebody waits for ever');
      assert.deepEqual([room.snapshot().active, room.snapshot().queued, clock.pending], [0, 0, 0]);
    });
  }
}

test('a listener that calls the policy it hears of is answered, and hears of that in order', async () => {
  const clock = new ManualClock();
  const log = new EventLog();
  let inner = 0;
  const runtime: Runtime = {
    clock,
    random: () => 0.5,
    events: {
      wants: () => true,
      publish: (event) => {
        log.publish(event);
        if (inner++ < 20) policy.execute(async () => 'inner').catch(() => {});
      },
    },
  };
  const room = bulkhead({ maxConcurrent: 1, maxQueue: 1, queueTimeoutMs: 50 }, runtime);
  const policy = pipeline(room, retry({ baseMs: 1 }, runtime), breaker({ consecutiveFailures: 1 }, runtime));
  await Promise.allSettled([
    policy.execute(() => Promise.reject(new Error('down'))),
    clock.advance(10_000).then(() => undefined),
  ]);
  assert.deepEqual([room.snapshot().active, room.snapshot().queued], [0, 0]);
  assert.ok(inner > 3);
  const times = log.events.map(({ at }) => at);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});
