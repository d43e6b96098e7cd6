import { SwitchgearError } from '@switchgear/policy';
import { ClientClosedError, InvalidRequestError } from '../../errors.ts';

/**
 * What `fetch` rejects with, as the web has it: a caller's abort is its own reason, all else is a TypeError. `fetch failed`
 * is what libraries take for a failure of the network; a request that should not have been made says so itself.
 * @param error Stands in its `cause`.
 */
export function fetchFailure(error: unknown): unknown {
  if (!(error instanceof SwitchgearError)) return error;
  const isCallersFault = error instanceof InvalidRequestError || error instanceof ClientClosedError;
  return new TypeError(isCallersFault ? error.message : 'fetch failed', { cause: error });
}

/** The same for a body that broke off. */
export function bodyFailure(error: unknown): unknown {
  return error instanceof SwitchgearError ? new TypeError('terminated', { cause: error }) : error;
}
