import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BreakerCause, EventBus, type EventSink, type PolicyEvent } from '../contract/events.ts';
import type { Permit } from '../contract/gate.ts';
import type { VerdictKind } from '../contract/outcome.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { breaker, type CircuitBreaker } from './breaker.ts';
import { type BreakerOptions, breakerDefaults } from './options.ts';
import type { BreakerSnapshot, BreakerState } from './snapshot.ts';

const admit = (gate: CircuitBreaker): Permit => {
  const answer = gate.tryAcquire();
  assert.ok(answer.admitted, gate.explain());
  return answer;
};

test('publishes one event per transition, in order, with epoch, cause and evidence', () => {
  const clock = new ManualClock();
  const events = new EventLog();
  const gate = breaker(
    { name: 'users', consecutiveFailures: 2, openMs: 1_000, probes: 1 },
    { clock, random: () => 1, events },
  );
  admit(gate).success();
  clock.freeze(10);
  admit(gate).failure();
  admit(gate).failure();
  clock.freeze(1_000);
  admit(gate).failure();
  clock.freeze(2_500);
  admit(gate).success();

  const users = { target: 'users', breaker: 'users' };
  const tripped = { calls: 3, failures: 2, consecutiveFailures: 2 };
  const probed = { calls: 1, failures: 1, consecutiveFailures: 1 };
  assert.deepEqual(events.events, [
    {
      type: 'breaker.opened',
      at: 10,
      ...users,
      cause: 'consecutive-failures',
      epoch: 1,
      evidence: tripped,
      openMs: 1_000,
    },
    { type: 'breaker.half-opened', at: 1_010, ...users, cause: 'open-time-over', epoch: 2, evidence: tripped },
    { type: 'breaker.opened', at: 1_010, ...users, cause: 'probes-failed', epoch: 3, evidence: probed, openMs: 2_000 },
    { type: 'breaker.half-opened', at: 3_510, ...users, cause: 'open-time-over', epoch: 4, evidence: probed },
    {
      type: 'breaker.closed',
      at: 3_510,
      ...users,
      cause: 'probes-succeeded',
      epoch: 5,
      evidence: { calls: 1, failures: 0, consecutiveFailures: 0 },
    },
  ]);
});

test('makes no event that nobody wants', () => {
  const published: PolicyEvent[] = [];
  const deaf: EventSink = { wants: () => false, publish: (event) => void published.push(event) };
  const gate = breaker({ consecutiveFailures: 1 }, { clock: new ManualClock(), random: () => 1, events: deaf });
  admit(gate).failure();

  assert.equal(gate.state, 'open');
  assert.deepEqual(published, []);
});

test('publishes on diagnostics_channel when the runtime names no sink', () => {
  const heard: unknown[] = [];
  const hear = (event: unknown): void => void heard.push(event);
  channel('switchgear:breaker.opened').subscribe(hear);
  const gate = breaker({ name: 'loud', consecutiveFailures: 1 }, { clock: new ManualClock(), random: () => 1 });
  admit(gate).failure();
  channel('switchgear:breaker.opened').unsubscribe(hear);

  assert.deepEqual(
    heard.map((event) => (event as PolicyEvent).target),
    ['loud'],
  );
});

test('a listener that calls back finds the new state, and all listeners hear the epochs in order', () => {
  const clock = new ManualClock();
  const bus = new EventBus();
  const gate = breaker(
    { consecutiveFailures: 1, probes: 2, failureRatio: 0.5 },
    { clock, random: () => 1, events: bus },
  );
  const seenByFirst: string[] = [];
  const epochsOfSecond: number[] = [];
  bus.on((event) => {
    seenByFirst.push(`${event.type} ${gate.state}`);
    if (event.type === 'breaker.half-opened') {
      const answer = gate.tryAcquire();
      if (answer.admitted) answer.failure();
    }
  });
  bus.on((event) => {
    if ('epoch' in event) epochsOfSecond.push(event.epoch);
  });
  admit(gate).failure();
  clock.freeze(1_000);

  const probe = admit(gate);

  assert.deepEqual(seenByFirst, ['breaker.opened open', 'breaker.half-opened half-open', 'breaker.opened open']);
  assert.deepEqual(epochsOfSecond, [1, 2, 3]);
  assert.equal(probe.epoch, 2);
  probe.success();
  assert.equal(gate.state, 'open');
  assert.equal(bus.listenerErrors, 0);
});

test('a listener cannot take the slot of the caller whose asking made the circuit half-open', () => {
  const clock = new ManualClock();
  const bus = new EventBus();
  const gate = breaker({ consecutiveFailures: 1, probes: 1 }, { clock, random: () => 1, events: bus });
  let listenersTurn: boolean | undefined;
  bus.on(({ type }) => {
    if (type === 'breaker.half-opened') listenersTurn = gate.tryAcquire().admitted;
  });
  admit(gate).failure();
  clock.freeze(1_000);

  admit(gate).success();

  assert.equal(listenersTurn, false);
  assert.equal(gate.state, 'closed');
});

test('a listener or a sink that throws fails no call and stops no transition', () => {
  const bus = new EventBus();
  bus.on(() => {
    throw new Error('listener');
  });
  const broken = (in_: 'wants' | 'publish'): EventSink => ({
    wants: () => {
      if (in_ === 'wants') throw new Error('sink');
      return true;
    },
    publish: () => {
      throw new Error('sink');
    },
  });
  for (const events of [bus, broken('wants'), broken('publish')]) {
    const clock = new ManualClock();
    const gate = breaker({ consecutiveFailures: 1, probes: 1 }, { clock, random: () => 1, events });
    admit(gate).failure();
    assert.equal(gate.state, 'open');
    clock.freeze(1_000);
    admit(gate).success();
    assert.equal(gate.state, 'closed');
  }
  assert.equal(bus.listenerErrors, 3);
});

/*
 * The same rules once more, as slowly and plainly as they can be said: every result is kept, every sum is counted anew.
 */

type Told = readonly [
  type: string,
  cause: BreakerCause,
  epoch: number,
  calls: number,
  failures: number,
  inARow: number,
];

class NaiveBreaker {
  state: BreakerState = 'closed';
  epoch = 0;
  cause: BreakerCause | null = null;
  readonly told: Told[] = [];
  readonly #set: Required<Omit<BreakerOptions, 'classify'>>;
  readonly #random: () => number;
  /** Of this closed time, in order. */
  #results: { at: number; failed: boolean }[] = [];
  #ramp: { from: number; offered: number; admitted: number } | undefined;
  #openings = 0;
  #openUntil = 0;
  #openedFor: [calls: number, failures: number, inARow: number] = [0, 0, 0];
  #running: { id: number; until: number }[] = [];
  #answers: boolean[] = [];
  readonly #epochs = new Map<number, number>();

  constructor(options: BreakerOptions, random: () => number) {
    this.#set = { ...breakerDefaults, ...options };
    this.#random = random;
  }

  ask(id: number, now: number): string {
    this.#pass(now);
    const answer = this.#answer(id, now);
    if (answer === 'admitted') this.#epochs.set(id, this.epoch);
    return answer;
  }

  end(id: number, how: VerdictKind, now: number): void {
    const epoch = this.#epochs.get(id);
    this.#epochs.delete(id);
    if (epoch !== this.epoch) return;
    const counts = how === 'success' || how === 'failure';
    if (this.state === 'closed' && counts) {
      this.#pass(now);
      this.#results.push({ at: now, failed: how === 'failure' });
      if (how === 'failure') this.#trip(now);
    } else if (this.state === 'half-open') {
      this.#pass(now);
      if (epoch !== this.epoch || !this.#running.some((probe) => probe.id === id)) return;
      this.#running = this.#running.filter((probe) => probe.id !== id);
      if (counts) this.#answers.push(how === 'failure');
      this.#decide(now);
    }
  }

  look(now: number): BreakerSnapshot {
    this.#pass(now);
    const [calls, failures, consecutiveFailures] = this.#sums(now);
    return {
      name: '',
      state: this.state,
      epoch: this.epoch,
      cause: this.cause,
      calls,
      failures,
      failureRatio: calls === 0 ? 0 : failures / calls,
      consecutiveFailures,
      openings: this.#openings,
      openForMs: this.state === 'open' ? this.#openUntil - now : 0,
      probesRunning: this.#running.length,
      admittedShare: this.state !== 'closed' ? 0 : this.#ramp ? (now - this.#ramp.from) / this.#set.rampMs : 1,
    };
  }

  #answer(id: number, now: number): string {
    if (this.state === 'open') return 'circuit-open';
    if (this.state === 'half-open') {
      if (this.#running.length + this.#answers.length >= this.#set.probes) return 'circuit-open';
      this.#running.push({ id, until: now + this.#set.probeLeaseMs });
      return 'admitted';
    }
    if (this.#ramp === undefined) return 'admitted';
    this.#ramp.offered++;
    const share = (now - this.#ramp.from) / this.#set.rampMs;
    if (!(this.#ramp.admitted < this.#set.probes + share * this.#ramp.offered)) return 'circuit-ramping';
    this.#ramp.admitted++;
    return 'admitted';
  }

  #pass(now: number): void {
    if (this.#ramp !== undefined && now - this.#ramp.from >= this.#set.rampMs) {
      this.#ramp = undefined;
      this.#openings = 0;
    }
    if (this.state === 'open' && now >= this.#openUntil) {
      this.#enter('half-open', 'open-time-over', this.#openedFor);
    } else if (this.state === 'half-open') {
      const hung = this.#running.filter(({ until }) => until <= now);
      this.#running = this.#running.filter(({ until }) => until > now);
      for (const _ of hung) this.#answers.push(true);
      this.#decide(now);
    }
  }

  #trip(now: number): void {
    const [calls, failures, inARow] = this.#sums(now);
    const { minimumCalls, failureRatio, consecutiveFailures } = this.#set;
    if (calls >= minimumCalls && failures / calls >= failureRatio) this.#open('failure-ratio', now);
    else if (consecutiveFailures > 0 && inARow >= consecutiveFailures) this.#open('consecutive-failures', now);
  }

  /** Tries every way the rest of the probes could turn out. */
  #decide(now: number): void {
    const { probes, failureRatio, rampMs } = this.#set;
    const failures = this.#answers.filter(Boolean).length;
    const ends = Array.from({ length: probes - this.#answers.length + 1 }, (_, more) => (failures + more) / probes);
    if (ends.every((ratio) => ratio >= failureRatio)) this.#open('probes-failed', now);
    else if (ends.every((ratio) => ratio < failureRatio)) {
      const evidence = this.#sums(now);
      this.#results = [];
      if (rampMs === 0) this.#openings = 0;
      else this.#ramp = { from: now, offered: 0, admitted: 0 };
      this.#enter('closed', 'probes-succeeded', evidence);
    }
  }

  #open(cause: BreakerCause, now: number): void {
    const { openMs, maxOpenMs } = this.#set;
    this.#openedFor = this.#sums(now);
    this.#openings++;
    this.#ramp = undefined;
    let nominalMs = openMs;
    for (let i = 1; i < this.#openings; i++) nominalMs = Math.min(maxOpenMs, nominalMs * 2);
    this.#openUntil = now + (nominalMs / 2 + (this.#random() * nominalMs) / 2);
    this.#enter('open', cause, this.#openedFor);
  }

  #enter(state: BreakerState, cause: BreakerCause, evidence: readonly [number, number, number]): void {
    this.state = state;
    this.epoch++;
    this.cause = cause;
    this.#running = [];
    this.#answers = [];
    this.told.push([state, cause, this.epoch, ...evidence]);
  }

  #sums(now: number): [calls: number, failures: number, inARow: number] {
    if (this.state === 'open') return this.#openedFor;
    const all = this.state === 'half-open' ? this.#answers : this.#results.map(({ failed }) => failed);
    const inARow = all.length - 1 - all.lastIndexOf(false);
    const counted = this.state === 'half-open' ? all : this.#inWindow(now);
    return [counted.length, counted.filter(Boolean).length, inARow];
  }

  #inWindow(now: number): boolean[] {
    const { window, windowCalls, windowMs } = this.#set;
    if (window === 'count') return this.#results.slice(-windowCalls).map(({ failed }) => failed);
    const bucket = (at: number): number => Math.floor(at / (windowMs / 10));
    return this.#results.filter(({ at }) => bucket(at) > bucket(now) - 10).map(({ failed }) => failed);
  }
}

type Step =
  | { readonly do: 'ask' }
  | { readonly do: 'end'; readonly which: number; readonly how: VerdictKind }
  | { readonly do: 'wait'; readonly ms: number }
  /** Waits until the latest opening is over, to the very millisecond. */
  | { readonly do: 'wait-open' }
  | { readonly do: 'look' };

const stateOf: Record<string, BreakerState> = {
  'breaker.opened': 'open',
  'breaker.half-opened': 'half-open',
  'breaker.closed': 'closed',
};

const follows: Record<BreakerState, readonly BreakerState[]> = {
  closed: ['open'],
  open: ['half-open'],
  'half-open': ['open', 'closed'],
};

/** Walks a breaker and the naive one through the same steps; they must agree at each. Returns what happened. */
function walk(options: BreakerOptions, steps: readonly Step[], seed: number): Set<string> {
  const clock = new ManualClock();
  const events = new EventLog();
  const gate = breaker(options, { clock, random: seededRandom(seed), events });
  const naive = new NaiveBreaker(options, seededRandom(seed));
  const permits: { permit: Permit; id: number }[] = [];
  const happened = new Set<string>();
  let openUntil = 0;
  let asked = 0;

  for (const step of steps) {
    const now = clock.now();
    switch (step.do) {
      case 'ask': {
        const id = asked++;
        const answer = gate.tryAcquire();
        const said = answer.admitted ? 'admitted' : answer.reason;
        assert.equal(said, naive.ask(id, now));
        happened.add(said);
        if (answer.admitted) {
          assert.ok(now >= openUntil, 'nothing is admitted before the open time is over');
          assert.equal(answer.epoch, naive.epoch);
          permits.push({ permit: answer, id });
        }
        break;
      }
      case 'end': {
        // Any permit ever given may end, again and again, long after its epoch.
        const chosen = permits[step.which % Math.max(1, permits.length)];
        if (chosen === undefined) break;
        chosen.permit[step.how]();
        naive.end(chosen.id, step.how, now);
        break;
      }
      case 'wait':
        clock.freeze(step.ms);
        break;
      case 'wait-open':
        clock.freeze(Math.max(0, openUntil - now));
        break;
      case 'look': {
        const seen = gate.snapshot();
        assert.deepEqual(seen, naive.look(now));
        assert.ok(seen.calls >= seen.failures && seen.failures >= 0 && seen.openForMs >= 0);
        assert.ok(seen.probesRunning <= (options.probes ?? breakerDefaults.probes));
      }
    }
    for (const event of events.of('breaker.opened')) openUntil = event.at + event.openMs;
    assert.equal(events.events.length, naive.told.length);
  }
  assert.deepEqual(gate.snapshot(), naive.look(clock.now()));

  let state: BreakerState = 'closed';
  for (const [i, event] of events.events.entries()) {
    assert.ok('evidence' in event);
    const { calls, failures, consecutiveFailures } = event.evidence;
    const next = stateOf[event.type] as BreakerState;
    assert.deepEqual([next, event.cause, event.epoch, calls, failures, consecutiveFailures], naive.told[i]);
    assert.ok(follows[state].includes(next), `${state} to ${next}`);
    assert.equal(event.epoch, i + 1);
    state = next;
    happened.add(event.cause);
  }
  return happened;
}

const anything = ['admitted', 'circuit-open', 'circuit-ramping', 'failure-ratio', 'consecutive-failures'];
const everything = [...anything, 'open-time-over', 'probes-failed', 'probes-succeeded'].sort();

test('agrees with a naive breaker on any trace of calls, endings in any order, late endings and time', () => {
  const options = fc.record({
    window: fc.constantFrom('time' as const, 'count' as const),
    windowMs: fc.constantFrom(100, 1_000),
    windowCalls: fc.integer({ min: 4, max: 8 }),
    minimumCalls: fc.integer({ min: 1, max: 4 }),
    failureRatio: fc.constantFrom(0.3, 0.5, 0.9, 1),
    consecutiveFailures: fc.integer({ min: 0, max: 4 }),
    openMs: fc.constantFrom(10, 50),
    maxOpenMs: fc.constantFrom(50, 200),
    probes: fc.integer({ min: 1, max: 4 }),
    probeLeaseMs: fc.constantFrom(30, 60),
    rampMs: fc.constantFrom(0, 40, 200),
  });
  const how = fc.constantFrom<VerdictKind>(
    'failure',
    'failure',
    'failure',
    'success',
    'success',
    'throttled',
    'ignored',
  );
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: fc.constant<Step>({ do: 'ask' }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(60), how }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 5, 10, 30, 60, 100, 0.25) }),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'wait-open' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'look' }) },
  );
  const happened = new Set<string>();
  fc.assert(
    fc.property(
      options,
      fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }),
      fc.nat(),
      (settings, steps, seed) => {
        for (const what of walk(settings, steps, seed)) happened.add(what);
      },
    ),
    { numRuns: 10_000 },
  );
  assert.deepEqual([...happened].sort(), everything, 'the traces reach every rule');
});

test('agrees with a naive breaker on every short trace there is', () => {
  const settings: BreakerOptions = {
    consecutiveFailures: 1,
    minimumCalls: 2,
    failureRatio: 0.5,
    openMs: 10,
    maxOpenMs: 20,
    probes: 2,
    probeLeaseMs: 10,
    rampMs: 10,
  };
  const alphabet: readonly (readonly Step[])[] = [
    [{ do: 'ask' }],
    [{ do: 'end', which: 1, how: 'success' }],
    [{ do: 'end', which: 0, how: 'failure' }],
    [{ do: 'end', which: 2, how: 'ignored' }],
    [{ do: 'end', which: 3, how: 'failure' }],
    [{ do: 'wait', ms: 10 }],
  ];
  // Each begins with three calls admitted and one of them failed, so that the circuit is open and two calls are stale.
  const begin: Step[] = [{ do: 'ask' }, { do: 'ask' }, { do: 'ask' }, { do: 'end', which: 0, how: 'failure' }];
  const length = 6;
  let traces = 0;
  for (let code = 0; code < alphabet.length ** length; code++) {
    const steps = [...begin];
    for (let rest = code, i = 0; i < length; i++, rest = Math.floor(rest / alphabet.length)) {
      steps.push(...(alphabet[rest % alphabet.length] as readonly Step[]));
    }
    walk(settings, steps, code);
    traces++;
  }
  assert.equal(traces, 46_656);
});
