import { AuthenticationError } from '../errors.ts';

/** Reasons that are about an answer which is not one, and not about the credentials. */
const notTheCredentials = /^(?:unusable-token$|status-)/;

/** Whether an error says that the credentials are worth nothing any more, as opposed to a token that could not be had. */
export function isLoss(error: unknown): error is AuthenticationError {
  return error instanceof AuthenticationError && !notTheCredentials.test(error.reason);
}

/** Calls what a user gave to be told, whatever it does: it cannot fail a call, nor leave a rejection behind. */
export function tell<T extends readonly unknown[]>(hook: ((...told: T) => unknown) | undefined, ...told: T): void {
  if (hook === undefined) return;
  try {
    Promise.resolve(hook(...told)).catch(() => {});
  } catch {
    // It is told, not asked.
  }
}
