import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Language, languageFor } from './messages.ts';

/** The language whoever sent this request reads. */
export function languageOf(request: Pick<FastifyRequest, 'headers'>): Language {
  return languageFor(request.headers['accept-language']);
}

/** Says on every answer which language it is in, and to caches that it depends on the one asked for. */
export function announceLanguage(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('content-language', languageOf(request)).header('vary', 'accept-language');
  });
}
