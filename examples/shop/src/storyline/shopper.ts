import { setTimeout as wait } from 'node:timers/promises';
import { seededRandom } from '@switchgear/policy/testing';
import { LatencyHistogram } from '../order-service/latency-histogram.ts';

/** What became of one request, as the shopper sees it. */
export type Sight =
  | 'live' // the user was asked just now
  | 'fresh' // the user was known a few minutes ago: good enough to order
  | 'stale' // a name that may have changed: good enough to show
  | 'made-up' // no name was to be had, and the answer says so
  | 'replayed' // the order had been placed before, and this is it
  | 'refused' // 503 with Retry-After: come back in a moment
  | 'declined' // 422: there is no such user, or the user may not order
  | 'failed'; // anything else

/** What the shopper saw in a stretch of time. */
export interface Sightings {
  readonly requests: number;
  readonly by: Readonly<Record<Sight, number>>;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** An order that was accepted: the shop has promised to have it. */
export interface Accepted {
  readonly key: string;
  readonly id: string;
  readonly userId: number;
}

export interface ShopperOptions {
  readonly url: string;
  /** Users 1 to this exist. */
  readonly users: number;
  readonly requestsPerSecond: number;
  readonly seed: number;
  /** Set before each key, so that keys of another run are other keys. */
  readonly run: string;
}

/** The field of an order that carries its key, so that what is stored can be held against what was asked for. */
export const keyMark = 'ref ';

const skus = ['tea-jasmine', 'tea-barley', 'cup-celadon', 'kettle-1l', 'honey-acacia'];

/**
 * A steady stream of people: open-loop, so that a slow shop does not make them come less often, and seeded, so that
 * they do the same each time.
 */
export class Shopper {
  readonly accepted: Accepted[] = [];
  /** Times a key that had an order was answered with another one. Never, if the shop keeps its promise. */
  doubled = 0;
  /** Orders for users who do not exist that were accepted all the same. */
  acceptedUnknown = 0;
  readonly #options: ShopperOptions;
  readonly #random: () => number;
  readonly #underWay = new Set<Promise<void>>();
  #seen = new RunningSightings();
  #total = new RunningSightings();
  #orders = 0;
  #stopped = false;
  #arrivals: Promise<void> | undefined;

  constructor(options: ShopperOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  start(): void {
    this.#arrivals = this.#arrive();
  }

  /** No new arrivals; resolves when those who are in the shop have left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#arrivals;
    await Promise.all(this.#underWay);
  }

  /** What was seen since the last time this was asked. */
  lookBack(): Sightings {
    const seen = this.#seen;
    this.#seen = new RunningSightings();
    return seen.read();
  }

  get total(): Sightings {
    return this.#total.read();
  }

  async #arrive(): Promise<void> {
    const startedAt = performance.now();
    let nextAt = 0;
    while (!this.#stopped) {
      const now = performance.now() - startedAt;
      // Whoever is due comes now, late or not: the load is what was planned, whatever the event loop does.
      while (nextAt <= now) {
        this.#begin(this.#visit());
        // Exponential gaps: people who do not know of each other.
        nextAt += (-Math.log(1 - this.#random()) * 1000) / this.#options.requestsPerSecond;
      }
      await wait(Math.min(50, Math.max(1, nextAt - now)));
    }
  }

  #begin(visit: Promise<void>): void {
    this.#underWay.add(visit);
    void visit.finally(() => this.#underWay.delete(visit));
  }

  #visit(): Promise<void> {
    const what = this.#random();
    const known = this.accepted[Math.floor(this.#random() * this.accepted.length)];
    const userId = 1 + Math.floor(this.#random() * this.#options.users);
    if (what < 0.45 && known !== undefined) return this.#look(known.id);
    if (what < 0.48 && known !== undefined) return this.#orderAgain(known);
    // One in fifty asks for someone who is not there.
    return this.#order(what > 0.98 ? this.#options.users + 1_000_000 + userId : userId, this.#newKey(), 2);
  }

  #newKey(): string {
    this.#orders++;
    return `${this.#options.run}-${this.#orders}`;
  }

  async #look(id: string): Promise<void> {
    await this.#ask(`/orders/${id}`, {}, async (response) => {
      if (response.status !== 200) return response.status === 503 ? 'refused' : 'failed';
      const { user } = (await response.json()) as { user: { provenance: Sight } };
      return user.provenance;
    });
  }

  /** The same order pressed twice, or sent again by a proxy. */
  async #orderAgain({ key, id, userId }: Accepted): Promise<void> {
    await this.#ask('/orders', this.#orderRequest(userId, key), async (response) => {
      if (response.status !== 200 && response.status !== 201) return refusalOf(response);
      const order = (await response.json()) as { id: string };
      if (order.id !== id) this.doubled++;
      return 'replayed';
    });
  }

  async #order(userId: number, key: string, triesLeft: number): Promise<void> {
    let retryAfterMs = 0;
    const sight = await this.#ask('/orders', this.#orderRequest(userId, key), async (response) => {
      if (response.status !== 200 && response.status !== 201) {
        retryAfterMs = Number(response.headers.get('retry-after') ?? 1) * 1000;
        return refusalOf(response);
      }
      const order = (await response.json()) as { id: string; user: { provenance: Sight } };
      this.accepted.push({ key, id: order.id, userId });
      if (userId > this.#options.users) this.acceptedUnknown++;
      return order.user.provenance;
    });
    // Every third who was sent away, or left without an answer, comes back once, with the same key.
    const comesBack = sight === 'failed' || (sight === 'refused' && this.#random() < 0.33);
    if (!comesBack || triesLeft <= 1 || this.#stopped) return;
    await wait(Math.min(retryAfterMs, 5_000));
    if (!this.#stopped) await this.#order(userId, key, triesLeft - 1);
  }

  #orderRequest(userId: number, key: string): RequestInit {
    // From the key, so that the same key always asks for the same order.
    const n = Number(key.slice(key.lastIndexOf('-') + 1));
    const order = {
      userId,
      items: [{ sku: skus[n % skus.length], quantity: 1 + (n % 4), unitPrice: 900 + 100 * (n % 37) }],
      shippingAddress: {
        line1: `${1 + (n % 300)} Sejong-daero`,
        line2: keyMark + key,
        city: 'Seoul',
        postalCode: '04524',
        country: 'KR',
      },
    };
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': key,
      'accept-language': n % 2 === 0 ? 'ko' : 'en',
    };
    return { method: 'POST', headers, body: JSON.stringify(order) };
  }

  async #ask(path: string, init: RequestInit, see: (response: Response) => Promise<Sight>): Promise<Sight> {
    const startedAt = performance.now();
    let sight: Sight = 'failed';
    try {
      const response = await fetch(this.#options.url + path, { ...init, signal: AbortSignal.timeout(10_000) });
      sight = await see(response);
      if (!response.bodyUsed) await response.body?.cancel();
    } catch {
      // No answer at all is the worst of them, and is what 'failed' says.
    }
    const tookMs = performance.now() - startedAt;
    this.#seen.add(sight, tookMs);
    this.#total.add(sight, tookMs);
    return sight;
  }
}

function refusalOf(response: Response): Sight {
  if (response.status === 422) return 'declined';
  // Polite means: it says when to come back.
  return response.status === 503 && response.headers.has('retry-after') ? 'refused' : 'failed';
}

class RunningSightings {
  readonly #by: Record<Sight, number> = {
    live: 0,
    fresh: 0,
    stale: 0,
    'made-up': 0,
    replayed: 0,
    refused: 0,
    declined: 0,
    failed: 0,
  };
  readonly #latency = new LatencyHistogram();

  add(sight: Sight, tookMs: number): void {
    this.#by[sight] += 1;
    this.#latency.record(tookMs);
  }

  read(): Sightings {
    const { count } = this.#latency;
    return {
      requests: count,
      by: { ...this.#by },
      p50Ms: this.#latency.quantileMs(0.5),
      p99Ms: this.#latency.quantileMs(0.99),
    };
  }
}
