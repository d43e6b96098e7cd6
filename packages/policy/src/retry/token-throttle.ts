import type { Budget } from '../contract/budget.ts';
import { type Checks, number, readOptions, whole } from '../contract/options.ts';

/** How many failures in a row of how many successes end the retries. */
export interface TokenThrottleOptions {
  /** Tokens at the beginning and at most, a whole number from 1 to 1,000. Each failure costs one. @default 10 */
  readonly maxTokens?: number;
  /**
   * Tokens that a success brings back, from 0.001 to 1,000; what is beyond thousandths is ignored. At 0.1, about one
   * failure in eleven attempts may last. @default 0.1
   */
  readonly tokenRatio?: number;
}

/** What applies where an option is left out. */
export const tokenThrottleDefaults: Required<TokenThrottleOptions> = Object.freeze({ maxTokens: 10, tokenRatio: 0.1 });

/** What a throttle holds at one moment. */
export interface TokenThrottleSnapshot {
  readonly tokens: number;
  readonly maxTokens: number;
  /** Whether a retry would be granted now. */
  readonly lends: boolean;
}

const checks: Checks<TokenThrottleOptions> = { maxTokens: whole(1, 1_000), tokenRatio: number(0.001, 1_000) };

/**
 * The retry throttling of gRPC: every failed attempt takes a token, every success brings a part of one back, and there
 * are retries only while more than half of the tokens are left. It goes by how the target does rather than by how much
 * is sent, knows no time, and forgets nothing: after an outage, it takes successes to lend again.
 * Source: gRPC proposal A6, "Client Retries", section "Throttling Retry Attempts and Hedged RPCs".
 */
export class TokenThrottle implements Budget {
  // Thousandths, so that adding a tenth ten times makes one.
  readonly #max: number;
  readonly #perSuccess: number;
  #tokens: number;

  /** @throws ConfigError with a path such as `tokenThrottle.maxTokens`. */
  constructor(options: TokenThrottleOptions = {}) {
    const { maxTokens, tokenRatio } = readOptions('tokenThrottle', options, checks, tokenThrottleDefaults);
    this.#max = maxTokens * 1_000;
    // A little more than nothing, because 0.057 × 1,000 need not be 57.
    this.#perSuccess = Math.floor(tokenRatio * 1_000 + 1e-6);
    this.#tokens = this.#max;
  }

  /** A call earns nothing by beginning. */
  deposit(): void {}

  /** Whether more than half of the tokens are left. Asking takes none: the failure before has. */
  tryWithdraw(): boolean {
    return this.#tokens > this.#max / 2;
  }

  /** A retry costs nothing, so there is nothing to give back. */
  giveBack(): void {}

  succeeded(): void {
    this.#tokens = Math.min(this.#max, this.#tokens + this.#perSuccess);
  }

  failed(): void {
    this.#tokens = Math.max(0, this.#tokens - 1_000);
  }

  /** What it holds now. */
  snapshot(): TokenThrottleSnapshot {
    return { tokens: this.#tokens / 1_000, maxTokens: this.#max / 1_000, lends: this.tryWithdraw() };
  }

  describe(): string {
    return `while more than ${this.#max / 2_000} of ${this.#max / 1_000} tokens are left`;
  }
}

/**
 * Makes a throttle for the retries to one target, as gRPC has it.
 * @throws ConfigError with a path such as `tokenThrottle.maxTokens`.
 */
export function tokenThrottle(options: TokenThrottleOptions = {}): TokenThrottle {
  return new TokenThrottle(options);
}
