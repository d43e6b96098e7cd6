import type { SharedRate, TokenAsk, TokenGrant, UnusedTokens } from '../contract/state-store.ts';
import { TokenBucket } from '../stats/token-bucket.ts';
import { Ops } from './ops.ts';
import { Shelf } from './shelf.ts';

interface Taken {
  readonly at: number;
  readonly answer: TokenGrant;
  /** Whether some of it has been given back: that is done once. */
  settled: boolean;
}

/** What sums of fractions may be off by. Whoever goes that much too early leaves as much of a debt. */
const roundingMs = 1e-6;
const roundingTokens = 1e-9;

/** Token buckets by key. One that has filled up is forgotten, since a new one is full as well. */
export class Tokens {
  readonly #buckets: Shelf<TokenBucket>;
  readonly #taken: Ops<Taken>;

  constructor(maxKeys: number) {
    this.#buckets = new Shelf(maxKeys);
    this.#taken = new Ops(maxKeys);
  }

  get size(): number {
    return this.#buckets.size;
  }

  take(key: string, rate: SharedRate, ask: Required<TokenAsk>, now: number): TokenGrant {
    const known = this.#taken.find(key, ask.op, now);
    if (known !== undefined) return known.answer;
    const everyMs = rate.intervalMs / rate.limit;
    const bucket = this.#bucket(key, rate, now) ?? new TokenBucket(everyMs, rate.burst, now);
    const readyAt = bucket.readyAt(ask.atLeast);
    const waitMs = Math.max(0, Math.ceil(readyAt - now - roundingMs));
    const granted = waitMs > 0 ? 0 : Math.max(ask.atLeast, Math.min(ask.tokens, wholeTokens(bucket, now)));
    if (granted > 0) {
      bucket.take(granted, now);
      this.#buckets.put(key, bucket, fullAt(bucket, rate, now), now);
    }
    const remaining = wholeTokens(bucket, now);
    if (granted === 0) return { granted, remaining, retryAfterMs: waitMs };
    const answer = { granted, remaining, retryAfterMs: 0 };
    this.#taken.put(key, ask.op, { at: now, answer, settled: false }, now, granted * everyMs);
    return answer;
  }

  giveBack(key: string, rate: SharedRate, { op, tokens }: UnusedTokens, now: number): void {
    const taken = this.#taken.find(key, op, now);
    if (taken === undefined || taken.settled) return;
    taken.settled = true;
    const bucket = this.#bucket(key, rate, now);
    const left = Math.min(tokens, taken.answer.granted) - ((now - taken.at) * rate.limit) / rate.intervalMs;
    if (bucket === undefined || left <= 0) return;
    bucket.giveBack(left, now);
    this.#buckets.put(key, bucket, fullAt(bucket, rate, now), now);
  }

  clear(): void {
    this.#buckets.clear();
    this.#taken.clear();
  }

  /** Brought to the rate of whoever asks. What has flowed in until now did so at the rate of who asked before. */
  #bucket(key: string, { limit, intervalMs, burst }: SharedRate, now: number): TokenBucket | undefined {
    const bucket = this.#buckets.find(key, now);
    bucket?.change(intervalMs / limit, burst, now);
    return bucket;
  }
}

function fullAt(bucket: TokenBucket, { limit, intervalMs, burst }: SharedRate, now: number): number {
  return now + ((burst - bucket.tokens(now)) * intervalMs) / limit;
}

function wholeTokens(bucket: TokenBucket, now: number): number {
  return Math.max(0, Math.floor(bucket.tokens(now) + roundingTokens));
}
