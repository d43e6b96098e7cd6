import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import type { PolicyEvent } from '../contract/events.ts';
import type { Permit } from '../contract/gate.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { type AdaptiveLimiter, adaptiveLimiter } from './adaptive-limiter.ts';
import { aimdLimit } from './aimd.ts';
import { correlationLimit } from './correlation.ts';
import type { LimitFactory } from './limit.ts';
import type { AdaptiveLimiterOptions, LimitAlgorithm } from './options.ts';

/*
 * A limiter in front of a server that works on 30 calls at once and lets the others wait in line, in virtual time. Calls
 * come in at random, a third more than the server can do.
 */

const workers = 30;
const overload = 2_000;

interface Underway {
  readonly at: number;
  readonly end: () => void;
}

class World {
  now = 0;
  /** How long the server works on a call, on average. */
  serviceMs = 20;
  timeoutMs = Number.POSITIVE_INFINITY;
  readonly limiter: AdaptiveLimiter;
  readonly #random: () => number;
  readonly #freeAt = new Array<number>(workers).fill(0);
  /** Latest first. */
  readonly #underway: Underway[] = [];

  constructor(options: AdaptiveLimiterOptions, seed: number) {
    this.#random = seededRandom(seed);
    const clock = { now: () => this.now, wallNow: () => this.now, setTimer: () => assert.fail('set a timer') };
    const events = { wants: () => false, publish: () => {} };
    this.limiter = adaptiveLimiter(options, { clock, random: seededRandom(seed + 1), events });
  }

  /** Lets calls come in for a while, and says how many were answered in it. */
  run(forMs: number, perSecond: number): number {
    let answered = 0;
    const until = this.now + forMs;
    for (let at = this.now; at < until; ) {
      at = Math.min(until, at - (1_000 / perSecond) * Math.log(1 - this.#random()));
      for (let next = this.#underway.at(-1); next !== undefined && next.at <= at; next = this.#underway.at(-1)) {
        this.#underway.pop();
        this.now = next.at;
        next.end();
      }
      this.now = at;
      const admission = this.limiter.tryAcquire();
      if (admission.admitted) this.#serve(admission, () => answered++);
    }
    return answered;
  }

  #serve(permit: Permit, answered: () => void): void {
    let first = 0;
    for (let i = 1; i < workers; i++) if (this.#at(i) < this.#at(first)) first = i;
    const doneAt = Math.max(this.now, this.#at(first)) + this.serviceMs * (0.5 + this.#random());
    this.#freeAt[first] = doneAt;
    if (doneAt - this.now > this.timeoutMs) this.#later(this.now + this.timeoutMs, () => permit.throttled());
    else
      this.#later(doneAt, () => {
        answered();
        permit.success();
      });
  }

  #at(worker: number): number {
    return this.#freeAt[worker] as number;
  }

  #later(at: number, end: () => void): void {
    let place = this.#underway.length;
    while (place > 0 && (this.#underway[place - 1] as Underway).at < at) place--;
    this.#underway.splice(place, 0, { at, end });
  }
}

const algorithms: Record<string, LimitAlgorithm | LimitFactory> = {
  vegas: 'vegas',
  gradient2: 'gradient2',
  'aimd, told what is slow': aimdLimit({ slowMs: 100 }),
  correlation: 'correlation',
};

/** A quarter of a minute with room to spare, then a minute of overload. */
function warm(options: AdaptiveLimiterOptions, seed: number): World {
  const world = new World(options, seed);
  world.run(15_000, 900);
  world.run(60_000, overload);
  return world;
}

/** After this many windows, besides the one that was being gathered, the limit is lower than before. */
const windowsToShrink: Record<string, number> = {
  vegas: 1,
  gradient2: 1,
  'aimd, told what is slow': 1,
  // It looks at the median of the last five windows: the first two slow ones count for nothing, and the limit grows on.
  correlation: 6,
};

for (const [name, algorithm] of Object.entries(algorithms)) {
  for (const seed of [1, 2]) {
    test(`${name} falls after a latency step of ten, and is back within a minute of calm (seed ${seed})`, () => {
      const world = warm({ algorithm }, seed);
      const before = world.limiter.limit;
      const answeredBefore = world.run(5_000, overload);

      world.serviceMs *= 10;
      const start = world.limiter.limit;
      world.run(1_000 * ((windowsToShrink[name] as number) + 1), overload);
      assert.ok(world.limiter.limit < start, `${world.limiter.limit} is not below ${start}`);
      world.run(20_000, overload);

      world.serviceMs /= 10;
      world.run(60_000, overload);
      // A limit above what the server works on at once serves nobody: that much it need not regain.
      const goal = 0.9 * Math.min(before, workers);
      assert.ok(world.limiter.limit >= goal, `${world.limiter.limit} is not ${goal}`);
      const answered = world.run(5_000, overload);
      assert.ok(answered >= 0.9 * answeredBefore, `${answered} of ${answeredBefore} are answered`);
    });
  }
}

for (const algorithm of ['vegas', 'gradient2', 'aimd', 'correlation'] as const) {
  test(`${algorithm} falls by a window in which calls run out of time`, () => {
    const world = warm({ algorithm }, 4);
    world.timeoutMs = 150;
    world.serviceMs = 400;
    const before = world.limiter.limit;
    world.run(2_000, overload);
    assert.ok(world.limiter.limit < before, `${world.limiter.limit} is not below ${before}`);
    world.run(180_000, 500);
    assert.ok(world.limiter.limit <= 2, `${world.limiter.limit} after three minutes in which nothing was answered`);
  });
}

test('aimd hears nothing of latency below its threshold', () => {
  const world = warm({ algorithm: 'aimd' }, 5);
  const before = world.limiter.limit;
  world.serviceMs = 200;
  world.run(20_000, overload);
  assert.ok(world.limiter.limit > before);
});

test('in an overload of four minutes, vegas alone stays near what the server can work on', () => {
  const after = (algorithm: LimitAlgorithm): number => {
    const world = warm({ algorithm }, 6);
    world.run(240_000, overload);
    return world.limiter.limit;
  };
  const vegas = after('vegas');
  assert.ok(vegas >= workers && vegas < 1.5 * workers, `${vegas}`);
  assert.ok(after('gradient2') > 2 * workers);
  assert.equal(after('aimd'), 200);
});

// What holds whatever happens.

const anything = fc.array(
  fc.oneof(
    fc.record({ enter: fc.integer({ min: 1, max: 40 }) }),
    fc.record({
      end: fc.integer({ min: 1, max: 40 }),
      how: fc.constantFrom(
        'success' as const,
        'success' as const,
        'failure' as const,
        'throttled' as const,
        'ignored' as const,
      ),
    }),
    fc.record({ waitMs: fc.constantFrom(1, 20, 200, 600, 2_000, 40_000) }),
  ),
  { maxLength: 150 },
);

const algorithmAtRandom = fc.constantFrom<LimitAlgorithm | LimitFactory>(
  'vegas',
  'gradient2',
  'aimd',
  aimdLimit({ slowMs: 100, backoffRatio: 0.5 }),
  correlationLimit({ maxLimitFactor: 2 }),
);

test('the limit stays inside its bounds, nobody enters beyond it, and it never grows while less than half is used', (t) => {
  fc.assert(
    fc.property(anything, algorithmAtRandom, fc.integer({ min: 0, max: 5 }), (steps, algorithm, seed) => {
      let now = 0;
      const random = seededRandom(seed);
      let grew: string | undefined;
      const publish = (event: PolicyEvent): void => {
        if (event.type !== 'limit.changed' || event.limit < event.previous) return;
        const { inFlight } = limiter.snapshot();
        if (inFlight * 2 < event.previous) grew = `${event.previous} to ${event.limit} at ${inFlight} in flight`;
      };
      const clock = { now: () => now, wallNow: () => now, setTimer: () => assert.fail('set a timer') };
      const [minLimit, maxLimit] = [2, 60];
      const limiter = adaptiveLimiter(
        { algorithm, minLimit, maxLimit, minimumSamples: 3 },
        { clock, random, events: { wants: () => true, publish } },
      );
      const under: Permit[] = [];
      for (const step of steps) {
        if ('waitMs' in step) now += step.waitMs;
        else if ('enter' in step) {
          for (let i = 0; i < step.enter; i++) {
            const full = under.length >= limiter.limit;
            const admission = limiter.tryAcquire();
            assert.equal(admission.admitted, !full);
            if (admission.admitted) under.push(admission);
          }
        } else for (let i = 0; i < step.end; i++) under.splice(Math.floor(random() * under.length), 1)[0]?.[step.how]();
        const { limit, active } = limiter.snapshot();
        assert.ok(Number.isInteger(limit) && limit >= minLimit && limit <= maxLimit, `a limit of ${limit}`);
        assert.equal(active, under.length);
        assert.equal(grew, undefined);
      }
    }),
    runs(t),
  );
});

test('correlation as published grows to five times what is used, which is more than half of it can be', () => {
  const world = new World({ algorithm: 'correlation' }, 7);
  world.run(60_000, 900);
  const { limit, inFlight } = world.limiter.snapshot();
  assert.ok(limit > 2 * inFlight, `${limit} with ${inFlight} under way`);
});

test('the same seed moves the limit the same way', () => {
  const limits = (seed: number): number[] => {
    const world = new World({}, seed);
    return Array.from({ length: 30 }, () => {
      world.run(1_000, overload);
      return world.limiter.limit;
    });
  };
  assert.deepEqual(limits(8), limits(8));
  assert.notDeepEqual(limits(8), limits(9));
});
