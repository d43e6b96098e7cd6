// Made by switchgear-contract from users.yaml. Change that, and make this anew.
import { DomainError, del, get, post, put } from '@switchgear/client';
import * as z from 'zod';

export const Street = z.object({ type: z.literal('street'), street: z.string() });
export type Street = z.infer<typeof Street>;

export const Box = z.strictObject({ type: z.literal('box'), number: z.int() });
export type Box = z.infer<typeof Box>;

export const Address = z.discriminatedUnion('type', [Street, Box]);
export type Address = z.infer<typeof Address>;

/** Someone who can log in. */
export const User = z.object({
  id: z.int(),
  name: z.string().min(1).max(80),
  kind: z.enum(['person', 'robot']),
  email: z.nullable(z.email()).optional(),
  get manager() {
    return z.optional(User);
  },
  tags: z.record(z.string(), z.string()).optional(),
  address: Address.optional(),
  createdAt: z.iso.datetime({ offset: true }).optional(),
});
export type User = z.infer<typeof User>;

/** Someone who can log in. */
export const UserInput = z.object({
  name: z.string().min(1).max(80),
  password: z.string().optional(),
  kind: z.enum(['person', 'robot']),
  email: z.nullable(z.email()).optional(),
  get manager() {
    return z.optional(UserInput);
  },
  tags: z.record(z.string(), z.string()).optional(),
  address: Address.optional(),
  createdAt: z.iso.datetime({ offset: true }).optional(),
});
export type UserInput = z.infer<typeof UserInput>;

export class UserNotFoundError extends DomainError {}

export class CreateUserConflictError extends DomainError {}

export const operations = {
  /** Reads a user. */
  getUserById: get('/users/{userId}', {
    params: z.object({ userId: z.int().gte(1) }),
    response: User,
    errors: { 404: UserNotFoundError },
  }),

  replaceUser: put('/users/{userId}', {
    params: z.object({ userId: z.int().gte(1) }),
    body: UserInput,
    results: { 200: User, 201: User, 204: 'none' },
    errors: { 404: UserNotFoundError },
  }),

  deleteUsersByUserId: del('/users/{userId}', { params: z.object({ userId: z.int().gte(1) }), response: 'none' }),

  /**
   * Lists users, a page at a time.
   *
   * The pages are not stable.
   */
  listUsers: get('/users', {
    query: z.object({
      limit: z.int().gte(1).lte(100).optional(),
      id: z.array(z.int()).optional(),
      fields: z.array(z.string()).transform((values) => values.join(',')).optional(),
    }),
    headers: z.object({ 'X-Tenant': z.string().regex(/^[a-z]{1,20}$/u) }),
    response: z.array(User).max(100),
  }),

  createUser: post('/users', {
    body: UserInput,
    response: User,
    errors: { 409: CreateUserConflictError },
    deadlineMs: 5000,
    attemptTimeoutMs: 2000,
    idempotencyKey: true,
  }),

  getAvatar: get('/users/{userId}/avatar', { params: z.object({ userId: z.int() }), responseAs: 'bytes' }),

  findUser: get('/users/find', { query: z.object({ email: z.email() }), results: { 200: User, 404: 'none' } }),

  login: post('/login', { body: z.object({ name: z.string() }), bodyAs: 'form', responseAs: 'text' }),
};
