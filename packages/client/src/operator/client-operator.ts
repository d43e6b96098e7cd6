import type { FaultInjectionOptions } from './fault-injection.ts';

/**
 * What a person on call may do to a client while it runs. Each of these has a reason, which stands in events, snapshots
 * and explanations; what lasts can be given an expiry, and an injected fault always has one.
 */
export interface ClientOperator {
  /**
   * Refuses every call from now on, at every host, until it is released, expires, or the client is closed. With several,
   * until the last of them is.
   * @throws ConfigError if there is no reason, or the expiry is no time.
   */
  isolate(reason: string, options?: IsolateOptions): OperatorControl;
  /**
   * Lets all isolations of this client go and closes its breakers, at every host: calls are let through again, and what
   * had been seen is forgotten.
   * @throws ConfigError if there is no reason.
   */
  closeCircuit(reason: string): void;
  /**
   * Closes the breakers, at every host, and forgets what they had seen. What isolates them still does.
   * @throws ConfigError if there is no reason.
   */
  reset(reason: string): void;
  /**
   * Makes a share of the attempts go wrong, below the retry and the breaker, so that these react as they would to the
   * real trouble. Nothing of what is hit by an error or a reset is sent. It ends by its expiry at the latest.
   * @throws ConfigError if there is no reason or no expiry, or an option is out of range.
   */
  injectFault(fault: FaultInjectionOptions): OperatorControl;
  /**
   * Ends what `isolate` or `injectFault` began.
   * @param id Of the control, as snapshots have it.
   * @returns Whether there was such a one, and it lasted.
   */
  release(id: number): boolean;
}

export interface IsolateOptions {
  /** Ends by itself after this time, in milliseconds, at most a day. @default none */
  readonly expiresInMs?: number;
}

/** Something an operator has begun. Disposing of it, as `using` does, releases it. */
export interface OperatorControl extends Disposable {
  readonly id: number;
  /** Ends it. Again changes nothing. */
  release(): void;
}

/** What an operator has begun, at one moment, in values that survive JSON. */
export interface ControlSnapshot {
  readonly id: number;
  readonly kind: 'isolation' | 'fault';
  readonly reason: string;
  /** In monotonic milliseconds of the runtime's clock. */
  readonly beganAt: number;
  /** What is left of it, in milliseconds; null if it has no expiry. */
  readonly expiresInMs: number | null;
  /** Of a fault. */
  readonly fault?: {
    readonly kind: FaultInjectionOptions['kind'];
    readonly rate: number;
    readonly latencyMs: number | null;
    /** null for all. */
    readonly operation: string | null;
    /** Attempts that it has hit. */
    readonly hits: number;
  };
}

/** Why something that an operator had begun is over. */
export type ControlEnd = 'released' | 'expired' | 'circuit-closed' | 'client-closed';
