/**
 * One flight, as far as waiting goes: for which other flights the work inside it waits. Whoever would join a flight that
 * waits for them would wait for themselves. Apart from the flight, because it stands in the asynchronous context of
 * whatever was begun inside, such as a socket, and must keep nothing else from being collected.
 */
export class Waiting {
  readonly #on: Waiting[] = [];

  /** The work inside this flight waits for another one, until `leave`. */
  enter(other: Waiting): void {
    this.#on.push(other);
  }

  leave(other: Waiting): void {
    const at = this.#on.indexOf(other);
    if (at >= 0) this.#on.splice(at, 1);
  }

  /** Whether this flight is the given one, or waits for it, be it by way of others. */
  reaches(target: Waiting): boolean {
    const seen = new Set<Waiting>([this]);
    // A set is walked in the order in which it grows, so this also walks what is found on the way.
    for (const flight of seen) {
      if (flight === target) return true;
      for (const next of flight.#on) seen.add(next);
    }
    return false;
  }
}
