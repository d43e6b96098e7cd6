/** What stands for all names that came after there were as many as are told apart. */
export const otherName = '_other';

/**
 * Keeps the values of a label few. They come from contracts, but what makes contracts may be a program, and a
 * misguided one can make a name of every URL: from some number on, all newcomers share one name.
 */
export class BoundedNames {
  readonly #max: number;
  readonly #known = new Set<string>();

  /** @param max Names that are told apart. */
  constructor(max: number) {
    this.#max = max;
  }

  /** The name itself, or `_other`. */
  admit(name: string): string {
    if (this.#known.has(name)) return name;
    if (this.#known.size >= this.#max) return otherName;
    this.#known.add(name);
    return name;
  }
}
