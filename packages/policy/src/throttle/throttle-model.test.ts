import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Permit } from '../contract/gate.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import type { ThrottleOptions } from './options.ts';
import { type Throttle, throttle } from './throttle.ts';

/*
 * A throttle in front of a target, in virtual time: calls come in evenly, and each is answered after a time of its own.
 */

interface Target {
  /** How the call that is sent at `now` ends. */
  readonly answer: (now: number) => 'success' | 'failure';
  readonly latencyMs: (now: number) => number;
}

interface Counts {
  sent: number;
  shed: number;
  succeeded: number;
}

class World {
  now = 0;
  readonly gate: Throttle;
  readonly #perSecond: number;
  readonly #target: Target;
  /** Calls under way, by when they end. */
  readonly #underWay: { at: number; permit: Permit; kind: 'success' | 'failure' }[] = [];

  constructor(options: ThrottleOptions, target: Target, perSecond = 200, seed = 7) {
    const clock = { now: () => this.now, wallNow: () => this.now, setTimer: () => assert.fail('set a timer') };
    const events = { wants: () => false, publish: () => {} };
    this.gate = throttle(options, { clock, random: seededRandom(seed), events });
    this.#target = target;
    this.#perSecond = perSecond;
  }

  /** Nothing comes in for a while; what is under way ends. */
  pause(ms: number): void {
    const until = this.now + ms;
    this.#endUntil(until);
    this.now = until;
  }

  /** Lets time pass, and says what became of the calls that came in. */
  run(ms: number, each: () => void = () => {}): Counts {
    const counts = { sent: 0, shed: 0, succeeded: 0 };
    const [from, calls] = [this.now, Math.round((ms / 1_000) * this.#perSecond)];
    for (let call = 0; call < calls; call++) {
      const at = from + (call * 1_000) / this.#perSecond;
      this.#endUntil(at);
      this.now = at;
      const admission = this.gate.tryAcquire();
      if (admission.admitted) {
        const kind = this.#target.answer(this.now);
        this.#underWay.push({ at: this.now + this.#target.latencyMs(this.now), permit: admission, kind });
        this.#underWay.sort((a, b) => a.at - b.at);
        counts.sent++;
        if (kind === 'success') counts.succeeded++;
      } else counts.shed++;
      each();
    }
    this.pause(from + ms - this.now);
    return counts;
  }

  #endUntil(at: number): void {
    for (let next = this.#underWay[0]; next !== undefined && next.at <= at; next = this.#underWay[0]) {
      this.now = next.at;
      next.permit[next.kind]();
      this.#underWay.shift();
    }
  }
}

function failing(share: number, seed = 3): Target {
  const random = seededRandom(seed);
  return { answer: () => (random() < share ? 'failure' : 'success'), latencyMs: () => 20 };
}

function end(gate: Throttle, kind: 'success' | 'failure'): void {
  const admission = gate.tryAcquire();
  assert.ok(admission.admitted);
  admission[kind]();
}

function near(got: number, want: number, within: number): void {
  assert.ok(Math.abs(got - want) <= within, `${got} is not within ${within} of ${want}`);
}

for (const [failureRatio, failed] of [
  [0.5, 0],
  [0.5, 0.3],
  [0.5, 0.6],
  [0.5, 0.75],
  [0.5, 0.9],
  [0.5, 1],
  [0.1, 0.05],
  [0.1, 0.4],
  [0.1, 0.7],
] as const) {
  const shed = Math.min(0.9, Math.max(0, 1 - (1 - failed) / (1 - failureRatio)));
  test(`sheds ${Math.round(shed * 100)} % of calls to a target that fails ${failed} of them, where ${failureRatio} may`, () => {
    const world = new World({ failureRatio }, failing(failed));
    world.run(20_000);
    const counts = world.run(60_000);
    near(counts.shed / (counts.shed + counts.sent), shed, 0.025);
  });
}

test('shedding is no reason to shed more: a target that answers 4 calls in 10 keeps 8 in 10 of its callers', () => {
  const world = new World({}, failing(0.6));
  for (let minute = 0; minute < 5; minute++) {
    const { sent, shed } = world.run(60_000);
    near(sent / (sent + shed), 0.8, 0.03);
  }
});

test('a target that accepts only so many a second gets the mean of those and of what comes, not all of it', () => {
  // 100 a second at most, whatever comes: sent = √(offered × K × capacity) = √(400 × 2 × 100).
  let [second, accepted] = [0, 0];
  const target: Target = {
    answer: (now) => {
      if (Math.floor(now / 100) !== second) [second, accepted] = [Math.floor(now / 100), 0];
      return accepted++ < 10 ? 'success' : 'failure';
    },
    latencyMs: () => 5,
  };
  const world = new World({}, target, 400);
  world.run(20_000);
  near(world.run(60_000).sent / 60, Math.sqrt(400 * 2 * 100), 12);
});

test('sheds nothing within one window after the target is well again, and never again', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const healsAt = 60_000;
    const world = new World(
      { windowMs: 10_000 },
      { answer: () => (world.now < healsAt ? 'failure' : 'success'), latencyMs: () => 20 },
      200,
      seed,
    );
    world.run(healsAt);
    assert.equal(world.gate.snapshot().shedRatio, 0.9);
    let lastShedding = 0;
    const { shed } = world.run(60_000, () => {
      if (world.gate.snapshot().shedRatio > 0) lastShedding = world.now;
    });
    assert.ok(lastShedding - healsAt <= 10_000, `shed for ${lastShedding - healsAt} ms`);
    // Of 2,000 calls that come in while the failures leave.
    assert.ok(shed < 800, `${shed} calls shed after healing`);
  }
});

test('notices a target that hangs before any of its calls has timed out, given a window longer than the timeout', () => {
  const [hangsAt, timeoutMs] = [30_000, 5_000];
  const world = new World(
    { windowMs: 10_000, failureRatio: 0.2 },
    {
      answer: (now) => (now < hangsAt ? 'success' : 'failure'),
      latencyMs: (now) => (now < hangsAt ? 20 : timeoutMs),
    },
  );
  world.run(hangsAt);
  assert.equal(world.gate.snapshot().shedRatio, 0);
  let first = Number.POSITIVE_INFINITY;
  world.run(10_000, () => {
    if (world.gate.snapshot().shedRatio > 0) first = Math.min(first, world.now);
  });
  assert.ok(first - hangsAt < timeoutMs, `noticed after ${first - hangsAt} ms`);
});

test('a target that hangs for good stays shed, though nothing in the window was accepted', () => {
  const world = new World(
    {},
    { answer: () => 'failure', latencyMs: (now) => (now < 20_000 ? 20 : Number.POSITIVE_INFINITY) },
  );
  end(world.gate, 'success');
  world.run(60_000);
  assert.ok(world.gate.snapshot().shedRatio > 0.8);
});

for (const latencyMs of [900, 1_500, 4_500, 9_500, 15_000]) {
  test(`sheds nothing of a target that takes ${latencyMs} ms and succeeds, neither at first nor after a pause`, () => {
    const world = new World({ windowMs: 10_000 }, { answer: () => 'success', latencyMs: () => latencyMs }, 50);
    assert.equal(world.run(60_000).shed, 0);
    world.pause(300_000);
    assert.equal(world.run(60_000).shed, 0);
  });
}

test('sheds nothing while a target that succeeds becomes twice as slow', () => {
  const world = new World(
    { windowMs: 10_000 },
    { answer: () => 'success', latencyMs: (now) => (now < 30_000 ? 1_000 : 2_000) },
  );
  assert.equal(world.run(90_000).shed, 0);
});

test('the same seed sheds the same calls', () => {
  const trace = (seed: number): number[] => {
    const world = new World({}, failing(0.8), 200, seed);
    return Array.from({ length: 50 }, () => world.run(500).shed);
  };
  assert.deepEqual(trace(11), trace(11));
  assert.notDeepEqual(trace(11), trace(12));
});
