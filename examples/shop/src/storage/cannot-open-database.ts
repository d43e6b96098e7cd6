import { OperatorError } from '../service/operator-error.ts';

/** The database could not be opened at start. `place` is a path, or a URL without its password. */
export class CannotOpenDatabaseError extends OperatorError {
  override readonly name = 'CannotOpenDatabaseError';
  readonly place: string;

  constructor(place: string, cause: unknown) {
    super(`cannot open database at ${place}: ${reasonOf(cause)}`, { cause });
    this.place = place;
  }
}

/** A refused connection to a name with several addresses is an `AggregateError` whose own message is empty. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
