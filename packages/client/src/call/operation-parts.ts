import type { ErrorFacts, EventBus, Pipeline, Policy, Runtime } from '@switchgear/policy';
import type { AttemptTools } from '../attempt/attempt.ts';
import type { Collector } from '../batch/collector.ts';
import type { CallCache } from '../cache/call-cache.ts';
import type { ClientSettings } from '../client-options.ts';
import type { OperationDefinition } from '../contract/operation.ts';
import type { ClientEvent } from '../events.ts';
import type { SpreadAttempts } from '../hosts/spread-attempts.ts';
import type { Interceptors } from '../interceptors/interceptors.ts';
import type { BuiltRequest } from '../request/build-request.ts';
import type { InFlight } from './in-flight.ts';

/** What an operation is made of. */
export interface OperationParts {
  readonly name: string;
  readonly definition: OperationDefinition;
  readonly settings: ClientSettings;
  readonly stack: Pipeline<never>;
  /** Ends at the call's deadline, or when its caller leaves, what is done before the stack. */
  readonly inTime: Policy;
  /** For a service of several hosts, what chooses one for each attempt. */
  readonly tools: AttemptTools | SpreadAttempts;
  /** Makes the request of a call that has no input to make one of. */
  readonly build?: ((facts: ErrorFacts) => BuiltRequest | Promise<BuiltRequest>) | undefined;
  /** Sent with every call, by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** Names that a caller may not set. */
  readonly own: ReadonlySet<string>;
  /** For an operation with `cache`. */
  readonly cache?: CallCache | undefined;
  /** For an operation with `collect`. */
  readonly collector?: Collector | undefined;
  /** What is forgotten once this operation has been sent. */
  readonly invalidates?: readonly CallCache[] | undefined;
  /** For an operation that changes something: the caches of the client, which forget what was kept of its path. */
  readonly changes?: readonly CallCache[] | undefined;
  /** Where the client has some. */
  readonly interceptors?: Interceptors | undefined;
  readonly inFlight: InFlight;
  readonly events: EventBus<ClientEvent>;
  readonly runtime: Runtime;
}

/** The input of a call, before anything about it is known. */
export type CallInput = Readonly<Record<string, unknown>>;
