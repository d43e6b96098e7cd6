import { isAway } from '@switchgear/client';
import { LRUCache } from 'lru-cache';
import type { ServiceClock } from '../../service/clock.ts';
import { type User, UserNotFoundError } from './user-contract.ts';
import type { UserOutcome, UserServiceClient } from './user-service-client.ts';

/** Where a user's name comes from, from best to worst. */
export const PROVENANCES = ['live', 'fresh', 'stale', 'made-up'] as const;
export type Provenance = (typeof PROVENANCES)[number];

/** The user-service said so just now. */
export interface LiveUser {
  readonly provenance: 'live';
  readonly user: User;
}

/** The user-service is away and said so a few minutes ago. Good enough to place an order. */
export interface FreshUser {
  readonly provenance: 'fresh';
  readonly user: User;
  readonly ageMs: number;
}

/** The user-service is away and this is the last name heard of. Good enough to show: there is no user in it to sell to. */
export interface StaleUser {
  readonly provenance: 'stale';
  readonly id: number;
  readonly name: string;
  readonly ageMs: number;
}

/** Nobody knows a name: the user-service is away, or the user is deleted. Whoever shows it says so in words of their own. */
export interface MadeUpUser {
  readonly provenance: 'made-up';
  readonly id: number;
  readonly reason: 'away' | 'deleted';
}

/** Known well enough to sell to. */
export type OrderableUser = LiveUser | FreshUser;
/** Known well enough to show. Not every one of them may order. */
export type ShowableUser = LiveUser | FreshUser | StaleUser | MadeUpUser;

/** Whose name is wanted, and what an order says of it. */
export interface NameWanted {
  readonly id: number;
  readonly recorded?: { readonly name: string /** Wall-clock milliseconds. */; readonly knownAtMs: number };
}

export interface UserDirectoryOptions {
  /** How old a user may be to place an order, in milliseconds. @default 300_000 */
  readonly freshMs?: number;
  /** How old a name may be to be shown, in milliseconds. @default 3_600_000 */
  readonly staleMs?: number;
  /** The most users remembered; the least recently used is forgotten first. @default 10_000 */
  readonly maxUsers?: number;
}

export interface UserDirectoryParts {
  readonly users: Pick<UserServiceClient, 'getUserById' | 'batchGetUsers'>;
  readonly clock: ServiceClock;
  /** Told of every failure that showing a user hides. */
  readonly onHidden?: (error: unknown) => void;
}

interface Remembered {
  readonly user: User;
  /** Monotonic milliseconds at which the question left: the answer is at least this old. */
  readonly knownAt: number;
}

/**
 * The user-service's users, and what is remembered of them for when it is away. A made-up or stale name is another type
 * than a user, so it cannot be sold to by accident, and nothing made up is ever remembered.
 */
export class UserDirectory {
  readonly #users: UserDirectoryParts['users'];
  readonly #clock: ServiceClock;
  readonly #onHidden: (error: unknown) => void;
  readonly #freshMs: number;
  readonly #staleMs: number;
  readonly #remembered: LRUCache<number, Remembered>;

  constructor(parts: UserDirectoryParts, options: UserDirectoryOptions = {}) {
    this.#users = parts.users;
    this.#clock = parts.clock;
    this.#onHidden = parts.onHidden ?? (() => {});
    this.#freshMs = options.freshMs ?? 5 * 60_000;
    this.#staleMs = options.staleMs ?? 60 * 60_000;
    this.#remembered = new LRUCache({ max: options.maxUsers ?? 10_000 });
  }

  /**
   * A user known well enough to order.
   * @throws UserNotFoundError, or what the user-service failed with when it is away and nothing fresh is remembered.
   */
  async forOrder(id: number): Promise<OrderableUser> {
    const askedAt = this.#clock.now();
    try {
      const user = await this.#users.getUserById(id);
      this.#remember(user, askedAt);
      return { provenance: 'live', user };
    } catch (error) {
      if (error instanceof UserNotFoundError) this.#remembered.delete(id);
      // Only an outage may be bridged. A refusal, or an answer that makes no sense, is not to be papered over.
      const known = isAway(error) ? this.#recall(id) : undefined;
      if (known?.provenance !== 'fresh') throw error;
      return known;
    }
  }

  /** A name to show, the best there is. Never rejects: no order is hidden because a name is not to be had. */
  async forShow(wanted: NameWanted): Promise<ShowableUser> {
    const askedAt = this.#clock.now();
    try {
      const user = await this.#users.getUserById(wanted.id);
      this.#remember(user, askedAt);
      return { provenance: 'live', user };
    } catch (error) {
      if (error instanceof UserNotFoundError) return this.#forget(wanted.id);
      this.#onHidden(error);
      return this.#withoutService(wanted);
    }
  }

  /** Names for many, in the order wanted, asked for together; each user degrades alone. Never rejects. */
  async forShowAll(wanted: readonly NameWanted[]): Promise<readonly ShowableUser[]> {
    const askedAt = this.#clock.now();
    const outcomes = await this.#outcomesOf(wanted.map(({ id }) => id));
    return wanted.map((name, place) => {
      const one = outcomes[place];
      if (one?.outcome === 'missing') return this.#forget(name.id);
      if (one?.outcome !== 'found') return this.#withoutService(name);
      this.#remember(one.value, askedAt);
      return { provenance: 'live', user: one.value };
    });
  }

  /** None when nothing could be asked at all. */
  async #outcomesOf(ids: readonly number[]): Promise<readonly UserOutcome[]> {
    try {
      const outcomes = await this.#users.batchGetUsers(ids);
      // All ids of one request fail with one error.
      const failures = outcomes.flatMap((one) => (one.outcome === 'failed' ? [one.error] : []));
      for (const error of new Set(failures)) this.#onHidden(error);
      return outcomes;
    } catch (error) {
      this.#onHidden(error);
      return [];
    }
  }

  #remember(user: User, knownAt: number): void {
    // Answers overtake each other; an older one must not make a newer one forgotten.
    const known = this.#remembered.get(user.id);
    if (known === undefined || known.knownAt <= knownAt) this.#remembered.set(user.id, { user, knownAt });
  }

  #forget(id: number): MadeUpUser {
    this.#remembered.delete(id);
    return { provenance: 'made-up', id, reason: 'deleted' };
  }

  /** What is remembered, by its age; undefined when there is nothing, or nothing young enough. */
  #recall(id: number): FreshUser | StaleUser | undefined {
    const known = this.#remembered.get(id);
    if (known === undefined) return undefined;
    const { user } = known;
    const ageMs = this.#clock.now() - known.knownAt;
    if (ageMs <= this.#freshMs) return { provenance: 'fresh', user, ageMs };
    if (ageMs <= this.#staleMs) return { provenance: 'stale', id, name: user.name, ageMs };
    this.#remembered.delete(id);
    return undefined;
  }

  #withoutService({ id, recorded }: NameWanted): ShowableUser {
    const known = this.#recall(id);
    // The wall clock may have been set back; a name from the future is as old as now.
    const recordedAgeMs =
      recorded === undefined ? Number.POSITIVE_INFINITY : Math.max(0, this.#clock.wallNow() - recorded.knownAtMs);
    if (known !== undefined && (known.provenance === 'fresh' || known.ageMs <= recordedAgeMs)) return known;
    if (recorded !== undefined && recordedAgeMs <= this.#staleMs) {
      return { provenance: 'stale', id, name: recorded.name, ageMs: recordedAgeMs };
    }
    return known ?? { provenance: 'made-up', id, reason: 'away' };
  }
}
