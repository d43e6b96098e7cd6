import { z } from 'zod';

export const USER_STATUSES = ['active', 'suspended'] as const;
export type UserStatus = (typeof USER_STATUSES)[number];

export interface User {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly status: UserStatus;
  /** ISO 8601 in UTC, with milliseconds. */
  readonly createdAt: string;
}

/** A user before a repository gives it an id. */
export type NewUser = Pick<User, 'name' | 'email' | 'status'>;

/** What a change sets. A status left out stays as it is. */
export interface UserChange {
  readonly name: string;
  readonly email: string;
  readonly status?: UserStatus | undefined;
}

/** The most ids one batch may ask for. */
export const BATCH_LIMIT = 100;

const UserId = z.int().positive();

// Control characters forge log lines, and a NUL or half a surrogate pair is something PostgreSQL cannot store.
const Name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters');

const Email = z.email().max(254);
const Status = z.enum(USER_STATUSES);

export const NewUserSchema = z.strictObject({ name: Name, email: Email, status: Status.default('active') });
export const UserChangeSchema = z.strictObject({ name: Name, email: Email, status: Status.optional() });
export const UserBatchSchema = z.strictObject({ userIds: z.array(UserId).max(BATCH_LIMIT) });

/** A path or query id arrives as text; only its plain decimal form is one, so `007`, `1e3` and ` 7` are not. */
export const UserIdText = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, 'must be a positive integer')
  .transform(Number)
  .refine(Number.isSafeInteger, 'must be a positive integer');

/**
 * Two addresses with one key belong to one user. Made here and stored, because what SQLite and PostgreSQL call
 * case-insensitive differs beyond ASCII.
 */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase();
}
