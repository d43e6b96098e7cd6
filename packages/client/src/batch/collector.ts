import { AsyncLocalStorage } from 'node:async_hooks';
import { nextTick } from 'node:process';
import type { Call, Clock, Timer, Unsubscribe } from '@switchgear/policy';
import type { CallRecord } from '../call/call-record.ts';
import type { CallSettings } from '../call/call-settings.ts';
import type { KeyRules } from './asked-keys.ts';
import { failed, type Settled } from './key-outcome.ts';

/** One caller who wants what is behind one key. */
export interface Wanted {
  readonly key: unknown;
  readonly text: string;
  /** Those alone are asked for together who may be answered alike. */
  readonly asker: string;
  readonly settings: CallSettings;
  /** Ends at the caller's own deadline, or when they leave. */
  readonly call: Call;
  readonly record: CallRecord;
}

/** What a caller hears: that nobody else came, or what became of their key. */
export type Collected = 'alone' | SettledKey;

export interface SettledKey {
  readonly settled: Settled;
  /** Of the batch. */
  readonly attempts: number;
  /** Whether an earlier caller has been given the same value. */
  readonly shared: boolean;
}

/** Why callers were not made to wait longer: enough keys, or the time that was to be waited. */
export type FlushReason = 'full' | 'wait' | 'tick';

/** Callers who are asked for together. */
export interface Gathered {
  /** The keys, each once, by their text. */
  readonly keys: ReadonlyMap<string, unknown>;
  readonly calls: number;
  /** The one who has the longest to wait; the batch is theirs, as far as it has to be someone's. */
  readonly longest: Wanted;
  /** The earliest deadline of those who still wait. */
  readonly earliest: () => number;
  /** Aborted when the last of them has left. */
  readonly signal: AbortSignal;
}

/** What a batch brought. */
export interface Brought {
  readonly settled: ReadonlyMap<string, Settled>;
  readonly attempts: number;
}

export interface CollectorParts {
  /** What a key has to be. */
  readonly rules: KeyRules;
  readonly waitMs: number;
  readonly maxKeys: number;
  readonly clock: Clock;
  /** Asks for all of them. Runs in the asynchronous context of the one who has the longest to wait. */
  readonly ask: (gathered: Gathered) => Promise<Brought>;
  readonly onFlush: (calls: number, keys: number, waitedMs: number, reason: FlushReason) => void;
}

/**
 * Makes one call of many that ask for the like within a moment: they wait until everything that is ready to run has run,
 * for a few milliseconds, or until there are enough of them.
 */
export class Collector {
  readonly #parts: CollectorParts;
  /** Those who are still joined, by who asks. */
  readonly #open = new Map<string, Gathering>();

  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  get rules(): KeyRules {
    return this.#parts.rules;
  }

  /** Whether a caller has so long. */
  hasTime(deadline: number): boolean {
    return deadline - this.#parts.clock.now() > this.#parts.waitMs;
  }

  join(wanted: Wanted): Promise<Collected> {
    const { asker } = wanted;
    let gathering = this.#open.get(asker);
    if (gathering === undefined) {
      gathering = new Gathering(this.#parts, () => this.#open.delete(asker));
      this.#open.set(asker, gathering);
    }
    return gathering.join(wanted);
  }
}

interface Member {
  readonly wanted: Wanted;
  readonly inContext: ReturnType<typeof AsyncLocalStorage.snapshot>;
  readonly resolve: (collected: Collected) => void;
  readonly reject: (reason: unknown) => void;
  leave: Unsubscribe;
}

const nothing = (): void => {};

/** Callers who wait to be asked for together, and then for the answer. */
class Gathering {
  readonly #parts: CollectorParts;
  readonly #onClose: () => void;
  readonly #members = new Set<Member>();
  /** How many want each key. A Map, so that `__proto__` is a key like any other. */
  readonly #wantedBy = new Map<string, number>();
  readonly #since: number;
  /** Made when they are asked for. */
  #ended: AbortController | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #isOpen = true;

  constructor(parts: CollectorParts, onClose: () => void) {
    this.#parts = parts;
    this.#onClose = onClose;
    this.#since = parts.clock.now();
    const { waitMs } = parts;
    if (waitMs > 0) {
      // Keeps the process alive, as callers wait for it.
      this.#timer = parts.clock.setTimer(waitMs, () => this.#flush('wait'));
    } else {
      // No timer, which would be one of a millisecond: a tick that is begun from a promise comes when no other promise has
      // anything left to run, so calls that are made one after another without waiting for the network come in time.
      void Promise.resolve().then(() => nextTick(() => this.#flush('tick')));
    }
  }

  join(wanted: Wanted): Promise<Collected> {
    return new Promise((resolve, reject) => {
      const inContext = AsyncLocalStorage.snapshot();
      const member: Member = { wanted, inContext, resolve, reject, leave: nothing };
      this.#members.add(member);
      this.#wantedBy.set(wanted.text, (this.#wantedBy.get(wanted.text) ?? 0) + 1);
      member.leave = wanted.call.onCancel((reason) => this.#lose(member, reason));
      if (this.#wantedBy.size >= this.#parts.maxKeys) this.#flush('full');
    });
  }

  /** One of them leaves, or their time is up. The others go on; without others, there is nothing to go on for. */
  #lose(member: Member, reason: unknown): void {
    this.#members.delete(member);
    member.reject(reason);
    const { text } = member.wanted;
    const left = (this.#wantedBy.get(text) ?? 1) - 1;
    if (left > 0) this.#wantedBy.set(text, left);
    else this.#wantedBy.delete(text);
    if (this.#members.size > 0) return;
    if (this.#isOpen) this.#close();
    // The batch has the deadline of the one with the most time. When that is what has ended it, it ends by itself, and the
    // breaker hears of a service that hangs.
    else if (this.#parts.clock.now() < this.#deadline) this.#ended?.abort(reason);
  }

  #close(): void {
    this.#isOpen = false;
    this.#timer?.cancel();
    this.#onClose();
  }

  #flush(reason: FlushReason): void {
    if (!this.#isOpen) return;
    this.#close();
    const { clock, onFlush } = this.#parts;
    onFlush(this.#members.size, this.#wantedBy.size, clock.now() - this.#since, reason);
    const [first, ...others] = this.#members;
    if (others.length === 0) this.#settle((member) => member.resolve('alone'));
    else void this.#ask(others.reduce(longer, first as Member));
  }

  async #ask(longest: Member): Promise<void> {
    this.#ended = new AbortController();
    this.#deadline = longest.wanted.call.deadline;
    const keys = new Map<string, unknown>();
    for (const { wanted } of this.#members) {
      if (!keys.has(wanted.text)) keys.set(wanted.text, wanted.key);
      // Whoever leaves from now on cannot know whether it was sent.
      wanted.call.progress('wait', 'maybe');
    }
    const gathered: Gathered = {
      keys,
      calls: this.#members.size,
      longest: longest.wanted,
      earliest: () => this.#earliest(),
      signal: this.#ended.signal,
    };
    try {
      const { settled, attempts } = await longest.inContext(this.#parts.ask, gathered);
      const given = new Set<string>();
      this.#settle(({ wanted: { text }, resolve }) => {
        resolve({ settled: settled.get(text) as Settled, attempts, shared: given.has(text) });
        given.add(text);
      });
    } catch (error) {
      this.#settle(({ resolve }) => resolve({ settled: failed(error), attempts: 0, shared: true }));
    }
  }

  #settle(settle: (member: Member) => void): void {
    for (const member of this.#members) {
      member.leave();
      settle(member);
    }
    this.#members.clear();
  }

  /** Of those who have any time left: who has none is about to leave. */
  #earliest(): number {
    const now = this.#parts.clock.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const { wanted } of this.#members) {
      const { deadline } = wanted.call;
      if (deadline > now && deadline < earliest) earliest = deadline;
    }
    return earliest;
  }
}

function longer(a: Member, b: Member): Member {
  return b.wanted.call.deadline > a.wanted.call.deadline ? b : a;
}
