import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ServiceClock } from '../../service/clock.ts';
import { ApiError, badRequest, emailTaken, parsed, userNotFound } from '../api-error.ts';
import { clientOf } from '../authentication.ts';
import { succeeded } from '../envelope.ts';
import type { CreationKey, UserRepository } from '../users/repository.ts';
import { type NewUser, NewUserSchema, UserChangeSchema, UserIdText } from '../users/user.ts';

const PageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^(?:[1-9]\d?|100)$/, 'must be an integer from 1 to 100')
    .default('20')
    .transform(Number),
  after: UserIdText.optional(),
});

const IdParams = z.object({ id: UserIdText });

export function userRoutes(app: FastifyInstance, repository: UserRepository, clock: ServiceClock): void {
  app.get('/users', async (request) => {
    const { limit, after = 0 } = parsed(PageQuery, request.query, 'query');
    // One more than asked for tells whether there is a next page, without counting.
    const found = await repository.list({ after, limit: limit + 1 });
    const users = found.slice(0, limit);
    const nextAfter = found.length > limit ? (users.at(-1)?.id ?? null) : null;
    return succeeded({ users, nextAfter });
  });

  app.get('/users/:id', async (request) => {
    const { id } = parsed(IdParams, request.params, 'path');
    const user = await repository.find(id);
    if (user === undefined) throw userNotFound();
    return succeeded(user);
  });

  app.post('/users', async (request, reply) => {
    const user = parsed(NewUserSchema, request.body, 'body');
    const key = creationKey(clientOf(request), request.headers['idempotency-key'], user);
    const createdAt = new Date(clock.wallNow()).toISOString();
    const outcome = await repository.create({ user, createdAt, ...(key !== undefined && { key }) });
    switch (outcome.kind) {
      case 'created':
      case 'replayed':
        if (outcome.kind === 'replayed') reply.header('idempotency-replayed', 'true');
        return reply.code(201).header('location', `/users/${outcome.user.id}`).send(succeeded(outcome.user));
      case 'email-taken':
        throw emailTaken();
      case 'key-reused':
        throw new ApiError({
          status: 422,
          code: 'IDEMPOTENCY_KEY_REUSED',
          message: 'this idempotency key was used with another payload',
        });
      case 'gone':
        throw new ApiError({
          status: 410,
          code: 'USER_GONE',
          message: 'the user this idempotency key made has been deleted',
        });
    }
  });

  app.put('/users/:id', async (request) => {
    const { id } = parsed(IdParams, request.params, 'path');
    const change = parsed(UserChangeSchema, request.body, 'body');
    const outcome = await repository.update(id, change);
    switch (outcome.kind) {
      case 'updated':
        return succeeded(outcome.user);
      case 'not-found':
        throw userNotFound();
      case 'email-taken':
        throw emailTaken();
    }
  });

  app.delete('/users/:id', async (request) => {
    const { id } = parsed(IdParams, request.params, 'path');
    if (!(await repository.delete(id))) throw userNotFound();
    // 200 and not 204, so that this answer has the envelope like every other.
    return succeeded(null);
  });
}

function creationKey(clientId: string, header: string | string[] | undefined, user: NewUser): CreationKey | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(header)) {
    throw badRequest([{ field: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }]);
  }
  // Made of what was understood, not of the bytes: the same user in another key order is the same payload.
  const payload = JSON.stringify([user.name, user.email, user.status]);
  return { clientId, key: header, fingerprint: createHash('sha256').update(payload).digest('base64url') };
}
