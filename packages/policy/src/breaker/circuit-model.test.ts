import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import type { BreakerCause, BreakerEvidence } from '../contract/events.ts';
import type { Permit } from '../contract/gate.ts';
import type { VerdictKind } from '../contract/outcome.ts';
import { EventLog } from '../testing/event-log.ts';
import { type Choose, explore } from '../testing/explore.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { breaker, type CircuitBreaker } from './breaker.ts';
import { isolation } from './isolation.ts';
import {
  type BreakerChanges,
  type BreakerMode,
  type BreakerOptions,
  breakerDefaults,
  type Opening,
} from './options.ts';
import type { BreakerSnapshot, BreakerState } from './snapshot.ts';

/*
 * The same rules once more, as slowly and plainly as they can be said: every result is kept, every sum is counted anew.
 */

type Lower = Exclude<BreakerState, 'isolated'>;

type Settings = BreakerOptions & Required<Omit<BreakerOptions, 'slowMs' | 'badRatio' | 'classify' | Unset>>;
type Unset = 'probeFailureRatio' | 'halfOpenMs';

interface Told {
  readonly state: BreakerState;
  readonly cause: BreakerCause;
  readonly epoch: number;
  readonly evidence: BreakerEvidence;
}

interface Result {
  at: number;
  failed: boolean;
  readonly slow: boolean;
}

interface NaiveCall {
  readonly epoch: number;
  readonly startedAt: number;
  /** Whether slow calls were watched for when it began. */
  readonly timed: boolean;
  /** Whether it counts once it is slow, ended or not. */
  watched: boolean;
  counted: Result | undefined;
}

const settingsOf = (options: BreakerOptions): Settings => {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...breakerDefaults, ...given };
};

const sized = (many: number, share: number, result: Result): Result[] =>
  Array.from({ length: Math.floor(many * share) }, () => ({ ...result }));

class NaiveBreaker {
  beneath: Lower = 'closed';
  readonly isolatedBy = new Set<string>();
  epoch = 0;
  cause: BreakerCause | null = null;
  readonly told: Told[] = [];
  #options: BreakerOptions;
  #set: Settings;
  readonly #random: () => number;
  readonly #calls = new Map<number, NaiveCall>();
  /** Of this closed time, in order; and how the calls that ended did. */
  #results: Result[] = [];
  #finished: boolean[] = [];
  #slowSince = 0;
  #ramp: { from: number; ms: number; free: number; offered: number; admitted: number } | undefined;
  #openings = 0;
  #openUntil = 0;
  #openedFor: BreakerEvidence = { calls: 0, failures: 0, consecutiveFailures: 0 };
  #probeRules: Settings;
  #probes: { id: number; startedAt: number }[] = [];
  #firstProbeAt: number | undefined;
  #answers: boolean[] = [];
  #refusedInShadow = 0;

  constructor(options: BreakerOptions, random: () => number) {
    this.#options = options;
    this.#set = settingsOf(options);
    this.#probeRules = this.#set;
    this.#random = random;
  }

  get state(): BreakerState {
    return this.isolatedBy.size > 0 ? 'isolated' : this.beneath;
  }

  ask(id: number, now: number): string {
    if (this.#set.mode === 'disabled') return 'admitted';
    this.#pass(now);
    const refusal = this.#refuses(id, now);
    if (refusal !== undefined) {
      if (this.#set.mode !== 'shadow') return refusal;
      this.#refusedInShadow++;
      return 'admitted';
    }
    const timed = this.#set.slowMs !== undefined;
    this.#calls.set(id, { epoch: this.epoch, startedAt: now, timed, watched: timed, counted: undefined });
    return 'admitted';
  }

  end(id: number, how: VerdictKind, openForMs: number | undefined, now: number): void {
    const call = this.#calls.get(id);
    if (call === undefined || call.epoch !== this.epoch) return;
    const counts = how === 'success' || how === 'failure';
    if (counts || !this.#isSlow(call, now)) call.watched = false;
    this.#pass(now);
    this.#calls.delete(id);
    if (call.epoch !== this.epoch) return;
    const asks = how === 'failure' || how === 'throttled';
    const askedMs =
      asks && openForMs !== undefined && openForMs > 0 && openForMs < Number.POSITIVE_INFINITY
        ? Math.min(openForMs, this.#set.maxOpenForMs)
        : undefined;
    if (this.beneath === 'closed') {
      const slow = call.counted !== undefined || this.#isSlow(call, now);
      if (counts) this.#finish(call, { at: now, failed: how === 'failure', slow: slow && this.#watches });
      if (askedMs !== undefined) this.#open('asked-by-result', now, askedMs);
      else if (counts && (how === 'failure' || (slow && this.#watches))) this.#trip(now);
    } else {
      if (!this.#probes.some((probe) => probe.id === id)) return;
      this.#probes = this.#probes.filter((probe) => probe.id !== id);
      if (counts) this.#answers.push(how === 'failure');
      if (askedMs !== undefined) this.#open('asked-by-result', now, askedMs);
      else this.#decide(now);
    }
  }

  look(now: number): BreakerSnapshot {
    this.#pass(now);
    const { beneath, state } = this;
    const { calls, failures, consecutiveFailures, slow, bad } = this.#evidence(now);
    const ramp = this.#ramp === undefined ? 1 : Math.min(1, (now - this.#ramp.from) / this.#ramp.ms);
    return {
      name: '',
      mode: this.#set.mode,
      state,
      beneath: beneath === 'open' && now >= this.#openUntil ? 'half-open' : beneath,
      epoch: this.epoch,
      cause: this.cause,
      calls,
      failures,
      failureRatio: calls === 0 ? 0 : failures / calls,
      slow: slow ?? 0,
      bad: bad ?? failures,
      consecutiveFailures,
      openings: this.#openings,
      openForMs: beneath === 'open' ? Math.max(0, this.#openUntil - now) : 0,
      probesRunning: this.#probes.length,
      admittedShare: state === 'closed' ? ramp : 0,
      isolatedBy: [...this.isolatedBy],
      refusedInShadow: this.#refusedInShadow,
    };
  }

  isolate(by: string, now: number): void {
    this.#pass(now);
    if (this.isolatedBy.size === 0) {
      const evidence = this.#evidence(now);
      if (this.beneath === 'half-open') {
        this.#openedFor = evidence;
        this.#openUntil = now;
        this.beneath = 'open';
        this.#probes = [];
      }
      this.isolatedBy.add(by);
      this.#enter(this.beneath, 'isolated', evidence);
    }
    this.isolatedBy.add(by);
  }

  release(by: string, now: number): void {
    if (!this.isolatedBy.delete(by) || this.isolatedBy.size > 0) return;
    if (this.beneath === 'open') this.#goOn('released', now);
    else {
      const evidence = this.#evidence(now);
      this.#rampFrom(now, this.#ramp === undefined ? 0 : this.#openings);
      this.#enter('closed', 'released', evidence);
    }
  }

  reset(now: number): void {
    this.#pass(now);
    this.#forget(now);
  }

  configure(changes: BreakerChanges, now: number): void {
    this.#pass(now);
    const before = this.#set;
    this.#options = { ...this.#options, ...changes };
    this.#set = settingsOf(this.#options);
    if (this.beneath === 'closed') this.#rehouse(before, now);
    if (this.#set.slowMs !== before.slowMs) this.#slowSince = now;
    if (!this.#watches) for (const call of this.#calls.values()) call.watched = false;
    if (this.#set.mode === 'disabled' && before.mode !== 'disabled') this.#forget(now);
  }

  restore(saved: BreakerSnapshot, now: number): void {
    this.#pass(now);
    const { calls, failures, slow, bad, consecutiveFailures } = saved;
    if (saved.beneath === 'closed') {
      this.#clear();
      const seen = this.#watches ? { slow, both: failures + slow - bad } : { slow: 0, both: 0 };
      this.#results = this.#tallied(calls, failures, seen.slow, seen.both, now);
      this.#finished = new Array<boolean>(consecutiveFailures).fill(true);
      if (saved.admittedShare < 1) this.#rampFrom(now - saved.admittedShare * this.#set.rampMs, saved.openings);
      this.beneath = 'closed';
      if (this.state === 'closed') this.#enter('closed', 'restored', this.#evidence(now));
      return;
    }
    const longestMs = Math.max(this.#set.maxOpenMs, this.#set.maxOpenForMs);
    this.#clear();
    this.#openedFor = { calls, failures, consecutiveFailures, ...(this.#watches ? { slow, bad } : {}) };
    this.#openUntil = now + (saved.beneath === 'open' ? Math.min(saved.openForMs, longestMs) : 0);
    this.#openings = Math.max(1, saved.openings);
    this.beneath = 'open';
    if (this.isolatedBy.size === 0) this.#goOn('restored', now);
  }

  /** All that the future depends on, and nothing else: two breakers of equal fingerprints cannot be told apart. */
  fingerprint(now: number, longestMs: number): string {
    const age = (at: number): number => Math.min(longestMs, now - at);
    const { windowCalls, window } = this.#set;
    const results = window === 'count' ? this.#results.slice(-windowCalls) : this.#results;
    const inARow = this.#finished.length - 1 - this.#finished.lastIndexOf(false);
    const calls = [...this.#calls].map(([id, { epoch, startedAt, watched, counted }]) => {
      if (epoch !== this.epoch) return 'stale';
      const probe = this.#probes.some((one) => one.id === id) ? 'probe' : '';
      return `${probe}${watched ? age(startedAt) : ''}${counted ? `#${results.indexOf(counted)}` : ''}`;
    });
    return JSON.stringify([
      this.beneath,
      results.map(({ failed, slow }) => (failed ? 2 : 0) + (slow ? 1 : 0)),
      this.beneath === 'closed' ? Math.min(inARow, this.#set.consecutiveFailures) : 0,
      this.beneath === 'open' ? Math.max(0, this.#openUntil - now) : 0,
      this.#ramp && [age(this.#ramp.from), this.#ramp.offered, this.#ramp.admitted],
      this.#probes.map(({ startedAt }) => age(startedAt)),
      this.#firstProbeAt === undefined ? null : age(this.#firstProbeAt),
      this.#answers,
      calls.sort(),
    ]);
  }

  get #watches(): boolean {
    return this.#set.slowMs !== undefined;
  }

  #isSlow({ timed, startedAt }: NaiveCall, now: number): boolean {
    const { slowMs } = this.#set;
    return timed && slowMs !== undefined && now - startedAt > slowMs;
  }

  #refuses(id: number, now: number): string | undefined {
    if (this.state === 'isolated') return 'circuit-isolated';
    if (this.beneath === 'open') return 'circuit-open';
    if (this.beneath === 'half-open') {
      if (this.#probes.length + this.#answers.length >= this.#probeRules.probes) return 'circuit-open';
      this.#probes.push({ id, startedAt: now });
      this.#firstProbeAt ??= now;
      return undefined;
    }
    const ramp = this.#ramp;
    if (ramp === undefined) return undefined;
    ramp.offered++;
    if (!(ramp.admitted < ramp.free + Math.min(1, (now - ramp.from) / ramp.ms) * ramp.offered))
      return 'circuit-ramping';
    ramp.admitted++;
    return undefined;
  }

  /** A call that was counted while it ran counts from its end on: by time anew, by count in its place. */
  #finish(call: NaiveCall, result: Result): void {
    this.#finished.push(result.failed);
    const at = call.counted === undefined ? -1 : this.#results.indexOf(call.counted);
    if (at !== -1 && this.#set.window === 'time') this.#results.splice(at, 1);
    if (at !== -1 && this.#set.window === 'count' && this.#results.length - at <= this.#set.windowCalls) {
      (call.counted as Result).failed = result.failed;
    } else this.#results.push(result);
  }

  #pass(now: number): void {
    if (this.state === 'isolated') return;
    if (this.beneath === 'closed') {
      if (this.#ramp !== undefined && now - this.#ramp.from >= this.#ramp.ms) {
        this.#ramp = undefined;
        this.#openings = 0;
      }
      this.#countSlow(now);
    } else if (this.beneath === 'open') {
      if (now >= this.#openUntil) this.#halfOpen('open-time-over');
    } else {
      const { probeLeaseMs, slowMs = Number.POSITIVE_INFINITY } = this.#probeRules;
      const isUp = ({ startedAt }: { startedAt: number }): boolean =>
        now - startedAt >= probeLeaseMs || now - startedAt > slowMs;
      for (const _ of this.#probes.filter(isUp)) this.#answers.push(true);
      this.#probes = this.#probes.filter((probe) => !isUp(probe));
      this.#decide(now);
    }
  }

  #countSlow(now: number): void {
    const slow = [...this.#calls.values()].filter(
      (call) => call.epoch === this.epoch && call.watched && this.#isSlow(call, now),
    );
    for (const call of slow) {
      const at = Math.max(this.#slowSince, call.startedAt + (this.#set.slowMs ?? 0));
      call.watched = false;
      call.counted = { at, failed: false, slow: true };
      this.#results.push(call.counted);
    }
    if (slow.length > 0) this.#trip(now);
  }

  #trip(now: number): void {
    const { calls, failures, slow = 0, bad = 0, consecutiveFailures: inARow } = this.#evidence(now);
    const { minimumCalls, failureRatio, slowRatio, badRatio = 2, consecutiveFailures } = this.#set;
    if (calls >= minimumCalls && failures / calls >= failureRatio) this.#open('failure-ratio', now);
    else if (calls >= minimumCalls && slow / calls >= slowRatio) this.#open('slow-ratio', now);
    else if (calls >= minimumCalls && bad / calls >= badRatio) this.#open('bad-ratio', now);
    else if (consecutiveFailures > 0 && inARow >= consecutiveFailures) this.#open('consecutive-failures', now);
  }

  /** Tries every way the rest of the probes could turn out. */
  #decide(now: number): void {
    const { probes, failureRatio, probeFailureRatio = failureRatio, halfOpenMs, whenUnanswered } = this.#probeRules;
    const failures = this.#answers.filter(Boolean).length;
    const ends = Array.from({ length: probes - this.#answers.length + 1 }, (_, more) => (failures + more) / probes);
    if (ends.every((ratio) => ratio >= probeFailureRatio)) this.#open('probes-failed', now);
    else if (ends.every((ratio) => ratio < probeFailureRatio)) this.#close('probes-succeeded', now);
    else if (halfOpenMs === undefined || this.#firstProbeAt === undefined) return;
    else if (now - this.#firstProbeAt < halfOpenMs) return;
    else if (whenUnanswered === 'open') this.#open('probes-unanswered', now);
    else this.#close('probes-unanswered', now);
  }

  #open(cause: BreakerCause, now: number, askedMs?: number): void {
    this.#openedFor = this.#evidence(now);
    this.#openings++;
    this.#ramp = undefined;
    this.#openUntil = now + (askedMs ?? this.#openMs(cause));
    this.#enter('open', cause, this.#openedFor);
  }

  #openMs(cause: BreakerCause): number {
    const { openMs, maxOpenMs } = this.#set;
    let nominalMs = typeof openMs === 'number' ? openMs : Math.min(breakerDefaults.openMs, maxOpenMs);
    if (typeof openMs === 'function') {
      const { calls, failures } = this.#openedFor;
      try {
        const saidMs = openMs({ openings: this.#openings, failureRatio: calls === 0 ? 0 : failures / calls, cause });
        if (typeof saidMs === 'number' && saidMs > 0 && saidMs < Number.POSITIVE_INFINITY) {
          return saidMs > maxOpenMs ? maxOpenMs : saidMs;
        }
      } catch {
        // As if it were not there.
      }
    }
    for (let i = 1; i < this.#openings; i++) nominalMs = Math.min(maxOpenMs, nominalMs * 2);
    return nominalMs / 2 + (this.#random() * nominalMs) / 2;
  }

  #halfOpen(cause: BreakerCause): void {
    this.#probeRules = this.#set;
    this.#enter('half-open', cause, this.#openedFor);
  }

  #close(cause: BreakerCause, now: number): void {
    const evidence = this.#evidence(now);
    const openings = this.#openings;
    this.#clear();
    this.#rampFrom(now, openings);
    this.#enter('closed', cause, evidence);
  }

  #goOn(cause: BreakerCause, now: number): void {
    if (now >= this.#openUntil) this.#halfOpen(cause);
    else this.#enter('open', cause, this.#openedFor);
  }

  #forget(now: number): void {
    const evidence = this.#evidence(now);
    this.#clear();
    this.#refusedInShadow = 0;
    this.beneath = 'closed';
    if (this.state === 'closed') this.#enter('closed', 'reset', evidence);
  }

  #rampFrom(from: number, openings: number): void {
    const { rampMs: ms, probes: free } = this.#set;
    this.#ramp = ms === 0 ? undefined : { from, ms, free, offered: 0, admitted: 0 };
    this.#openings = ms === 0 ? 0 : openings;
  }

  #clear(): void {
    this.#results = [];
    this.#finished = [];
    this.#ramp = undefined;
    this.#openings = 0;
  }

  #enter(beneath: Lower, cause: BreakerCause, evidence: BreakerEvidence): void {
    this.beneath = beneath;
    this.epoch++;
    this.cause = cause;
    this.#probes = [];
    this.#answers = [];
    this.#firstProbeAt = undefined;
    this.told.push({ state: this.state, cause, epoch: this.epoch, evidence });
  }

  #evidence(now: number): BreakerEvidence {
    if (this.beneath === 'open') return this.#openedFor;
    const inARow = (all: readonly boolean[]): number => all.length - 1 - all.lastIndexOf(false);
    if (this.beneath === 'half-open') {
      const failures = this.#answers.filter(Boolean).length;
      return { calls: this.#answers.length, failures, consecutiveFailures: inARow(this.#answers) };
    }
    const inside = this.#inside(this.#set, now);
    const failures = inside.filter(({ failed }) => failed).length;
    const seen = { calls: inside.length, failures, consecutiveFailures: inARow(this.#finished) };
    if (!this.#watches) return seen;
    const slow = inside.filter((result) => result.slow).length;
    return { ...seen, slow, bad: inside.filter((result) => result.slow || result.failed).length };
  }

  #inside({ window, windowCalls, windowMs }: Settings, now: number): Result[] {
    if (window === 'count') return this.#results.slice(-windowCalls);
    const bucket = (at: number): number => Math.floor(at / (windowMs / 10));
    return this.#results.filter(({ at }) => bucket(at) > bucket(now) - 10);
  }

  /** Takes the results from the window of before into that of now. */
  #rehouse(before: Settings, now: number): void {
    const { window, windowMs, windowCalls } = this.#set;
    const inside = this.#inside(before, now);
    const watched = before.slowMs !== undefined;
    const kept = inside.map(({ at, failed, slow }) => ({ at, failed, slow: slow && this.#watches }));
    if (window !== before.window) {
      const failures = kept.filter(({ failed }) => failed).length;
      const slow = kept.filter((result) => result.slow).length;
      const both = kept.filter((result) => result.slow && result.failed).length;
      this.#results = this.#tallied(kept.length, failures, slow, both, now);
    } else if (window === 'count') {
      if (windowCalls !== before.windowCalls || watched !== this.#watches) this.#results = kept.slice(-windowCalls);
    } else if (windowMs !== before.windowMs || watched !== this.#watches) {
      const bucketMs = before.windowMs / 10;
      this.#results = kept.map((result) => ({ ...result, at: Math.floor(result.at / bucketMs) * bucketMs }));
    }
  }

  #tallied(calls: number, failures: number, slow: number, both: number, at: number): Result[] {
    const { window, windowCalls } = this.#set;
    const share = window === 'count' && calls > windowCalls ? windowCalls / calls : 1;
    return [
      ...sized(calls - failures - slow + both, share, { at, failed: false, slow: false }),
      ...sized(slow - both, share, { at, failed: false, slow: true }),
      ...sized(failures - both, share, { at, failed: true, slow: false }),
      ...sized(both, share, { at, failed: true, slow: true }),
    ];
  }
}

type Step =
  | { readonly do: 'ask' }
  | { readonly do: 'end'; readonly which: number; readonly how: VerdictKind; readonly openForMs?: number | undefined }
  | { readonly do: 'wait'; readonly ms: number }
  /** Waits until the latest opening is over, to the very millisecond. */
  | { readonly do: 'wait-open' }
  | { readonly do: 'look' }
  | { readonly do: 'isolate' | 'release'; readonly by: 'ann' | 'ben' }
  | { readonly do: 'reset' }
  | { readonly do: 'configure'; readonly changes: BreakerChanges }
  | { readonly do: 'save' }
  | { readonly do: 'restore' };

const stateOf: Record<string, BreakerState> = {
  'breaker.opened': 'open',
  'breaker.half-opened': 'half-open',
  'breaker.closed': 'closed',
  'breaker.isolated': 'isolated',
};

const follows: Record<BreakerState, readonly BreakerState[]> = {
  closed: ['open'],
  open: ['half-open'],
  'half-open': ['open', 'closed'],
  isolated: [],
};

/** Why a state may follow any other: somebody has said so. */
const byHand: readonly BreakerCause[] = ['isolated', 'released', 'reset', 'restored'];

/** A breaker and the naive one, who must agree at every step. */
class Pair {
  readonly clock = new ManualClock();
  readonly events = new EventLog();
  readonly gate: CircuitBreaker;
  readonly naive: NaiveBreaker;
  readonly permits: { readonly permit: Permit; readonly id: number }[] = [];
  readonly happened = new Set<string>();
  openUntil = 0;
  readonly #handles = { ann: isolation('ann'), ben: isolation('ben') };
  #asked = 0;
  #saved: string | undefined;
  #state: BreakerState = 'closed';
  #told = 0;

  constructor(options: BreakerOptions, random: (seed: number) => () => number, seed: number) {
    this.gate = breaker(options, { clock: this.clock, random: random(seed), events: this.events });
    this.naive = new NaiveBreaker(options, random(seed));
  }

  take(step: Step): void {
    const { clock, gate, naive } = this;
    const now = clock.now();
    switch (step.do) {
      case 'ask':
        this.ask();
        break;
      case 'end': {
        // Any permit ever given may end, again and again, long after its epoch.
        const chosen = this.permits[step.which % Math.max(1, this.permits.length)];
        if (chosen !== undefined) this.end(chosen, step.how, step.openForMs);
        break;
      }
      case 'wait':
        clock.freeze(step.ms);
        break;
      case 'wait-open':
        clock.freeze(Math.max(0, this.openUntil - now));
        break;
      case 'look':
        this.look();
        break;
      case 'isolate':
        gate.isolate(this.#handles[step.by]);
        naive.isolate(step.by, now);
        break;
      case 'release':
        this.#handles[step.by].release();
        naive.release(step.by, now);
        break;
      case 'reset':
        gate.reset();
        naive.reset(now);
        break;
      case 'configure':
        gate.configure(step.changes);
        naive.configure(step.changes, now);
        break;
      case 'save':
        this.look();
        this.#saved = JSON.stringify(gate.snapshot());
        break;
      case 'restore':
        if (this.#saved === undefined) break;
        gate.restore(JSON.parse(this.#saved));
        naive.restore(JSON.parse(this.#saved), now);
        this.happened.add('restored');
    }
    this.listen();
  }

  ask(): { readonly permit: Permit; readonly id: number } | undefined {
    const { gate, naive, openUntil } = this;
    const now = this.clock.now();
    const id = this.#asked++;
    const answer = gate.tryAcquire();
    const said = answer.admitted ? 'admitted' : answer.reason;
    assert.equal(said, naive.ask(id, now));
    this.happened.add(said);
    if (!answer.admitted) return undefined;
    assert.equal(answer.epoch, naive.epoch);
    if (gate.mode === 'on') {
      assert.ok(naive.state !== 'isolated' && naive.state !== 'open', `admitted while ${naive.state}`);
      assert.ok(naive.state !== 'half-open' || now >= openUntil, 'admitted before the open time was over');
    }
    const given = { permit: answer, id };
    this.permits.push(given);
    return given;
  }

  end({ permit, id }: { readonly permit: Permit; readonly id: number }, how: VerdictKind, openForMs?: number): void {
    if (how === 'failure' || how === 'throttled') permit[how](openForMs);
    else permit[how]();
    this.naive.end(id, how, openForMs, this.clock.now());
  }

  look(): BreakerSnapshot {
    const seen = this.gate.snapshot();
    const expected = this.naive.look(this.clock.now());
    // As text first, because it is asked a million times.
    if (JSON.stringify(seen) !== JSON.stringify(expected)) assert.deepEqual(seen, expected);
    const { calls, failures, slow, bad } = seen;
    assert.ok(failures >= 0 && slow >= 0 && seen.openForMs >= 0);
    assert.ok(bad >= Math.max(failures, slow) && bad <= Math.min(calls, failures + slow));
    return seen;
  }

  /** Each event is one legal transition, of the next epoch, and was expected. */
  listen(): void {
    const { events } = this.events;
    assert.equal(events.length, this.naive.told.length);
    for (; this.#told < events.length; this.#told++) {
      const event = events[this.#told];
      assert.ok(event !== undefined && 'evidence' in event);
      const next = stateOf[event.type] as BreakerState;
      const { cause, epoch, evidence } = event;
      assert.deepEqual({ state: next, cause, epoch, evidence }, this.naive.told[this.#told]);
      assert.ok(follows[this.#state].includes(next) || byHand.includes(cause), `${this.#state} to ${next}`);
      assert.equal(epoch, this.#told + 1);
      if (event.type === 'breaker.opened') {
        this.openUntil = event.at + event.openMs;
        assert.ok(event.openMs > 0);
      } else if (byHand.includes(cause)) this.openUntil = 0;
      this.#state = next;
      this.happened.add(cause);
    }
  }
}

const refusals = ['circuit-open', 'circuit-ramping', 'circuit-isolated'];
const trips = ['failure-ratio', 'slow-ratio', 'bad-ratio', 'consecutive-failures', 'asked-by-result'];
const probings = ['open-time-over', 'probes-failed', 'probes-succeeded', 'probes-unanswered'];
const everything = ['admitted', ...refusals, ...trips, ...probings, ...byHand].sort();

const orLeftOut = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

const openTimes: readonly NonNullable<BreakerOptions['openMs']>[] = [
  10,
  10,
  50,
  ({ openings, failureRatio }: Opening) => 5 * openings + 7 * failureRatio,
  ({ cause }) => (cause === 'probes-failed' ? 1_000_000 : Number.NaN),
  () => {
    throw new Error('the function of the user');
  },
];

const anyOptions: fc.Arbitrary<BreakerOptions> = fc
  .record({
    window: fc.constantFrom('time' as const, 'count' as const),
    windowMs: fc.constantFrom(100, 1_000),
    windowCalls: fc.integer({ min: 4, max: 8 }),
    minimumCalls: fc.integer({ min: 1, max: 4 }),
    failureRatio: fc.constantFrom(0.3, 0.5, 0.9, 1),
    consecutiveFailures: fc.integer({ min: 0, max: 4 }),
    slowMs: orLeftOut(fc.constantFrom(5, 20)),
    slowRatio: fc.constantFrom(0.5, 1),
    badRatio: orLeftOut(fc.constantFrom(0.6, 1)),
    openMs: fc.constantFrom(...openTimes),
    maxOpenMs: fc.constantFrom(50, 200),
    maxOpenForMs: fc.constantFrom(30, 500),
    probes: fc.integer({ min: 1, max: 4 }),
    probeFailureRatio: orLeftOut(fc.constantFrom(0.5, 1)),
    probeLeaseMs: fc.constantFrom(30, 60),
    halfOpenMs: orLeftOut(fc.constantFrom(20, 70)),
    whenUnanswered: fc.constantFrom('open' as const, 'close' as const),
    rampMs: fc.constantFrom(0, 40, 200),
    mode: fc.constantFrom<BreakerMode[]>('on', 'on', 'on', 'shadow'),
  })
  .map(possible);

/** Leaves out what a breaker would refuse to be made with. */
function possible(options: { readonly [K in keyof BreakerOptions]: BreakerOptions[K] | undefined }): BreakerOptions {
  const needless = [
    ...(options.slowMs === undefined ? ['slowRatio', 'badRatio'] : []),
    ...(options.halfOpenMs === undefined ? ['whenUnanswered'] : []),
  ];
  const left = Object.entries(options).filter(([name, value]) => value !== undefined && !needless.includes(name));
  return Object.fromEntries(left);
}

const changes: readonly BreakerChanges[] = [
  { mode: 'on' },
  { mode: 'on' },
  { mode: 'shadow' },
  { mode: 'disabled' },
  { slowMs: 5 },
  { slowMs: 20 },
  { slowMs: undefined, badRatio: undefined } as unknown as BreakerChanges,
  { window: 'time', windowMs: 170 },
  { windowMs: 1_000 },
  { window: 'count', windowCalls: 5 },
  { windowCalls: 8 },
  { minimumCalls: 2, consecutiveFailures: 2 },
  { probes: 2, probeLeaseMs: 30, rampMs: 40 },
  { openMs: 20 },
];

const ended = fc.constantFrom<VerdictKind[]>(
  'failure',
  'failure',
  'failure',
  'success',
  'success',
  'throttled',
  'ignored',
);
const openForMs = fc.constantFrom(undefined, undefined, undefined, undefined, undefined, 40, 1e9, -1, Number.NaN);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.constant<Step>({ do: 'ask' }) },
  { weight: 20, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(60), how: ended, openForMs }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 5, 10, 30, 60, 100, 0.25) }),
  },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'wait-open' }) },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'look' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('isolate' as const, 'release' as const, 'release' as const),
      by: fc.constantFrom('ann' as const, 'ben' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step[]>({ do: 'reset' }, { do: 'save' }, { do: 'restore' }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('configure' as const), changes: fc.constantFrom(...changes) }) },
);

test('agrees with a naive breaker on any trace of calls, endings in any order, time, and orders given by hand', (t) => {
  const happened = new Set<string>();
  fc.assert(
    fc.property(
      anyOptions,
      fc.array(anyStep, { minLength: 1, maxLength: 80, size: 'max' }),
      fc.nat(),
      (options, steps, seed) => {
        const pair = new Pair(options, seededRandom, seed);
        for (const step of steps) pair.take(step);
        pair.look();
        for (const what of pair.happened) happened.add(what);
      },
    ),
    runs(t),
  );
  assert.deepEqual([...happened].sort(), everything, 'the traces reach every rule');
});

/*
 * And every way in which up to four calls can begin, end and take their time within twelve steps. Ways that lead to the
 * same state are followed once; calls that cannot be told apart are not told apart.
 */

interface Small {
  readonly options: BreakerOptions;
  /** One wait is past the slow threshold, or two are past the open time and the lease. */
  readonly waits: readonly number[];
  readonly hows: readonly VerdictKind[];
  /** What must be reached for the exploration to be one. */
  readonly states: number;
  readonly reaches: readonly string[];
}

type Move = { readonly ask: true } | { readonly wait: number } | { readonly end: number; readonly how: VerdictKind };

/** A throttled call asks for a time here; one that does not is to a breaker as one that is ignored. */
const askedMs = 10;
const mostCalls = 4;
const mostSteps = 12;

async function everyWay({
  options,
  waits,
  hows,
}: Small): Promise<{ ways: number; states: number; happened: Set<string> }> {
  /** Which way a state was followed with the most steps left; a run passes again through those at its beginning. */
  const followed = new Map<string, { readonly left: number; readonly way: string }>();
  const happened = new Set<string>();
  const { probes, probeLeaseMs, halfOpenMs = 0, slowMs = 0, rampMs } = settingsOf(options);
  const longestMs = 1 + Math.max(probeLeaseMs, halfOpenMs, slowMs, rampMs);

  const script = (choose: Choose): void => {
    const pair = new Pair(options, () => () => 1, 0);
    let live: { readonly permit: Permit; readonly id: number; readonly at: number }[] = [];
    let calls = 0;
    let way = '';
    /** Nobody looks after a wait, so that calls, too, are what finds that time has passed. */
    let seen: BreakerSnapshot | undefined = pair.look();
    for (let left = mostSteps; left > 0; left--) {
      const state = `${calls} ${live.length} ${pair.naive.fingerprint(pair.clock.now(), longestMs)}`;
      const earlier = followed.get(state);
      if (earlier !== undefined && earlier.left >= left && earlier.way !== way) return;
      followed.set(state, { left, way });

      const moves: Move[] = waits.map((wait) => ({ wait }));
      if (calls < mostCalls) moves.push({ ask: true });
      for (const [end, { at, permit }] of live.entries()) {
        const twin = live.findIndex((other) => other.at === at && other.permit.epoch === permit.epoch);
        if (twin === end) moves.push(...hows.map((how) => ({ end, how })));
      }
      const move = choose(moves);
      way += `${moves.indexOf(move)} `;
      const before: BreakerSnapshot | undefined = seen;
      if ('wait' in move) pair.clock.freeze(move.wait);
      else if ('ask' in move) {
        const given = pair.ask();
        // As soon as the open time is over, the next caller gets in: nobody starves, and no timer is needed.
        if (before?.state === 'half-open' && before.probesRunning === 0) assert.ok(given !== undefined, 'starved');
        if (before?.state === 'open') assert.equal(given, undefined, 'admitted while open');
        if (given !== undefined) {
          live.push({ ...given, at: pair.clock.now() });
          calls++;
        }
      } else {
        const call = live[move.end] as (typeof live)[number];
        live = live.filter((other) => other !== call);
        pair.end(call, move.how, move.how === 'throttled' ? askedMs : undefined);
        const after = pair.look();
        if (before !== undefined && call.permit.epoch !== before.epoch) {
          assert.deepEqual(after, before, 'a stale result moved something');
        } else if (before?.state === 'half-open' && move.how === 'ignored') {
          const { calls: answered, failures, state } = after;
          assert.deepEqual([answered, failures, state], [before.calls, before.failures, 'half-open']);
        }
      }
      seen = 'wait' in move ? undefined : pair.look();
      assert.ok(seen === undefined || seen.probesRunning <= probes, 'too many probes');
      pair.listen();
      for (const what of pair.happened) happened.add(what);
    }
    // Whatever hangs: once its time is up, the circuit has moved on or lets somebody ask.
    pair.clock.freeze(probeLeaseMs + 1);
    if (pair.look().state === 'half-open') assert.ok(pair.ask() !== undefined, 'stuck');
    pair.listen();
  };
  const ways = await explore(script);
  return { ways, states: followed.size, happened };
}

const small: Record<string, Small> = {
  'failures alone': {
    options: {
      window: 'count',
      windowCalls: 4,
      minimumCalls: 4,
      failureRatio: 0.75,
      consecutiveFailures: 2,
      openMs: 10,
      maxOpenMs: 10,
      probes: 2,
      probeFailureRatio: 0.5,
      probeLeaseMs: 10,
      rampMs: 0,
    },
    waits: [10],
    hows: ['success', 'failure', 'throttled', 'ignored'],
    states: 500,
    reaches: ['asked-by-result', 'consecutive-failures', 'open-time-over', 'probes-failed', 'probes-succeeded'],
  },
  'slow calls, a ramp, and probes that nobody answers': {
    options: {
      window: 'count',
      windowCalls: 3,
      minimumCalls: 2,
      failureRatio: 1,
      consecutiveFailures: 0,
      slowMs: 5,
      slowRatio: 1,
      badRatio: 0.6,
      openMs: 10,
      maxOpenMs: 10,
      probes: 2,
      probeLeaseMs: 10,
      halfOpenMs: 18,
      rampMs: 12,
    },
    waits: [6],
    hows: ['success', 'failure', 'ignored'],
    states: 2_000,
    reaches: ['slow-ratio', 'bad-ratio', 'open-time-over', 'probes-failed', 'probes-succeeded', 'probes-unanswered'],
  },
};

for (const [what, setting] of Object.entries(small)) {
  test(`every interleaving of four calls and twelve steps keeps the invariants: ${what}`, async () => {
    const { ways, states, happened } = await everyWay(setting);

    assert.ok(states >= setting.states && ways > states, `${states} states in ${ways} ways`);
    for (const cause of setting.reaches) assert.ok(happened.has(cause), `never ${cause}`);
  });
}
