import { type ErrorFacts, SwitchgearError } from './errors.ts';
import type { Verdict } from './verdict.ts';

/** Why a store gave no decision. */
export type StateStoreFailure =
  /** It cannot be reached, is starting, failing over or full: it comes back by itself. */
  | 'unavailable'
  /** It did not answer in the time that it has. Whether the change was made is not known. */
  | 'timeout'
  /** It will not work before somebody acts: wrong credentials, another program's data under our keys. Worth a loud line. */
  | 'misconfigured'
  /** It answered what cannot be: a share above its bound, text where a number belongs. */
  | 'invalid-answer'
  /** `close()` was called. */
  | 'closed';

/**
 * The shared state could not be asked. A call never fails with it: whoever asked goes on with the state of its own
 * process. The `cause` is the driver's error, and is not shown by `toJSON` and `explain`, since it may hold credentials.
 */
export class StateStoreError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_STATE_STORE';
  readonly reason: StateStoreFailure;

  constructor(message: string, reason: StateStoreFailure, facts: ErrorFacts = {}) {
    super(message, facts);
    this.reason = reason;
  }

  /** Says nothing about the other side, which has not been asked. */
  override verdict(): Verdict {
    return { kind: 'ignored', retry: 'never' };
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), reason: this.reason };
  }
}
