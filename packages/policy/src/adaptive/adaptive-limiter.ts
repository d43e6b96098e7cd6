import type { Call, CallContext, CallOptions, Operation } from '../contract/call.ts';
import { ConcurrencyLimitedError, ConfigError, isSwitchgearError, withoutStack } from '../contract/errors.ts';
import { type EventSink, sinkOf } from '../contract/events.ts';
import { type Gate, judge, type Permit, type Refusal } from '../contract/gate.ts';
import { hush } from '../contract/hush.ts';
import type { Classify, Outcome, VerdictKind } from '../contract/outcome.ts';
import { throughGate } from '../contract/passage.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { describe, explain } from './explain.ts';
import type { Limit } from './limit.ts';
import { type AdaptiveLimiterOptions, type AdaptiveLimiterSettings, readAdaptiveLimiterOptions } from './options.ts';
import { SampleWindow } from './sample-window.ts';

/** What an adaptive limiter goes by at one moment, in values that survive JSON. */
export interface AdaptiveLimiterSnapshot {
  /** '' when unnamed. */
  readonly name: string;
  readonly algorithm: string;
  /** Calls that may run at once. */
  readonly limit: number;
  /** Places taken, by calls that run or by work that was given up and has not ended. */
  readonly active: number;
  /** Calls that told something in the window that is being gathered. */
  readonly samples: number;
  /** The latency of the last whole window, in milliseconds; null before the first, and when none was answered. */
  readonly latencyMs: number | null;
  /** Whether the last whole window counted as one with drops. */
  readonly dropped: boolean;
  /** The most calls that were under way at once in the last whole window. */
  readonly inFlight: number;
  /** How often the limiter was reset. A call admitted before tells it nothing. */
  readonly epoch: number;
}

/**
 * Limits how many calls run at once to what the other side bears, which it learns from how long they take and how many
 * are dropped. Make one per target, and keep it: what it has learnt is the point of it.
 */
export class AdaptiveLimiter implements Gate {
  readonly name = 'adaptive-limiter';
  readonly holdsPlace = true;
  readonly classify: Classify;
  readonly runtime: Runtime;
  readonly #settings: AdaptiveLimiterSettings;
  readonly #events: EventSink;
  #algorithm: Limit;
  #window: SampleWindow;
  /** As the algorithm has it, with its fraction. */
  #exact: number;
  /** What goes for those who want to enter: whole, inside the bounds. */
  #limit: number;
  #refusal: Refusal;
  #active = 0;
  #epoch = 0;
  #last: { readonly latencyMs: number | undefined; readonly dropped: boolean; readonly inFlight: number } | undefined;

  /** @throws ConfigError when an option is wrong, unknown, or contradicts another. */
  constructor(options: AdaptiveLimiterOptions = {}, runtime: Runtime = systemRuntime) {
    const settings = readAdaptiveLimiterOptions(options);
    this.runtime = runtime;
    this.#settings = settings;
    this.#events = sinkOf(runtime);
    this.classify = classifyWith(settings.classify);
    this.#exact = settings.initialLimit;
    this.#limit = settings.initialLimit;
    this.#refusal = refusalAt(settings.initialLimit, settings.name);
    this.#algorithm = this.#newAlgorithm();
    this.#window = this.#newWindow();
  }

  /** Runs the operation if there is a place. @throws ConcurrencyLimitedError at once when there is none. */
  execute<T>(operation: Operation<T>, call?: CallOptions): Promise<T> {
    return throughGate(this, operation, call);
  }

  /**
   * Asks for a place, without a promise or a throw. A permit must be ended by one of its four methods: `success` tells
   * how long an answer took, `throttled` that the call was turned away or ran out of time. `failure` and `ignored` free
   * the place and tell nothing: a quick error says nothing about how much the other side can bear.
   */
  tryAcquire(): Permit | Refusal {
    if (this.#active >= this.#limit) return this.#refusal;
    this.#window.began(++this.#active);
    return new Place(this.#ended, this.#epoch, this.runtime.clock.now());
  }

  /** Calls that may run at once, now. */
  get limit(): number {
    return this.#limit;
  }

  /** Forgets what was learnt, as after a deployment of the other side. Calls under way keep their places, and tell nothing. */
  reset(): void {
    this.#epoch++;
    this.#algorithm = this.#newAlgorithm();
    this.#window = this.#newWindow();
    this.#window.began(this.#active);
    this.#last = undefined;
    this.#moveTo(this.#settings.initialLimit, this.runtime.clock.now());
  }

  /** The numbers it goes by, for a dashboard or a log line. */
  snapshot(): AdaptiveLimiterSnapshot {
    return {
      name: this.#settings.name,
      algorithm: this.#algorithm.name,
      limit: this.#limit,
      active: this.#active,
      samples: this.#window.samples,
      latencyMs: this.#last?.latencyMs ?? null,
      dropped: this.#last?.dropped ?? false,
      inFlight: this.#last?.inFlight ?? 0,
      epoch: this.#epoch,
    };
  }

  /** Why the limit is where it is, in words. */
  explain(): string {
    return explain(this.snapshot(), this.#settings);
  }

  describe(): string {
    return describe(this.#algorithm.name, this.#settings);
  }

  readonly #ended = (place: Place, kind: VerdictKind): void => {
    const inFlight = this.#active--;
    // An answer to a call of before a reset says how the other side was then.
    if (place.epoch !== this.#epoch || kind === 'ignored' || kind === 'failure') return;
    const now = this.runtime.clock.now();
    if (kind === 'success') this.#window.answered(now - place.startedAt, now, inFlight);
    else this.#window.dropped(now, inFlight);
    const sample = this.#window.take(now, this.#active, inFlight >= this.#limit);
    if (sample === undefined) return;
    this.#last = sample;
    this.#moveTo(this.#next(sample), now);
  };

  /** What the algorithm answers. One of the caller's own may throw or answer nonsense: then the limit stays. */
  #next(sample: Parameters<Limit['onSample']>[1]): number {
    try {
      const next = this.#algorithm.onSample(this.#exact, sample);
      if (Number.isFinite(next)) return next;
      hush(next);
    } catch {}
    return this.#exact;
  }

  #moveTo(exact: number, now: number): void {
    const { minLimit, maxLimit, name } = this.#settings;
    const previous = this.#limit;
    this.#exact = Math.min(Math.max(exact, minLimit), maxLimit);
    this.#limit = Math.floor(this.#exact);
    if (this.#limit === previous) return;
    this.#refusal = refusalAt(this.#limit, name);
    if (!this.#events.wants('limit.changed')) return;
    this.#events.publish({
      type: 'limit.changed',
      at: now,
      target: name,
      limiter: name,
      limit: this.#limit,
      previous,
    });
  }

  #newAlgorithm(): Limit {
    const made: unknown = this.#settings.algorithm(this.runtime.random);
    if (!isLimit(made)) {
      throw new ConfigError('adaptiveLimiter.algorithm', 'a function that makes an object with `onSample`', made);
    }
    return made;
  }

  #newWindow(): SampleWindow {
    const { windowMs, dropRatio, minimumSamples } = this.#settings;
    const { quantile, minimumSamples: own = 10 } = this.#algorithm;
    return new SampleWindow({ windowMs, dropRatio, quantile, minimumSamples: minimumSamples ?? own });
  }
}

/**
 * Makes an adaptive limiter for one target.
 * @throws ConfigError when an option is wrong, unknown, or contradicts another.
 */
export function adaptiveLimiter(
  options: AdaptiveLimiterOptions = {},
  runtime: Runtime = systemRuntime,
): AdaptiveLimiter {
  return new AdaptiveLimiter(options, runtime);
}

function isLimit(made: unknown): made is Limit {
  if (typeof made !== 'object' || made === null) return false;
  const { onSample, quantile } = made as Partial<Limit>;
  return typeof onSample === 'function' && (quantile === undefined || (quantile > 0 && quantile <= 1));
}

/**
 * The caller's verdict, or the library's, except that running out of time is heard as being turned away: that the other
 * side was too slow is what a limit of concurrency is about, that it answered with an error is not.
 */
function classifyWith(given: Classify | undefined): Classify {
  return (outcome, call) => {
    const verdict = judge(given, outcome, call as CallContext);
    return verdict.kind === 'failure' && ranOutOfTime(outcome) ? { ...verdict, kind: 'throttled' } : verdict;
  };
}

const outOfTime: readonly unknown[] = ['SWITCHGEAR_ATTEMPT_TIMEOUT', 'SWITCHGEAR_DEADLINE_EXCEEDED'];

function ranOutOfTime(outcome: Outcome): boolean {
  if (outcome.ok) return false;
  const { error } = outcome;
  if (isSwitchgearError(error)) return outOfTime.includes(error.code);
  // What `AbortSignal.timeout` aborts with.
  return error instanceof Error && error.name === 'TimeoutError';
}

/** A place that is taken. However often it is given back, it is given back once. */
class Place implements Permit {
  readonly admitted = true;
  readonly epoch: number;
  readonly startedAt: number;
  #ended: ((place: Place, kind: VerdictKind) => void) | undefined;

  constructor(ended: (place: Place, kind: VerdictKind) => void, epoch: number, startedAt: number) {
    this.#ended = ended;
    this.epoch = epoch;
    this.startedAt = startedAt;
  }

  success(): void {
    this.#end('success');
  }

  failure(): void {
    this.#end('failure');
  }

  throttled(): void {
    this.#end('throttled');
  }

  ignored(): void {
    this.#end('ignored');
  }

  #end(kind: VerdictKind): void {
    const ended = this.#ended;
    this.#ended = undefined;
    ended?.(this, kind);
  }
}

/** The same answer for every call until the limit moves; only the error is made anew. */
function refusalAt(limit: number, name: string): Refusal {
  const places =
    limit === 1
      ? 'the one place that the target bears is taken'
      : `all ${limit} places that the target bears are taken`;
  return {
    admitted: false,
    reason: 'concurrency-limited',
    // When a call will end, nobody knows.
    retryAfterMs: undefined,
    toError: ({ target, operation, attempt }: Call) =>
      withoutStack(
        () =>
          new ConcurrencyLimitedError(places, 'concurrency-limited', {
            target: target === '' ? name : target,
            operation,
            attempts: attempt - 1,
          }),
      ),
  };
}
