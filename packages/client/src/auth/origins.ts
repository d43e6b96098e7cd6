import { ConfigError } from '@switchgear/policy';
import type { Check } from '@switchgear/policy/options';
import { httpUrl } from '../request/http-url.ts';

/** A list of origins, as an option gives it. */
export const originList: Check<readonly string[]> = {
  expected: 'a list of origins that is not empty, such as https://users.internal',
  ok: (value): value is readonly string[] =>
    Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string'),
};

/** @throws ConfigError when one of them is more or less than scheme, host and port. */
export function originSet(path: string, given: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (given === undefined) return undefined;
  return new Set(
    given.map((each, i) => {
      const url = httpUrl(`${path}[${i}]`, each);
      if (url.pathname !== '/') throw new ConfigError(`${path}[${i}]`, 'scheme, host and port alone', 'a path as well');
      return url.origin;
    }),
  );
}
