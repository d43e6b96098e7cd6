export { breaker, CircuitBreaker } from './breaker/breaker.ts';
export { type BreakerOptions, breakerDefaults } from './breaker/options.ts';
export type { BreakerSnapshot, BreakerState } from './breaker/snapshot.ts';
export { Bulkhead, type BulkheadSnapshot, bulkhead } from './bulkhead/bulkhead.ts';
export { type BulkheadOptions, bulkheadDefaults } from './bulkhead/options.ts';
export type { Call, CallOptions, Operation, Unsubscribe } from './contract/call.ts';
export {
  AttemptTimeoutError,
  BulkheadFullError,
  CircuitOpenError,
  ConcurrencyLimitedError,
  ConfigError,
  DeadlineExceededError,
  type ErrorFacts,
  isSwitchgearError,
  type Phase,
  RateLimitedError,
  RefusedError,
  type Sent,
  ShedError,
  SwitchgearError,
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
export { type FallbackAnswer, type FallbackOptions, fallback } from './fallback/fallback.ts';
export { Pipeline, pipeline } from './pipeline/pipeline.ts';
export { type RetryOptions, retryDefaults } from './retry/options.ts';
export { retry } from './retry/retry.ts';
export {
  RetryBudget,
  type RetryBudgetOptions,
  type RetryBudgetSnapshot,
  retryBudget,
  retryBudgetDefaults,
} from './retry/retry-budget.ts';
export { type AttemptTimeoutOptions, attemptTimeout, attemptTimeoutDefaults } from './timeout/attempt-timeout.ts';
export { type DeadlineOptions, deadline, deadlineDefaults } from './timeout/deadline.ts';
