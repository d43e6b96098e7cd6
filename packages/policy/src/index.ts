export { AdaptiveLimiter, type AdaptiveLimiterSnapshot, adaptiveLimiter } from './adaptive/adaptive-limiter.ts';
export { type AimdOptions, aimdDefaults, aimdLimit } from './adaptive/aimd.ts';
export { type CorrelationOptions, correlationDefaults, correlationLimit } from './adaptive/correlation.ts';
export { type Gradient2Options, gradient2Defaults, gradient2Limit } from './adaptive/gradient2.ts';
export type { Limit, LimitFactory, LimitSample } from './adaptive/limit.ts';
export { type AdaptiveLimiterOptions, adaptiveLimiterDefaults, type LimitAlgorithm } from './adaptive/options.ts';
export { type VegasOptions, vegasDefaults, vegasLimit } from './adaptive/vegas.ts';
export { breaker, CircuitBreaker } from './breaker/breaker.ts';
export { Isolation, isolation } from './breaker/isolation.ts';
export type { BreakerChanges, BreakerDefaults, BreakerMode, Opening } from './breaker/options.ts';
export { type BreakerOptions, breakerDefaults } from './breaker/options.ts';
export type { BreakerSnapshot, BreakerState } from './breaker/snapshot.ts';
export { Bulkhead, type BulkheadSnapshot, bulkhead } from './bulkhead/bulkhead.ts';
export type { Criticality, QueueShares } from './bulkhead/criticality.ts';
export type { BulkheadBounds } from './bulkhead/options.ts';
export { type BulkheadOptions, bulkheadDefaults } from './bulkhead/options.ts';
export { Cache, type CacheAnswer, type CacheLookup, type CacheSnapshot, cache } from './cache/cache.ts';
export { type CacheOptions, cacheDefaults } from './cache/options.ts';
export { type CacheEntry, type CacheStore, MemoryStore } from './cache/store.ts';
export { chaos } from './chaos/chaos.ts';
export { type ChaosKind, type ChaosOptions, chaosDefaults } from './chaos/options.ts';
export { Coalescer, type CoalescerSnapshot, coalesce } from './coalesce/coalesce.ts';
export { type CoalesceOptions, coalesceDefaults } from './coalesce/options.ts';
export type { Budget } from './contract/budget.ts';
export type { Call, CallOptions, Operation, Unsubscribe } from './contract/call.ts';
export { CallGroup } from './contract/call-group.ts';
export {
  AttemptTimeoutError,
  BulkheadClosedError,
  BulkheadFullError,
  CircuitOpenError,
  ConcurrencyLimitedError,
  ConfigError,
  DeadlineExceededError,
  type ErrorFacts,
  isSwitchgearError,
  moreDoubtful,
  type Phase,
  RateLimitedError,
  RefusedError,
  type Sent,
  ShedError,
  SwitchgearError,
  type TimeSpent,
} from './contract/errors.ts';
export * from './contract/events.ts';
export type { Gate, Permit, Refusal } from './contract/gate.ts';
export {
  type Classify,
  classifyOutcome,
  type Outcome,
  type Verdict,
  type VerdictKind,
  verdicts,
} from './contract/outcome.ts';
export type { FallbackOf, Policy } from './contract/policy.ts';
export { type Clock, type Runtime, systemRuntime, type Timer } from './contract/runtime.ts';
export type { ErrorClass, FailureSort, FallbackValue } from './fallback/fallback.ts';
export { type FallbackAnswer, type FallbackOptions, fallback } from './fallback/fallback.ts';
export { hedge } from './hedge/hedge.ts';
export { type HedgeAction, type HedgeOptions, hedgeDefaults } from './hedge/options.ts';
export { type RateChange, type RateLimiterOptions, rateLimiterDefaults, type Weight } from './limiter/options.ts';
export { RateLimiter, type RateLimiterSnapshot, rateLimiter } from './limiter/rate-limiter.ts';
export type { Reservation } from './limiter/reservation.ts';
export { Pipeline, pipeline } from './pipeline/pipeline.ts';
export { type Lease, Registry, type RegistryOptions, registry, registryDefaults } from './pipeline/registry.ts';
export {
  type Resilient,
  type ResilientCallOptions,
  type ResilientOptions,
  type ResilientParts,
  resilient,
  resilientDefaults,
  type Work,
} from './pipeline/resilient.ts';
export { Standard, type StandardOptions, standard, standardDefaults } from './pipeline/standard.ts';
export type { Backoff, CustomBackoff, Jitter, RetryInfo, ScheduledRetry } from './retry/options.ts';
export { type RetryOptions, retryDefaults } from './retry/options.ts';
export { retry } from './retry/retry.ts';
export {
  RetryBudget,
  type RetryBudgetOptions,
  type RetryBudgetSnapshot,
  retryBudget,
  retryBudgetDefaults,
} from './retry/retry-budget.ts';
export {
  RetryQuota,
  type RetryQuotaOptions,
  type RetryQuotaSnapshot,
  retryQuota,
  retryQuotaDefaults,
} from './retry/retry-quota.ts';
export {
  TokenThrottle,
  type TokenThrottleOptions,
  type TokenThrottleSnapshot,
  tokenThrottle,
  tokenThrottleDefaults,
} from './retry/token-throttle.ts';
export { type ThrottleOptions, throttleDefaults } from './throttle/options.ts';
export { Throttle, type ThrottleSnapshot, throttle } from './throttle/throttle.ts';
export { type AttemptTimeoutOptions, attemptTimeout, attemptTimeoutDefaults } from './timeout/attempt-timeout.ts';
export { type DeadlineOptions, deadline, deadlineDefaults } from './timeout/deadline.ts';
export { currentCall, currentDeadline, withDeadline } from './timeout/inherited-deadline.ts';
