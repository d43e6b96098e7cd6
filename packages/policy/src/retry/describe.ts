import type { Budget } from '../contract/budget.ts';
import type { RetrySettings } from './options.ts';

/** The settings of a retry in a line. */
export function describeRetry(settings: RetrySettings, budget: Budget | undefined): string {
  const { maxRetries, maxElapsedMs } = settings;
  const parts = [`at most ${maxRetries}`, waits(settings)];
  if (maxElapsedMs !== undefined) parts.push(`for at most ${maxElapsedMs} ms`);
  parts.push(budget === undefined ? 'no budget' : `budget ${budget.describe()}`);
  return `retry: ${parts.join(', ')}`;
}

function waits({ backoff, jitter, baseMs, maxMs }: RetrySettings): string {
  const spread = jitter === 'none' ? 'no jitter' : `${jitter} jitter`;
  if (typeof backoff === 'function') return `${spread} up to what a function says and ${maxMs} ms`;
  switch (backoff) {
    case 'exponential':
      return `${spread} from ${baseMs} ms up to ${maxMs} ms`;
    case 'linear':
      return `${spread} in steps of ${baseMs} ms up to ${maxMs} ms`;
    case 'constant':
      return jitter === 'none' ? `always ${baseMs} ms` : `${spread} of ${baseMs} ms`;
    case 'decorrelated':
      return `decorrelated jitter from ${baseMs} ms up to ${maxMs} ms`;
  }
}
