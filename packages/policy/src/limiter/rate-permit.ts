import type { Permit } from '../contract/gate.ts';

/** Where a permit comes from, and what it tells when it ends. */
export interface PermitHome {
  /** Tokens were not used. Those that have flowed in since, or that were taken before a change, do not come back. */
  giveBack(weight: number, takenAt: number, epoch: number): void;
  throttled(epoch: number): void;
}

/** Leave to go, paid for. The tokens are spent however the call ends, unless it never began. */
export class RatePermit implements Permit {
  readonly admitted = true;
  readonly epoch: number;
  readonly #weight: number;
  readonly #takenAt: number;
  #home: PermitHome | undefined;

  constructor(home: PermitHome, weight: number, takenAt: number, epoch: number) {
    this.epoch = epoch;
    this.#home = home;
    this.#weight = weight;
    this.#takenAt = takenAt;
  }

  success(): void {
    this.#home = undefined;
  }

  failure(): void {
    this.#home = undefined;
  }

  throttled(): void {
    this.#end()?.throttled(this.epoch);
  }

  ignored(): void {
    this.#home = undefined;
  }

  unused(): void {
    this.#end()?.giveBack(this.#weight, this.#takenAt, this.epoch);
  }

  /** The home, once: whichever ending comes first is the one. */
  #end(): PermitHome | undefined {
    const home = this.#home;
    this.#home = undefined;
    return home;
  }
}
