import { type Channel, channel } from 'node:diagnostics_channel';
import { hush } from './hush.ts';
import type { VerdictKind } from './verdict.ts';

/** What every event has. */
export interface EventBase {
  readonly type: string;
  /** When it happened, in monotonic milliseconds of the runtime's clock. */
  readonly at: number;
  /** The service that is called, '' when the policy was given no name. */
  readonly target: string;
}

interface CallEvent extends EventBase {
  /** The operation of the call, '' when unnamed. */
  readonly operation: string;
  /** 1 for the first send. */
  readonly attempt: number;
}

/** An attempt failed and the next one is `waitMs` away. */
export interface RetryScheduled extends CallEvent {
  readonly type: 'retry.scheduled';
  readonly waitMs: number;
  readonly error: unknown;
}

/** Why a retry loop gave up although the call had failed. */
export type RetryStop =
  | 'not-retryable'
  | 'attempts-exhausted'
  | 'budget-empty'
  | 'deadline-too-near'
  | 'elapsed-too-long'
  | 'server-asks-too-long'
  | 'refused';

/** A failed call will not be sent again; its last error goes to the caller. */
export interface RetryStopped extends CallEvent {
  readonly type: 'retry.stopped';
  readonly reason: RetryStop;
  readonly error: unknown;
}

/** What made a breaker change its state. */
export type BreakerCause =
  | 'failure-ratio'
  | 'consecutive-failures'
  | 'probes-failed'
  | 'probes-succeeded'
  | 'probes-unanswered'
  | 'slow-ratio'
  | 'bad-ratio'
  | 'asked-by-result'
  | 'open-time-over'
  | 'isolated'
  | 'released'
  | 'reset'
  | 'restored';

/** The numbers a breaker judged by when it moved. */
export interface BreakerEvidence {
  /** Calls inside the window, or probes answered when the state was half-open. */
  readonly calls: number;
  readonly failures: number;
  readonly consecutiveFailures: number;
  /** Slow calls among `calls`, ended or not. Left out while it does not watch for them, and of probes. */
  readonly slow?: number;
  /** Those that failed or were slow. Left out with `slow`. */
  readonly bad?: number;
}

interface BreakerTransition extends EventBase {
  readonly breaker: string;
  readonly cause: BreakerCause;
  /** The epoch that begins with this transition; permits of earlier epochs no longer count. */
  readonly epoch: number;
  readonly evidence: BreakerEvidence;
}

/** The breaker refuses from now on, for `openMs`. */
export interface BreakerOpened extends BreakerTransition {
  readonly type: 'breaker.opened';
  readonly openMs: number;
}

/** The breaker admits probes. */
export interface BreakerHalfOpened extends BreakerTransition {
  readonly type: 'breaker.half-opened';
}

/** The breaker admits again, ramping up. */
export interface BreakerClosed extends BreakerTransition {
  readonly type: 'breaker.closed';
}

/** A gate turned a call away before it cost anything. */
export interface CallRefused extends CallEvent {
  readonly type: 'call.refused';
  readonly reason: RefusalReason;
  /** When asking again may help, in milliseconds, if the gate knows. */
  readonly retryAfterMs: number | undefined;
}

/** Which rule of which gate refused. */
export type RefusalReason =
  | 'circuit-open'
  | 'circuit-ramping'
  | 'circuit-isolated'
  | 'bulkhead-full'
  | 'bulkhead-queue-timeout'
  | 'bulkhead-closed'
  | 'rate-limited'
  | 'concurrency-limited'
  | 'shed';

/** The breaker refuses all calls until the last of those who isolate it lets go. */
export interface BreakerIsolated extends BreakerTransition {
  readonly type: 'breaker.isolated';
}

/** An adaptive limit moved. */
export interface LimitChanged extends EventBase {
  readonly type: 'limit.changed';
  readonly limiter: string;
  readonly limit: number;
  readonly previous: number;
}

/** Another copy of a call was sent, because the first one is slow. */
export interface HedgeStarted extends CallEvent {
  readonly type: 'hedge.started';
  /** How long the call had been under way, in milliseconds. */
  readonly afterMs: number;
}

/** A race of copies is over. */
export interface HedgeFinished extends CallEvent {
  readonly type: 'hedge.finished';
  /** Which copy answered: 1 is the first; 0 when none did. */
  readonly winner: number;
  readonly copies: number;
}

/** What a look into a cache found. */
export type CacheFinding = 'fresh' | 'stale' | 'stale-on-error' | 'negative' | 'miss';

/** A call asked a cache. */
export interface CacheLookedUp extends CallEvent {
  readonly type: 'cache.looked-up';
  readonly cache: string;
  readonly found: CacheFinding;
}

/** A call joined another one that was under way for the same key. */
export interface CallJoined extends CallEvent {
  readonly type: 'call.joined';
  /** Callers who now wait for it, this one included. */
  readonly waiting: number;
}

/** Something was made to go wrong on purpose. */
export interface ChaosInjected extends CallEvent {
  readonly type: 'chaos.injected';
  readonly kind: 'fault' | 'latency' | 'result' | 'behaviour';
}

/** A call waits for a place in the bulkhead. */
export interface BulkheadQueued extends CallEvent {
  readonly type: 'bulkhead.queued';
  readonly queued: number;
}

/** A bulkhead was given other bounds while it was in use. */
export interface BulkheadChanged extends EventBase {
  readonly type: 'bulkhead.changed';
  readonly maxConcurrent: number;
  readonly maxQueue: number;
}

/** A call waits for its turn under a rate. */
export interface RateLimiterQueued extends CallEvent {
  readonly type: 'rate-limiter.queued';
  readonly limiter: string;
  /** When its turn comes, in milliseconds from now, as things stand. */
  readonly waitMs: number;
  readonly queued: number;
}

/** What a rate limiter had left was taken away, as after a 429. */
export interface RateLimiterDrained extends EventBase {
  readonly type: 'rate-limiter.drained';
  readonly limiter: string;
  /** Tokens that were there. */
  readonly tokens: number;
  /** For how long none come, in milliseconds. */
  readonly pauseMs: number;
}

/** A rate was changed while it was in force. */
export interface RateLimiterChanged extends EventBase {
  readonly type: 'rate-limiter.changed';
  readonly limiter: string;
  readonly limit: number;
  readonly intervalMs: number;
  readonly burst: number;
}

/** An attempt ran into its timeout and was given up. */
export interface AttemptTimedOut extends CallEvent {
  readonly type: 'attempt.timed-out';
  readonly afterMs: number;
}

/** The whole call ran into its deadline. */
export interface DeadlineExceeded extends CallEvent {
  readonly type: 'deadline.exceeded';
  readonly afterMs: number;
}

/** Work that had been given up ended at last: it had ignored its signal, and kept its slot until now. */
export interface WorkEndedLate extends CallEvent {
  readonly type: 'work.ended-late';
  readonly lateMs: number;
}

/** A failure was answered by a fallback. */
export interface FallbackUsed extends CallEvent {
  readonly type: 'fallback.used';
  readonly error: unknown;
}

/** One attempt ended; the verdict is the one that retry and breaker acted on. */
export interface AttemptFinished extends CallEvent {
  readonly type: 'attempt.finished';
  readonly durationMs: number;
  readonly verdict: VerdictKind;
  readonly error: unknown;
}

/** Everything a policy can say. Facts only: what they mean is for listeners to conclude. */
export type PolicyEvent =
  | RetryScheduled
  | RetryStopped
  | BreakerOpened
  | BreakerHalfOpened
  | BreakerClosed
  | BreakerIsolated
  | LimitChanged
  | HedgeStarted
  | HedgeFinished
  | CacheLookedUp
  | CallJoined
  | ChaosInjected
  | CallRefused
  | BulkheadQueued
  | BulkheadChanged
  | RateLimiterQueued
  | RateLimiterDrained
  | RateLimiterChanged
  | AttemptTimedOut
  | DeadlineExceeded
  | WorkEndedLate
  | FallbackUsed
  | AttemptFinished;

/**
 * Where events go. A policy asks `wants` first, so that an event nobody hears is never made. What either method throws
 * stays here: it fails no call.
 */
export interface EventSink<E extends EventBase = PolicyEvent> {
  wants(type: E['type']): boolean;
  publish(event: E): void;
}

/** Publishes each event on `diagnostics_channel` `switchgear:<type>`. A channel without subscribers costs a look-up. */
export class DiagnosticsSink<E extends EventBase = PolicyEvent> implements EventSink<E> {
  readonly #channels = new Map<string, Channel>();

  wants(type: E['type']): boolean {
    return this.#channel(type).hasSubscribers;
  }

  publish(event: E): void {
    this.#channel(event.type).publish(event);
  }

  #channel(type: string): Channel {
    let found = this.#channels.get(type);
    if (found === undefined) {
      found = channel(`switchgear:${type}`);
      this.#channels.set(type, found);
    }
    return found;
  }
}

/** The sink of a runtime that names none. */
export const diagnosticsSink: EventSink = new DiagnosticsSink();

/** The sink of a runtime, made harmless: nothing that it throws reaches a policy. */
export function sinkOf({ events }: { readonly events?: EventSink }): EventSink {
  return events === undefined ? diagnosticsSink : new GuardedSink(events);
}

class GuardedSink implements EventSink {
  readonly #sink: EventSink;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  wants(type: PolicyEvent['type']): boolean {
    try {
      const wanted: unknown = this.#sink.wants(type);
      if (typeof wanted !== 'boolean') hush(wanted);
      return wanted === true;
    } catch {
      return false;
    }
  }

  publish(event: PolicyEvent): void {
    try {
      hush(this.#sink.publish(event));
    } catch {
      // Nobody is left to tell: the sink is where this would have been said.
    }
  }
}

/** Calls listeners in order, then passes the event on to `diagnostics_channel`. */
export class EventBus<E extends EventBase = PolicyEvent> implements EventSink<E> {
  /** Errors thrown by listeners so far. They are counted here and go no further: a listener cannot fail a call. */
  listenerErrors = 0;
  readonly #listeners = new Set<Listener<E>>();
  /** How many listeners hear each type alone, and how many hear all of them. */
  readonly #wanted = new Map<E['type'], number>();
  #wantAll = 0;
  readonly #diagnostics = new DiagnosticsSink<E>();

  /**
   * Hears events until the returned function is called.
   * @param types Those that are heard; all others are not even made for this listener's sake. All of them if left out.
   */
  on(listener: (event: E) => void, types?: readonly E['type'][]): () => void {
    // A record of its own per subscription, so that the same function subscribed twice is taken off once each.
    const own: Listener<E> = {
      hear: listener,
      types: types === undefined ? undefined : new Set(types),
    };
    this.#listeners.add(own);
    this.#count(own, 1);
    return () => {
      if (this.#listeners.delete(own)) this.#count(own, -1);
    };
  }

  wants(type: E['type']): boolean {
    return this.#wantAll > 0 || (this.#wanted.size > 0 && this.#wanted.has(type)) || this.#diagnostics.wants(type);
  }

  publish(event: E): void {
    for (const { hear, types } of this.#listeners) {
      if (types !== undefined && !types.has(event.type)) continue;
      try {
        hush(hear(event));
      } catch {
        this.listenerErrors++;
      }
    }
    if (this.#diagnostics.wants(event.type)) this.#diagnostics.publish(event);
  }

  #count({ types }: Listener<E>, by: 1 | -1): void {
    if (types === undefined) {
      this.#wantAll += by;
      return;
    }
    for (const type of types) {
      const listeners = (this.#wanted.get(type) ?? 0) + by;
      if (listeners === 0) this.#wanted.delete(type);
      else this.#wanted.set(type, listeners);
    }
  }
}

interface Listener<E extends EventBase> {
  readonly hear: (event: E) => void;
  /** `undefined` for one that hears all. */
  readonly types: ReadonlySet<E['type']> | undefined;
}
