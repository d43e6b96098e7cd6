import { CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import { type EventSink, sinkOf } from '../contract/events.ts';
import type { Gate, Permit, Refusal } from '../contract/gate.ts';
import { hush } from '../contract/hush.ts';
import { milliseconds } from '../contract/options.ts';
import type { Classify } from '../contract/outcome.ts';
import { throughGate } from '../contract/passage.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { type DeadlineWheel, wheelOf } from '../stats/deadline-wheel.ts';
import { Gcra } from '../stats/gcra.ts';
import type { RateMeter } from '../stats/rate-meter.ts';
import { TokenBucket } from '../stats/token-bucket.ts';
import { Line } from './line.ts';
import {
  changedSettings,
  checkedWeight,
  isWeight,
  type RateChange,
  type RateLimiterOptions,
  type RateLimiterSettings,
  readRateLimiterOptions,
} from './options.ts';
import { type PermitHome, RatePermit } from './rate-permit.ts';
import { type Bound, RateRefusal } from './rate-refusal.ts';
import { type Reservation, type ReservationDesk, ReservedTurn } from './reservation.ts';
import { deadlinePassed, WaitingCall, type WaitingRoom } from './waiting-call.ts';

/** What a rate limiter holds at one moment. */
export interface RateLimiterSnapshot {
  /** Tokens that are there, with what has flowed in of the next; below zero, what is owed. Smooth pacing holds none. */
  readonly tokens: number;
  /** Calls and reservations in the line. */
  readonly queued: number;
  /** When a newcomer of weight 1 could go, behind all who wait: 0 for now. */
  readonly retryAfterMs: number;
  readonly limit: number;
  readonly intervalMs: number;
  readonly burst: number;
}

/**
 * Lets calls go no faster than a rate, so that a quota of the other side is kept here rather than found out there.
 * Those beyond the rate are refused with the time until the next may go, or wait their turn, first come first served.
 *
 * The bound, for any pattern of calls, waits, aborts and stopped clocks: in any stretch of time, the weights that go
 * add up to no more than `burst + limit × time / intervalMs`. There are no cycles, so there is no boundary between two
 * of them at which two bursts could meet.
 */
export class RateLimiter implements Gate {
  readonly name = 'rate-limiter';
  /** A token is spent when the call begins; how long it takes makes no difference. */
  readonly holdsPlace = false;
  readonly classify: Classify | undefined;
  readonly runtime: Runtime;
  readonly #events: EventSink;
  readonly #wheel: DeadlineWheel;
  readonly #meter: RateMeter;
  readonly #line: Line;
  readonly #burstFollowsLimit: boolean;
  #settings: RateLimiterSettings;
  /** What a call weighs that says nothing; undefined when it depends on the call. */
  readonly #plainWeight: number | undefined;
  #epoch = 0;

  /** @throws ConfigError with a path such as `rateLimiter.limit`. */
  constructor(options: RateLimiterOptions, runtime: Runtime = systemRuntime) {
    const settings = readRateLimiterOptions(options);
    const { weight, algorithm } = settings;
    this.classify = settings.classify;
    this.runtime = runtime;
    this.#settings = settings;
    this.#burstFollowsLimit = options.burst === undefined;
    this.#plainWeight = typeof weight === 'number' ? weight : undefined;
    this.#events = sinkOf(runtime);
    this.#wheel = wheelOf(runtime.clock);
    const Meter = algorithm === 'gcra' ? Gcra : TokenBucket;
    this.#meter = new Meter(everyMs(settings), capacity(settings), runtime.clock.now());
    this.#line = new Line(this.#meter, runtime.clock);
  }

  /**
   * Asks for leave to go now. Refuses while others wait: nobody overtakes.
   * @param weight What the call takes, above 0; the `weight` option when left out. Where that is a function, it must be
   * given here, since there is no call to ask it about.
   * @throws ConfigError if the weight is no number above 0.
   */
  tryAcquire(weight?: number): Permit | Refusal {
    const taken = weight === undefined ? this.#plainWeight : checkedWeight(weight);
    if (taken === undefined) return this.#refuse('unknown-weight', 1, undefined);
    if (taken > this.#settings.burst) return this.#refuse('burst', taken, undefined);
    const now = this.runtime.clock.now();
    this.#look(now);
    const readyAt = this.#line.readyAt(taken);
    if (readyAt > now) return this.#refuse('rate', taken, readyAt - now);
    this.#meter.take(taken, now);
    return new RatePermit(this.#inside, taken, now, this.#epoch);
  }

  /**
   * Asks for leave to go, waiting for a turn: at most `maxWaitMs`, and never past the deadline of the call. A wait that
   * would be in vain does not begin.
   * @param weight What the call takes, above 0; what the `weight` option says of it when left out.
   * @returns A permit, or a refusal with `rate-limited`.
   * @throws DeadlineExceededError if the call's deadline passes first; the caller's own reason if the call is
   * cancelled; ConfigError if the weight is no number above 0.
   */
  async acquire(options?: CallOptions, weight?: number): Promise<Permit | Refusal> {
    const call = CallContext.of(options);
    if (call.cancelled) throw call.reason;
    const taken = weight ?? this.#weightOf(call);
    const admission = this.tryAcquire(taken);
    const { maxWaitMs, maxQueue } = this.#settings;
    if (admission.admitted || admission.retryAfterMs === undefined || maxWaitMs === 0) return admission;
    const waitMs = admission.retryAfterMs;
    const now = this.runtime.clock.now();
    const leftMs = call.deadline - now;
    if (leftMs <= 0) throw deadlinePassed(call);
    if (this.#line.size >= maxQueue) return this.#refuse('queue', taken, waitMs);
    if (waitMs > maxWaitMs) return this.#refuse('wait', taken, waitMs);
    if (waitMs >= leftMs) return this.#refuse('deadline', taken, waitMs);
    return new Promise((resolve, reject) => {
      this.#join(new WaitingCall(this.#inside, call, taken, resolve, reject), now, waitMs);
    });
  }

  /**
   * Reserves tokens for work that somebody else starts, and says when it may. Whoever holds a reservation waits by
   * their own means, and gives it back with `cancel()` if the work is not done after all.
   * @param weight What it takes, above 0; the `weight` option when left out.
   * @param maxWaitMs The longest wait that is of use, in milliseconds; a longer one is refused. @default Infinity
   * @returns A reservation, or a refusal with `rate-limited`.
   * @throws ConfigError if the weight is no number above 0, or the wait none of at least 0.
   */
  reserve(weight?: number, maxWaitMs: number = Number.POSITIVE_INFINITY): Reservation | Refusal {
    if (!(maxWaitMs >= 0)) throw new ConfigError('rateLimiter.reserve.maxWaitMs', 'milliseconds, 0 or more', maxWaitMs);
    const taken = weight === undefined ? this.#plainWeight : checkedWeight(weight);
    if (taken === undefined) return this.#refuse('unknown-weight', 1, undefined);
    if (taken > this.#settings.burst) return this.#refuse('burst', taken, undefined);
    const now = this.runtime.clock.now();
    this.#look(now);
    const waitMs = Math.max(0, this.#line.readyAt(taken) - now);
    if (waitMs > maxWaitMs) return this.#refuse('wait', taken, waitMs);
    if (waitMs > 0 && this.#line.size >= this.#settings.maxQueue) return this.#refuse('queue', taken, waitMs);
    const turn = new ReservedTurn(this.#inside, taken, waitMs);
    turn.place = this.#line.join(turn, now);
    this.#line.move(now);
    return turn;
  }

  /**
   * Takes all tokens that are there: what to do when the other side says 429. Those who wait go on waiting.
   * @param pauseMs For how long none flow in, in milliseconds: what its Retry-After says. @default 0
   * @returns How many tokens there were.
   * @throws ConfigError if the pause is no number of milliseconds.
   */
  drain(pauseMs: number = 0): number {
    if (!pause.ok(pauseMs)) throw new ConfigError('rateLimiter.drain.pauseMs', pause.expected, pauseMs);
    const now = this.runtime.clock.now();
    this.#line.move(now);
    const tokens = this.#meter.drain(now, pauseMs);
    this.#epoch++;
    if (this.#events.wants('rate-limiter.drained')) {
      const { name } = this.#settings;
      this.#events.publish({ type: 'rate-limiter.drained', at: now, target: name, limiter: name, tokens, pauseMs });
    }
    return tokens;
  }

  /**
   * Changes the rate while it is in use. What has gone lately stays on the account, as if the new burst had been in
   * force all along: a larger one lets more go at once, a smaller one first has to be paid down to. Those who wait
   * keep their places, and wait by the new rate from now on.
   * @throws ConfigError with a path such as `rateLimiter.burst`; then nothing has changed.
   */
  change(change: RateChange): void {
    const settings = changedSettings(this.#settings, change, this.#burstFollowsLimit);
    const now = this.runtime.clock.now();
    this.#line.move(now);
    this.#settings = settings;
    this.#meter.change(everyMs(settings), capacity(settings), now);
    this.#epoch++;
    this.#line.move(now);
    if (this.#events.wants('rate-limiter.changed')) {
      const { limit, intervalMs, burst, name } = settings;
      const type = 'rate-limiter.changed';
      this.#events.publish({ type, at: now, target: name, limiter: name, limit, intervalMs, burst });
    }
  }

  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T> {
    return throughGate(this, operation, options);
  }

  snapshot(): RateLimiterSnapshot {
    const now = this.runtime.clock.now();
    this.#look(now);
    const { limit, intervalMs, burst } = this.#settings;
    const retryAfterMs = Math.max(0, this.#line.readyAt(1) - now);
    return { tokens: this.#meter.tokens(now), queued: this.#line.size, retryAfterMs, limit, intervalMs, burst };
  }

  describe(): string {
    const { limit, intervalMs, burst, pacing, maxWaitMs, maxQueue, name } = this.#settings;
    const shape = pacing === 'smooth' ? 'evenly spaced' : `bursts of ${burst}`;
    const wait = maxWaitMs === 0 ? 'no waiting' : `${maxQueue} waiting for at most ${maxWaitMs} ms`;
    return `rate limiter${name === '' ? '' : ` '${name}'`}: ${limit} per ${intervalMs} ms, ${shape}, ${wait}`;
  }

  /** What permits, reservations and waiting calls may do here. Apart from the face that others see. */
  readonly #inside: PermitHome & ReservationDesk & WaitingRoom = {
    epoch: () => this.#epoch,
    look: () => this.#look(this.runtime.clock.now()),
    leave: (place) => this.#line.leave(place),
    giveBack: (weight, takenAt, epoch) => {
      if (epoch !== this.#epoch) return;
      const now = this.runtime.clock.now();
      // What has flowed in since then may have been spilt at the brim, where the one that is given back was missing. To
      // give back both would let more go than if it had never been taken.
      const left = weight - Math.max(0, now - takenAt) / everyMs(this.#settings);
      if (left <= 0) return;
      this.#meter.giveBack(left, now);
      this.#line.move(now);
    },
    throttled: (epoch) => {
      // Calls of one burst are refused together. The first has said it; what has flowed in since is not theirs to take.
      if (this.#settings.drainWhenThrottled && epoch === this.#epoch) this.drain();
    },
    admit: (waiter, at) => new RatePermit(this.#inside, waiter.weight, at, this.#epoch),
    letGo: (waiter) => {
      this.#wheel.remove(waiter);
      waiter.unlisten();
    },
    waitIsOver: (waiter) => this.#waitIsOver(waiter),
  };

  #join(waiter: WaitingCall, now: number, waitMs: number): void {
    const { call } = waiter;
    const { maxWaitMs, name } = this.#settings;
    waiter.dueAt = Math.min(call.deadline, now + maxWaitMs);
    waiter.place = this.#line.join(waiter, now);
    this.#wheel.add(waiter);
    waiter.unlisten = call.onCancel((reason) => {
      if (this.#leave(waiter)) waiter.reject(reason);
    });
    if (this.#events.wants('rate-limiter.queued')) {
      this.#events.publish({
        type: 'rate-limiter.queued',
        at: now,
        target: call.target === '' ? name : call.target,
        operation: call.operation,
        attempt: call.attempt,
        limiter: name,
        waitMs,
        queued: this.#line.size,
      });
    }
  }

  #waitIsOver(waiter: WaitingCall): void {
    const now = this.runtime.clock.now();
    // Its turn may have come in this very moment, and only the timer of the line be late.
    this.#line.move(now);
    if (!this.#leave(waiter)) return;
    const { call, weight } = waiter;
    if (call.deadline <= now) waiter.reject(deadlinePassed(call));
    else waiter.resolve(this.#refuse('waited', weight, Math.max(0, this.#line.readyAt(weight) - now)));
  }

  #leave(waiter: WaitingCall): boolean {
    if (waiter.place === undefined || !this.#line.leave(waiter.place)) return false;
    this.#inside.letGo(waiter);
    return true;
  }

  /** Brings the line up to date. Where nobody waits there is nothing to bring. */
  #look(now: number): void {
    if (this.#line.size > 0) this.#line.move(now);
  }

  #weightOf(call: CallContext): number {
    const { weight } = this.#settings;
    if (typeof weight === 'number') return weight;
    try {
      const answer: unknown = weight(call);
      if (isWeight(answer)) return answer;
      hush(answer);
    } catch {
      // The call is not to blame: it goes, at the weight of any other.
    }
    return 1;
  }

  #refuse(bound: Bound, weight: number, retryAfterMs: number | undefined): Refusal {
    return new RateRefusal(bound, weight, retryAfterMs, this.#settings);
  }
}

/**
 * Makes a rate limiter for one quota.
 * @throws ConfigError with a path such as `rateLimiter.limit`.
 */
export function rateLimiter(options: RateLimiterOptions, runtime: Runtime = systemRuntime): RateLimiter {
  return new RateLimiter(options, runtime);
}

const pause = milliseconds('zero-allowed');

function everyMs({ intervalMs, limit }: RateLimiterSettings): number {
  return intervalMs / limit;
}

/** A meter that holds nothing lets nobody go before the last one is paid for, which is what smooth pacing means. */
function capacity({ pacing, burst }: RateLimiterSettings): number {
  return pacing === 'smooth' ? 0 : burst;
}
