/** Lines that are told apart at most; beyond that they share one rate. */
const mostKinds = 500;

interface Allowance {
  lines: number;
  at: number;
  leftOut: number;
}

/** Lets a burst of lines of one kind through and then so many per second, and counts those it leaves out. */
export class LineRate {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #kinds = new Map<string, Allowance>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** How many lines of this kind were left out since the last one, if this one may be written; otherwise `undefined`. */
  admit(kind: string, at: number): number | undefined {
    const known = this.#kinds.has(kind) || this.#kinds.size < mostKinds ? kind : '';
    let allowance = this.#kinds.get(known);
    if (allowance === undefined) {
      allowance = { lines: this.#burst, at, leftOut: 0 };
      this.#kinds.set(known, allowance);
    }
    const earned = ((at - allowance.at) / 1_000) * this.#perSecond;
    allowance.lines = Math.min(this.#burst, allowance.lines + Math.max(0, earned));
    allowance.at = at;
    if (allowance.lines < 1) {
      allowance.leftOut++;
      return undefined;
    }
    allowance.lines--;
    const { leftOut } = allowance;
    allowance.leftOut = 0;
    return leftOut;
  }
}
