import { readQuotas, untilQuotaMs } from './rate-limit.ts';
import { longestWishMs, readRetryAfter } from './retry-after.ts';

/** The headers of an answer, by lower-case name. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What a server says about being asked again. */
export interface Pushback {
  /** Not earlier than in so many milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** `false`: not at all. `true`: it may help, where it would do no harm. */
  readonly again: boolean | undefined;
  /** Whether it has done nothing because it has too much to do. */
  readonly overloaded: boolean;
}

/** Statuses with which a service says that it is asked for too much. */
const asksForLess: ReadonlySet<number> = new Set([429, 503]);

/**
 * Reads what an answer says about being asked again, in all the ways in which that is said. Times: `Retry-After` and, as
 * the finer form of the same, `retry-after-ms`; `grpc-retry-pushback-ms`; without any of them, what `RateLimit` says of
 * quotas that are used up. Of several the latest holds, so that nobody is asked too early. Malformed ones count as not
 * sent. Words: `x-should-retry`, the nacks of Finagle and Envoy's. Of contradicting ones "no" holds.
 * @param wallNow Milliseconds since 1970, for dates.
 */
export function readPushback(status: number, headers: AnswerHeaders, wallNow: number): Pushback {
  const grpc = grpcPushback(headers['grpc-retry-pushback-ms']);
  const nack = status === 503 ? nackOf(headers) : undefined;
  const said = single(headers['x-should-retry'])?.trim().toLowerCase();
  const asked = said === 'true' ? true : said === 'false' ? false : undefined;
  const named = latest(retryAfter(headers, wallNow), grpc?.afterMs);
  return {
    // `Retry-After` is meant for whoever reads it, a quota for whoever plans: so that comes second.
    retryAfterMs: named ?? (asksForLess.has(status) ? quotaMs(headers) : undefined),
    again: grpc?.afterMs === null || nack === 'for-good' || asked === false ? false : asked,
    overloaded: nack !== undefined,
  };
}

/** Both say the same, one of them in whole seconds. Where they contradict each other, the later one holds. */
function retryAfter(headers: AnswerHeaders, wallNow: number): number | undefined {
  const coarse = readRetryAfter(headers['retry-after'], wallNow);
  const text = single(headers['retry-after-ms'])?.trim();
  if (text === undefined || !/^\d{1,10}$/.test(text)) return coarse;
  const fine = Math.min(Number(text), longestWishMs);
  return coarse === undefined || fine > coarse - 1_000 ? fine : coarse;
}

/**
 * gRPC, proposal A6, "Pushback": a number of milliseconds, and anything else means that it is not to be asked again.
 * `null` stands for that.
 */
function grpcPushback(header: string | string[] | undefined): { readonly afterMs: number | null } | undefined {
  if (header === undefined) return undefined;
  return {
    afterMs: typeof header === 'string' && /^\d{1,10}$/.test(header) ? Math.min(Number(header), longestWishMs) : null,
  };
}

/** Whether a proxy or server says that it turned the request away unread, and whether for good. */
function nackOf(headers: AnswerHeaders): 'for-good' | 'for-now' | undefined {
  if (headers['finagle-http-nonretryable-nack'] !== undefined) return 'for-good';
  return headers['finagle-http-nack'] !== undefined || headers['x-envoy-overloaded'] !== undefined
    ? 'for-now'
    : undefined;
}

function quotaMs(headers: AnswerHeaders): number | undefined {
  const { ratelimit } = headers;
  if (ratelimit === undefined) return undefined;
  const ms = untilQuotaMs(readQuotas(ratelimit, undefined));
  return ms === undefined ? undefined : Math.min(ms, longestWishMs);
}

function latest(a: number | undefined, b: number | null | undefined): number | undefined {
  if (b === undefined || b === null) return a;
  return a === undefined ? b : Math.max(a, b);
}

function single(header: string | string[] | undefined): string | undefined {
  // A word is short. What is not is no word of theirs.
  return typeof header === 'string' && header.length <= 40 ? header : undefined;
}
