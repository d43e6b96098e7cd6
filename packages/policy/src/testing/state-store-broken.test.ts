import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Runtime } from '../contract/runtime.ts';
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
import { MemoryStateStore } from '../store/memory-state-store.ts';
import { ManualClock } from './manual-clock.ts';
import { stateStoreContract } from './state-store-contract.ts';

/*
 * The contract can fail. Each store here has one of the mistakes that stores are known for, and is right otherwise; what
 * the suite says of it is what is wrong with it, and nothing else.
 */

class ReleasesAnyonesLease extends MemoryStateStore {
  #owner = '';

  override async acquireLease(key: string, ask: LeaseAsk): Promise<LeaseAnswer> {
    const answer = await super.acquireLease(key, ask);
    if (answer.held) this.#owner = ask.owner;
    return answer;
  }

  override async releaseLease(key: string, owner: string): Promise<void> {
    await super.releaseLease(key, owner);
    if (owner !== '' && this.#owner !== '') await super.releaseLease(key, this.#owner);
  }
}

class GivesTheLeaseToAnyone extends MemoryStateStore {
  override async acquireLease(key: string, ask: LeaseAsk): Promise<LeaseAnswer> {
    await super.acquireLease(key, ask);
    return { held: true, forMs: ask.ttlMs };
  }
}

class KeepsLeasesOfTheDead extends MemoryStateStore {
  override acquireLease(key: string, { owner, ttlMs }: LeaseAsk): Promise<LeaseAnswer> {
    return super.acquireLease(key, { owner, ttlMs: ttlMs * 10 });
  }
}

/** The limiter of countless tutorials: INCR, and EXPIRE with the interval. */
class CountsByInterval extends MemoryStateStore {
  readonly #runtime: Runtime;
  readonly #used = new Map<string, number>();

  constructor(options: object, runtime: Runtime) {
    super(options, runtime);
    this.#runtime = runtime;
  }

  override async takeTokens(key: string, rate: SharedRate, ask: TokenAsk): Promise<TokenGrant> {
    const interval = Math.floor(this.#runtime.clock.now() / rate.intervalMs);
    const used = this.#used.get(`${interval} ${key}`) ?? 0;
    // What it is asked besides, and has no notion of, is left to one that does it right.
    const right = await super.takeTokens(key, rate, ask);
    if (rate.intervalMs > 60_000 || ask.tokens > 1) return right;
    if (used + ask.tokens > rate.burst) return { ...right, granted: 0, retryAfterMs: right.retryAfterMs };
    this.#used.set(`${interval} ${key}`, used + ask.tokens);
    return { granted: ask.tokens, remaining: 0, retryAfterMs: 0 };
  }
}

/** Asks how many there are, and takes them a round trip later: a read and a write, where there should be one step. */
class ReadsAndThenTakes extends MemoryStateStore {
  readonly #left = new Map<string, number>();

  override async takeTokens(key: string, rate: SharedRate, ask: TokenAsk): Promise<TokenGrant> {
    const left = this.#left.get(key) ?? rate.burst;
    await undefined;
    const right = await super.takeTokens(key, rate, ask);
    this.#left.set(key, right.remaining);
    return right.granted === 0 && ask.tokens <= left ? { ...right, granted: ask.tokens } : right;
  }
}

class GivesBackWhatHasFlowedInSince extends MemoryStateStore {
  readonly #asks = new Map<string, TokenAsk>();

  override takeTokens(key: string, rate: SharedRate, ask: TokenAsk): Promise<TokenGrant> {
    if (typeof ask.op === 'string') this.#asks.set(`${key} ${ask.op}`, ask);
    return super.takeTokens(key, rate, ask);
  }

  override async giveBackTokens(key: string, rate: SharedRate, unused: UnusedTokens): Promise<void> {
    await super.giveBackTokens(key, rate, unused);
    if (rate.intervalMs > 60_000 || !this.#asks.has(`${key} ${unused.op}`)) return;
    // As if nothing had flowed in: those who took since are given theirs as well.
    for (const [name, { op, tokens }] of this.#asks) {
      if (name.startsWith(`${key} `)) await super.giveBackTokens(key, rate, { op, tokens });
    }
  }
}

/** Each op is new to it, as where a driver sends again what the server has done already. */
class CountsWhatIsSentAgain extends MemoryStateStore {
  #sent = 0;

  #anew<T extends { readonly op: string }>(change: T): T {
    return change.op ? { ...change, op: `${change.op} ${this.#sent++}` } : change;
  }

  override takeTokens(key: string, rate: SharedRate, ask: TokenAsk): Promise<TokenGrant> {
    return super.takeTokens(key, rate, this.#anew(ask));
  }

  override drawRetries(key: string, budget: SharedBudget, draw: RetryDraw): Promise<RetryGrant> {
    return super.drawRetries(key, budget, this.#anew(draw));
  }

  override reportOutcomes(key: string, report: OutcomeReport): Promise<OutcomeCounts> {
    return super.reportOutcomes(key, this.#anew(report));
  }

  override openCircuit(key: string, opening: CircuitOpening): Promise<FleetCircuit> {
    return super.openCircuit(key, this.#anew(opening));
  }
}

/** A key without a TTL: open until somebody closes it. */
class StaysOpenForEver extends MemoryStateStore {
  readonly #open = new Map<string, FleetCircuit>();

  override async openCircuit(key: string, opening: CircuitOpening): Promise<FleetCircuit> {
    const circuit = await super.openCircuit(key, opening);
    if (circuit.state === 'open') this.#open.set(key, circuit);
    return circuit;
  }

  override async closeCircuit(key: string, epoch: number): Promise<FleetCircuit> {
    const circuit = await super.closeCircuit(key, epoch);
    if (this.#open.get(key)?.epoch === epoch) this.#open.delete(key);
    return circuit;
  }

  override async readCircuit(key: string): Promise<FleetCircuit> {
    const circuit = await super.readCircuit(key);
    return circuit.state === 'closed' ? (this.#open.get(key) ?? circuit) : circuit;
  }
}

class ClosesWhateverIsOpen extends MemoryStateStore {
  override async closeCircuit(key: string, epoch: number): Promise<FleetCircuit> {
    const asked = await super.closeCircuit(key, epoch);
    return super.closeCircuit(key, asked.epoch);
  }
}

/** The last one who writes is right: an instance that has seen little ends what one that has seen more has begun. */
class LetsTheLastOpeningWin extends MemoryStateStore {
  override async openCircuit(key: string, opening: CircuitOpening): Promise<FleetCircuit> {
    const { state, epoch } = await super.readCircuit(key);
    const opened = await super.openCircuit(key, opening);
    if (state === 'closed' || opened.epoch <= epoch) return opened;
    await super.closeCircuit(key, opened.epoch);
    return super.openCircuit(key, { ...opening, op: `over ${opening.op}` });
  }
}

/** What it is told of, it tells at once, and forgets a moment later: a window that begins anew every 250 ms. */
class ForgetsTooSoon extends MemoryStateStore {
  override reportOutcomes(key: string, report: OutcomeReport): Promise<OutcomeCounts> {
    return super.reportOutcomes(key, { ...report, windowMs: report.windowMs / 4 });
  }

  override drawRetries(key: string, budget: SharedBudget, draw: RetryDraw): Promise<RetryGrant> {
    return super.drawRetries(key, { ...budget, windowMs: budget.windowMs / 4 }, draw);
  }
}

class NeverForgets extends MemoryStateStore {
  override reportOutcomes(key: string, report: OutcomeReport): Promise<OutcomeCounts> {
    return super.reportOutcomes(key, { ...report, windowMs: report.windowMs * 4 });
  }

  override drawRetries(key: string, budget: SharedBudget, draw: RetryDraw): Promise<RetryGrant> {
    return super.drawRetries(key, { ...budget, windowMs: budget.windowMs * 4 }, draw);
  }
}

class WritesKeysAsUtf8 extends MemoryStateStore {
  override acquireLease(key: string, ask: LeaseAsk): Promise<LeaseAnswer> {
    return super.acquireLease(Buffer.from(key).toString(), ask);
  }
}

class ThrowsAtOnce extends MemoryStateStore {
  override readCircuit(key: string): Promise<FleetCircuit> {
    if (typeof key !== 'string') throw new TypeError('key.replace is not a function');
    return super.readCircuit(key);
  }
}

class AnswersWhenClosed extends MemoryStateStore {
  override async readCircuit(key: string): Promise<FleetCircuit> {
    try {
      return await super.readCircuit(key);
    } catch (error) {
      if (Reflect.get(error as object, 'code') !== 'SWITCHGEAR_STATE_STORE') throw error;
      return { state: 'closed', epoch: 0, forMs: 0 };
    }
  }
}

/** Each with the claims that do not hold of it. */
const broken: readonly (readonly [new (options: object, runtime: Runtime) => StateStore, readonly string[]])[] = [
  [
    ReleasesAnyonesLease,
    [
      'leases: its holder releases it, and nobody else',
      'leases: one whose holder is gone is free when its time is over',
    ],
  ],
  [
    GivesTheLeaseToAnyone,
    [
      'leases: of those who ask at once, one holds it',
      'leases: its holder renews it, and nobody else',
      'leases: its holder releases it, and nobody else',
      'leases: one whose holder is gone is free when its time is over',
    ],
  ],
  [
    KeepsLeasesOfTheDead,
    [
      'leases: of those who ask at once, one holds it',
      'leases: its holder renews it, and nobody else',
      'leases: one whose holder is gone is free when its time is over',
    ],
  ],
  [
    CountsByInterval,
    [
      'tokens: what was refused is granted once retryAfterMs has passed',
      'tokens: in no stretch of time go more than the rate and one burst',
    ],
  ],
  [ReadsAndThenTakes, ['tokens: of those who ask at once, no two have the same one']],
  [GivesBackWhatHasFlowedInSince, ['tokens: what has flowed in since they were granted is not given twice']],
  [
    CountsWhatIsSentAgain,
    [
      'tokens: an op that is sent again takes nothing, and has the same answer',
      'tokens: unused ones are taken back once, and never more than were granted',
      'retries: an op that is sent again pays nothing in and draws nothing',
      'outcomes: an op that is sent again is counted once',
      'circuits: an opening that is sent again does not open what was closed since',
    ],
  ],
  [
    StaysOpenForEver,
    [
      'circuits: an opening is seen by all, and ends by itself',
      'circuits: an opening without time for probes is closed after it',
      'circuits: an opening that is sent again does not open what was closed since',
    ],
  ],
  [
    ClosesWhateverIsOpen,
    [
      'circuits: a probe that succeeds ends the opening it knew, and no other',
      'circuits: an epoch is larger than all before it, forgotten or not',
    ],
  ],
  [
    LetsTheLastOpeningWin,
    [
      'circuits: an opening only tightens',
      'circuits: a probe that fails opens again, and keeps the time that probes have',
    ],
  ],
  [
    ForgetsTooSoon,
    [
      'retries: a call counts for nine tenths of the window, and never longer than it',
      'outcomes: each counts for nine tenths of the window, and never longer than it',
    ],
  ],
  [
    NeverForgets,
    [
      'retries: a call counts for nine tenths of the window, and never longer than it',
      'retries: what is given back lasts no longer than what was paid',
      'outcomes: each counts for nine tenths of the window, and never longer than it',
    ],
  ],
  [WritesKeysAsUtf8, ['keys: no two are one, whatever is in them']],
  [ThrowsAtOnce, ['life: what cannot be is a rejection, and changes nothing']],
  [AnswersWhenClosed, ['life: once closed it rejects, and closing again changes nothing']],
];

for (const [Broken, claims] of broken) {
  test(`${Broken.name} is found out`, async () => {
    const cases = stateStoreContract(() => {
      const clock = new ManualClock(1_234_567.8);
      const store = new Broken({}, { clock, random: () => 0 });
      return { store, now: () => clock.now(), advance: (ms) => clock.advance(ms) };
    });
    const failed: string[] = [];
    for (const { claim, run } of cases) {
      try {
        await run();
      } catch (error) {
        // A store that breaks the test itself would prove nothing.
        assert.equal(Reflect.get(error as object, 'name'), 'AssertionError', claim);
        failed.push(claim);
      }
    }
    assert.deepEqual(failed, claims);
  });
}
