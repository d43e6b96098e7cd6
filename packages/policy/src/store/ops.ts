import { opMemoryMs } from '../contract/state-store.ts';
import { Shelf } from './shelf.ts';

/** What has been answered to which op of a key, so that an op that is sent again changes nothing. */
export class Ops<A> {
  readonly #answers: Shelf<A>;

  constructor(maxOps: number) {
    this.#answers = new Shelf(maxOps);
  }

  find(key: string, op: string, now: number): A | undefined {
    return this.#answers.find(nameOf(key, op), now);
  }

  /** @param worthMs How long it is of use besides, in milliseconds. */
  put(key: string, op: string, answer: A, now: number, worthMs: number = 0): A {
    this.#answers.put(nameOf(key, op), answer, now + Math.max(opMemoryMs, worthMs), now);
    return answer;
  }

  clear(): void {
    this.#answers.clear();
  }
}

/** The length of the first part keeps `a` with `bc` apart from `ab` with `c`. */
function nameOf(key: string, op: string): string {
  return `${key.length} ${key} ${op}`;
}
