import type { Phase, TimeSpent } from '@switchgear/policy';
import type { CallTimings, PhaseTimings } from './timings.ts';

/** Each phase's place in the list of what it took; `call` is before the first attempt. */
const places: Readonly<Record<Phase, number>> = {
  call: 0,
  queue: 1,
  auth: 2,
  dns: 3,
  connect: 4,
  tls: 5,
  write: 6,
  wait: 7,
  body: 8,
  decode: 9,
};
const backoff = 10;

/** Tells how long each phase took. At every moment it is in one of them, and told when the next begins. */
export class PhaseClock {
  // A list of plain numbers, since every call has one: it costs less than as many fields.
  readonly #spent: number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  #now: number = places.call;
  #since: number;

  constructor(startedAt: number) {
    this.#since = startedAt;
  }

  enter(phase: Phase, at: number): void {
    this.#enter(places[phase], at);
  }

  /** Between two attempts. */
  pause(at: number): void {
    this.#enter(backoff, at);
  }

  /** Up to now, the phase that it is in included. */
  timings(at: number): CallTimings {
    const spent = this.#upTo(at);
    return { admissionMs: spent[places.call] as number, backoffMs: spent[backoff] as number, ...phasesOf(spent) };
  }

  /** The same of an exchange, which begins when it is let in. */
  exchangeTimings(at: number): PhaseTimings {
    return phasesOf(this.#upTo(at));
  }

  /** The phases that took any time, for an error to tell. */
  spent(at: number): TimeSpent {
    const spent = this.#upTo(at);
    const took: Partial<Record<keyof TimeSpent, number>> = {};
    for (const [phase, place] of Object.entries(places) as [Phase, number][]) {
      if ((spent[place] as number) > 0) took[phase] = spent[place] as number;
    }
    if ((spent[backoff] as number) > 0) took.backoff = spent[backoff] as number;
    return took;
  }

  #enter(place: number, at: number): void {
    this.#spent[this.#now] = (this.#spent[this.#now] as number) + at - this.#since;
    this.#since = at;
    this.#now = place;
  }

  #upTo(at: number): readonly number[] {
    this.#enter(this.#now, at);
    return this.#spent;
  }
}

function phasesOf(spent: readonly number[]): PhaseTimings {
  return {
    queueMs: spent[places.queue] as number,
    authMs: spent[places.auth] as number,
    dnsMs: spent[places.dns] as number,
    connectMs: spent[places.connect] as number,
    tlsMs: spent[places.tls] as number,
    writeMs: spent[places.write] as number,
    waitMs: spent[places.wait] as number,
    bodyMs: spent[places.body] as number,
    decodeMs: spent[places.decode] as number,
  };
}
