import {
  type BreakerCause,
  type BreakerClosed,
  type BreakerEvidence,
  type BreakerHalfOpened,
  type BreakerOpened,
  type EventSink,
  sinkOf,
} from '../contract/events.ts';
import type { VerdictKind } from '../contract/outcome.ts';
import type { Runtime } from '../contract/runtime.ts';
import { CountWindow } from '../stats/count-window.ts';
import type { OutcomeWindow } from '../stats/outcome-window.ts';
import { TimeWindow } from '../stats/time-window.ts';
import { HalfOpen } from './half-open.ts';
import { openTimeMs } from './open-time.ts';
import type { BreakerSettings } from './options.ts';
import { BreakerPermit, BreakerRefusal, type PermitOwner } from './permit.ts';
import { Ramp } from './ramp.ts';
import type { BreakerSnapshot } from './snapshot.ts';
import { decides, trips } from './trip.ts';

interface Closed {
  readonly kind: 'closed';
  /** A window of its own: what was counted before the circuit opened says nothing about the time after. */
  readonly window: OutcomeWindow;
  consecutiveFailures: number;
  /** Gone when it is over. */
  ramp: Ramp | undefined;
}

interface Open {
  readonly kind: 'open';
  readonly until: number;
  /** Openings in a row, this one included. */
  readonly openings: number;
  readonly evidence: BreakerEvidence;
}

type State = Closed | Open | HalfOpen;

/**
 * The state machine. It has no timers: whoever asks, or ends a permit, brings it up to the present moment first. Each
 * transition begins an epoch, and a result counts only in the epoch in which its permit was given.
 */
export class Circuit implements PermitOwner {
  readonly settings: BreakerSettings;
  readonly #runtime: Runtime;
  readonly #events: EventSink;
  #state: State;
  #epoch = 0;
  #cause: BreakerCause | null = null;
  /** Events of transitions that have happened; told once the state has settled, in order. */
  #untold: (BreakerOpened | BreakerHalfOpened | BreakerClosed)[] = [];
  #telling = false;

  constructor(settings: BreakerSettings, runtime: Runtime) {
    this.settings = settings;
    this.#runtime = runtime;
    this.#events = sinkOf(runtime);
    this.#state = this.#closedAt(runtime.clock.now(), undefined);
  }

  tryAcquire(): BreakerPermit | BreakerRefusal {
    const state = this.#state;
    // Nearly every call ends here, and time has no say in it.
    if (state.kind === 'closed' && state.ramp === undefined) return new BreakerPermit(this, this.#epoch);
    const now = this.#runtime.clock.now();
    this.#advance(now);
    const admission = this.#admit(now);
    this.#tell();
    return admission;
  }

  ended(permit: BreakerPermit, verdict: VerdictKind): void {
    if (permit.epoch !== this.#epoch) return;
    const state = this.#state;
    if (state.kind === 'closed') {
      if (verdict === 'success') {
        state.consecutiveFailures = 0;
        state.window.record(false, this.#runtime.clock.now());
      } else if (verdict === 'failure') this.#failed(state, this.#runtime.clock.now());
    } else if (state.kind === 'half-open') {
      const now = this.#runtime.clock.now();
      // First the leases: a probe that comes back late has failed, and the circuit may have opened again for it.
      this.#advance(now);
      if (permit.epoch === this.#epoch) {
        state.end(permit, verdict);
        this.#decide(state, now);
      }
    }
    this.#tell();
  }

  snapshot(): BreakerSnapshot {
    const now = this.#runtime.clock.now();
    this.#advance(now);
    const state = this.#state;
    const evidence = this.#evidence(state, now);
    const { calls, failures } = evidence;
    const ramp = state.kind === 'closed' ? state.ramp : undefined;
    const seen: BreakerSnapshot = {
      name: this.settings.name,
      state: state.kind,
      epoch: this.#epoch,
      cause: this.#cause,
      calls,
      failures,
      failureRatio: calls === 0 ? 0 : failures / calls,
      consecutiveFailures: evidence.consecutiveFailures,
      openings: state.kind === 'closed' ? (ramp?.openings ?? 0) : state.openings,
      openForMs: state.kind === 'open' ? state.until - now : 0,
      probesRunning: state.kind === 'half-open' ? state.running : 0,
      admittedShare: state.kind === 'closed' ? (ramp?.share(now) ?? 1) : 0,
    };
    this.#tell();
    return seen;
  }

  #admit(now: number): BreakerPermit | BreakerRefusal {
    const state = this.#state;
    const { name } = this.settings;
    switch (state.kind) {
      case 'closed':
        if (state.ramp === undefined || state.ramp.admits(now)) return new BreakerPermit(this, this.#epoch);
        return new BreakerRefusal('circuit-ramping', state.ramp.waitMs(now), name);
      case 'open':
        return new BreakerRefusal('circuit-open', state.until - now, name);
      case 'half-open': {
        // How long the probes will take is not known here, so no time is promised.
        if (!state.hasRoom) return new BreakerRefusal('circuit-open', undefined, name);
        const permit = new BreakerPermit(this, this.#epoch);
        state.begin(permit, now);
        return permit;
      }
    }
  }

  /** Lets happen what time alone brings about. */
  #advance(now: number): void {
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        if (state.ramp?.isOver(now)) state.ramp = undefined;
        return;
      case 'open':
        if (now >= state.until) this.#halfOpen(state, now);
        return;
      case 'half-open':
        state.expire(now);
        this.#decide(state, now);
    }
  }

  #failed(state: Closed, now: number): void {
    this.#advance(now);
    const { window } = state;
    state.consecutiveFailures++;
    window.record(true, now);
    const cause = trips(this.settings, window.calls, window.failures, state.consecutiveFailures);
    if (cause !== undefined) this.#open(state, cause, (state.ramp?.openings ?? 0) + 1, now);
  }

  #decide(state: HalfOpen, now: number): void {
    const { probes, failureRatio } = this.settings;
    const decision = decides(probes, state.successes, state.failures, failureRatio);
    if (decision === 'reopen') this.#open(state, 'probes-failed', state.openings + 1, now);
    else if (decision === 'close') this.#close(state, now);
  }

  #open(from: Closed | HalfOpen, cause: BreakerCause, openings: number, now: number): void {
    const { openMs, maxOpenMs } = this.settings;
    const forMs = openTimeMs(openings, openMs, maxOpenMs, this.#runtime.random());
    const evidence = this.#evidence(from, now);
    this.#enter({ kind: 'open', until: now + forMs, openings, evidence }, cause);
    if (!this.#events.wants('breaker.opened')) return;
    this.#untold.push({ type: 'breaker.opened', ...this.#facts(cause, evidence, now), openMs: forMs });
  }

  #halfOpen(from: Open, now: number): void {
    const { probes, probeLeaseMs } = this.settings;
    this.#enter(new HalfOpen(from.openings, probes, probeLeaseMs), 'open-time-over');
    if (!this.#events.wants('breaker.half-opened')) return;
    this.#untold.push({ type: 'breaker.half-opened', ...this.#facts('open-time-over', from.evidence, now) });
  }

  #close(from: HalfOpen, now: number): void {
    const { rampMs, probes } = this.settings;
    const evidence = this.#evidence(from, now);
    const ramp = rampMs === 0 ? undefined : new Ramp(now, rampMs, probes, from.openings);
    this.#enter(this.#closedAt(now, ramp), 'probes-succeeded');
    if (!this.#events.wants('breaker.closed')) return;
    this.#untold.push({ type: 'breaker.closed', ...this.#facts('probes-succeeded', evidence, now) });
  }

  #closedAt(now: number, ramp: Ramp | undefined): Closed {
    const { window, windowMs, windowCalls } = this.settings;
    const outcomes = window === 'time' ? new TimeWindow(windowMs, now) : new CountWindow(windowCalls);
    return { kind: 'closed', window: outcomes, consecutiveFailures: 0, ramp };
  }

  #enter(state: State, cause: BreakerCause): void {
    this.#state = state;
    this.#epoch++;
    this.#cause = cause;
  }

  #evidence(state: State, now: number): BreakerEvidence {
    if (state.kind === 'open') return state.evidence;
    const { consecutiveFailures } = state;
    if (state.kind === 'half-open') return { calls: state.answered, failures: state.failures, consecutiveFailures };
    state.window.expire(now);
    return { calls: state.window.calls, failures: state.window.failures, consecutiveFailures };
  }

  #facts(cause: BreakerCause, evidence: BreakerEvidence, at: number): Omit<BreakerClosed, 'type'> {
    const { name } = this.settings;
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
