import { SwitchgearError } from '../contract/errors.ts';
import type { Verdict } from '../contract/verdict.ts';

/** An operation was run more often than its script has steps. */
export class ScriptOverrunError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_TEST_SCRIPT_OVERRUN';

  /** Ends the call that went too far and moves nothing: not sent again, not counted, not answered by a fallback. */
  override verdict(): Verdict {
    return { kind: 'ignored', retry: 'never' };
  }
}
