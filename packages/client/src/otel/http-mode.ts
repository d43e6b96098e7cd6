import { channel } from 'node:diagnostics_channel';
import { type Check, oneOf } from '@switchgear/policy/options';

/**
 * Who makes the spans and the durations of requests on the wire. `own`: this client. `auto`: this client, unless
 * somebody is listening to undici, such as its instrumentation, who makes them already. `off`: nobody.
 */
export type HttpMode = 'auto' | 'own' | 'off';

export const httpMode: Check<HttpMode> = oneOf('auto', 'own', 'off');

const created = channel('undici:request:create');

/** Whether somebody listens who may make spans of the requests of undici. */
export function isWatched(): boolean {
  return created.hasSubscribers;
}

/** Whether requests are ours to tell of. Asked for each, as an instrumentation may come and go. */
export function isOurs(mode: HttpMode): boolean {
  return mode === 'own' || (mode === 'auto' && !isWatched());
}
