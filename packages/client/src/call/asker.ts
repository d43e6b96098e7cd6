import type { ErrorFacts } from '@switchgear/policy';
import { InvalidRequestError } from '../errors.ts';
import type { CallSettings } from './call-settings.ts';

/** What an answer depends on beside its request. */
export type Asker = Pick<CallSettings, 'principal' | 'headers'>;

/**
 * Tells askers apart who may be answered differently: by principal, and by the headers that they send.
 * @throws InvalidRequestError if the principal is no text.
 */
export function askerKey({ principal = '', headers = {} }: Asker, facts: ErrorFacts): string {
  if (typeof principal !== 'string') throw new InvalidRequestError(['principal: expected a text'], facts);
  const said = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return JSON.stringify([principal, said.sort(byName)]);
}

function byName([a = '']: readonly string[], [b = '']: readonly string[]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
