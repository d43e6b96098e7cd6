export type { Call, CallOptions, Operation, Unsubscribe } from './contract/call.ts';
export {
  AttemptTimeoutError,
  BulkheadFullError,
  CircuitOpenError,
  ConfigError,
  DeadlineExceededError,
  isSwitchgearError,
  type Phase,
  RefusedError,
  type Sent,
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
export { Pipeline, pipeline } from './pipeline/pipeline.ts';
