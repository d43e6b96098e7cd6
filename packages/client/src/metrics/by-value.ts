/** What is made once for each value of a label, when it is first needed, and only looked up from then on. */
export class ByValue<K, T> {
  readonly #make: (value: K) => T;
  readonly #made = new Map<K, T>();

  constructor(make: (value: K) => T) {
    this.#make = make;
  }

  get(value: K): T {
    let made = this.#made.get(value);
    if (made === undefined) {
      made = this.#make(value);
      this.#made.set(value, made);
    }
    return made;
  }
}
