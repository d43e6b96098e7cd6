import { readStructuredList } from './structured-list.ts';

/** What is left of one of a service's quotas, in its own words. */
export interface Quota {
  readonly name: string;
  /** Of what the quota counts, which is requests unless the service says otherwise. */
  readonly remaining: number;
  /** Until there is more, in milliseconds, if the service says. */
  readonly resetMs: number | undefined;
  /** The whole of it, in a window of so many milliseconds, if the service says. */
  readonly limit: number | undefined;
  readonly windowMs: number | undefined;
}

type Header = string | string[] | undefined;

/**
 * Reads `RateLimit`, and what `RateLimit-Policy` says of the same quotas. A field that is malformed counts as not sent.
 * Source: draft-ietf-httpapi-ratelimit-headers, sections 3 and 4.
 */
export function readQuotas(rateLimit: Header, policy: Header): readonly Quota[] {
  const left = readStructuredList(rateLimit);
  if (left === undefined) return none;
  const policies = new Map(readStructuredList(policy)?.map(({ text, integers }) => [text, integers]));
  const quotas: Quota[] = [];
  for (const { text: name, integers } of left) {
    const remaining = integers.get('r');
    const resetS = integers.get('t');
    // One that says nothing of what is left, or less than nothing, makes the whole field one that is none.
    if (remaining === undefined || remaining < 0 || (resetS !== undefined && resetS < 0)) return none;
    const of = policies.get(name);
    quotas.push({
      name,
      remaining,
      resetMs: inMs(resetS),
      limit: of?.get('q'),
      windowMs: inMs(of?.get('w')),
    });
  }
  return quotas;
}

const none: readonly Quota[] = Object.freeze([]);

/** Until none of the quotas is used up, in milliseconds; `undefined` if none is, or no time is named. */
export function untilQuotaMs(quotas: readonly Quota[]): number | undefined {
  let longestMs: number | undefined;
  for (const { remaining, resetMs } of quotas) {
    if (remaining === 0 && resetMs !== undefined) longestMs = Math.max(longestMs ?? 0, resetMs);
  }
  return longestMs;
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined || seconds < 0 ? undefined : seconds * 1_000;
}
