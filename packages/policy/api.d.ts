// The public face of @switchgear/policy, made by `npm run api`.

// ========== @switchgear/policy

// adaptive/adaptive-limiter.d.ts
export interface AdaptiveLimiterSnapshot {
  readonly name: string;
  readonly algorithm: string;
  readonly limit: number;
  readonly active: number;
  readonly samples: number;
  readonly latencyMs: number | null;
  readonly dropped: boolean;
  readonly inFlight: number;
  readonly epoch: number;
}
export declare class AdaptiveLimiter implements Gate {
  #private;
  readonly name = "adaptive-limiter";
  readonly holdsPlace = true;
  readonly classify: Classify;
  readonly runtime: Runtime;
  constructor(options?: AdaptiveLimiterOptions, runtime?: Runtime);
  execute<T>(operation: Operation<T>, call?: CallOptions): Promise<T>;
  tryAcquire(): Permit | Refusal;
  get limit(): number;
  reset(): void;
  snapshot(): AdaptiveLimiterSnapshot;
  explain(): string;
  describe(): string;
}
export declare function adaptiveLimiter(options?: AdaptiveLimiterOptions, runtime?: Runtime): AdaptiveLimiter;

// adaptive/aimd.d.ts
export interface AimdOptions {
  readonly backoffRatio?: number;
  readonly slowMs?: number;
}
export declare const aimdDefaults: Required<AimdOptions>;
export declare function aimdLimit(options?: AimdOptions): LimitFactory;

// adaptive/correlation.d.ts
export interface CorrelationOptions {
  readonly quantile?: number;
  readonly baselineAge?: number;
  readonly correlationWindow?: number;
  readonly maxLimitFactor?: number;
  readonly maxLimitFactorDecay?: number;
}
export declare const correlationDefaults: Required<CorrelationOptions>;
export declare function correlationLimit(options?: CorrelationOptions): LimitFactory;

// adaptive/gradient2.d.ts
export interface Gradient2Options {
  readonly smoothing?: number;
  readonly queueSize?: number;
  readonly longWindow?: number;
  readonly tolerance?: number;
}
export declare const gradient2Defaults: Required<Gradient2Options>;
export declare function gradient2Limit(options?: Gradient2Options): LimitFactory;

// adaptive/limit.d.ts
export interface LimitSample {
  readonly latencyMs: number | undefined;
  readonly inFlight: number;
  readonly full: boolean;
  readonly dropped: boolean;
}
export interface Limit {
  readonly name: string;
  readonly quantile?: number | undefined;
  readonly minimumSamples?: number | undefined;
  onSample(limit: number, sample: LimitSample): number;
}
export type LimitFactory = (random: () => number) => Limit;

// adaptive/options.d.ts
export type LimitAlgorithm = 'vegas' | 'gradient2' | 'aimd' | 'correlation';
export interface AdaptiveLimiterOptions {
  readonly algorithm?: LimitAlgorithm | LimitFactory;
  readonly minLimit?: number;
  readonly maxLimit?: number;
  readonly initialLimit?: number;
  readonly windowMs?: number;
  readonly minimumSamples?: number;
  readonly dropRatio?: number;
  readonly name?: string;
  readonly classify?: Classify;
}
export declare const adaptiveLimiterDefaults: Required<Omit<AdaptiveLimiterOptions, 'algorithm' | 'minimumSamples' | 'classify'>> & {
  readonly algorithm: LimitAlgorithm;
};

// adaptive/vegas.d.ts
export interface VegasOptions {
  readonly probeMultiplier?: number;
  readonly smoothing?: number;
}
export declare const vegasDefaults: Required<VegasOptions>;
export declare function vegasLimit(options?: VegasOptions): LimitFactory;

// breaker/breaker.d.ts
export declare class CircuitBreaker implements Gate {
  #private;
  readonly name = "breaker";
  readonly label: string;
  readonly holdsPlace = false;
  readonly classify: Classify | undefined;
  readonly runtime: Runtime;
  constructor(options?: BreakerOptions, runtime?: Runtime);
  execute<T>(operation: Operation<T>, call?: CallOptions): Promise<T>;
  tryAcquire(): Permit | Refusal;
  get state(): BreakerState;
  get epoch(): number;
  get mode(): BreakerMode;
  snapshot(): BreakerSnapshot;
  restore(snapshot: BreakerSnapshot): void;
  reset(): void;
  isolate(handle?: Isolation): Isolation;
  configure(changes: BreakerChanges): void;
  explain(): string;
  describe(): string;
}
export declare function breaker(options?: BreakerOptions, runtime?: Runtime): CircuitBreaker;

// breaker/isolation.d.ts
interface Isolatable {
  isolatedBy(handle: Isolation): void;
  releasedBy(handle: Isolation): void;
}
export declare class Isolation implements Disposable {
  #private;
  readonly name: string;
  constructor(name: string);
  get holds(): number;
  hold(one: Isolatable): void;
  release(): void;
  [Symbol.dispose](): void;
}
export declare function isolation(name?: string): Isolation;

// breaker/options.d.ts
export interface Opening {
  readonly openings: number;
  readonly failureRatio: number;
  readonly cause: BreakerCause;
}
export type BreakerMode = 'on' | 'shadow' | 'disabled';
export interface BreakerOptions {
  readonly name?: string;
  readonly window?: 'time' | 'count';
  readonly windowMs?: number;
  readonly windowCalls?: number;
  readonly minimumCalls?: number;
  readonly failureRatio?: number;
  readonly consecutiveFailures?: number;
  readonly slowMs?: number;
  readonly slowRatio?: number;
  readonly badRatio?: number;
  readonly openMs?: number | ((opening: Opening) => number);
  readonly maxOpenMs?: number;
  readonly maxOpenForMs?: number;
  readonly probes?: number;
  readonly probeFailureRatio?: number;
  readonly probeLeaseMs?: number;
  readonly halfOpenMs?: number;
  readonly whenUnanswered?: 'open' | 'close';
  readonly rampMs?: number;
  readonly mode?: BreakerMode;
  readonly classify?: Classify;
}
export type BreakerChanges = Omit<BreakerOptions, 'name' | 'classify'>;
export declare const breakerDefaults: BreakerDefaults;
type Unset = 'slowMs' | 'badRatio' | 'probeFailureRatio' | 'halfOpenMs' | 'classify';
export type BreakerDefaults = Required<Omit<BreakerOptions, Unset | 'openMs'>> & {
  readonly openMs: number;
};

// breaker/snapshot.d.ts
export type BreakerState = 'closed' | 'open' | 'half-open' | 'isolated';
export interface BreakerSnapshot {
  readonly name: string;
  readonly mode: BreakerMode;
  readonly state: BreakerState;
  readonly beneath: Exclude<BreakerState, 'isolated'>;
  readonly epoch: number;
  readonly cause: BreakerCause | null;
  readonly calls: number;
  readonly failures: number;
  readonly failureRatio: number;
  readonly slow: number;
  readonly bad: number;
  readonly consecutiveFailures: number;
  readonly openings: number;
  readonly openForMs: number;
  readonly probesRunning: number;
  readonly admittedShare: number;
  readonly isolatedBy: readonly string[];
  readonly refusedInShadow: number;
}

// bulkhead/bulkhead.d.ts
export interface BulkheadSnapshot {
  readonly active: number;
  readonly orphaned: number;
  readonly queued: number;
  readonly queuedByClass?: Readonly<Record<Criticality, number>>;
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  readonly closed: boolean;
}
export declare class Bulkhead implements Gate {
  #private;
  readonly name = "bulkhead";
  readonly holdsPlace = true;
  readonly classify: Classify | undefined;
  readonly runtime: Runtime;
  constructor(options?: BulkheadOptions, runtime?: Runtime);
  tryAcquire(): Permit | Refusal;
  acquire(call: CallContext): Promise<Permit | Refusal>;
  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T>;
  resize(bounds: BulkheadBounds): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
  snapshot(): BulkheadSnapshot;
  describe(): string;
}
export declare function bulkhead(options?: BulkheadOptions, runtime?: Runtime): Bulkhead;

// bulkhead/criticality.d.ts
declare const criticalities: readonly ['critical-plus', 'critical', 'sheddable-plus', 'sheddable'];
export type Criticality = (typeof criticalities)[number];
export type QueueShares = Readonly<Record<Criticality, number>>;

// bulkhead/options.d.ts
export type BulkheadBounds = Pick<BulkheadOptions, 'maxConcurrent' | 'maxQueue'>;
export interface BulkheadOptions {
  readonly maxConcurrent?: number;
  readonly maxQueue?: number;
  readonly queueTimeoutMs?: number;
  readonly name?: string;
  readonly classify?: Classify;
  readonly priority?: (call: Call) => Criticality;
  readonly queueShares?: QueueShares;
}
export declare const bulkheadDefaults: Required<Omit<BulkheadOptions, 'classify' | 'priority'>>;

// cache/cache.d.ts
export interface CacheAnswer<T> {
  readonly value: T;
  readonly found: CacheFinding;
  readonly ageMs: number;
}
export type CacheLookup = {
  readonly found: 'fresh' | 'stale' | 'stale-on-error';
  readonly value: unknown;
  readonly ageMs: number;
} | {
  readonly found: 'negative';
  readonly error: unknown;
  readonly ageMs: number;
};
export interface CacheSnapshot {
  readonly name: string;
  readonly entries: number;
  readonly loading: number;
  readonly notKept: number;
  readonly storeErrors: number;
}
export declare class Cache implements Policy {
  #private;
  readonly name = "cache";
  readonly label: string;
  constructor(options: CacheOptions, runtime?: Runtime);
  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T>;
  ask<T>(operation: Operation<T>, options?: CallOptions): Promise<CacheAnswer<T>>;
  lookup(key: string): CacheLookup | undefined;
  invalidate(key: string): void;
  clear(): void;
  snapshot(): CacheSnapshot;
  describe(): string;
}
export declare function cache(options: CacheOptions, runtime?: Runtime): Cache;

// cache/isolation.d.ts
type Copy = <T>(value: T) => T;

// cache/options.d.ts
export interface CacheOptions {
  readonly key: (call: Call) => string | undefined;
  readonly freshMs: number;
  readonly staleMs?: number;
  readonly staleIfErrorMs?: number;
  readonly negativeMs?: number;
  readonly negative?: (error: unknown) => boolean;
  readonly ttlJitterRatio?: number;
  readonly refreshPauseMs?: number;
  readonly refreshDeadlineMs?: number;
  readonly maxEntries?: number;
  readonly maxBytes?: number;
  readonly sizeOf?: (value: unknown, key: string) => number;
  readonly store?: CacheStore;
  readonly clone?: Copy;
  readonly name?: string;
}
export declare const cacheDefaults: Required<Omit<CacheOptions, 'key' | 'freshMs' | 'negative' | 'maxBytes' | 'sizeOf' | 'store' | 'clone'>>;

// cache/store.d.ts
export interface CacheEntry {
  readonly bytes: number;
  readonly deadAt: number;
}
export interface CacheStore {
  get(key: string): CacheEntry | undefined;
  set(key: string, entry: CacheEntry): unknown;
  delete(key: string): unknown;
  clear(): void;
  readonly size: number;
}
export declare class MemoryStore implements CacheStore {
  #private;
  constructor(maxEntries: number, maxBytes: number);
  get size(): number;
  get bytes(): number;
  get(key: string): CacheEntry | undefined;
  set(key: string, entry: CacheEntry): void;
  delete(key: string): boolean;
  clear(): void;
}

// chaos/chaos.d.ts
export declare function chaos<F = never>(options: ChaosOptions<F>, runtime?: Runtime): Policy<F>;

// chaos/options.d.ts
export interface ChaosOptions<F = never> {
  readonly enabled?: boolean | ((call: Call) => boolean);
  readonly rate?: number | ((call: Call) => number);
  readonly fault?: (call: Call) => unknown;
  readonly latencyMs?: number | ((call: Call) => number);
  readonly result?: (call: Call) => F | Promise<F>;
  readonly behaviour?: (call: Call) => void | Promise<void>;
}
export declare const chaosDefaults: {
  readonly enabled: boolean;
  readonly rate: number;
};
export type ChaosKind = ChaosInjected['kind'];

// coalesce/coalesce.d.ts
export interface CoalescerSnapshot {
  readonly keys: number;
  readonly waiting: number;
}
export declare class Coalescer implements Policy {
  #private;
  readonly name = "coalesce";
  constructor(options: CoalesceOptions, runtime?: Runtime);
  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T>;
  snapshot(): CoalescerSnapshot;
  describe(): string;
}
export declare function coalesce(options: CoalesceOptions, runtime?: Runtime): Coalescer;

// coalesce/options.d.ts
export interface CoalesceOptions {
  readonly key: (call: Call) => string | undefined;
  readonly maxKeys?: number;
  readonly clone?: <T>(value: T) => T;
}
export declare const coalesceDefaults: Required<Omit<CoalesceOptions, 'key' | 'clone'>>;

// contract/budget.d.ts
export interface Budget {
  deposit(): void;
  tryWithdraw(verdict?: Verdict): boolean;
  giveBack(verdict?: Verdict): void;
  succeeded?(paidFor?: Verdict): void;
  failed?(verdict: Verdict): void;
  describe(): string;
}

// contract/call-group.d.ts
interface GroupMember {
  groupNext: GroupMember | undefined;
  groupPrevious: GroupMember | undefined;
  cancel(reason: unknown): void;
}
export declare class CallGroup {
  #private;
  cancel(reason: unknown): void;
  get cancelled(): boolean;
  get reason(): unknown;
  get signal(): AbortSignal;
  get isHeard(): boolean;
  onCancel(run: (reason: unknown) => void): Unsubscribe;
  add(member: GroupMember): void;
  remove(member: GroupMember): void;
}

// contract/call.d.ts
export type Unsubscribe = () => void;
export interface Call {
  readonly target: string;
  readonly operation: string;
  readonly key?: string | undefined;
  readonly attempt: number;
  readonly copy: number;
  readonly deadline: number;
  readonly idempotent: boolean;
  readonly signal: AbortSignal;
  onCancel(run: (reason: unknown) => void): Unsubscribe;
  progress(phase: Phase, sent: Sent): void;
  hold(): () => void;
}
export interface CallOptions {
  readonly target?: string | undefined;
  readonly operation?: string | undefined;
  readonly key?: string | undefined;
  readonly deadline?: number | undefined;
  readonly idempotent?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly group?: CallGroup | undefined;
}
export type Operation<T> = (call: Call) => Promise<T>;
declare class CallContext implements Call {
  #private;
  readonly attempt: number;
  readonly deadline: number;
  readonly parent: CallContext | undefined;
  work: Operation<unknown> | undefined;
  attempts: number;
  phase: Phase;
  sent: Sent;
  protected sentBefore: Sent;
  protected constructor(parent: CallContext | undefined, attempt: number, deadline: number);
  static of(options: CallOptions | undefined): CallContext;
  forAttempt(attempt: number): CallContext;
  around(work: Operation<unknown>): CallContext;
  get target(): string;
  get operation(): string;
  get idempotent(): boolean;
  get key(): string | undefined;
  get group(): CallGroup | undefined;
  get copy(): number;
  get onlyGroup(): CallGroup | undefined;
  get cancellable(): boolean;
  get cancelled(): boolean;
  get reason(): unknown;
  get signal(): AbortSignal;
  onCancel(run: (reason: unknown) => void): Unsubscribe;
  progress(phase: Phase, sent: Sent): void;
  begin(): void;
  get hasOrphans(): boolean;
  addOrphan(): () => void;
  hold(): () => void;
  afterOrphans(run: () => void): void;
}

// contract/errors.d.ts
export interface ErrorFacts {
  readonly target?: string | undefined;
  readonly operation?: string | undefined;
  readonly attempts?: number | undefined;
  readonly sent?: Sent | undefined;
  readonly phase?: Phase | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}
export declare function isSwitchgearError(value: unknown): value is SwitchgearError;
export declare abstract class SwitchgearError extends Error {
  #private;
  abstract readonly code: string;
  readonly target: string;
  readonly operation: string;
  readonly attempts: number;
  readonly sent: Sent;
  readonly phase: Phase;
  readonly retryAfterMs?: number;
  stopped?: RetryStop;
  retries?: number;
  spentMs?: TimeSpent;
  constructor(message: string, facts?: ErrorFacts);
  get name(): string;
  abstract verdict(idempotent: boolean): Verdict;
  explain(): string;
  toJSON(): Record<string, unknown>;
}
export declare abstract class RefusedError extends SwitchgearError {
  readonly reason: RefusalReason;
  constructor(message: string, reason: RefusalReason, facts: ErrorFacts);
  verdict(): Verdict;
}
export declare class CircuitOpenError extends RefusedError {
  readonly code = "SWITCHGEAR_CIRCUIT_OPEN";
}
export declare class BulkheadFullError extends RefusedError {
  readonly code = "SWITCHGEAR_BULKHEAD_FULL";
}
export declare class BulkheadClosedError extends RefusedError {
  readonly code = "SWITCHGEAR_BULKHEAD_CLOSED";
}
export declare class RateLimitedError extends RefusedError {
  readonly code = "SWITCHGEAR_RATE_LIMITED";
}
export declare class ConcurrencyLimitedError extends RefusedError {
  readonly code = "SWITCHGEAR_CONCURRENCY_LIMITED";
}
export declare class ShedError extends RefusedError {
  readonly code = "SWITCHGEAR_SHED";
}
export declare class AttemptTimeoutError extends SwitchgearError {
  readonly code = "SWITCHGEAR_ATTEMPT_TIMEOUT";
  verdict(idempotent: boolean): Verdict;
}
export declare class DeadlineExceededError extends SwitchgearError {
  readonly code = "SWITCHGEAR_DEADLINE_EXCEEDED";
  verdict(): Verdict;
}
export declare class ConfigError extends SwitchgearError {
  readonly code = "SWITCHGEAR_INVALID_CONFIG";
  readonly path: string;
  readonly expected: string;
  constructor(path: string, expected: string, got: unknown);
  verdict(): Verdict;
}

// contract/events.d.ts
export interface EventBase {
  readonly type: string;
  readonly at: number;
  readonly target: string;
}
interface CallEvent extends EventBase {
  readonly operation: string;
  readonly attempt: number;
}
export interface RetryScheduled extends CallEvent {
  readonly type: 'retry.scheduled';
  readonly waitMs: number;
  readonly error: unknown;
}
export type RetryStop = 'not-retryable' | 'attempts-exhausted' | 'budget-empty' | 'deadline-too-near' | 'elapsed-too-long' | 'server-asks-too-long' | 'refused';
export interface RetryStopped extends CallEvent {
  readonly type: 'retry.stopped';
  readonly reason: RetryStop;
  readonly error: unknown;
}
export type BreakerCause = 'failure-ratio' | 'consecutive-failures' | 'probes-failed' | 'probes-succeeded' | 'probes-unanswered' | 'slow-ratio' | 'bad-ratio' | 'asked-by-result' | 'open-time-over' | 'isolated' | 'released' | 'reset' | 'restored';
export interface BreakerEvidence {
  readonly calls: number;
  readonly failures: number;
  readonly consecutiveFailures: number;
  readonly slow?: number;
  readonly bad?: number;
}
interface BreakerTransition extends EventBase {
  readonly breaker: string;
  readonly cause: BreakerCause;
  readonly epoch: number;
  readonly evidence: BreakerEvidence;
}
export interface BreakerOpened extends BreakerTransition {
  readonly type: 'breaker.opened';
  readonly openMs: number;
}
export interface BreakerHalfOpened extends BreakerTransition {
  readonly type: 'breaker.half-opened';
}
export interface BreakerClosed extends BreakerTransition {
  readonly type: 'breaker.closed';
}
export interface CallRefused extends CallEvent {
  readonly type: 'call.refused';
  readonly reason: RefusalReason;
  readonly retryAfterMs: number | undefined;
}
export type RefusalReason = 'circuit-open' | 'circuit-ramping' | 'circuit-isolated' | 'bulkhead-full' | 'bulkhead-queue-timeout' | 'bulkhead-closed' | 'rate-limited' | 'concurrency-limited' | 'shed';
export interface BreakerIsolated extends BreakerTransition {
  readonly type: 'breaker.isolated';
}
export interface LimitChanged extends EventBase {
  readonly type: 'limit.changed';
  readonly limiter: string;
  readonly limit: number;
  readonly previous: number;
}
export interface HedgeStarted extends CallEvent {
  readonly type: 'hedge.started';
  readonly afterMs: number;
}
export interface HedgeFinished extends CallEvent {
  readonly type: 'hedge.finished';
  readonly winner: number;
  readonly copies: number;
}
export type CacheFinding = 'fresh' | 'stale' | 'stale-on-error' | 'negative' | 'miss';
export interface CacheLookedUp extends CallEvent {
  readonly type: 'cache.looked-up';
  readonly cache: string;
  readonly found: CacheFinding;
}
export interface CallJoined extends CallEvent {
  readonly type: 'call.joined';
  readonly waiting: number;
}
export interface ChaosInjected extends CallEvent {
  readonly type: 'chaos.injected';
  readonly kind: 'fault' | 'latency' | 'result' | 'behaviour';
}
export interface BulkheadQueued extends CallEvent {
  readonly type: 'bulkhead.queued';
  readonly queued: number;
}
export interface BulkheadChanged extends EventBase {
  readonly type: 'bulkhead.changed';
  readonly maxConcurrent: number;
  readonly maxQueue: number;
}
export interface RateLimiterQueued extends CallEvent {
  readonly type: 'rate-limiter.queued';
  readonly limiter: string;
  readonly waitMs: number;
  readonly queued: number;
}
export interface RateLimiterDrained extends EventBase {
  readonly type: 'rate-limiter.drained';
  readonly limiter: string;
  readonly tokens: number;
  readonly pauseMs: number;
}
export interface RateLimiterChanged extends EventBase {
  readonly type: 'rate-limiter.changed';
  readonly limiter: string;
  readonly limit: number;
  readonly intervalMs: number;
  readonly burst: number;
}
export interface AttemptTimedOut extends CallEvent {
  readonly type: 'attempt.timed-out';
  readonly afterMs: number;
}
export interface DeadlineExceeded extends CallEvent {
  readonly type: 'deadline.exceeded';
  readonly afterMs: number;
}
export interface WorkEndedLate extends CallEvent {
  readonly type: 'work.ended-late';
  readonly lateMs: number;
}
export interface FallbackUsed extends CallEvent {
  readonly type: 'fallback.used';
  readonly error: unknown;
}
export interface AttemptFinished extends CallEvent {
  readonly type: 'attempt.finished';
  readonly durationMs: number;
  readonly verdict: VerdictKind;
  readonly error: unknown;
}
export type PolicyEvent = RetryScheduled | RetryStopped | BreakerOpened | BreakerHalfOpened | BreakerClosed | BreakerIsolated | LimitChanged | HedgeStarted | HedgeFinished | CacheLookedUp | CallJoined | ChaosInjected | CallRefused | BulkheadQueued | BulkheadChanged | RateLimiterQueued | RateLimiterDrained | RateLimiterChanged | AttemptTimedOut | DeadlineExceeded | WorkEndedLate | FallbackUsed | AttemptFinished;
export interface EventSink<E extends EventBase = PolicyEvent> {
  wants(type: E['type']): boolean;
  publish(event: E): void;
}
export declare class DiagnosticsSink<E extends EventBase = PolicyEvent> implements EventSink<E> {
  #private;
  wants(type: E['type']): boolean;
  publish(event: E): void;
}
export declare const diagnosticsSink: EventSink;
export declare function sinkOf({ events }: {
  readonly events?: EventSink;
}): EventSink;
export declare class EventBus<E extends EventBase = PolicyEvent> implements EventSink<E> {
  #private;
  listenerErrors: number;
  on(listener: (event: E) => void, types?: readonly E['type'][]): () => void;
  wants(type: E['type']): boolean;
  publish(event: E): void;
}

// contract/gate.d.ts
export interface Permit {
  readonly admitted: true;
  readonly epoch: number;
  success(): void;
  failure(openForMs?: number): void;
  throttled(openForMs?: number): void;
  ignored(): void;
  orphaned?(): void;
  unused?(): void;
}
export interface Refusal {
  readonly admitted: false;
  readonly reason: RefusalReason;
  readonly retryAfterMs: number | undefined;
  toError(call: Call): RefusedError;
}
export interface Gate extends Policy {
  tryAcquire(): Permit | Refusal;
  acquire?(call: CallContext): Promise<Permit | Refusal>;
  readonly holdsPlace: boolean;
  readonly classify: Classify | undefined;
  readonly runtime: Runtime;
}

// contract/outcome.d.ts
export type Outcome<T = unknown> = {
  readonly ok: true;
  readonly value: T;
} | {
  readonly ok: false;
  readonly error: unknown;
};
export type Classify = (outcome: Outcome, call: Call) => Verdict;
export declare const classifyOutcome: Classify;

// contract/policy.d.ts
export interface Policy<F = never> {
  readonly '~answers'?: () => F;
  readonly name: string;
  execute<T>(operation: Operation<T>, call?: CallOptions): Promise<T | F>;
  describe(): string;
}
export type FallbackOf<P> = P extends {
  readonly '~answers'?: (() => infer F) | undefined;
} ? '~answers' extends keyof P ? F : never : never;

// contract/progress.d.ts
export type Sent = 'never' | 'maybe' | 'answered';
export declare function moreDoubtful(a: Sent, b: Sent): Sent;
export type Phase = 'call' | 'queue' | 'auth' | 'dns' | 'connect' | 'tls' | 'write' | 'wait' | 'body' | 'decode';
export type TimeSpent = {
  readonly [K in Phase | 'backoff']?: number;
};

// contract/runtime.d.ts
export interface Timer {
  cancel(): void;
  unref(): void;
}
export interface Clock {
  now(): number;
  wallNow(): number;
  setTimer(ms: number, run: () => void): Timer;
}
export interface Runtime {
  readonly clock: Clock;
  readonly random: () => number;
  readonly events?: EventSink;
}
export declare const systemRuntime: Runtime;

// contract/verdict.d.ts
export type VerdictKind =
'success'
 | 'failure'
 | 'throttled'
 | 'ignored';
export interface Verdict {
  readonly kind: VerdictKind;
  readonly retry: 'never' | 'backoff' | 'now';
  readonly retryAfterMs?: number;
  readonly baseMs?: number;
  readonly openForMs?: number;
}
export declare const verdicts: {
  readonly success: Verdict;
  readonly failure: Verdict;
  readonly failureForGood: Verdict;
  readonly ignored: Verdict;
};

// fallback/fallback.d.ts
export type FallbackAnswer<F> = (error: unknown, call: Call) => F | Promise<F>;
export type FallbackValue<F> = F extends (...args: never[]) => unknown ? never : F;
export declare function fallback<F>(answer: FallbackAnswer<F>, options?: FallbackOptions, runtime?: Runtime): Policy<F>;
export declare function fallback<const F>(answer: FallbackValue<F>, options?: FallbackOptions, runtime?: Runtime): Policy<F>;

// fallback/options.d.ts
export type ErrorClass = abstract new (...args: never[]) => unknown;
export type FailureSort = VerdictKind | ErrorClass;
export interface FallbackOptions {
  readonly when?: ((error: unknown) => boolean) | readonly FailureSort[];
}

// hedge/hedge.d.ts
export declare function hedge<F = never>(options?: HedgeOptions<F>, runtime?: Runtime): Policy<F>;

// hedge/options.d.ts
export type HedgeAction<F> = (call: Call, copy: number) => Promise<F>;
export interface HedgeOptions<F = never> {
  readonly maxHedges?: number;
  readonly delayMs?: number | 'on-failure';
  readonly quantile?: number;
  readonly minimumSamples?: number;
  readonly windowMs?: number;
  readonly warmUpDelayMs?: number;
  readonly action?: HedgeAction<F>;
  readonly budget?: Budget;
  readonly classify?: Classify;
  readonly dispose?: (value: unknown) => void | Promise<void>;
}
type Optional = 'delayMs' | 'warmUpDelayMs' | 'action' | 'budget' | 'classify' | 'dispose';
export declare const hedgeDefaults: Required<Omit<HedgeOptions, Optional>>;

// limiter/options.d.ts
export type Weight = number | ((call: Call) => number);
export interface RateLimiterOptions {
  readonly limit: number;
  readonly intervalMs?: number;
  readonly burst?: number;
  readonly pacing?: 'bursty' | 'smooth';
  readonly algorithm?: 'token-bucket' | 'gcra';
  readonly maxWaitMs?: number;
  readonly maxQueue?: number;
  readonly weight?: Weight;
  readonly drainWhenThrottled?: boolean;
  readonly name?: string;
  readonly classify?: Classify;
}
export declare const rateLimiterDefaults: Required<Omit<RateLimiterOptions, 'limit' | 'burst' | 'classify'>>;
export interface RateChange {
  readonly limit?: number;
  readonly intervalMs?: number;
  readonly burst?: number;
}

// limiter/rate-limiter.d.ts
export interface RateLimiterSnapshot {
  readonly tokens: number;
  readonly queued: number;
  readonly retryAfterMs: number;
  readonly limit: number;
  readonly intervalMs: number;
  readonly burst: number;
}
export declare class RateLimiter implements Gate {
  #private;
  readonly name = "rate-limiter";
  readonly holdsPlace = false;
  readonly classify: Classify | undefined;
  readonly runtime: Runtime;
  constructor(options: RateLimiterOptions, runtime?: Runtime);
  tryAcquire(weight?: number): Permit | Refusal;
  acquire(options?: CallOptions, weight?: number): Promise<Permit | Refusal>;
  reserve(weight?: number, maxWaitMs?: number): Reservation | Refusal;
  drain(pauseMs?: number): number;
  change(change: RateChange): void;
  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T>;
  snapshot(): RateLimiterSnapshot;
  describe(): string;
}
export declare function rateLimiter(options: RateLimiterOptions, runtime?: Runtime): RateLimiter;

// limiter/reservation.d.ts
export interface Reservation {
  readonly admitted: true;
  readonly weight: number;
  readonly waitMs: number;
  readonly due: boolean;
  cancel(): boolean;
}

// pipeline/pipeline.d.ts
export declare class Pipeline<F> implements Policy<F> {
  #private;
  readonly '~answers'?: () => F;
  readonly name = "pipeline";
  readonly policies: readonly Policy<unknown>[];
  constructor(policies: readonly Policy<unknown>[]);
  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T | F>;
  describe(): string;
  mistakes(): readonly string[];
}
export declare function pipeline<const P extends readonly Policy<unknown>[]>(...policies: P): Pipeline<FallbackOf<P[number]>>;

// pipeline/registry.d.ts
export interface RegistryOptions {
  readonly maxKeys?: number;
  readonly idleMs?: number;
}
export declare const registryDefaults: Required<RegistryOptions>;
export interface Lease<P> {
  readonly policy: P;
  release(): void;
  [Symbol.dispose](): void;
}
export declare class Registry<P extends Policy<unknown>> {
  #private;
  constructor(make: (key: string) => P, options?: RegistryOptions, runtime?: Runtime);
  get size(): number;
  get(key: string): P;
  lease(key: string): Lease<P>;
  execute<T>(key: string, operation: Operation<T>, options?: CallOptions): Promise<T | FallbackOf<P>>;
  by(keyOf: (call: Call) => string | undefined): Policy<FallbackOf<P>>;
  keys(): string[];
  entries(): [key: string, policy: P][];
  describe(): string;
}
export declare function registry<P extends Policy<unknown>>(make: (key: string) => P, options?: RegistryOptions, runtime?: Runtime): Registry<P>;

// pipeline/resilient.d.ts
export type Work = (...args: never[]) => Promise<unknown>;
export interface ResilientOptions<F extends Work = Work, P extends Policy<unknown> = Standard> extends StandardOptions {
  readonly operation?: string;
  readonly idempotent?: boolean | ((...args: Parameters<F>) => boolean);
  readonly policy?: P;
}
export declare const resilientDefaults: Required<Pick<ResilientOptions, 'idempotent'>>;
export interface ResilientCallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs?: number | undefined;
  readonly idempotent?: boolean | undefined;
  readonly key?: string | undefined;
}
type Answer<F extends Work, P> = Promise<Awaited<ReturnType<F>> | FallbackOf<P>>;
export interface ResilientParts<F extends Work, P extends Policy<unknown> = Standard> {
  with(options: ResilientCallOptions, ...args: Parameters<F>): Answer<F, P>;
  readonly policy: P;
}
export type Resilient<F extends Work, P extends Policy<unknown> = Standard> = ResilientParts<F, P> & ([FallbackOf<P>] extends [never] ? F : (...args: Parameters<F>) => Answer<F, P>);
export declare function resilient<F extends Work, P extends Policy<unknown> = Standard>(work: F, options?: ResilientOptions<F, P>, runtime?: Runtime): Resilient<F, P>;

// pipeline/standard.d.ts
export interface StandardOptions {
  readonly name?: string;
  readonly deadlineMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly retry?: Omit<RetryOptions, 'budget' | 'classify'>;
  readonly budget?: RetryBudgetOptions;
  readonly breaker?: Omit<BreakerOptions, 'name' | 'classify'>;
  readonly bulkhead?: Omit<BulkheadOptions, 'name' | 'classify'>;
  readonly classify?: Classify;
}
export declare const standardDefaults: Required<Pick<StandardOptions, 'name' | 'deadlineMs' | 'attemptTimeoutMs'>>;
export declare class Standard extends Pipeline<never> {
  readonly breaker: CircuitBreaker;
  readonly bulkhead: Bulkhead;
  readonly budget: RetryBudget;
  constructor(options?: StandardOptions, runtime?: Runtime);
}
export declare function standard(options?: StandardOptions, runtime?: Runtime): Standard;

// retry/options.d.ts
export type Backoff = 'exponential' | 'linear' | 'constant' | 'decorrelated';
export type Jitter = 'full' | 'equal' | 'none';
export interface RetryInfo {
  readonly retry: number;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
  readonly previousMs: number;
  readonly call: Call;
}
export interface ScheduledRetry extends RetryInfo {
  readonly waitMs: number;
}
export type CustomBackoff = (info: RetryInfo) => number;
export interface RetryOptions {
  readonly maxRetries?: number;
  readonly backoff?: Backoff | CustomBackoff;
  readonly jitter?: Jitter;
  readonly baseMs?: number;
  readonly maxMs?: number;
  readonly throttledBaseMs?: number;
  readonly maxRetryAfterMs?: number;
  readonly maxElapsedMs?: number;
  readonly budget?: Budget;
  readonly classify?: Classify;
  readonly retryWhen?: (outcome: Outcome, call: Call) => boolean;
  readonly onRetry?: (retry: ScheduledRetry) => void | Promise<void>;
  readonly dispose?: (value: unknown) => void | Promise<void>;
}
type Optional = 'maxElapsedMs' | 'budget' | 'classify' | 'retryWhen' | 'onRetry' | 'dispose';
export declare const retryDefaults: Required<Omit<RetryOptions, Optional>>;

// retry/retry-budget.d.ts
export interface RetryBudgetOptions {
  readonly ratio?: number;
  readonly minPerSecond?: number;
  readonly windowMs?: number;
}
export declare const retryBudgetDefaults: Required<RetryBudgetOptions>;
export interface RetryBudgetSnapshot {
  readonly available: number;
  readonly callsInWindow: number;
  readonly retriesInWindow: number;
}
export declare class RetryBudget implements Budget {
  #private;
  constructor(options?: RetryBudgetOptions, runtime?: Runtime);
  deposit(): void;
  tryWithdraw(): boolean;
  giveBack(): void;
  snapshot(): RetryBudgetSnapshot;
  describe(): string;
}
export declare function retryBudget(options?: RetryBudgetOptions, runtime?: Runtime): RetryBudget;

// retry/retry-quota.d.ts
export interface RetryQuotaOptions {
  readonly capacity?: number;
  readonly cost?: number;
  readonly throttledCost?: number;
  readonly refund?: number;
}
export declare const retryQuotaDefaults: Required<RetryQuotaOptions>;
export interface RetryQuotaSnapshot {
  readonly units: number;
  readonly capacity: number;
  readonly available: number;
}
export declare class RetryQuota implements Budget {
  #private;
  constructor(options?: RetryQuotaOptions);
  deposit(): void;
  tryWithdraw(verdict?: Verdict): boolean;
  giveBack(verdict?: Verdict): void;
  succeeded(paidFor?: Verdict): void;
  snapshot(): RetryQuotaSnapshot;
  describe(): string;
}
export declare function retryQuota(options?: RetryQuotaOptions): RetryQuota;

// retry/retry.d.ts
export declare function retry(options?: RetryOptions, runtime?: Runtime): Policy;

// retry/token-throttle.d.ts
export interface TokenThrottleOptions {
  readonly maxTokens?: number;
  readonly tokenRatio?: number;
}
export declare const tokenThrottleDefaults: Required<TokenThrottleOptions>;
export interface TokenThrottleSnapshot {
  readonly tokens: number;
  readonly maxTokens: number;
  readonly lends: boolean;
}
export declare class TokenThrottle implements Budget {
  #private;
  constructor(options?: TokenThrottleOptions);
  deposit(): void;
  tryWithdraw(): boolean;
  giveBack(): void;
  succeeded(): void;
  failed(): void;
  snapshot(): TokenThrottleSnapshot;
  describe(): string;
}
export declare function tokenThrottle(options?: TokenThrottleOptions): TokenThrottle;

// throttle/options.d.ts
export interface ThrottleOptions {
  readonly failureRatio?: number;
  readonly windowMs?: number;
  readonly minimumCalls?: number;
  readonly maxRejectRatio?: number;
  readonly name?: string;
  readonly classify?: Classify;
}
export declare const throttleDefaults: Required<Omit<ThrottleOptions, 'classify'>>;

// throttle/throttle.d.ts
export interface ThrottleSnapshot {
  readonly name: string;
  readonly requests: number;
  readonly accepts: number;
  readonly shedRatio: number;
}
export declare class Throttle implements Gate {
  #private;
  readonly name = "throttle";
  readonly holdsPlace = false;
  readonly classify: Classify | undefined;
  readonly runtime: Runtime;
  constructor(options?: ThrottleOptions, runtime?: Runtime);
  execute<T>(operation: Operation<T>, call?: CallOptions): Promise<T>;
  tryAcquire(): Permit | Refusal;
  snapshot(): ThrottleSnapshot;
  explain(): string;
  describe(): string;
}
export declare function throttle(options?: ThrottleOptions, runtime?: Runtime): Throttle;

// timeout/attempt-timeout.d.ts
export interface AttemptTimeoutOptions {
  readonly attemptTimeoutMs?: number;
}
export declare const attemptTimeoutDefaults: Required<AttemptTimeoutOptions>;
export declare function attemptTimeout(options?: AttemptTimeoutOptions, runtime?: Runtime): Policy;

// timeout/deadline.d.ts
export interface DeadlineOptions {
  readonly deadlineMs?: number;
}
export declare const deadlineDefaults: Required<DeadlineOptions>;
export declare function deadline(options?: DeadlineOptions, runtime?: Runtime): Policy;

// timeout/inherited-deadline.d.ts
export declare function withDeadline<T>(deadline: number | {
  readonly at: number;
}, run: () => T, runtime?: Runtime): T;
export declare function currentCall(): Call | undefined;
export declare function currentDeadline(runtime?: Runtime): number;

// ========== @switchgear/policy/options

// contract/options.d.ts
export interface Check<T> {
  readonly expected: string;
  readonly ok: (value: unknown) => value is T;
  readonly required?: boolean;
  readonly secret?: boolean;
}
export declare function required<T>(check: Check<T>): Check<T>;
export declare function secret<T>(check: Check<T>): Check<T>;
export declare function whole(from: number, to?: number): Check<number>;
export declare function number(from: number, to?: number): Check<number>;
export declare function milliseconds(zero?: 'zero-allowed' | 'above-zero'): Check<number>;
export declare const share: Check<number>;
export declare function oneOf<const T extends string>(...choices: readonly T[]): Check<T>;
export declare const text: Check<string>;
export declare const anyText: Check<string>;
export declare const flag: Check<boolean>;
export declare function callable<T>(): Check<T>;
export declare function made<T>(what: string): Check<T>;
export type Checks<T> = {
  readonly [K in keyof T]-?: Check<Exclude<T[K], undefined>>;
};
export declare function readOptions<T extends object, D extends Partial<T>>(path: string, given: T, checks: Checks<T>, defaults: D): Omit<T, keyof D> & Required<Pick<T, keyof D & keyof T>>;

// ========== @switchgear/policy/store

// contract/state-store-arguments.d.ts
export declare function readKey(key: string): string;
export declare function readRate(rate: SharedRate): SharedRate;
export declare function readTokenAsk(ask: TokenAsk, rate: SharedRate): Required<TokenAsk>;
export declare function readUnusedTokens(unused: UnusedTokens): UnusedTokens;
export declare function readBudget(budget: SharedBudget): SharedBudget;
export declare function readRetryDraw(draw: RetryDraw): RetryDraw;
export declare function readOutcomeReport(report: OutcomeReport): OutcomeReport;
export declare function readCircuitOpening(opening: CircuitOpening): CircuitOpening;
export declare function readEpoch(epoch: number): number;
export declare function readHint(hint: () => void): () => void;
export declare function readLeaseAsk(ask: LeaseAsk): LeaseAsk;
export declare function readOwner(owner: string): string;

// contract/state-store-error.d.ts
export type StateStoreFailure =
'unavailable'
 | 'timeout'
 | 'misconfigured'
 | 'invalid-answer'
 | 'closed';
export declare class StateStoreError extends SwitchgearError {
  readonly code = "SWITCHGEAR_STATE_STORE";
  readonly reason: StateStoreFailure;
  constructor(message: string, reason: StateStoreFailure, facts?: ErrorFacts);
  verdict(): Verdict;
  toJSON(): Record<string, unknown>;
}

// contract/state-store.d.ts
export declare const opMemoryMs: number;
export interface SharedRate {
  readonly limit: number;
  readonly intervalMs: number;
  readonly burst: number;
}
export interface TokenAsk {
  readonly op: string;
  readonly tokens: number;
  readonly atLeast?: number;
}
export interface TokenGrant {
  readonly granted: number;
  readonly remaining: number;
  readonly retryAfterMs: number;
}
export interface UnusedTokens {
  readonly op: string;
  readonly tokens: number;
}
export interface SharedBudget {
  readonly ratio: number;
  readonly minPerSecond: number;
  readonly windowMs: number;
}
export interface RetryDraw {
  readonly op: string;
  readonly calls: number;
  readonly retries: number;
  readonly unused: number;
}
export interface RetryGrant {
  readonly granted: number;
  readonly remaining: number;
}
export interface OutcomeCounts {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  readonly slowFailures: number;
}
export interface OutcomeReport extends OutcomeCounts {
  readonly op: string;
  readonly windowMs: number;
}
export interface CircuitOpening {
  readonly op: string;
  readonly openMs: number;
  readonly probeMs: number;
}
export interface FleetCircuit {
  readonly state: 'closed' | 'open' | 'half-open';
  readonly epoch: number;
  readonly forMs: number;
}
export interface LeaseAsk {
  readonly owner: string;
  readonly ttlMs: number;
}
export interface LeaseAnswer {
  readonly held: boolean;
  readonly forMs: number;
}
export interface StateStore {
  takeTokens(key: string, rate: SharedRate, ask: TokenAsk): Promise<TokenGrant>;
  giveBackTokens(key: string, rate: SharedRate, unused: UnusedTokens): Promise<void>;
  drawRetries(key: string, budget: SharedBudget, draw: RetryDraw): Promise<RetryGrant>;
  reportOutcomes(key: string, report: OutcomeReport): Promise<OutcomeCounts>;
  openCircuit(key: string, opening: CircuitOpening): Promise<FleetCircuit>;
  closeCircuit(key: string, epoch: number): Promise<FleetCircuit>;
  readCircuit(key: string): Promise<FleetCircuit>;
  watchCircuit(key: string, hint: () => void): Unsubscribe;
  acquireLease(key: string, ask: LeaseAsk): Promise<LeaseAnswer>;
  releaseLease(key: string, owner: string): Promise<void>;
  close(): Promise<void>;
}

// store/memory-state-store.d.ts
export interface MemoryStateStoreOptions {
  readonly maxKeys?: number;
}
export declare const memoryStateStoreDefaults: Required<MemoryStateStoreOptions>;
export declare class MemoryStateStore implements StateStore {
  #private;
  constructor(options?: MemoryStateStoreOptions, runtime?: Runtime);
  get size(): number;
  takeTokens(key: string, rate: SharedRate, ask: TokenAsk): Promise<TokenGrant>;
  giveBackTokens(key: string, rate: SharedRate, unused: UnusedTokens): Promise<void>;
  drawRetries(key: string, budget: SharedBudget, draw: RetryDraw): Promise<RetryGrant>;
  reportOutcomes(key: string, report: OutcomeReport): Promise<OutcomeCounts>;
  openCircuit(key: string, opening: CircuitOpening): Promise<FleetCircuit>;
  closeCircuit(key: string, epoch: number): Promise<FleetCircuit>;
  readCircuit(key: string): Promise<FleetCircuit>;
  watchCircuit(key: string, hint: () => void): Unsubscribe;
  acquireLease(key: string, ask: LeaseAsk): Promise<LeaseAnswer>;
  releaseLease(key: string, owner: string): Promise<void>;
  close(): Promise<void>;
}
export declare function memoryStateStore(options?: MemoryStateStoreOptions, runtime?: Runtime): MemoryStateStore;

// ========== @switchgear/policy/testing

// testing/caught.d.ts
export declare function caught(promise: Promise<unknown>): Promise<unknown>;

// testing/event-log.d.ts
export declare class EventLog<E extends EventBase = PolicyEvent> implements EventSink<E> {
  #private;
  readonly events: E[];
  wants(): boolean;
  publish(event: E): void;
  get types(): E['type'][];
  of<T extends E['type']>(type: T, fields?: EventFields<Extract<E, {
    type: T;
  }>>): Extract<E, {
    type: T;
  }>[];
  count<T extends E['type']>(type: T, fields?: EventFields<Extract<E, {
    type: T;
  }>>): number;
  about(...topics: EventTopic<E['type']>[]): EventLog<E>;
  without(...topics: EventTopic<E['type']>[]): EventLog<E>;
  expect(patterns: readonly EventPattern<E>[]): void;
  expectAmong(patterns: readonly EventPattern<E>[]): void;
  only<T extends E['type']>(type: T, fields?: EventFields<Extract<E, {
    type: T;
  }>>): Extract<E, {
    type: T;
  }>;
  none<T extends E['type']>(type?: T, fields?: EventFields<Extract<E, {
    type: T;
  }>>): void;
  clear(): void;
}

// testing/event-pattern.d.ts
type Anything = object | string | number | bigint | boolean | symbol | null | undefined;
export type FieldPattern<V> = unknown extends V ? Anything | ((value: unknown) => boolean) : (V extends object ? {
  readonly [K in keyof V]?: FieldPattern<V[K]>;
} : V) | ((value: V) => boolean);
export type EventFields<E extends EventBase> = {
  readonly [K in Exclude<keyof E, 'type'>]?: FieldPattern<E[K]>;
};
export type EventPattern<E extends EventBase = PolicyEvent> = E extends EventBase ? E['type'] | ({
  readonly type: E['type'];
} & EventFields<E>) : never;
export type EventTopic<Type extends string> = Type extends `${infer Topic}.${string}` ? Topic | Type : Type;

// testing/expectation-error.d.ts
export declare class ExpectationError extends Error {
  readonly name = "AssertionError";
  readonly actual: string;
  readonly expected: string;
  constructor(message: string, actual: string, expected: string, above?: (...args: never[]) => unknown);
}

// testing/explore.d.ts
export type Choose = <T>(choices: readonly T[]) => T;
export interface ExploreLimits {
  readonly maxRuns?: number;
}
export declare function explore(script: (choose: Choose) => void | Promise<void>, { maxRuns }?: ExploreLimits): Promise<number>;

// testing/judged-error.d.ts
export declare class JudgedError extends SwitchgearError {
  #private;
  readonly code = "SWITCHGEAR_TEST_JUDGED";
  constructor(verdict: Verdict | VerdictKind, facts?: ErrorFacts);
  verdict(): Verdict;
}
export declare function throttled(retryAfterMs?: number): JudgedError;

// testing/manual-clock.d.ts
export declare class ManualClock implements Clock {
  #private;
  constructor(start?: number, wallStart?: number);
  now(): number;
  wallNow(): number;
  get pending(): number;
  get nextDueAt(): number | undefined;
  setTimer(ms: number, run: () => void): Timer;
  sleep(ms: number): Promise<void>;
  jumpWall(ms: number): void;
  advance(ms: number): Promise<void>;
  advanceTo(at: number): Promise<void>;
  runAll(maxTimers?: number): Promise<number>;
  freeze(ms: number): void;
}
export declare function settle(): Promise<void>;

// testing/script-overrun-error.d.ts
export declare class ScriptOverrunError extends SwitchgearError {
  readonly code = "SWITCHGEAR_TEST_SCRIPT_OVERRUN";
  verdict(): Verdict;
}

// testing/script-step.d.ts
export interface StepManner {
  readonly afterMs?: number;
  readonly ignoresCancel?: boolean;
  readonly times?: number;
}
export type ScriptStep<T> = Error | (StepManner & Deed<T>);
type Deed<T> = {
  readonly answer: T;
} | {
  readonly fail: unknown;
} | {
  readonly throttle: number | true;
} | {
  readonly hang: true;
} | {
  readonly run: (call: Call) => T | Promise<T>;
};

// testing/scripted-attempt.d.ts
export interface ScriptedAttempt {
  readonly attempt: number;
  readonly call: Call;
  readonly at: number;
  readonly deadlineLeftMs: number;
  readonly state: 'running' | 'answered' | 'failed' | 'cancelled';
  readonly endedAt: number | undefined;
  readonly cancelledAt: number | undefined;
  readonly cancelReason: unknown;
}

// testing/scripted.d.ts
export interface Scripted<T> {
  (call: Call): Promise<T>;
  readonly attempts: readonly ScriptedAttempt[];
  sends(): number;
  begunAt(): number[];
  answer(send: number, value: T): Promise<void>;
  fail(send: number, error: unknown): Promise<void>;
  done(): void;
}
export declare function scripted<T = never>(steps: readonly ScriptStep<T>[], { clock }: Pick<Runtime, 'clock'>): Scripted<T>;

// testing/seeded-random.d.ts
export declare function seededRandom(seed: number): () => number;

// testing/state-store-contract.d.ts
export interface StateStoreCase {
  readonly claim: string;
  run(): Promise<void>;
}
export declare function stateStoreContract(make: () => StateStoreWorld | Promise<StateStoreWorld>): StateStoreCase[];

// testing/state-store-world.d.ts
export interface StateStoreWorld {
  readonly store: StateStore;
  now(): number;
  advance(ms: number): Promise<void>;
  end?(): void | Promise<void>;
}

// testing/test-runtime.d.ts
export interface TestRuntimeOptions {
  readonly seed?: number;
  readonly random?: number | (() => number);
  readonly startMs?: number;
  readonly wallStartMs?: number;
}
export interface TestRuntime {
  readonly runtime: Runtime;
  readonly clock: ManualClock;
  readonly log: EventLog;
}
export declare function testRuntime(options?: TestRuntimeOptions): TestRuntime;
