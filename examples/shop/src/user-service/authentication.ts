import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalidToken } from './api-error.ts';
import type { Tokens } from './tokens.ts';

const clients = new WeakMap<FastifyRequest, string>();

/** Lets only requests with a valid bearer token reach the routes of `scope`. */
export function requireToken(scope: FastifyInstance, tokens: Tokens): void {
  scope.addHook('onRequest', async (request) => {
    const authorization = request.headers.authorization;
    if (authorization === undefined) throw invalidToken('a bearer token is required');
    const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1];
    if (token === undefined) throw invalidToken('the token is not valid');
    const verification = await tokens.verify(token);
    if (!verification.valid) throw invalidToken(verification.description);
    clients.set(request, verification.clientId);
  });
}

/** The client whose token a request carries. Only for routes behind `requireToken`. */
export function clientOf(request: FastifyRequest): string {
  const client = clients.get(request);
  if (client === undefined) throw new Error('this route is not behind requireToken');
  return client;
}
