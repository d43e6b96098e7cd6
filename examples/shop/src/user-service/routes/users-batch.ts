import type { FastifyInstance } from 'fastify';
import { badRequest, parsed } from '../api-error.ts';
import { succeeded } from '../envelope.ts';
import type { UserRepository } from '../users/repository.ts';
import { UserBatchSchema } from '../users/user.ts';

/** A read that is a POST only because a hundred ids do not belong into a URL: sending it twice changes nothing. */
export function userBatchRoute(app: FastifyInstance, repository: UserRepository): void {
  app.post('/users/batch', async (request) => {
    const { userIds } = parsed(UserBatchSchema, request.body, 'body');
    const announced = request.headers['x-batch-size'];
    if (announced !== undefined && announced !== String(userIds.length)) {
      throw badRequest([{ field: 'X-Batch-Size', message: `must be the number of userIds, ${userIds.length}` }]);
    }
    return succeeded(await repository.findMany(userIds));
  });
}
