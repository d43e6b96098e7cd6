import { ConfigError } from '@switchgear/policy';
import { type Checks, callable, readOptions, required, text } from '@switchgear/policy/options';
import type { Interceptor } from './interceptor.ts';

const checks: Checks<Interceptor> = {
  name: required(text),
  beforeCall: callable<NonNullable<Interceptor['beforeCall']>>(),
  beforeAttempt: callable<NonNullable<Interceptor['beforeAttempt']>>(),
  afterAttempt: callable<NonNullable<Interceptor['afterAttempt']>>(),
  afterCall: callable<NonNullable<Interceptor['afterCall']>>(),
};

/** Checks a list of interceptors once. @throws ConfigError with a path such as `createServiceClient.interceptors[0].name`. */
export function readInterceptors(path: string, given: readonly Interceptor[]): readonly Interceptor[] {
  return given.map((interceptor, i) => {
    const read: Interceptor = readOptions(`${path}[${i}]`, interceptor, checks, {});
    if (Object.keys(read).length === 1) throw new ConfigError(`${path}[${i}]`, 'at least one hook', 'none');
    return read;
  });
}
