import type { NewUser, User, UserChange } from './user.ts';

/** One caller's promise that a creation which it sends again is the same creation. */
export interface CreationKey {
  /** Keys of different clients never meet. */
  readonly clientId: string;
  readonly key: string;
  /** A digest of the payload: the same key with another payload is a mistake, not a repetition. */
  readonly fingerprint: string;
}

export interface UserCreation {
  readonly user: NewUser;
  /** ISO 8601 in UTC. */
  readonly createdAt: string;
  readonly key?: CreationKey;
}

export type CreateOutcome =
  | { readonly kind: 'created'; readonly user: User }
  /** The key has made this user before; the user is as it is now. */
  | { readonly kind: 'replayed'; readonly user: User }
  /** The key has made a user which was deleted since. A late repetition must not bring it back. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'key-reused' }
  | { readonly kind: 'email-taken' };

export type UpdateOutcome =
  | { readonly kind: 'updated'; readonly user: User }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'email-taken' };

/**
 * Where users live. What a method has answered is durable: it survives a process that is killed in the next instant.
 * Ids are never given twice, for orders keep them longer than users live.
 */
export interface UserRepository {
  find(id: number): Promise<User | undefined>;
  /** The users found among `ids`, in the order asked; an id asked twice is answered once. */
  findMany(ids: readonly number[]): Promise<readonly User[]>;
  /** Users with an id above `after`, by id, at most `limit` of them. */
  list(page: { readonly after: number; readonly limit: number }): Promise<readonly User[]>;
  /** Stores the user and its key in one transaction. */
  create(creation: UserCreation): Promise<CreateOutcome>;
  update(id: number, change: UserChange): Promise<UpdateOutcome>;
  /** False when there was nothing to delete. */
  delete(id: number): Promise<boolean>;
  /** Stores all of `users` in one transaction if there is no user yet; answers how many it stored. */
  insertIfEmpty(users: readonly Omit<User, 'id'>[]): Promise<number>;
  /** Forgets creation keys older than `before` (ISO 8601 in UTC); answers how many. */
  forgetKeys(before: string): Promise<number>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
