/**
 * A failure whose cure is in the hands of whoever started the process: a wrong variable, a taken port, a missing file.
 * `runMain` shows its message alone, because a stack trace would bury the one line that helps.
 */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError';
}
