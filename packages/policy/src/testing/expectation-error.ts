/**
 * What was expected did not happen. A plain error with the two fields by which test runners know an assertion: it needs
 * none of them, and each shows it as one of its own.
 */
export class ExpectationError extends Error {
  override readonly name = 'AssertionError';
  /** What happened, in words. */
  readonly actual: string;
  /** What was to happen, in words. */
  readonly expected: string;

  /** @param above The function of the kit that was called: the stack begins at its caller, which is the test. */
  constructor(message: string, actual: string, expected: string, above?: (...args: never[]) => unknown) {
    super(message);
    this.actual = actual;
    this.expected = expected;
    if (above !== undefined) Error.captureStackTrace?.(this, above);
  }
}
