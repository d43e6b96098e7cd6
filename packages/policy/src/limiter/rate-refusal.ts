import type { Call } from '../contract/call.ts';
import { RateLimitedError, withoutStack } from '../contract/errors.ts';
import type { Refusal } from '../contract/gate.ts';
import type { RateLimiterSettings } from './options.ts';

/** Which bound a call ran into. */
export type Bound = 'rate' | 'queue' | 'wait' | 'deadline' | 'waited' | 'burst' | 'unknown-weight';

/** A "no" that knows when to ask again. Its words are made only when somebody wants an error. */
export class RateRefusal implements Refusal {
  readonly admitted = false;
  readonly reason = 'rate-limited';
  readonly retryAfterMs: number | undefined;
  readonly #bound: Bound;
  readonly #weight: number;
  readonly #settings: RateLimiterSettings;

  constructor(bound: Bound, weight: number, retryAfterMs: number | undefined, settings: RateLimiterSettings) {
    this.retryAfterMs = retryAfterMs;
    this.#bound = bound;
    this.#weight = weight;
    this.#settings = settings;
  }

  toError({ target, operation, attempt }: Call): RateLimitedError {
    return withoutStack(
      () =>
        new RateLimitedError(this.#inWords(), this.reason, {
          target: target === '' ? this.#settings.name : target,
          operation,
          attempts: attempt - 1,
          retryAfterMs: this.retryAfterMs,
        }),
    );
  }

  #inWords(): string {
    const { limit, intervalMs, burst, maxWaitMs, maxQueue } = this.#settings;
    const rate = `no more than ${limit} may go in ${intervalMs} ms`;
    const turn = `its turn would come in ${Math.ceil(this.retryAfterMs ?? 0)} ms`;
    switch (this.#bound) {
      case 'rate':
        return rate;
      case 'queue':
        return `${rate}, and ${maxQueue} wait already`;
      case 'wait':
        return `${rate}, and ${turn}, later than it may wait`;
      case 'deadline':
        return `${rate}, and ${turn}, after its deadline`;
      case 'waited':
        return `${rate}, and its turn did not come in ${maxWaitMs} ms`;
      case 'burst':
        return `a weight of ${this.#weight} can never go: it is more than the burst of ${burst}`;
      case 'unknown-weight':
        return 'the weight is a function of the call, and there is none: give the weight by hand';
    }
  }
}
