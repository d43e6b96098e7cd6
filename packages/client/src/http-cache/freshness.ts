import HttpCacheSemantics from 'http-cache-semantics';
import type { WireResponse } from '../transport/transport.ts';

/** The library's policy with the two methods that its types leave out. */
interface CachePolicy extends HttpCacheSemantics {
  now(): number;
  useStaleWhileRevalidate(): boolean;
}

const CachePolicy = HttpCacheSemantics as unknown as new (
  ...args: ConstructorParameters<typeof HttpCacheSemantics>
) => CachePolicy;

/** A request as caching sees it. */
export interface CachedRequest {
  readonly method: string;
  readonly url: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a kept answer is good for: as it is, as it is while a new one is loaded, or not without asking. */
export type Use = 'fresh' | 'stale-while-revalidate' | 'revalidate';

/** The rules of RFC 9111 and RFC 5861 for one kept answer, by a library that is made of them. */
export interface Freshness {
  useFor(request: CachedRequest, allowStale: boolean): Use;
  /** Whether it may stand in for an answer that could not be had. */
  mayStandIn(): boolean;
  /** How old it is, in milliseconds. */
  ageMs(): number;
  /** What to send to ask whether it still holds; nothing when it has no validator. */
  conditions(request: CachedRequest): readonly string[];
  /** The same answer after a 304: its headers brought up to date. `undefined` when the 304 is about another one. */
  confirmedBy(
    request: CachedRequest,
    notModified: WireResponse,
  ): { freshness: Freshness; response: WireResponse } | undefined;
}

/** Judges answers by the clock of a client. */
export class FreshnessRules {
  readonly #Policy: typeof CachePolicy;
  readonly #isShared: boolean;

  /**
   * @param now Milliseconds, of one clock that never goes back.
   * @param wallNow What a `Date` header is held against, in milliseconds since 1970.
   * @param isShared Whether several principals get one answer.
   */
  constructor(now: () => number, wallNow: () => number, isShared: boolean) {
    this.#isShared = isShared;
    // Dates are wall-clock, but ages must not jump with it: it is read once, and from there on time runs by the other.
    const offset = wallNow() - now();
    this.#Policy = class extends CachePolicy {
      override now(): number {
        return offset + now();
      }
    };
  }

  /** The freshness of an answer that may be kept, or `undefined` for one that may not. */
  of(request: CachedRequest, response: WireResponse): Freshness | undefined {
    if (!mayBeKept(response, this.#isShared)) return undefined;
    const policy = new this.#Policy(request, asSeen(response), { shared: this.#isShared });
    if (!policy.storable()) return undefined;
    return this.#from(policy, response);
  }

  #from(policy: CachePolicy, response: WireResponse): Freshness {
    const control = String(response.headers['cache-control'] ?? '');
    const isStrict =
      /\b(must-revalidate|no-cache)\b/i.test(control) ||
      (this.#isShared && /\b(proxy-revalidate|s-maxage)\b/i.test(control));
    const { etag, 'last-modified': lastModified } = response.headers;
    return {
      useFor(request, allowStale) {
        if (policy.satisfiesWithoutRevalidation(request) && !policy.stale()) return 'fresh';
        const matches = policy.evaluateRequest(request).response !== undefined;
        if (allowStale && matches && !isStrict && policy.useStaleWhileRevalidate()) return 'stale-while-revalidate';
        return 'revalidate';
      },
      mayStandIn: () =>
        !isStrict && staleIfErrorMs(control) > 0 && policy.age() < policy.maxAge() + staleIfErrorMs(control) / 1_000,
      ageMs: () => Math.max(0, policy.age() * 1_000),
      conditions(request) {
        if (etag === undefined && lastModified === undefined) return [];
        const headers = policy.revalidationHeaders(request);
        return ['if-none-match', 'if-modified-since'].flatMap((name) => {
          const value = headers[name];
          return typeof value === 'string' ? [name, value] : [];
        });
      },
      confirmedBy: (request, notModified) => {
        const renewed = policy.revalidatedPolicy(request, asSeen(notModified));
        if (renewed.modified || !renewed.matches) return undefined;
        const headers = { ...response.headers };
        for (const [name, value] of Object.entries(notModified.headers)) {
          // They describe the body, and that is the one we have.
          if (!/^(content-(length|encoding|range|type)|transfer-encoding)$/.test(name)) headers[name] = value;
        }
        const kept: WireResponse = { ...response, headers };
        if (!mayBeKept(kept, this.#isShared) || !renewed.policy.storable()) return undefined;
        return { freshness: this.#from(renewed.policy as CachePolicy, kept), response: kept };
      },
    };
  }
}

/** What the library would let through and we do not: an answer whose rules cannot be read, or that makes a session. */
function mayBeKept({ status, headers }: WireResponse, isShared: boolean): boolean {
  if (status === 206 || headers['set-cookie'] !== undefined || headers.vary === '*') return false;
  const control = headers['cache-control'];
  if (control === undefined) return true;
  if (typeof control !== 'string' || !directives.test(control)) return false;
  // `private="…"` names headers that are; with nothing in it, or with something, what we share is the whole answer.
  return !(isShared && /(^|,)\s*private\b/i.test(control));
}

/** A list of `name`, `name=token` and `name="…"`; each alternative begins with another character, so it is linear. */
const directives = /^[\t ,]*(?:[!#$%&'*+.^`|~\w-]+(?:=(?:[!#$%&'*+.^`|~\w-]+|"[^"\\]*"))?[\t ]*(?:,[\t ,]*|$))*$/;

function staleIfErrorMs(control: string): number {
  const seconds = /(?:^|[,\s])stale-if-error="?(\d{1,10})/i.exec(control)?.[1];
  return seconds === undefined ? 0 : Number(seconds) * 1_000;
}

/** As the library wants it: one text per header, and directives in lower case, since it knows no other. */
function asSeen({ status, headers }: WireResponse): { status: number; headers: Record<string, string> } {
  const seen: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const text = typeof value === 'string' ? value : value.join(', ');
    // It would have an answer asked for anew although it is fresh; what is stale we do not give by ourselves.
    seen[name] = name === 'cache-control' ? text.toLowerCase().replaceAll('must-revalidate', 'x-strict') : text;
  }
  return { status, headers: seen };
}
