export { expressIncoming, type IncomingMiddleware } from './express.ts';
export { fastifyIncoming, type IncomingPlugin } from './fastify.ts';
export { httpIncoming } from './http.ts';
export { LateRequestError } from './late-request.ts';
export { type ServerOptions, serverDefaults } from './options.ts';
export type { RawRequest, RawResponse } from './raw.ts';
export { requestIdOf } from './request-id.ts';
