import { fateOf } from '../call/fate.ts';
import type { ExchangeFinished, Fate } from '../events.ts';

/** What came of one request, in the words that calls have, but for those that only a whole call can have. */
export type AttemptResult = Exclude<Fate, 'ok-retried' | 'ok-hedged' | 'cached' | 'stale' | 'degraded' | 'refused'>;

export function attemptResult({ cancelled, error, status }: ExchangeFinished): AttemptResult {
  if (cancelled) return 'cancelled';
  // A refused token or a redirect is followed by another request, and a "no" may be a value: no error, and no success.
  if (error === undefined) return status !== undefined && status >= 300 ? 'answered' : 'ok';
  return fateOf(error, false) as AttemptResult;
}
