import type { RetryDraw, RetryGrant, SharedBudget } from '../contract/state-store.ts';
import { TimeWindow } from '../stats/time-window.ts';
import { TokenBucket } from '../stats/token-bucket.ts';
import { Ops } from './ops.ts';
import { PaidWindow } from './paid-window.ts';
import { Shelf } from './shelf.ts';

interface Purse {
  readonly calls: TimeWindow;
  /** Retries that the calls have paid for. */
  readonly paid: PaidWindow;
  /** The allowance per second; none where nobody has stated one yet. */
  floor: TokenBucket | undefined;
}

const nothing = { calls: 0, failures: 0, slow: 0, slowFailures: 0 };

/** Retry budgets by key and window: a share of the calls, and when that does not reach, a small allowance. */
export class Retries {
  readonly #purses: Shelf<Purse>;
  readonly #drawn: Ops<RetryGrant>;

  constructor(maxKeys: number) {
    this.#purses = new Shelf(maxKeys);
    this.#drawn = new Ops(maxKeys);
  }

  get size(): number {
    return this.#purses.size;
  }

  draw(key: string, budget: SharedBudget, { op, calls, retries, unused }: RetryDraw, now: number): RetryGrant {
    const { ratio, windowMs } = budget;
    const name = `${windowMs} ${key}`;
    const known = this.#drawn.find(name, op, now);
    if (known !== undefined) return known;
    const purse = this.#purses.find(name, now) ?? newPurse(windowMs, now);
    const floor = floorOf(purse, budget, now);
    purse.calls.take({ ...nothing, calls }, now);
    // Nobody remembers what a retry was paid from. Either place keeps the bound, since the other stays a retry short.
    const returned = purse.paid.giveBack(unused, now);
    floor?.giveBack(unused - returned, now);
    const earned = Math.max(0, Math.floor(ratio * purse.calls.calls - purse.paid.sum(now)));
    const allowed = floor === undefined ? 0 : wholeTokens(floor, now);
    const granted = Math.min(retries, earned + allowed);
    const byCalls = Math.min(granted, earned);
    purse.paid.add(byCalls, now);
    floor?.take(granted - byCalls, now);
    const answer = { granted, remaining: earned + allowed - granted };
    if (calls + granted + unused > 0) {
      this.#purses.put(name, purse, Math.max(now + windowMs, fullAt(floor, budget, now)), now);
      this.#drawn.put(name, op, answer, now);
    }
    return answer;
  }

  clear(): void {
    this.#purses.clear();
    this.#drawn.clear();
  }
}

/** The allowance, at the rate of whoever asks. Who asks for none leaves that of the others as it is. */
function floorOf(purse: Purse, budget: SharedBudget, now: number): TokenBucket | undefined {
  if (budget.minPerSecond === 0) return undefined;
  purse.floor ??= new TokenBucket(everyMs(budget), capacity(budget), now);
  purse.floor.change(everyMs(budget), capacity(budget), now);
  return purse.floor;
}

function newPurse(windowMs: number, now: number): Purse {
  return { calls: new TimeWindow(windowMs, now), paid: new PaidWindow(windowMs, now), floor: undefined };
}

/** Those that `take` would not have to owe, whatever rounding has made of a sum. */
function wholeTokens(floor: TokenBucket, now: number): number {
  return Math.max(0, Math.floor(floor.tokens(now) + 1e-9));
}

function fullAt(floor: TokenBucket | undefined, budget: SharedBudget, now: number): number {
  return floor === undefined ? now : now + (capacity(budget) - floor.tokens(now)) * everyMs(budget);
}

function everyMs({ minPerSecond }: SharedBudget): number {
  return 1_000 / minPerSecond;
}

/** One second's worth, but a whole retry at least: a floor of one in ten seconds would never reach one otherwise. */
function capacity({ minPerSecond }: SharedBudget): number {
  return Math.max(1, minPerSecond);
}
