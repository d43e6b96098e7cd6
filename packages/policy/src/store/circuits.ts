import type { CircuitOpening, FleetCircuit } from '../contract/state-store.ts';
import { Ops } from './ops.ts';
import { Shelf } from './shelf.ts';

interface Opened {
  readonly epoch: number;
  readonly openUntil: number;
  readonly probeUntil: number;
}

/** What breakers have told each other, by key. What is closed is not kept: it is what a missing key means. */
export class Circuits {
  readonly #opened: Shelf<Opened>;
  readonly #openings: Ops<FleetCircuit>;
  /** One for all keys, so that no epoch of a key comes twice although closed ones are forgotten. */
  #epoch = 0;

  constructor(maxKeys: number) {
    this.#opened = new Shelf(maxKeys);
    this.#openings = new Ops(maxKeys);
  }

  get size(): number {
    return this.#opened.size;
  }

  /** The answer, and whether anything has changed. */
  open(key: string, { op, openMs, probeMs }: CircuitOpening, now: number): { circuit: FleetCircuit; changed: boolean } {
    const known = this.#openings.find(key, op, now);
    if (known !== undefined) return { circuit: known, changed: false };
    const before = this.#opened.find(key, now);
    const openUntil = Math.max(before?.openUntil ?? now, now + openMs);
    const probeUntil = Math.max(before?.probeUntil ?? now, openUntil + probeMs);
    this.#opened.put(key, { epoch: ++this.#epoch, openUntil, probeUntil }, probeUntil, now);
    return { circuit: this.#openings.put(key, op, this.read(key, now), now), changed: true };
  }

  close(key: string, epoch: number, now: number): { circuit: FleetCircuit; changed: boolean } {
    const changed = this.#opened.find(key, now)?.epoch === epoch;
    if (changed) this.#opened.delete(key);
    return { circuit: this.read(key, now), changed };
  }

  read(key: string, now: number): FleetCircuit {
    const opened = this.#opened.find(key, now);
    if (opened === undefined) return { state: 'closed', epoch: 0, forMs: 0 };
    const { epoch, openUntil, probeUntil } = opened;
    return now < openUntil
      ? { state: 'open', epoch, forMs: openUntil - now }
      : { state: 'half-open', epoch, forMs: probeUntil - now };
  }

  clear(): void {
    this.#opened.clear();
    this.#openings.clear();
  }
}
