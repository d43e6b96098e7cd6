import { batch, DomainError, del, get, post, put } from '@switchgear/client';
import { z } from 'zod';

// What the order-service believes about the user-service. Unknown fields are dropped, not refused, so that the other
// side may grow; what is named here must hold, or the answer is not used.

export const UserSchema = z.object({
  id: z.int().positive(),
  name: z.string().min(1),
  email: z.string(),
  status: z.enum(['active', 'suspended']),
  /** ISO 8601 in UTC. */
  createdAt: z.iso.datetime(),
});
export type User = Readonly<z.output<typeof UserSchema>>;

export const CreateUserSchema = z.strictObject({
  name: z.string().trim().min(1).max(200),
  email: z.email().max(254),
  status: UserSchema.shape.status.optional(),
});
export type CreateUserRequest = z.input<typeof CreateUserSchema>;

export const UpdateUserSchema = CreateUserSchema;
export type UpdateUserRequest = z.input<typeof UpdateUserSchema>;

/** The most ids one batch may ask for, by the user-service's own limit. */
export const BATCH_LIMIT = 100;

/** There is no user with this id. */
export class UserNotFoundError extends DomainError {}

/** Another user has this e-mail address. */
export class UserAlreadyExistsError extends DomainError {}

export const userOperations = {
  createUser: post('/users', {
    body: CreateUserSchema,
    response: UserSchema,
    errors: { 409: UserAlreadyExistsError },
    idempotencyKey: true, // the user-service remembers it, so a creation whose answer was lost may be sent again
  }),
  getUserById: get('/users/{userId}', { response: UserSchema, errors: { 404: UserNotFoundError } }),
  updateUser: put('/users/{userId}', {
    body: UpdateUserSchema,
    response: UserSchema,
    errors: { 404: UserNotFoundError, 409: UserAlreadyExistsError },
  }),
  deleteUser: del('/users/{userId}', { response: 'none', errors: { 404: UserNotFoundError } }),
  batchGetUsers: batch('/users/batch', {
    key: UserSchema.shape.id,
    body: (userIds) => ({ userIds }),
    headers: (userIds) => ({ 'x-batch-size': String(userIds.length) }),
    item: UserSchema, // each by itself, so that a user who makes no sense hides nobody else
    keyOf: ({ id }) => id,
    maxKeys: BATCH_LIMIT,
    concurrency: 2, // hide each other's latency; more would take places from the orders that are being placed
  }),
};
