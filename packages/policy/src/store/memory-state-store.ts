import type { Unsubscribe } from '../contract/call.ts';
import { type Checks, readOptions, whole } from '../contract/options.ts';
import { type Clock, type Runtime, systemRuntime } from '../contract/runtime.ts';
import type {
  CircuitOpening,
  FleetCircuit,
  LeaseAnswer,
  LeaseAsk,
  OutcomeCounts,
  OutcomeReport,
  RetryDraw,
  RetryGrant,
  SharedBudget,
  SharedRate,
  StateStore,
  TokenAsk,
  TokenGrant,
  UnusedTokens,
} from '../contract/state-store.ts';
import {
  readBudget,
  readCircuitOpening,
  readEpoch,
  readHint,
  readKey,
  readLeaseAsk,
  readOutcomeReport,
  readOwner,
  readRate,
  readRetryDraw,
  readTokenAsk,
  readUnusedTokens,
} from '../contract/state-store-arguments.ts';
import { StateStoreError } from '../contract/state-store-error.ts';
import { Circuits } from './circuits.ts';
import { Hints } from './hints.ts';
import { keptKey } from './key.ts';
import { Leases } from './leases.ts';
import { Outcomes } from './outcomes.ts';
import { Retries } from './retries.ts';
import { Tokens } from './tokens.ts';

/** How much a store in memory keeps. */
export interface MemoryStateStoreOptions {
  /**
   * Keys of each kind, and ops of each kind that adds up, a whole number of at least 1; the one not used for longest
   * goes first, and is a newcomer when it comes back. @default 10_000
   */
  readonly maxKeys?: number;
}

/** What applies where an option is left out. */
export const memoryStateStoreDefaults: Required<MemoryStateStoreOptions> = Object.freeze({ maxKeys: 10_000 });

const checks: Checks<MemoryStateStoreOptions> = { maxKeys: whole(1) };

/**
 * State shared by the policies of one process, and what a store on a server falls back to. It is away only once closed,
 * and goes by the monotonic clock of its runtime, without a timer.
 */
export class MemoryStateStore implements StateStore {
  readonly #clock: Clock;
  readonly #tokens: Tokens;
  readonly #retries: Retries;
  readonly #outcomes: Outcomes;
  readonly #circuits: Circuits;
  readonly #leases: Leases;
  readonly #hints = new Hints();
  #closed = false;

  /** @throws ConfigError with a path such as `memoryStateStore.maxKeys`. */
  constructor(options: MemoryStateStoreOptions = {}, runtime: Runtime = systemRuntime) {
    const { maxKeys } = readOptions('memoryStateStore', options, checks, memoryStateStoreDefaults);
    this.#clock = runtime.clock;
    this.#tokens = new Tokens(maxKeys);
    this.#retries = new Retries(maxKeys);
    this.#outcomes = new Outcomes(maxKeys);
    this.#circuits = new Circuits(maxKeys);
    this.#leases = new Leases(maxKeys);
  }

  /** Keys that are kept now, of all kinds. Of those that are over, some may still be counted. */
  get size(): number {
    return this.#tokens.size + this.#retries.size + this.#outcomes.size + this.#circuits.size + this.#leases.size;
  }

  // Each method is async so that what it throws is a rejection, and waits for nothing, so that it is one step.

  async takeTokens(key: string, rate: SharedRate, ask: TokenAsk): Promise<TokenGrant> {
    const read = readRate(rate);
    return this.#tokens.take(this.#key(key), read, readTokenAsk(ask, read), this.#clock.now());
  }

  async giveBackTokens(key: string, rate: SharedRate, unused: UnusedTokens): Promise<void> {
    this.#tokens.giveBack(this.#key(key), readRate(rate), readUnusedTokens(unused), this.#clock.now());
  }

  async drawRetries(key: string, budget: SharedBudget, draw: RetryDraw): Promise<RetryGrant> {
    return this.#retries.draw(this.#key(key), readBudget(budget), readRetryDraw(draw), this.#clock.now());
  }

  async reportOutcomes(key: string, report: OutcomeReport): Promise<OutcomeCounts> {
    return this.#outcomes.report(this.#key(key), readOutcomeReport(report), this.#clock.now());
  }

  async openCircuit(key: string, opening: CircuitOpening): Promise<FleetCircuit> {
    const kept = this.#key(key);
    const { circuit, changed } = this.#circuits.open(kept, readCircuitOpening(opening), this.#clock.now());
    if (changed) this.#hints.give(kept);
    return circuit;
  }

  async closeCircuit(key: string, epoch: number): Promise<FleetCircuit> {
    const kept = this.#key(key);
    const { circuit, changed } = this.#circuits.close(kept, readEpoch(epoch), this.#clock.now());
    if (changed) this.#hints.give(kept);
    return circuit;
  }

  async readCircuit(key: string): Promise<FleetCircuit> {
    return this.#circuits.read(this.#key(key), this.#clock.now());
  }

  watchCircuit(key: string, hint: () => void): Unsubscribe {
    const kept = keptKey(readKey(key));
    const read = readHint(hint);
    return this.#closed ? () => {} : this.#hints.watch(kept, read);
  }

  async acquireLease(key: string, ask: LeaseAsk): Promise<LeaseAnswer> {
    return this.#leases.acquire(this.#key(key), readLeaseAsk(ask), this.#clock.now());
  }

  async releaseLease(key: string, owner: string): Promise<void> {
    this.#leases.release(this.#key(key), readOwner(owner), this.#clock.now());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#hints.clear();
    for (const kind of [this.#tokens, this.#retries, this.#outcomes, this.#circuits, this.#leases]) kind.clear();
  }

  /** What every method begins with. */
  #key(key: string): string {
    if (this.#closed) throw new StateStoreError('the state store has been closed', 'closed');
    return keptKey(readKey(key));
  }
}

/**
 * Makes a store that keeps shared state in this process.
 * @throws ConfigError with a path such as `memoryStateStore.maxKeys`.
 */
export function memoryStateStore(
  options: MemoryStateStoreOptions = {},
  runtime: Runtime = systemRuntime,
): MemoryStateStore {
  return new MemoryStateStore(options, runtime);
}
