import {
  type BreakerCause,
  type BreakerClosed,
  type BreakerEvidence,
  type BreakerHalfOpened,
  type BreakerIsolated,
  type BreakerOpened,
  type EventSink,
  sinkOf,
} from '../contract/events.ts';
import type { VerdictKind } from '../contract/outcome.ts';
import type { Runtime } from '../contract/runtime.ts';
import { badOf } from '../stats/outcome-window.ts';
import { Closed, filled } from './closed.ts';
import { HalfOpen } from './half-open.ts';
import type { Isolatable, Isolation } from './isolation.ts';
import { askedOpenMs, chosenOpenMs } from './open-time.ts';
import { type BreakerChanges, type BreakerSettings, changedSettings } from './options.ts';
import { BreakerPermit, BreakerRefusal, type PermitOwner } from './permit.ts';
import { Ramp } from './ramp.ts';
import { type BreakerSnapshot, readSnapshot } from './snapshot.ts';
import { trips } from './trip.ts';

interface Open {
  readonly kind: 'open';
  until: number;
  /** Openings in a row, this one included. */
  readonly openings: number;
  readonly evidence: BreakerEvidence;
}

/** Nothing is admitted and nothing is learnt; time goes on for what lies beneath. */
interface Isolated {
  readonly kind: 'isolated';
  /** What it goes back to. Probes cannot wait, so half-open lies here as open whose time is over. */
  beneath: Closed | Open;
  readonly by: Set<Isolation>;
}

type State = Closed | Open | HalfOpen | Isolated;

type Transition = BreakerOpened | BreakerHalfOpened | BreakerClosed | BreakerIsolated;

/** An opening whose time is not known yet. */
type Timeless = Omit<BreakerOpened, 'openMs'> & { openMs: number };

const nobody: readonly string[] = Object.freeze([]);

/**
 * The state machine. It has no timers: whoever asks, or ends a permit, brings it up to the present moment first. Each
 * transition begins an epoch, and a result counts only in the epoch in which its permit was given.
 */
export class Circuit implements PermitOwner, Isolatable {
  #settings: BreakerSettings;
  readonly #runtime: Runtime;
  readonly #events: EventSink;
  #state: State;
  /** Whether a call is simply admitted: time and earlier calls have no say in it. Kept at hand for the hot path. */
  #admitsAll = false;
  #epoch = 0;
  #cause: BreakerCause | null = null;
  #refusedInShadow = 0;
  /** Events of transitions that have happened; told once the state has settled, in order. */
  #untold: Transition[] = [];
  #telling = false;

  constructor(settings: BreakerSettings, runtime: Runtime) {
    this.#settings = settings;
    this.#runtime = runtime;
    this.#events = sinkOf(runtime);
    this.#state = new Closed(settings, runtime.clock.now(), undefined);
    this.#settled();
  }

  get settings(): BreakerSettings {
    return this.#settings;
  }

  tryAcquire(): BreakerPermit | BreakerRefusal {
    if (this.#admitsAll) return new BreakerPermit(this, this.#epoch);
    const { mode } = this.#settings;
    if (mode === 'disabled') return this.#unheard();
    const now = this.#runtime.clock.now();
    this.#advance(now);
    let admission = this.#admit(now);
    if (!admission.admitted && mode === 'shadow') {
      this.#refusedInShadow++;
      admission = this.#unheard();
    }
    this.#tell();
    return admission;
  }

  ended(permit: BreakerPermit, verdict: VerdictKind, openForMs: number | undefined): void {
    if (permit.epoch !== this.#epoch) return;
    const state = this.#state;
    const now = this.#runtime.clock.now();
    if (state.kind === 'closed') {
      if (verdict === 'success' && state.inFlight === undefined) {
        // Nearly every call ends here, and such an ending moves nothing.
        state.consecutiveFailures = 0;
        state.window.record(false, now);
        return;
      }
      state.leave(permit, verdict, now);
    }
    // First what time has brought: it may have ended the epoch before this result came.
    this.#advance(now);
    if (permit.epoch === this.#epoch) {
      const askedMs = askedOpenMs(openForMs, this.#settings.maxOpenForMs);
      if (state.kind === 'closed') {
        const worse = state.end(permit, verdict, now);
        if (askedMs !== undefined) this.#open(state, 'asked-by-result', now, askedMs);
        else if (worse) this.#trip(state, now);
      } else if (state.kind === 'half-open' && state.end(permit, verdict)) {
        if (askedMs !== undefined) this.#open(state, 'asked-by-result', now, askedMs);
        else this.#decide(state, now);
      }
    }
    this.#tell();
  }

  snapshot(): BreakerSnapshot {
    const now = this.#runtime.clock.now();
    this.#advance(now);
    const state = this.#state;
    const beneath = state.kind === 'isolated' ? state.beneath : state;
    const evidence = this.#evidence(beneath, now);
    const { calls, failures } = evidence;
    const seen: BreakerSnapshot = {
      name: this.#settings.name,
      mode: this.#settings.mode,
      state: state.kind,
      beneath: beneath.kind === 'open' && now >= beneath.until ? 'half-open' : beneath.kind,
      epoch: this.#epoch,
      cause: this.#cause,
      calls,
      failures,
      failureRatio: ratio(failures, calls),
      slow: evidence.slow ?? 0,
      bad: evidence.bad ?? failures,
      consecutiveFailures: evidence.consecutiveFailures,
      openings: openingsOf(beneath),
      openForMs: beneath.kind === 'open' ? Math.max(0, beneath.until - now) : 0,
      probesRunning: beneath.kind === 'half-open' ? beneath.running : 0,
      admittedShare: state.kind === 'closed' ? (state.ramp?.share(now) ?? 1) : 0,
      isolatedBy: state.kind === 'isolated' ? Array.from(state.by, ({ name }) => name) : nobody,
      refusedInShadow: this.#refusedInShadow,
    };
    this.#tell();
    return seen;
  }

  isolatedBy(handle: Isolation): void {
    const now = this.#runtime.clock.now();
    this.#advance(now);
    const state = this.#state;
    if (state.kind === 'isolated') state.by.add(handle);
    else {
      const evidence = this.#evidence(state, now);
      const beneath: Closed | Open =
        state.kind === 'half-open' ? { kind: 'open', until: now, openings: state.openings, evidence } : state;
      // The calls under way belong to the epoch that ends here.
      if (beneath.kind === 'closed') beneath.disown();
      this.#enter({ kind: 'isolated', beneath, by: new Set([handle]) }, 'isolated');
      this.#note('breaker.isolated', evidence, 'isolated', now);
    }
    this.#tell();
  }

  releasedBy(handle: Isolation): void {
    const state = this.#state;
    if (state.kind !== 'isolated' || !state.by.delete(handle) || state.by.size > 0) return;
    const now = this.#runtime.clock.now();
    const { beneath } = state;
    if (beneath.kind === 'open') this.#goOn(beneath, 'released', now);
    else {
      const evidence = this.#evidence(beneath, now);
      // Its callers come back all at once, to something that may just have been started.
      beneath.ramp = this.#rampAt(now, openingsOf(beneath));
      this.#enter(beneath, 'released');
      this.#note('breaker.closed', evidence, 'released', now);
    }
    this.#tell();
  }

  /** As if it were new, but for its settings, its epoch and those who isolate it. */
  reset(): void {
    const now = this.#runtime.clock.now();
    this.#advance(now);
    this.#forget(now);
    this.#tell();
  }

  restore(snapshot: BreakerSnapshot): void {
    const saved = readSnapshot(snapshot);
    const now = this.#runtime.clock.now();
    this.#advance(now);
    const state = this.#state;
    const beneath = this.#saved(saved, now);
    if (state.kind === 'isolated') state.beneath = beneath;
    else if (beneath.kind === 'open') this.#goOn(beneath, 'restored', now);
    else {
      const evidence = this.#evidence(beneath, now);
      this.#enter(beneath, 'restored');
      this.#note('breaker.closed', evidence, 'restored', now);
    }
    this.#tell();
  }

  configure(changes: BreakerChanges): void {
    const before = this.#settings;
    const settings = changedSettings(before, changes);
    const now = this.#runtime.clock.now();
    this.#advance(now);
    this.#settings = settings;
    const state = this.#state;
    const beneath = state.kind === 'isolated' ? state.beneath : state;
    if (beneath.kind === 'closed') beneath.configure(settings, before, now);
    if (settings.mode === 'disabled' && before.mode !== 'disabled') this.#forget(now);
    this.#settled();
    this.#tell();
  }

  #admit(now: number): BreakerPermit | BreakerRefusal {
    const state = this.#state;
    const { name } = this.#settings;
    switch (state.kind) {
      case 'closed': {
        const { ramp, inFlight } = state;
        if (ramp !== undefined && !ramp.admits(now))
          return new BreakerRefusal('circuit-ramping', ramp.waitMs(now), name);
        return inFlight === undefined
          ? new BreakerPermit(this, this.#epoch)
          : state.begin(inFlight, this, this.#epoch, now);
      }
      case 'open':
        return new BreakerRefusal('circuit-open', state.until - now, name);
      case 'half-open': {
        // How long the probes will take is not known here, so no time is promised.
        if (!state.hasRoom) return new BreakerRefusal('circuit-open', undefined, name);
        const permit = new BreakerPermit(this, this.#epoch);
        state.begin(permit, now);
        return permit;
      }
      case 'isolated':
        return new BreakerRefusal('circuit-isolated', undefined, name);
    }
  }

  /** Leave for a call that nothing is learnt from: it would not have been made, or nobody wants to know. */
  #unheard(): BreakerPermit {
    return new BreakerPermit(undefined, this.#epoch);
  }

  /** Lets happen what time alone brings about. */
  #advance(now: number): void {
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        if (state.ramp?.isOver(now)) {
          state.ramp = undefined;
          this.#settled();
        }
        if (state.countSlow(now)) this.#trip(state, now);
        return;
      case 'open':
        if (now >= state.until) this.#halfOpen(state, 'open-time-over', now);
        return;
      case 'half-open':
        state.expire(now);
        this.#decide(state, now);
    }
  }

  #trip(state: Closed, now: number): void {
    state.window.expire(now);
    const cause = trips(this.#settings, state.window, state.consecutiveFailures);
    if (cause !== undefined) this.#open(state, cause, now);
  }

  #decide(state: HalfOpen, now: number): void {
    const { decision } = state;
    if (decision === 'reopen') this.#open(state, 'probes-failed', now);
    else if (decision === 'close') this.#close(state, 'probes-succeeded', now);
    else if (!state.isUnanswered(now)) return;
    else if (state.rules.whenUnanswered === 'open') this.#open(state, 'probes-unanswered', now);
    else this.#close(state, 'probes-unanswered', now);
  }

  #open(from: Closed | HalfOpen, cause: BreakerCause, now: number, askedMs?: number): void {
    const openings = openingsOf(from) + 1;
    const evidence = this.#evidence(from, now);
    // Open before its time is known: the user's function may call back, and finds it so.
    const open: Open = { kind: 'open', until: now + this.#settings.maxOpenMs, openings, evidence };
    this.#enter(open, cause);
    const event = this.#noteOpened(evidence, cause, now);
    const openMs = askedMs ?? this.#chooseOpenMs(open, cause);
    open.until = now + openMs;
    if (event !== undefined) event.openMs = openMs;
  }

  /** Until the time is known, nothing is told: the event that comes first is not complete. */
  #chooseOpenMs({ openings, evidence }: Open, cause: BreakerCause): number {
    const { calls, failures } = evidence;
    const opening = { openings, failureRatio: ratio(failures, calls), cause };
    const telling = this.#telling;
    this.#telling = true;
    const openMs = chosenOpenMs(this.#settings, opening, this.#runtime.random);
    this.#telling = telling;
    return openMs;
  }

  #halfOpen(from: Open, cause: BreakerCause, now: number): void {
    this.#enter(new HalfOpen(from.openings, this.#settings), cause);
    this.#note('breaker.half-opened', from.evidence, cause, now);
  }

  #close(from: HalfOpen, cause: BreakerCause, now: number): void {
    const evidence = this.#evidence(from, now);
    this.#enter(new Closed(this.#settings, now, this.#rampAt(now, from.openings)), cause);
    this.#note('breaker.closed', evidence, cause, now);
  }

  /** Enters an open time that had begun before, or what comes after it. */
  #goOn(open: Open, cause: 'released' | 'restored', now: number): void {
    if (now >= open.until) {
      this.#halfOpen(open, cause, now);
      return;
    }
    this.#enter(open, cause);
    const event = this.#noteOpened(open.evidence, cause, now);
    if (event !== undefined) event.openMs = open.until - now;
  }

  #forget(now: number): void {
    const state = this.#state;
    const fresh = new Closed(this.#settings, now, undefined);
    this.#refusedInShadow = 0;
    if (state.kind === 'isolated') {
      state.beneath = fresh;
      return;
    }
    const evidence = this.#evidence(state, now);
    this.#enter(fresh, 'reset');
    this.#note('breaker.closed', evidence, 'reset', now);
  }

  /** The state that a snapshot speaks of. Of an isolated one, what lay beneath: the handles are gone. */
  #saved(saved: BreakerSnapshot, now: number): Closed | Open {
    const settings = this.#settings;
    const { calls, failures, slow, bad, consecutiveFailures, admittedShare } = saved;
    const openings = Math.max(1, saved.openings);
    if (saved.beneath !== 'closed') {
      // No longer than this breaker itself could have chosen, whoever wrote the snapshot.
      const longestMs = Math.max(settings.maxOpenMs, settings.maxOpenForMs);
      const openMs = saved.beneath === 'open' ? Math.min(saved.openForMs, longestMs) : 0;
      const evidence = evidenceOf(settings, { calls, failures, consecutiveFailures, slow, bad });
      return { kind: 'open', until: now + openMs, openings, evidence };
    }
    const ramp = admittedShare < 1 ? this.#rampAt(now - admittedShare * settings.rampMs, saved.openings) : undefined;
    const closed = new Closed(settings, now, ramp);
    filled(closed.window, { calls, failures, slow, slowFailures: failures + slow - bad }, settings, now);
    closed.consecutiveFailures = consecutiveFailures;
    return closed;
  }

  #rampAt(startedAt: number, openings: number): Ramp | undefined {
    const { rampMs, probes } = this.#settings;
    return rampMs === 0 ? undefined : new Ramp(startedAt, rampMs, probes, openings);
  }

  #enter(state: State, cause: BreakerCause): void {
    this.#state = state;
    this.#epoch++;
    this.#cause = cause;
    this.#settled();
  }

  #settled(): void {
    const state = this.#state;
    this.#admitsAll =
      state.kind === 'closed' &&
      state.ramp === undefined &&
      state.inFlight === undefined &&
      this.#settings.mode !== 'disabled';
  }

  #evidence(state: Closed | Open | HalfOpen, now: number): BreakerEvidence {
    if (state.kind === 'open') return state.evidence;
    const { consecutiveFailures } = state;
    if (state.kind === 'half-open') return { calls: state.answered, failures: state.failures, consecutiveFailures };
    const { window } = state;
    window.expire(now);
    const { calls, failures, slow } = window;
    return evidenceOf(this.#settings, { calls, failures, consecutiveFailures, slow, bad: badOf(window) });
  }

  #note(
    type: 'breaker.closed' | 'breaker.half-opened' | 'breaker.isolated',
    evidence: BreakerEvidence,
    cause: BreakerCause,
    at: number,
  ): void {
    if (this.#events.wants(type)) this.#untold.push({ type, ...this.#facts(evidence, cause, at) });
  }

  /** The event, for its time to be set. */
  #noteOpened(evidence: BreakerEvidence, cause: BreakerCause, at: number): Timeless | undefined {
    if (!this.#events.wants('breaker.opened')) return undefined;
    const event: Timeless = { type: 'breaker.opened', ...this.#facts(evidence, cause, at), openMs: 0 };
    this.#untold.push(event);
    return event;
  }

  #facts(evidence: BreakerEvidence, cause: BreakerCause, at: number): Omit<BreakerClosed, 'type'> {
    const { name } = this.#settings;
    return { at, target: name, breaker: name, cause, epoch: this.#epoch, evidence };
  }

  /**
   * A listener may call back: what that sets off is told after the event it is hearing, so that every listener hears
   * the epochs in order.
   */
  #tell(): void {
    if (this.#telling || this.#untold.length === 0) return;
    this.#telling = true;
    for (let event = this.#untold.shift(); event !== undefined; event = this.#untold.shift()) {
      this.#events.publish(event);
    }
    this.#telling = false;
  }
}

function openingsOf(state: Closed | Open | HalfOpen): number {
  return state.kind === 'closed' ? (state.ramp?.openings ?? 0) : state.openings;
}

function ratio(some: number, of: number): number {
  return of === 0 ? 0 : some / of;
}

/** What was slow is told by those who watch for it, and left out by the others. */
function evidenceOf(settings: BreakerSettings, seen: Required<BreakerEvidence>): BreakerEvidence {
  if (settings.slowMs !== undefined) return seen;
  const { calls, failures, consecutiveFailures } = seen;
  return { calls, failures, consecutiveFailures };
}
