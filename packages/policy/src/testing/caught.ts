import { ExpectationError } from './expectation-error.ts';
import { show } from './show.ts';

/**
 * What a promise rejects with, for a closer look. Ask at once and await later, so that the rejection is never unhandled
 * while time is moved on.
 * @throws ExpectationError if it does not reject.
 */
export function caught(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new ExpectationError(`did not fail, answered ${show(value)}`, show(value), 'a rejection');
    },
    (error: unknown) => error,
  );
}
